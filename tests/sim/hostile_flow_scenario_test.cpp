// A peer that answers wrongly, twice, or never, and a flood for nobody: bounded, counted, answered,
// and nobody else is any the worse for it.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"
#include "tests/sim/stream.hpp"

#include <algorithm>

namespace grapevine::sim {
namespace {

/// Ann on n1, Bob on n2, and a stranger that n1 took in and that says it has Eve.
struct HostileFlows : testing::Test {
    void SetUp() override {
        cluster.form();
        ann.connect(cluster.node(1));
        bob.connect(cluster.node(2));
        cluster.wait_until_converged(5s);
        fake.on_forward = [this](const proto::Forward& forward) { take(forward); };
        fake.dial(cluster.node(1));
        cluster.wait_for(
            "taken in", [&] { return fake.is_taken_in(); }, 5s);
        fake.announce("eve");
        cluster.run_for(100ms);
        ASSERT_EQ(cluster.node(1).mesh().where_is("eve").sessions, 1u);
    }
    void take(const proto::Forward& forward) {
        copies.push_back(forward.copy);
        bodies.emplace_back(forward.body);
        switch (manner) {
        case Manner::silent: return;
        case Manner::denies: return fake.nack(forward.copy);
        case Manner::denies_and_announces:
            fake.nack(forward.copy);
            return fake.announce("eve", static_cast<std::uint8_t>(1 + copies.size() % 200));
        case Manner::done_twice:
            for (int count = 0; count < 2; ++count)
                fake.done(forward.copy);
            return;
        case Manner::done_then_denies: fake.done(forward.copy); return fake.nack(forward.copy);
        }
    }
    Receipt answer(const std::string& payload, const std::string& user, Duration within = 4s) {
        cluster.wait_for(
            "an answer", [&] { return ann.receipt_of(payload, user).has_value(); }, within);
        return ann.receipt_of(payload, user).value_or(Receipt{});
    }
    void expect_unharmed() {
        const std::string hello = ann.send({.to = {"bob"}});
        cluster.run_for(50ms);
        EXPECT_EQ(bob.times_heard(hello), 1u);
        EXPECT_EQ(
            ann.receipt_of(hello, "bob"),
            (Receipt{.fate = Fate::written, .sessions = 1, .nodes = {"n2"}}));
        EXPECT_TRUE(fake.is_open());
    }
    [[nodiscard]] const mesh::MeshCounters& counters() { return cluster.node(1).mesh().counters(); }

    enum class Manner : std::uint8_t {
        silent,
        denies,
        denies_and_announces,
        done_twice,
        done_then_denies
    };
    Manner manner = Manner::silent;
    std::vector<std::uint64_t> copies;
    std::vector<std::string> bodies;
    Cluster cluster{{.nodes = 2, .seed = 1}};
    Client& ann = cluster.add_client({.user = "ann"});
    Client& bob = cluster.add_client({.user = "bob"});
    FakePeer fake{cluster.stage(), "fake", "10.6.6.6"};
};

// It says that it has Eve, and denies her each time: the message is not sent for ever.
TEST_F(HostileFlows, WhoDeniesEveryCopyIsNotAskedForEver) {
    manner = Manner::denies;
    const std::string hello = ann.send({.to = {"eve"}});
    expect_unharmed();
    EXPECT_EQ(answer(hello, "eve").fate, Fate::not_connected);
    EXPECT_LE(copies.size(), 3u);
    EXPECT_EQ(counters().copies_denied, copies.size());
}

// It denies her and at once announces her anew: three attempts, then it is enough.
TEST_F(HostileFlows, WhoDeniesAndAnnouncesInTurnIsAskedThreeTimes) {
    manner = Manner::denies_and_announces;
    const std::string hello = ann.send({.to = {"eve"}});
    EXPECT_EQ(answer(hello, "eve").fate, Fate::undeliverable);
    EXPECT_EQ(copies.size(), 3u);
    for (int count = 0; count < 100; ++count) {
        ann.say("#eve");
        expect_unharmed();
    }
    EXPECT_LE(copies.size(), 303u);
    EXPECT_EQ(cluster.node(1).mesh().flow_sizes().messages, 0u);
}

// Bob's other device is at the stranger's, who denies it: the copy for Bob's real node is written,
// once.
TEST_F(HostileFlows, OneThatDeniesDoesNotSpoilWhatAnotherWrote) {
    fake.announce("bob");
    cluster.run_for(100ms);
    manner = Manner::denies_and_announces;
    Stream stream{ann, "bob"};
    for (int word = 0; word < 100; ++word) {
        stream.say();
        cluster.run_for(3ms);
    }
    cluster.run_for(1s);
    EXPECT_EQ(bob.heard(), stream.said());
    EXPECT_EQ(stream.count(Fate::written) + stream.count(Fate::acked), stream.asked());
}

TEST_F(HostileFlows, AnAnswerCountsOnce) {
    for (const Manner twice : {Manner::done_twice, Manner::done_then_denies}) {
        manner = twice;
        const auto ignored = counters().answers_ignored;
        const std::string hello = ann.send({.to = {"eve"}});
        EXPECT_EQ(
            answer(hello, "eve"),
            (Receipt{.fate = Fate::written, .sessions = 1, .nodes = {"fake"}}));
        cluster.run_for(50ms);
        EXPECT_EQ(counters().answers_ignored, ignored + 1);
        expect_unharmed();
    }
    EXPECT_EQ(copies.size(), 2u);
}

// Answers to copies that were never sent, or that went to another node, change nothing.
TEST_F(HostileFlows, AnswersToWhatItWasNotSentAreIgnored) {
    cluster.network().set_path_both_ways(
        cluster.node(1).host(),
        cluster.node(2).host(),
        Path{.latency = {.least = 200ms, .most = 200ms}});
    cluster.run_for(1s);
    const auto ignored = counters().answers_ignored;
    const std::string to_eve = ann.send({.to = {"eve"}});
    const std::string to_bob = ann.send({.to = {"bob"}});
    cluster.run_for(50ms);
    ASSERT_EQ(copies.size(), 1u);
    // Bob's copy is numbered near Eve's, whichever way copies are numbered.
    std::uint64_t tried = 0;
    for (std::uint64_t count = 0; count < 8; ++count)
        for (std::uint64_t place = 0; place < 8; ++place)
            for (const std::uint64_t copy :
                 {(copies[0] & ~std::uint64_t{0xffffffff}) + (count << 32) + place,
                  (count << 32) + place}) {
                if (copy == copies[0]) continue;
                ++tried;
                count % 2 == 0 ? fake.nack(copy) : fake.done(copy);
            }
    cluster.run_for(50ms);
    EXPECT_EQ(counters().answers_ignored, ignored + tried);
    EXPECT_EQ(ann.result_of(to_eve), nullptr);
    EXPECT_EQ(ann.result_of(to_bob), nullptr);
    fake.done(copies[0]);
    EXPECT_EQ(answer(to_eve, "eve").fate, Fate::written);
    EXPECT_EQ(
        answer(to_bob, "bob"), (Receipt{.fate = Fate::written, .sessions = 1, .nodes = {"n2"}}));
}

// A peer that takes copies and never answers: unknown after three seconds, the copies went in
// order, and messages to others do not wait.
TEST_F(HostileFlows, WhoNeverAnswersCostsUnknownsOnly) {
    Stream stream{ann, "eve"};
    const Instant start = cluster.time();
    for (int word = 0; word < 40; ++word) {
        stream.say();
        expect_unharmed();
    }
    ASSERT_EQ(bodies.size(), stream.said().size());
    for (std::size_t index = 0; index < bodies.size(); ++index)
        EXPECT_NE(bodies[index].find(stream.said()[index]), std::string::npos) << index;
    cluster.wait_for(
        "the first unknown", [&] { return stream.count(Fate::unknown) != 0; }, 4s);
    EXPECT_GE(cluster.time() - start, Duration{3s});
    cluster.wait_for(
        "all answers", [&] { return stream.is_all_answered(); }, 11s);
    EXPECT_EQ(stream.count(Fate::unknown), stream.asked());
    EXPECT_EQ(cluster.node(1).mesh().flow_sizes().copies, 0u);
    expect_unharmed();
}

// Eve's node is the silent one, and she comes to a real node: what is said to her then reaches her
// there, whatever the other one is still silent about, and in order.
TEST_F(HostileFlows, ASilentPeerDoesNotKeepAUserFromHerOtherNodes) {
    Client& eve = cluster.add_client("eve", cluster.node(2));
    cluster.run_for(100ms);
    Stream stream{ann, "eve"};
    for (int word = 0; word < 100; ++word) {
        stream.say();
        cluster.run_for(3ms);
    }
    cluster.run_for(4s);
    EXPECT_EQ(eve.heard(), stream.said());
}

// A hundred thousand users that do not exist, in calls of a thousand: all are answered, nothing
// grows beyond its bound, and others do not notice.
TEST_F(HostileFlows, AFloodForNobodyIsBoundedAndAnswered) {
    std::vector<std::string> calls;
    for (int call = 0; call < 100; ++call) {
        SendOrder order;
        for (int number = 0; number < 1000; ++number)
            order.to.push_back("x" + std::to_string(call * 1000 + number));
        calls.push_back(cluster.node(1).send(order));
        if (call % 10 == 0) expect_unharmed();
    }
    EXPECT_GT(cluster.node(1).mesh().flow_sizes().flows, 50'000u);
    cluster.run_for(4s);
    for (const std::string& call : calls) {
        const SendResult* const result = cluster.node(1).result_of(call);
        ASSERT_NE(result, nullptr);
        EXPECT_EQ(result->error, 0u);
        for (const auto& [user, receipt] : result->users)
            EXPECT_TRUE(receipt.fate == Fate::not_connected || receipt.fate == Fate::undeliverable);
    }
    cluster.run_for(6s);
    const mesh::FlowSizes sizes = cluster.node(1).mesh().flow_sizes();
    EXPECT_EQ(sizes.messages + sizes.receipts + sizes.bytes, 0u);
    EXPECT_LE(sizes.flows, 10u);
    expect_unharmed();
}

// More than may wait for one who is nowhere: the first ones wait, the others are refused at once.
TEST_F(HostileFlows, AFloodForOneWhoIsNowhereIsRefused) {
    std::vector<std::string> said;
    for (int count = 0; count < 500; ++count)
        said.push_back(ann.send({.to = {"joe"}}));
    cluster.run_for(100ms);
    const auto refused = static_cast<std::size_t>(
        std::count_if(said.begin(), said.end(), [&](const std::string& payload) {
            return ann.receipt_of(payload, "joe").has_value();
        }));
    EXPECT_EQ(refused, 500u - cluster.node(1).mesh().config().parked_messages_max);
    EXPECT_EQ(answer(said.back(), "joe").fate, Fate::undeliverable);
    EXPECT_EQ(answer(said.front(), "joe").fate, Fate::not_connected);
    expect_unharmed();
}

// A forward for sessions that joined before any did reaches nobody, one for all there ever will be
// reaches those who are here; both are answered.
TEST_F(HostileFlows, ForwardsWithAbsurdVersionsAreAnswered) {
    const std::string for_nobody = fake.forward("ann", 1, proto::Version{0});
    const std::string for_all = fake.forward("ann", 2, mesh::newest);
    const std::string for_a_stranger = fake.forward("joe", 3, mesh::newest);
    cluster.run_for(100ms);
    EXPECT_EQ(ann.times_heard(for_nobody), 0u);
    EXPECT_EQ(ann.times_heard(for_all), 1u);
    EXPECT_EQ(ann.times_heard(for_a_stranger), 0u);
    EXPECT_EQ(fake.count<proto::Done>(), 1u);
    EXPECT_GE(fake.count<proto::Nack>(), 1u);
    EXPECT_EQ(counters().denials_sent, 2u);
    expect_unharmed();
}

// It acknowledges messages that it never got: nobody believes that of a message that is not its
// own.
TEST_F(HostileFlows, AcknowledgementsOfUnknownMessagesAreIgnored) {
    const auto before = counters().acknowledges_ignored;
    for (std::uint64_t id = 0; id < 100; ++id)
        fake.send(proto::Acked{.message_id = proto::MessageId{id}, .user = "bob"});
    cluster.run_for(50ms);
    EXPECT_EQ(counters().acknowledges_ignored, before + 100);
    expect_unharmed();
}

// A list of more users than a call may have is refused as a whole.
TEST_F(HostileFlows, TooManyUsersInACallAreRefused) {
    SendOrder order;
    for (std::size_t number = 0; number <= proto::limits::users_per_send; ++number)
        order.to.push_back("x" + std::to_string(number));
    const std::string payload = ann.send(order);
    cluster.run_for(50ms);
    ASSERT_NE(ann.result_of(payload), nullptr);
    EXPECT_EQ(
        ann.result_of(payload)->error,
        static_cast<std::uint32_t>(proto::ErrorCode::limit_exceeded));
    expect_unharmed();
}

}  // namespace
}  // namespace grapevine::sim
