// Messages follow a user who changes nodes: in order, none twice, none lost in silence.
#include "tests/sim/cluster.hpp"
#include "tests/sim/stream.hpp"

#include <gmock/gmock.h>

namespace grapevine::sim {
namespace {

/// Ann on n1 talks to Bob, who is on n2 and may go to n3 and n4.
struct Moving : testing::Test {
    void SetUp() override {
        cluster.form();
        ann.connect(cluster.node(1));
        bob.connect(cluster.node(2));
        cluster.wait_until_converged(5s);
    }
    void talk(Duration span, Duration every = 3ms) {
        for (const Instant end = cluster.time() + span; cluster.time() < end;
             cluster.run_for(every))
            stream.say();
    }
    void wait_for_answers() {
        cluster.wait_for(
            "all answers", [&] { return stream.is_all_answered(); }, 12s);
    }

    Cluster cluster{{.nodes = 4, .seed = 1}};
    Client& ann = cluster.add_client({.user = "ann"});
    Client& bob = cluster.add_client({.user = "bob", .encoding = proto::Encoding::protobuf});
    Stream stream{ann, "bob"};
};

// Bob hops among three nodes all the time, and hears every word in the order in which it was said.
TEST_F(Moving, WhoHopsUnderAStreamHearsAllOfItInOrder) {
    for (std::size_t hop = 0; hop < 60; ++hop) {
        bob.move_gently_to(cluster.node(2 + hop % 3));
        talk(Duration{(50 + hop * 37 % 100) * 1ms});
    }
    wait_for_answers();
    EXPECT_EQ(bob.ever_heard(), stream.said());
    EXPECT_EQ(stream.count(Fate::written) + stream.count(Fate::acked), stream.asked());
}

// The same on a slow network, with less time on each node than a message needs to be denied and
// sent again: much arrives late, nothing twice, nothing out of order, and every answer is true.
TEST_F(Moving, WhoHopsFasterThanMessagesTravelIsToldNothingTwiceAndNothingLate) {
    for (const auto& left : cluster.nodes())
        for (const auto& right : cluster.nodes())
            cluster.network().set_path(
                left->host(), right->host(), Path{.latency = {.least = 20ms, .most = 60ms}});
    for (std::size_t hop = 0; hop < 100; ++hop) {
        bob.move_gently_to(cluster.node(2 + hop * hop % 3));
        talk(40ms);
    }
    wait_for_answers();
    EXPECT_GT(bob.ever_heard().size(), 0u);
    cluster.heal();
    cluster.expect_all_is_well();
}

// Bob drops his connections instead of ending them: what was in them is lost with them, the rest
// comes in order.
TEST_F(Moving, WhoDropsConnectionsLosesOnlyWhatWasInThem) {
    for (std::size_t hop = 0; hop < 60; ++hop) {
        bob.move_to(cluster.node(2 + hop % 3));
        talk(Duration{(50 + hop * 37 % 100) * 1ms});
    }
    wait_for_answers();
    EXPECT_EQ(stream.count(Fate::written) + stream.count(Fate::acked), stream.asked());
    EXPECT_GT(bob.ever_heard().size() * 10, stream.said().size() * 9);
}

// The node that has the user may be the sender's own: it is a place like any other.
TEST_F(Moving, WhoHopsOntoTheSendersNodeHearsAllOfItInOrder) {
    for (std::size_t hop = 0; hop < 40; ++hop) {
        bob.move_gently_to(cluster.node(1 + hop % 2));
        talk(Duration{(50 + hop * 37 % 100) * 1ms});
    }
    wait_for_answers();
    EXPECT_EQ(bob.ever_heard(), stream.said());
}

// One device of two moves: the other hears everything, once.
TEST_F(Moving, TheDeviceThatStaysHearsEverything) {
    Client& laptop = cluster.add_client("bob", cluster.node(3));
    cluster.wait_until_converged(5s);
    for (std::size_t hop = 0; hop < 30; ++hop) {
        bob.move_gently_to(cluster.node(2 + hop % 3));
        talk(Duration{(50 + hop * 37 % 100) * 1ms});
    }
    wait_for_answers();
    EXPECT_EQ(laptop.heard(), stream.said());
    EXPECT_EQ(stream.count(Fate::written) + stream.count(Fate::acked), stream.asked());
}

// Whoever is back within two seconds has lost nothing, wherever he comes back.
TEST_F(Moving, WhoIsBackWithinTheParkTimeHearsAll) {
    bob.disconnect();
    cluster.wait_until_converged(5s);
    talk(500ms, 10ms);
    cluster.run_for(1200ms);
    EXPECT_EQ(stream.receipts().size(), 0u);
    bob.connect(cluster.node(4));
    cluster.run_for(100ms);
    EXPECT_EQ(bob.heard(), stream.said());
    EXPECT_TRUE(stream.is_all_answered());
    EXPECT_EQ(stream.count(Fate::written) + stream.count(Fate::acked), stream.asked());
}

// Whoever comes later has missed it, and the sender knows: after two seconds, not before.
TEST_F(Moving, WhoIsAwayForLongerIsNotConnected) {
    bob.disconnect();
    cluster.wait_until_converged(5s);
    const std::string lost = ann.send({.to = {"bob"}});
    const Duration took = cluster.time_until(
        "an answer", [&] { return ann.result_of(lost) != nullptr; }, 5s);
    EXPECT_EQ(ann.receipt_of(lost, "bob"), (Receipt{.fate = Fate::not_connected}));
    EXPECT_GE(took, Duration{2s});
    EXPECT_LE(took, Duration{2200ms});
    bob.connect(cluster.node(3));
    cluster.run_for(1s);
    EXPECT_EQ(bob.times_heard(lost), 0u);
}

// The link to Bob's node stalls with messages in it, and nobody is suspected yet. Bob goes
// elsewhere, hears later ones, and comes back before the old ones arrive: they are too late for
// him.
TEST(MovingBack, WhatWasUnderWayToAnEarlierStayIsNotHeardByALaterOne) {
    mesh::MeshConfig patient = default_mesh_config();
    patient.suspect_after = 10s;
    Cluster cluster{{.nodes = 3, .seed = 2, .mesh = patient}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    const auto links = cluster.links(cluster.node(1), cluster.node(2));
    ASSERT_EQ(links.size(), 1u);
    cluster.network().stall(links[0], cluster.side_of(links[0], cluster.node(1)), 6s);
    std::vector<std::string> late;
    for (int count = 0; count < 5; ++count)
        late.push_back(ann.send({.to = {"bob"}}));
    cluster.run_for(500ms);
    bob.move_gently_to(cluster.node(3));
    cluster.run_for(500ms);
    const std::string next = ann.send({.to = {"bob"}});
    cluster.run_for(900ms);
    EXPECT_EQ(bob.times_heard(next), 0u);  // something older could still have to be sent again
    cluster.run_for(400ms);
    EXPECT_EQ(bob.times_heard(next), 1u);  // nobody waits longer than two seconds for that
    cluster.run_for(900ms);
    for (const std::string& payload : late)
        EXPECT_EQ(ann.receipt_of(payload, "bob"), (Receipt{.fate = Fate::unknown}));
    bob.move_gently_to(cluster.node(2));
    cluster.run_for(4s);
    EXPECT_EQ(cluster.node(2).mesh().counters().denials_sent, 5u);
    EXPECT_EQ(bob.heard().size(), 0u);
    cluster.expect_all_is_well();
}

// The same with a node that stops for a moment and finds everything in its sockets afterwards.
TEST_F(Moving, APausedNodeDeliversNothingToADeviceThatCameBack) {
    cluster.node(2).pause();
    talk(200ms, 10ms);
    bob.disconnect();
    cluster.run_for(100ms);
    bob.connect(cluster.node(3));
    talk(2500ms, 10ms);
    cluster.node(2).resume();
    bob.move_gently_to(cluster.node(2));
    talk(200ms, 10ms);
    wait_for_answers();
    cluster.expect_all_is_well();
}

// Both come and go, and both talk to each other: two flows on each node that have each other's
// users.
TEST_F(Moving, TwoWhoTalkWhileBothHopHearEachOther) {
    Stream back{bob, "ann"};
    for (std::size_t hop = 0; hop < 40; ++hop) {
        if (hop % 2 == 0)
            bob.move_gently_to(cluster.node(1 + hop % 4));
        else
            ann.move_gently_to(cluster.node(1 + hop % 3));
        for (int word = 0; word < 20; ++word) {
            stream.say();
            back.say();
            cluster.run_for(4ms);
        }
    }
    cluster.run_for(3s);
    // What one says on two nodes has no common order.
    EXPECT_THAT(bob.ever_heard(), testing::UnorderedElementsAreArray(stream.said()));
    EXPECT_THAT(ann.ever_heard(), testing::UnorderedElementsAreArray(back.said()));
}

}  // namespace
}  // namespace grapevine::sim
