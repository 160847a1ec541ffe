// A checker that cannot fail is worth nothing: each must see the violation planted here, and no
// other.
#include "tests/sim/checkers.hpp"
#include "tests/sim/converge_after_heal.hpp"
#include "tests/sim/names_known.hpp"
#include "tests/sim/one_link.hpp"

#include <gtest/gtest.h>

namespace grapevine::sim {
namespace {

constexpr SessionKey ann{1};
constexpr SessionKey bob{2};
constexpr SessionKey bob_elsewhere{3};  // the same device, later
constexpr SessionKey tablet{4};  // another device of Bob's
constexpr DeviceKey anns{1};
constexpr DeviceKey bobs{2};
constexpr DeviceKey bobs_tablet{3};
constexpr ProcessKey n1{1};
constexpr ProcessKey n2{2};
constexpr proto::NodeId id1{101};
constexpr proto::NodeId id2{102};

/// Ann and Bob are connected, Bob is in the lobby, and Ann said two things there.
struct Lobby {
    Lobby() {
        checkers.see(SessionStarted{.session = ann, .user = "ann", .device = anns});
        checkers.see(SessionGreeted{.session = ann, .client = "c1"});
        checkers.see(SessionStarted{.session = bob, .user = "bob", .device = bobs});
        checkers.see(SessionGreeted{.session = bob, .client = "c2"});
        checkers.see(SubscribeAsked{.session = bob, .channel = "lobby", .command = 2});
        checkers.see(Said{.by = {.session = ann}, .channel = "lobby", .payload = "one"});
        checkers.see(Said{.by = {.session = ann}, .channel = "lobby", .payload = "two"});
    }
    void bob_hears(
        const std::string& payload,
        const std::string& channel = "lobby",
        const std::string& user = "ann",
        const std::string& client = "c1") {
        checkers.see(Heard{
            .session = bob,
            .channel = channel,
            .payload = payload,
            .user = user,
            .client = client});
    }
    [[nodiscard]] bool blames(std::string_view law) const {
        return verdict.first().starts_with(law);
    }

    Verdict verdict;
    Checkers checkers{verdict};
};

TEST(Checkers, ArePleasedWithWhatIsRight) {
    Lobby lobby;
    lobby.bob_hears("one");
    lobby.bob_hears("two");
    EXPECT_TRUE(lobby.verdict.is_good()) << lobby.verdict.first();
}

TEST(Checkers, NoMisdeliverySeesWhatWasNeverSaid) {
    Lobby lobby;
    lobby.bob_hears("three");
    EXPECT_TRUE(lobby.blames("NoMisdelivery: never said")) << lobby.verdict.first();
}

TEST(Checkers, NoMisdeliverySeesAnotherChannel) {
    Lobby lobby;
    lobby.checkers.see(SubscribeAsked{.session = bob, .channel = "den", .command = 3});
    lobby.bob_hears("one", "den");
    EXPECT_TRUE(lobby.blames("NoMisdelivery: said elsewhere")) << lobby.verdict.first();
}

TEST(Checkers, NoMisdeliverySeesAChannelThatWasLeft) {
    Lobby lobby;
    lobby.checkers.see(
        UnsubscribeDone{.session = bob, .channel = "lobby", .command = 1});  // of an earlier stay
    lobby.bob_hears("one");
    EXPECT_TRUE(lobby.verdict.is_good()) << lobby.verdict.first();
    lobby.checkers.see(UnsubscribeDone{.session = bob, .channel = "lobby", .command = 3});
    lobby.bob_hears("two");
    EXPECT_TRUE(lobby.blames("NoMisdelivery: not for this session")) << lobby.verdict.first();
}

TEST(Checkers, NoMisdeliverySeesAnotherUsersMessage) {
    Lobby lobby;
    lobby.checkers.see(Said{.by = {.session = ann}, .channel = "#eve", .payload = "psst"});
    lobby.bob_hears("psst", "#eve");
    EXPECT_TRUE(lobby.blames("NoMisdelivery: not for this session")) << lobby.verdict.first();
}

TEST(Checkers, NoMisdeliverySeesAFalseSender) {
    Lobby lobby;
    lobby.bob_hears("one", "lobby", "eve", "c1");
    EXPECT_TRUE(lobby.blames("NoMisdelivery: the sender")) << lobby.verdict.first();
}

TEST(Checkers, AtMostOnceSeesARepetition) {
    Lobby lobby;
    lobby.checkers.see(Said{.by = {.session = ann}, .channel = "lobby", .payload = "three"});
    lobby.bob_hears("one");
    lobby.bob_hears("one");
    EXPECT_TRUE(lobby.blames("AtMostOnce")) << lobby.verdict.first();
}

TEST(Checkers, ChannelFifoSeesASwap) {
    Lobby lobby;
    lobby.bob_hears("two");
    lobby.bob_hears("one");
    EXPECT_TRUE(lobby.blames("ChannelFifo")) << lobby.verdict.first();
}

// ---- messages to users, and what is told of them

/// Ann sends to Bob, who is on n1 with one device and perhaps more.
struct Letters {
    Letters() {
        checkers.see(ProcessStarted{.process = n1, .node = "n1", .id = id1});
        checkers.see(ProcessStarted{.process = n2, .node = "n2", .id = id2});
        starts(ann, "ann", anns);
        starts(bob, "bob", bobs);
    }
    void starts(SessionKey session, const std::string& user, DeviceKey device) {
        checkers.see(SessionStarted{.session = session, .user = user, .device = device});
        checkers.see(SessionGreeted{.session = session, .client = user});
    }
    void ann_says(const std::string& payload) {
        checkers.see(Said{.by = {.session = ann}, .channel = "#bob", .payload = payload});
    }
    void ann_sends(const std::string& payload, SendOrder order = {.to = {"bob"}}) {
        checkers.see(SendAsked{.by = {.session = ann}, .payload = payload, .order = order});
        for (const std::string& user : order.to)
            checkers.see(Said{
                .by = {.session = ann},
                .channel = "#" + user,
                .payload = payload,
                .at_least_once = order.at_least_once});
    }
    void hears(SessionKey session, const std::string& payload, const std::string& id = {}) {
        checkers.see(Heard{
            .session = session,
            .channel = "#bob",
            .payload = payload,
            .user = "ann",
            .client = "ann",
            .message_id = id});
    }
    void writes(ProcessKey process, SessionKey session, const std::string& payload) {
        checkers.see(
            Written{.process = process, .session = session, .channel = "#bob", .payload = payload});
    }
    void answered(const std::string& payload, Receipt receipt) {
        checkers.see(SendAnswered{
            .by = {.session = ann},
            .payload = payload,
            .result = {.users = {{"bob", std::move(receipt)}}}});
    }
    [[nodiscard]] bool blames(std::string_view law) const {
        return verdict.first().starts_with(law);
    }

    Verdict verdict;
    Checkers checkers{verdict};
};

const SendOrder repeated{.to = {"bob"}, .at_least_once = true};

TEST(Checkers, ArePleasedWithADeviceThatMoves) {
    Letters letters;
    letters.ann_says("one");
    letters.ann_sends("two");
    letters.ann_says("three");
    letters.hears(bob, "one");
    letters.starts(bob_elsewhere, "bob", bobs);
    letters.starts(tablet, "bob", bobs_tablet);
    letters.hears(tablet, "one");  // each device counts for itself
    letters.hears(bob_elsewhere, "three");  // something may be missing
    letters.hears(tablet, "two");
    EXPECT_TRUE(letters.verdict.is_good()) << letters.verdict.first();
}

TEST(Checkers, FifoPerSenderSeesASwapOverAMove) {
    Letters letters;
    letters.ann_says("one");
    letters.ann_sends("two");
    letters.hears(bob, "two");
    letters.starts(bob_elsewhere, "bob", bobs);
    letters.hears(bob_elsewhere, "one");
    EXPECT_TRUE(letters.blames("FifoPerSender")) << letters.verdict.first();
}

TEST(Checkers, FifoPerSenderSeesASwapOfTheHttpApi) {
    Letters letters;
    for (const char* const payload : {"one", "two"})
        letters.checkers.see(Said{.by = {.process = n1}, .channel = "#bob", .payload = payload});
    for (const char* const payload : {"two", "one"})
        letters.checkers.see(
            Heard{.session = bob, .channel = "#bob", .payload = payload, .user = {}, .client = {}});
    EXPECT_TRUE(letters.blames("FifoPerSender")) << letters.verdict.first();
}

TEST(Checkers, FifoPerSenderLetsARepetitionComeLate) {
    Letters letters;
    letters.ann_sends("one", repeated);
    letters.ann_says("two");
    letters.hears(bob, "one", "id");
    letters.hears(bob, "two");
    letters.starts(bob_elsewhere, "bob", bobs);
    letters.hears(bob_elsewhere, "one", "id");
    EXPECT_TRUE(letters.verdict.is_good()) << letters.verdict.first();
}

TEST(Checkers, FifoPerSenderSeesAFirstTimeThatComesLate) {
    Letters letters;
    letters.ann_sends("one", repeated);
    letters.ann_says("two");
    letters.hears(bob, "two");
    letters.starts(bob_elsewhere, "bob", bobs);
    letters.hears(bob_elsewhere, "one", "id");
    EXPECT_TRUE(letters.blames("FifoPerSender")) << letters.verdict.first();
}

TEST(Checkers, AtMostOnceSeesADeviceThatHearsTwice) {
    Letters letters;
    letters.ann_says("one");
    letters.hears(bob, "one");
    letters.starts(bob_elsewhere, "bob", bobs);
    letters.hears(bob_elsewhere, "one");
    EXPECT_TRUE(letters.blames("AtMostOnce: heard by a device twice")) << letters.verdict.first();
}

TEST(Checkers, AtMostOnceSeesARepetitionToOneSession) {
    Letters letters;
    letters.ann_sends("one", repeated);
    letters.hears(bob, "one", "id");
    letters.hears(bob, "one", "id");
    EXPECT_TRUE(letters.blames("AtMostOnce: heard twice")) << letters.verdict.first();
}

TEST(Checkers, AtMostOnceSeesARepetitionUnderAnotherId) {
    Letters letters;
    letters.ann_sends("one", repeated);
    letters.hears(bob, "one", "id");
    letters.starts(bob_elsewhere, "bob", bobs);
    letters.hears(bob_elsewhere, "one", "other");
    EXPECT_TRUE(letters.blames("AtMostOnce: another message id")) << letters.verdict.first();
}

TEST(Checkers, AtMostOnceSeesWhatIsWrittenTwice) {
    Letters letters;
    letters.ann_says("one");
    letters.writes(n1, bob, "one");
    letters.writes(n1, bob, "one");
    EXPECT_TRUE(letters.blames("AtMostOnce: written twice")) << letters.verdict.first();
}

TEST(Checkers, NoMisdeliverySeesWhatIsWrittenToAnother) {
    Letters letters;
    letters.ann_says("one");
    letters.writes(n1, ann, "one");
    EXPECT_TRUE(letters.blames("NoMisdelivery: written to another's session"))
        << letters.verdict.first();
}

TEST(Checkers, NoMisdeliveryKnowsEveryUserOfASend) {
    Letters letters;
    letters.ann_sends("one", {.to = {"bob", "eve"}});
    letters.hears(bob, "one");
    EXPECT_TRUE(letters.verdict.is_good()) << letters.verdict.first();
    letters.ann_sends("two", {.to = {"eve", "joe"}});
    letters.hears(bob, "two");
    EXPECT_TRUE(letters.blames("NoMisdelivery: said elsewhere")) << letters.verdict.first();
}

TEST(Checkers, TruthfulResultAcceptsTheTruth) {
    Letters letters;
    letters.starts(tablet, "bob", bobs_tablet);
    letters.ann_sends("one");
    letters.writes(n1, bob, "one");
    letters.writes(n2, tablet, "one");
    letters.answered("one", {.fate = Fate::written, .sessions = 2, .nodes = {"n1", "n2"}});
    letters.ann_sends("two");
    letters.answered("two", {.fate = Fate::not_connected});
    letters.ann_sends("three");
    letters.writes(n1, bob, "three");
    letters.answered("three", {.fate = Fate::unknown});
    letters.ann_sends("four", {.to = {"bob"}, .wait = Wait::client});
    letters.writes(n1, bob, "four");
    letters.checkers.see(Acknowledged{.session = bob, .payload = "four"});
    letters.answered("four", {.fate = Fate::acked, .sessions = 1, .nodes = {"n1"}});
    EXPECT_TRUE(letters.verdict.is_good()) << letters.verdict.first();
}

TEST(Checkers, TruthfulResultSeesEachLie) {
    const auto after = [](const Receipt& receipt, bool wrote) {
        Letters letters;
        letters.ann_sends("one");
        if (wrote) letters.writes(n1, bob, "one");
        letters.answered("one", receipt);
        return letters.verdict.first();
    };
    const auto lies = [&](const Receipt& receipt, bool wrote) {
        return after(receipt, wrote).starts_with("TruthfulResult");
    };
    EXPECT_TRUE(lies({.fate = Fate::written, .sessions = 1, .nodes = {"n1"}}, false));
    EXPECT_TRUE(lies({.fate = Fate::written, .sessions = 2, .nodes = {"n1"}}, true));
    EXPECT_TRUE(lies({.fate = Fate::written, .sessions = 1, .nodes = {"n2"}}, true));
    EXPECT_TRUE(lies({.fate = Fate::written, .sessions = 1, .nodes = {"n1", "n2"}}, true));
    EXPECT_TRUE(lies({.fate = Fate::written, .sessions = 0, .nodes = {}}, true));
    EXPECT_TRUE(lies({.fate = Fate::acked, .sessions = 1, .nodes = {"n1"}}, true));
    EXPECT_TRUE(lies({.fate = Fate::not_connected}, true));
    EXPECT_TRUE(lies({.fate = Fate::undeliverable}, true));
}

TEST(Checkers, TruthfulResultWantsToKnowWhoWroteWhatIsAcknowledged) {
    Letters letters;
    letters.ann_sends("one", {.to = {"bob"}, .wait = Wait::client});
    letters.writes(n1, bob, "one");
    letters.checkers.see(Acknowledged{.session = bob, .payload = "one"});
    letters.answered("one", {.fate = Fate::acked});
    EXPECT_FALSE(letters.verdict.is_good());
}

TEST(Checkers, TruthfulResultSeesWhatIsWrittenAfterADenial) {
    for (const Fate fate : {Fate::not_connected, Fate::undeliverable}) {
        Letters letters;
        letters.ann_sends("one");
        letters.answered("one", {.fate = fate});
        EXPECT_TRUE(letters.verdict.is_good()) << letters.verdict.first();
        letters.writes(n2, bob, "one");
        EXPECT_TRUE(letters.blames("TruthfulResult: written after")) << letters.verdict.first();
    }
}

TEST(Checkers, TruthfulResultSeesWhatIsWrittenAfterARefusal) {
    Letters letters;
    letters.ann_sends("one");
    letters.checkers.see(
        SendAnswered{.by = {.session = ann}, .payload = "one", .result = {.error = 106}});
    letters.writes(n2, bob, "one");
    EXPECT_TRUE(letters.blames("TruthfulResult: written after")) << letters.verdict.first();
}

TEST(Checkers, TruthfulResultBelievesNoLiar) {
    Letters letters;
    letters.checkers.see(LiarCame{.node = "fake"});
    letters.ann_sends("one");
    letters.answered("one", {.fate = Fate::written, .sessions = 9, .nodes = {"fake"}});
    EXPECT_TRUE(letters.verdict.is_good()) << letters.verdict.first();
}

/// n1 took a send of Ann's at time 0.
struct Asked : Letters {
    Asked() { take(1); }
    void take(std::uint64_t request, Duration within = 3s) {
        checkers.see(SendTaken{
            .process = n1, .session = ann, .request = request, .within = within, .at = {}});
    }
    void reply(std::uint64_t request) {
        checkers.see(Replied{.process = n1, .session = ann, .request = request});
    }
    void pass(Duration since_start) { checkers.see(TimePassed{.now = Instant{since_start}}); }
};

TEST(Checkers, TerminatesBoundedSeesWhatIsNotAnswered) {
    Asked asked;
    asked.take(2);
    asked.reply(1);
    asked.reply(7);  // of another kind of request
    asked.pass(4s);
    EXPECT_TRUE(asked.verdict.is_good()) << asked.verdict.first();
    asked.pass(4s + 1us);
    EXPECT_TRUE(asked.blames("TerminatesBounded: not answered")) << asked.verdict.first();
}

TEST(Checkers, TerminatesBoundedGivesEachItsTime) {
    Asked asked;
    asked.reply(1);
    asked.take(2, 10s);
    asked.pass(11s);
    EXPECT_TRUE(asked.verdict.is_good()) << asked.verdict.first();
    asked.pass(11s + 1us);
    EXPECT_TRUE(asked.blames("TerminatesBounded: not answered")) << asked.verdict.first();
}

TEST(Checkers, TerminatesBoundedSeesASecondAnswer) {
    Asked asked;
    asked.reply(1);
    EXPECT_TRUE(asked.verdict.is_good()) << asked.verdict.first();
    asked.reply(1);
    EXPECT_TRUE(asked.blames("TerminatesBounded: answered twice")) << asked.verdict.first();
}

TEST(Checkers, TerminatesBoundedDoesNotCountPauses) {
    Asked asked;
    asked.checkers.see(ProcessPaused{.process = n1, .at = Instant{1s}});
    asked.pass(20s);
    asked.checkers.see(ProcessResumed{.process = n1, .at = Instant{21s}});
    asked.pass(24s);
    EXPECT_TRUE(asked.verdict.is_good()) << asked.verdict.first();
    asked.pass(24s + 1us);
    EXPECT_TRUE(asked.blames("TerminatesBounded: not answered")) << asked.verdict.first();
}

TEST(Checkers, TerminatesBoundedForgetsWhoEnded) {
    Asked session;
    session.checkers.see(SessionLost{.process = n1, .session = ann});
    session.pass(10s);
    EXPECT_TRUE(session.verdict.is_good()) << session.verdict.first();
    Asked process;
    process.checkers.see(ProcessEnded{.process = n1});
    process.pass(10s);
    EXPECT_TRUE(process.verdict.is_good()) << process.verdict.first();
}

TEST(Checkers, TerminatesBoundedSeesUsersThatAreMissingOrTooMany) {
    const Receipt unknown{.fate = Fate::unknown};
    const auto answer = [&](std::map<std::string, Receipt> users, Wait wait) {
        Letters letters;
        letters.ann_sends("one", {.to = {"bob", "eve"}, .wait = wait});
        letters.checkers.see(SendAnswered{
            .by = {.session = ann}, .payload = "one", .result = {.users = std::move(users)}});
        return letters.verdict.first();
    };
    EXPECT_EQ(answer({{"bob", unknown}, {"eve", unknown}}, Wait::node), "");
    EXPECT_EQ(answer({}, Wait::none), "");
    EXPECT_TRUE(answer({{"bob", unknown}}, Wait::node).starts_with("TerminatesBounded"));
    EXPECT_TRUE(
        answer({{"bob", unknown}, {"joe", unknown}}, Wait::node).starts_with("TerminatesBounded"));
    EXPECT_TRUE(
        answer({{"bob", unknown}, {"eve", unknown}}, Wait::none).starts_with("TerminatesBounded"));
}

// ---- what must arrive

TEST(Checkers, CompleteDeliverySeesWhatIsMissing) {
    Lobby lobby;
    lobby.checkers.complete_delivery().expect("one", {ann, bob});
    lobby.bob_hears("one");
    ASSERT_TRUE(lobby.checkers.complete_delivery().why_not_complete().has_value());
    lobby.checkers.see(SessionEnded{.session = ann});
    EXPECT_FALSE(lobby.checkers.complete_delivery().why_not_complete().has_value());
}

// ---- replicas

mesh::Mesh::ReplicaView
view(std::uint64_t epoch, std::uint64_t version, std::vector<std::uint64_t> users) {
    mesh::Mesh::ReplicaView replica{
        .epoch = proto::Epoch{epoch},
        .version = proto::Version{version},
        .sethash = 0,
        .visible = true,
        .entries = {}};
    for (const std::uint64_t user : users) {
        replica.entries.push_back(
            proto::Change{.key = user, .kind = proto::TableKind::users, .count = 1});
        replica.sethash += proto::mix64(user);
    }
    return replica;
}

/// n1 had {7} at version 1 and {7, 8} at version 2.
struct History {
    History() {
        seen(n1, id1, view(5, 1, {7}));
        seen(n1, id1, view(5, 2, {7, 8}));
    }
    void seen(ProcessKey process, proto::NodeId self, mesh::Mesh::ReplicaView replica) {
        checkers.see(ReplicasSeen{
            .process = process, .self = self, .replicas = {{id1, std::move(replica)}}});
    }
    [[nodiscard]] bool blames(std::string_view law) const {
        return verdict.first().starts_with(law);
    }

    Verdict verdict;
    Checkers checkers{verdict};
};

TEST(Checkers, PrefixExactAcceptsEveryRecordedVersion) {
    History history;
    history.seen(n2, id2, view(5, 0, {}));
    history.seen(n2, id2, view(5, 1, {7}));
    history.seen(n2, id2, view(5, 2, {7, 8}));
    EXPECT_TRUE(history.verdict.is_good()) << history.verdict.first();
}

TEST(Checkers, PrefixExactSeesAMissingEntry) {
    History history;
    history.seen(n2, id2, view(5, 2, {7}));
    EXPECT_TRUE(history.blames("PrefixExact: not what the origin had")) << history.verdict.first();
}

TEST(Checkers, PrefixExactSeesAWrongHashOverRightEntries) {
    History history;
    auto replica = view(5, 2, {7, 8});
    replica.sethash += 1;
    history.seen(n2, id2, replica);
    EXPECT_TRUE(history.blames("PrefixExact: not what the origin had")) << history.verdict.first();
}

TEST(Checkers, PrefixExactSeesAVersionThatNeverWas) {
    History history;
    history.seen(n2, id2, view(5, 3, {7, 8, 9}));
    EXPECT_TRUE(history.blames("PrefixExact: a version that never was")) << history.verdict.first();
}

TEST(Checkers, PrefixExactSeesARewrittenHistory) {
    History history;
    history.seen(n1, id1, view(5, 2, {7, 9}));
    EXPECT_TRUE(history.blames("PrefixExact: an origin rewrote")) << history.verdict.first();
}

TEST(Checkers, NoResurrectionSeesAStepBack) {
    History history;
    history.seen(n2, id2, view(5, 2, {7, 8}));
    history.seen(n2, id2, view(5, 1, {7}));
    EXPECT_TRUE(history.blames("NoResurrection: back to an older version"))
        << history.verdict.first();
}

TEST(Checkers, NoResurrectionSeesAnOlderEpoch) {
    History history;
    history.seen(n1, id1, view(6, 1, {9}));
    history.seen(n2, id2, view(6, 1, {9}));
    history.seen(n2, id2, view(5, 2, {7, 8}));
    EXPECT_TRUE(history.blames("NoResurrection: back to an older epoch"))
        << history.verdict.first();
}

TEST(Checkers, NoResurrectionSeesWhoLeftComeBack) {
    History history;
    history.seen(n2, id2, view(5, 2, {7, 8}));
    const mesh::Event left = mesh::MemberLeft{.node = id1, .name = "n1"};
    history.checkers.see(MeshTold{.process = n2, .event = left});
    history.seen(n2, id2, view(5, 2, {7, 8}));
    EXPECT_TRUE(history.blames("NoResurrection: an epoch that was over"))
        << history.verdict.first();
}

// Where users of those who left stay shown for a while, they do so without a break, and not again.
TEST(Checkers, NoResurrectionLetsThoseWhoLeftLingerOnce) {
    constexpr ProcessKey n3{3};
    const mesh::Event left = mesh::MemberLeft{.node = id1, .name = "n1"};
    History history;
    history.checkers.see(ProcessStarted{
        .process = n3, .node = "n3", .id = proto::NodeId{103}, .shows_those_who_left = true});
    history.seen(n3, id1, view(5, 2, {7, 8}));
    history.checkers.see(MeshTold{.process = n3, .event = left});
    history.seen(n3, id1, view(5, 2, {7, 8}));
    EXPECT_TRUE(history.verdict.is_good()) << history.verdict.first();
    history.checkers.see(ReplicasSeen{.process = n3, .self = proto::NodeId{103}, .replicas = {}});
    history.seen(n3, id1, view(5, 2, {7, 8}));
    EXPECT_TRUE(history.blames("NoResurrection: an epoch that was over"))
        << history.verdict.first();
}

TEST(Checkers, BoundedMemorySeesEachQueue) {
    const mesh::MeshConfig limits;
    for (int which = 0; which < 12; ++which) {
        Verdict verdict;
        Checkers checkers{verdict};
        QueuesSeen seen{
            .process = n1,
            .link_queued_bytes = 0,
            .link_flight_bytes = 0,
            .session_queued_bytes = 0,
            .links = 0,
            .members = 0,
            .flows = {},
            .limits = limits,
            .session_limit_bytes = 1024 * 1024};
        checkers.see(seen);
        EXPECT_TRUE(verdict.is_good());
        if (which == 0) seen.link_queued_bytes = 64 * 1024 * 1024;
        if (which == 1) seen.link_flight_bytes = 1024 * 1024;
        if (which == 2) seen.session_queued_bytes = 2 * 1024 * 1024;
        if (which == 3) seen.links = limits.links_max + 1;
        if (which == 4) seen.members = limits.members_max + 1;
        if (which == 5) seen.flows.flows = limits.flows_max + 1;
        if (which == 6) seen.flows.messages = limits.held_messages_max + 1;
        if (which == 7) seen.flows.bytes = limits.held_bytes_max + 1;
        if (which == 8) seen.flows.parked = 1;  // of no messages
        if (which == 9) seen.flows.copies = 1;  // of no messages
        if (which == 10) seen.flows.receipts = limits.receipts_max + 1;
        if (which == 11) seen.flows.idempotency_keys = limits.idempotency_keys_max + 1;
        checkers.see(seen);
        EXPECT_TRUE(verdict.first().starts_with("BoundedMemory")) << which;
    }
}

// ---- after healing

TEST(Checkers, ConvergeAfterHealSeesGhostsAndHoles) {
    const Entry seven{.kind = proto::TableKind::users, .key = 7, .node = id1, .count = 1};
    const Entry eight{.kind = proto::TableKind::users, .key = 8, .node = id1, .count = 1};
    const Entry twice{.kind = proto::TableKind::users, .key = 8, .node = id1, .count = 2};
    EXPECT_FALSE(why_not_converged("n1", {seven, eight}, {seven, eight}).has_value());
    EXPECT_TRUE(
        why_not_converged("n1", {seven, eight}, {seven})->find("ghost") != std::string::npos);
    EXPECT_TRUE(
        why_not_converged("n1", {seven}, {seven, eight})->find("does not show") !=
        std::string::npos);
    EXPECT_TRUE(why_not_converged("n1", {seven, eight}, {seven, twice}).has_value());
}

TEST(Checkers, NamesKnownSeesMissingAndWrongOnes) {
    const auto hash = proto::HashKey::of_cluster("names");
    const std::uint64_t ann = proto::user_key_of(hash, "ann").value;
    const auto why = [&](std::optional<std::string> name, bool is_told) {
        return why_names_differ(
            "n1", hash, {{.key = ann, .of = id1, .name = std::move(name), .is_told = is_told}});
    };
    EXPECT_FALSE(why("ann", true).has_value());
    EXPECT_FALSE(why(std::nullopt, false).has_value());
    EXPECT_TRUE(why(std::nullopt, true)->find("does not know") != std::string::npos);
    EXPECT_TRUE(why("bob", true)->find("wrong name") != std::string::npos);
    EXPECT_TRUE(why("bob", false).has_value());
}

TEST(Checkers, OneLinkSeesNoneTwoDifferentAndDeadOnes) {
    const CompleteLink there{.node = "n1", .peer = "n2", .connection = ConnectionId{1}};
    const CompleteLink back{.node = "n2", .peer = "n1", .connection = ConnectionId{1}};
    const CompleteLink other_back{.node = "n2", .peer = "n1", .connection = ConnectionId{2}};
    const CompleteLink second{.node = "n1", .peer = "n2", .connection = ConnectionId{2}};
    const CompleteLink to_the_dead{.node = "n1", .peer = "n3", .connection = ConnectionId{3}};
    EXPECT_FALSE(why_not_one_link({"n1", "n2"}, {there, back}).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {}).has_value());
    const auto strangers = [](const auto&, const auto&) { return false; };
    EXPECT_FALSE(why_not_one_link({"n1", "n2"}, {}, strangers).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {there}, strangers).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {there}).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {there, second, back}).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {there, other_back}).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {there, back, to_the_dead}).has_value());
}

/// Ann hears who comes and goes in the lobby, where Bob is.
struct WatchedLobby : Lobby {
    WatchedLobby() {
        checkers.see(
            SubscribeAsked{.session = ann, .channel = "lobby", .command = 3, .watches = true});
    }
    void ann_hears(bool joins, const std::string& user = "bob", const std::string& client = "c2") {
        checkers.see(ComingHeard{
            .session = ann, .channel = "lobby", .joins = joins, .user = user, .client = client});
    }
};

TEST(Checkers, SeeAComingThatDidNotHappenOrOutOfOrder) {
    {
        WatchedLobby lobby;
        lobby.ann_hears(true);
        lobby.ann_hears(false);
        EXPECT_TRUE(lobby.verdict.is_good()) << lobby.verdict.first();
        lobby.ann_hears(true);
        EXPECT_TRUE(lobby.blames("Comings")) << "a second join of one";
    }
    {
        WatchedLobby lobby;
        lobby.ann_hears(false);
        EXPECT_TRUE(lobby.verdict.is_good()) << "he was there before";
        lobby.ann_hears(false);
        EXPECT_TRUE(lobby.blames("Comings"));
    }
    {
        WatchedLobby lobby;
        lobby.ann_hears(true, "eve");
        EXPECT_TRUE(lobby.blames("Comings")) << "not his name";
    }
    {
        WatchedLobby lobby;
        lobby.ann_hears(true, "bob", "c9");
        EXPECT_TRUE(lobby.blames("Comings")) << "nobody's";
    }
    {
        Lobby lobby;
        lobby.checkers.see(ComingHeard{
            .session = bob, .channel = "lobby", .joins = true, .user = "bob", .client = "c2"});
        EXPECT_TRUE(lobby.blames("Comings")) << "he did not ask for it";
    }
}

/// Bob is in the lobby at n2; Ann asks at n1, whose table names both nodes.
struct AskedLobby : Lobby {
    AskedLobby() {
        checkers.see(ProcessStarted{.process = n1, .node = "n1", .id = id1});
        checkers.see(ProcessStarted{.process = n2, .node = "n2", .id = id2});
        bob_is(true);
    }
    void bob_is(bool on) {
        checkers.see(SubscribedAt{.process = n2, .session = bob, .channel = "lobby", .is_on = on});
    }
    void asks(std::set<proto::NodeId> shown = {id1, id2}) {
        checkers.see(PresenceTaken{
            .process = n1, .session = ann, .command = 7, .channel = "lobby", .shown = shown});
    }
    void is_told(
        std::vector<std::pair<std::string, std::string>> clients,
        bool is_incomplete = false,
        std::set<proto::NodeId> shown = {id1, id2}) {
        checkers.see(PresenceTold{
            .process = n1,
            .session = ann,
            .command = 7,
            .clients = std::move(clients),
            .is_incomplete = is_incomplete,
            .shown = std::move(shown)});
    }
    void is_told(std::uint32_t count) {
        checkers.see(PresenceTold{
            .process = n1,
            .session = ann,
            .command = 7,
            .is_count = true,
            .count = count,
            .shown = {id1, id2}});
    }
};

TEST(Checkers, SeeWhoIsMissingInAnAnswerThatCallsItselfComplete) {
    AskedLobby lobby;
    lobby.asks();
    lobby.is_told({{"c2", "bob"}});
    lobby.asks();
    lobby.is_told({}, true);
    lobby.asks({id1});
    lobby.is_told({});
    lobby.asks();
    lobby.is_told({}, false, {id1});
    lobby.asks();
    lobby.is_told(1);
    EXPECT_TRUE(lobby.verdict.is_good()) << lobby.verdict.first();
    lobby.asks();
    lobby.is_told({});
    EXPECT_TRUE(lobby.blames("TruePresence"));
}

TEST(Checkers, SeeWhoIsToldOfAndWasGone) {
    {
        AskedLobby lobby;
        lobby.asks();
        lobby.bob_is(false);
        lobby.is_told({{"c2", "bob"}});
        EXPECT_TRUE(lobby.verdict.is_good()) << "he was there when it was asked";
        lobby.asks();
        lobby.is_told({{"c2", "bob"}}, true);
        EXPECT_TRUE(lobby.blames("TruePresence"));
    }
    {
        AskedLobby lobby;
        lobby.checkers.see(SessionLost{.process = n2, .session = bob});
        lobby.asks();
        lobby.is_told(1);
        EXPECT_TRUE(lobby.blames("TruePresence")) << "nobody is there to be counted";
    }
    {
        AskedLobby lobby;
        lobby.asks();
        lobby.is_told(0);
        EXPECT_TRUE(lobby.blames("TruePresence"));
    }
    {
        AskedLobby lobby;
        lobby.asks();
        lobby.is_told({{"c2", "bob"}, {"c2", "bob"}});
        EXPECT_TRUE(lobby.blames("TruePresence")) << "twice";
    }
    {
        AskedLobby lobby;
        lobby.is_told({});
        EXPECT_TRUE(lobby.blames("TruePresence")) << "nobody asked";
    }
}

}  // namespace
}  // namespace grapevine::sim
