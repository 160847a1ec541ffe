// A checker that cannot fail is worth nothing: each must see the violation planted here, and no
// other.
#include "tests/sim/checkers.hpp"
#include "tests/sim/converge_after_heal.hpp"
#include "tests/sim/one_link.hpp"

#include <gtest/gtest.h>

namespace grapevine::sim {
namespace {

constexpr SessionKey ann{1};
constexpr SessionKey bob{2};
constexpr ProcessKey n1{1};
constexpr ProcessKey n2{2};
constexpr proto::NodeId id1{101};
constexpr proto::NodeId id2{102};

/// Ann and Bob are connected, Bob is in the lobby, and Ann said two things there.
struct Lobby {
    Lobby() {
        checkers.see(SessionStarted{.session = ann, .user = "ann"});
        checkers.see(SessionGreeted{.session = ann, .client = "c1"});
        checkers.see(SessionStarted{.session = bob, .user = "bob"});
        checkers.see(SessionGreeted{.session = bob, .client = "c2"});
        checkers.see(SubscribeAsked{.session = bob, .channel = "lobby", .command = 2});
        checkers.see(Said{.session = ann, .channel = "lobby", .payload = "one", .sequence = 1});
        checkers.see(Said{.session = ann, .channel = "lobby", .payload = "two", .sequence = 2});
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
    lobby.checkers.see(Said{.session = ann, .channel = "#eve", .payload = "psst", .sequence = 3});
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
    lobby.checkers.see(Said{.session = ann, .channel = "lobby", .payload = "three", .sequence = 3});
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

TEST(Checkers, BoundedMemorySeesEachQueue) {
    const mesh::MeshConfig limits;
    for (int which = 0; which < 5; ++which) {
        Verdict verdict;
        Checkers checkers{verdict};
        QueuesSeen seen{
            .process = n1,
            .link_queued_bytes = 0,
            .link_flight_bytes = 0,
            .session_queued_bytes = 0,
            .links = 0,
            .members = 0,
            .limits = limits,
            .session_limit_bytes = 1024 * 1024};
        checkers.see(seen);
        EXPECT_TRUE(verdict.is_good());
        if (which == 0) seen.link_queued_bytes = 64 * 1024 * 1024;
        if (which == 1) seen.link_flight_bytes = 1024 * 1024;
        if (which == 2) seen.session_queued_bytes = 2 * 1024 * 1024;
        if (which == 3) seen.links = limits.links_max + 1;
        if (which == 4) seen.members = limits.members_max + 1;
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

TEST(Checkers, OneLinkSeesNoneTwoDifferentAndDeadOnes) {
    const CompleteLink there{.node = "n1", .peer = "n2", .connection = ConnectionId{1}};
    const CompleteLink back{.node = "n2", .peer = "n1", .connection = ConnectionId{1}};
    const CompleteLink other_back{.node = "n2", .peer = "n1", .connection = ConnectionId{2}};
    const CompleteLink second{.node = "n1", .peer = "n2", .connection = ConnectionId{2}};
    const CompleteLink to_the_dead{.node = "n1", .peer = "n3", .connection = ConnectionId{3}};
    EXPECT_FALSE(why_not_one_link({"n1", "n2"}, {there, back}).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {}).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {there}).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {there, second, back}).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {there, other_back}).has_value());
    EXPECT_TRUE(why_not_one_link({"n1", "n2"}, {there, back, to_the_dead}).has_value());
}

}  // namespace
}  // namespace grapevine::sim
