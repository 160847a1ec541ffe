// Nodes whose sessions live on several loops: for everybody else they are as one.
#include "tests/sim/cluster.hpp"
#include "tests/sim/stream.hpp"

#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

WorldOptions with_loops(std::size_t loops, std::uint64_t seed = 1) {
    return {.nodes = 2, .seed = seed, .loops = loops};
}

struct Loops : testing::Test {
    /// Sessions of bob on both nodes, on all loops.
    void gather(std::size_t devices) {
        cluster.form();
        ann = &cluster.add_client("ann", cluster.node(1));
        for (std::size_t device = 0; device < devices; ++device)
            bobs.push_back(&cluster.add_client("bob", cluster.node(1 + device % 2)));
        for (Client* bob : bobs)
            bob->subscribe("den");
        cluster.wait_until_converged(5s);
    }

    Cluster cluster{with_loops(4)};
    Client* ann = nullptr;
    std::vector<Client*> bobs;
};

TEST_F(Loops, AUserOnAllLoopsHearsEverythingOnceOnEachDevice) {
    gather(12);
    std::vector<std::string> said;
    for (int word = 0; word < 100; ++word) {
        said.push_back(ann->say("#bob"));
        said.push_back(ann->say("den"));
        said.push_back(cluster.node(2).publish("$system"));
        cluster.run_for(1ms);
    }
    const std::string counted = ann->send({.to = {"bob"}});
    cluster.run_for(1s);
    ASSERT_TRUE(ann->receipt_of(counted, "bob").has_value());
    EXPECT_EQ(ann->receipt_of(counted, "bob")->sessions, 12u);
    EXPECT_EQ(ann->receipt_of(counted, "bob")->nodes.size(), 2u);
    EXPECT_EQ(cluster.node(2).mesh().where_is("bob").sessions, 12u);
    for (Client* bob : bobs)
        for (const std::string& word : said)
            EXPECT_EQ(bob->times_heard(word), 1u) << word;
    cluster.expect_all_is_well();
}

TEST_F(Loops, WhoChangesLoopsUnderAStreamOfMessagesLosesNone) {
    gather(0);
    Client* bob = &cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    Stream stream{*ann, "bob"};
    for (int hop = 0; hop < 60; ++hop) {
        for (int word = 0; word < 10; ++word) {
            stream.say();
            cluster.run_for(1ms);
        }
        Client* const next = &cluster.add_client("bob", cluster.node(2));
        cluster.run_for(20ms);
        bob->disconnect();
        bob = next;
    }
    cluster.run_for(5s);
    EXPECT_EQ(stream.count(Fate::written) + stream.count(Fate::acked), stream.asked());
    cluster.expect_all_is_well();
}

// What a loop wrote and what a client then said of it may reach Mesh in one turn. On the way to the
// sender the acknowledgement then overtook the word of who wrote it, and the receipt named nobody.
TEST(LoopsInSlowTurns, AReceiptThatIsAcknowledgedTellsWhoWroteIt) {
    WorldOptions options = with_loops(4);
    options.loop_crossing_most = options.turn_delay_most = 10ms;
    Cluster cluster{options};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    for (int device = 0; device < 3; ++device)
        cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    std::vector<std::string> asked;
    for (int word = 0; word < 200; ++word) {
        asked.push_back(ann.send({.to = {"bob"}, .wait = Wait::client}));
        cluster.run_for(3ms);
    }
    cluster.run_for(1s);
    for (const std::string& payload : asked) {
        const auto receipt = ann.receipt_of(payload, "bob");
        ASSERT_TRUE(receipt.has_value());
        EXPECT_EQ(receipt->fate, Fate::acked);
        EXPECT_GE(receipt->sessions, 1u);
        EXPECT_FALSE(receipt->nodes.empty());
    }
    cluster.expect_all_is_well();
}

// A node that died owed nothing any more, but others still answer what it sent. Its next life
// numbered its copies as the last one had, and took such an answer for one to a copy of its own.
TEST_F(Loops, AnAnswerToAnEarlierLifeIsNoneToThisOne) {
    gather(0);
    for (int device = 0; device < 4; ++device)
        cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    cluster.node(2).stall_loop(1, 3s);
    (void)ann->send({.to = {"bob"}});
    cluster.run_for(50ms);
    cluster.node(1).crash();
    cluster.node(1).start();
    for (int device = 0; device < 8; ++device)
        cluster.add_client("bob", cluster.node(2));
    Client& eve = cluster.add_client("eve", cluster.node(1));
    cluster.run_for(1s);
    const std::string sent = eve.send({.to = {"bob"}});
    cluster.run_for(3s);
    const auto receipt = eve.receipt_of(sent, "bob");
    ASSERT_TRUE(receipt.has_value());
    EXPECT_EQ(receipt->fate, Fate::written);
    EXPECT_GT(receipt->sessions, 8u);
    cluster.expect_all_is_well();
}

// Whoever is on it hears later, or is told to be too slow; nobody else notices.
TEST_F(Loops, ALoopThatStandsStillHoldsUpNobodyElse) {
    cluster.node(2).options().mesh.loop_waiting_bytes_max = 20'000;
    gather(12);
    Client& eve = cluster.add_client("eve", cluster.node(1));
    cluster.wait_until_converged(5s);
    cluster.node(2).stall_loop(1, 20s);
    std::vector<std::string> said;
    for (int word = 0; word < 1000; ++word) {
        said.push_back(ann->say("den"));
        (void)ann->say("#bob");
        (void)ann->send({.to = {"eve"}});
        cluster.run_for(2ms);
        ASSERT_LE(cluster.node(2).other_loops().waiting_bytes(1), 20'000u);
    }
    const std::string last = ann->send({.to = {"eve"}});
    cluster.run_for(1s);
    EXPECT_GT(cluster.node(2).other_loops().dropped(), 0u);
    EXPECT_EQ(eve.times_heard(last), 1u);
    std::size_t whole = 0;
    for (Client* bob : bobs) {
        bool heard_all = true;
        for (const std::string& word : said)
            heard_all = heard_all && bob->times_heard(word) == 1;
        whole += heard_all ? 1 : 0;
    }
    EXPECT_GE(whole, 6u) << "those on the first node, at least";
    EXPECT_LT(whole, bobs.size());
    EXPECT_EQ(cluster.node(1).count<mesh::MemberSuspected>(), 0u);
    cluster.run_for(20s);
    EXPECT_EQ(cluster.node(2).other_loops().waiting_bytes(1), 0u);
}

TEST_F(Loops, WhoIsStoppedInOrderSaysGoodbyeOnEveryLoop) {
    gather(12);
    cluster.node(2).leave();
    cluster.run_for(3s);
    EXPECT_EQ(cluster.node(2).last_exit(), Exit::left);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").nodes, std::vector<std::string>{"n1"});
}

}  // namespace
}  // namespace grapevine::sim
