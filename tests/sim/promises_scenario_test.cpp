// Promises of docs/delivery.md, each where it once was broken.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"
#include "tests/sim/stream.hpp"

#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

/// Two nodes, and a peer of n1 that says what a test wants.
struct PromisesToAPeer : testing::Test {
    PromisesToAPeer() {
        cluster.form();
        fake.dial(cluster.node(1));
        cluster.wait_for(
            "taken in", [&] { return fake.is_taken_in(); }, 5s);
        fake.on_forward = [&](const proto::Forward& forward) { copies.push_back(forward.copy); };
    }

    Cluster cluster{{.nodes = 2, .seed = 1}};
    FakePeer fake{cluster.stage(), "fake", "10.6.6.6"};
    std::vector<std::uint64_t> copies;  ///< that the peer was sent
};

// 255 sessions of one user on a node: joins do not reach the log, so the fence does not see
// them.
TEST(Promises, HoldsForAUserWithMoreSessionsThanAreCounted) {
    mesh::MeshConfig patient = default_mesh_config();
    patient.suspect_after = 10s;
    Cluster cluster{{.nodes = 3, .seed = 2, .mesh = patient}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    for (int i = 0; i < 300; ++i)
        cluster.add_client("bob", cluster.node(2));
    Client& bob = cluster.add_client("bob", cluster.node(3));
    cluster.wait_until_converged(10s);
    const auto links = cluster.links(cluster.node(1), cluster.node(2));
    ASSERT_EQ(links.size(), 1u);
    cluster.network().stall(links[0], cluster.side_of(links[0], cluster.node(1)), 1500ms);
    const std::string hello = ann.send({.to = {"bob"}});
    cluster.run_for(300ms);
    EXPECT_EQ(bob.times_heard(hello), 1u);
    bob.move_gently_to(cluster.node(2));
    cluster.run_for(3s);
    EXPECT_EQ(bob.times_heard(hello), 0u);  // of this connection
}

// A message that waits for a client blocks the flow for longer than those behind it may live.
TEST(Promises, OneThatIsNotAnsweredDoesNotStarveThoseBehindIt) {
    Cluster cluster{{.nodes = 3, .seed = 2}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    cluster.node(2).pause();
    const std::string first = ann.send({.to = {"bob"}, .wait = Wait::client});
    cluster.run_for(100ms);
    bob.disconnect();
    cluster.run_for(100ms);
    bob.connect(cluster.node(3));
    cluster.run_for(300ms);
    ASSERT_TRUE(bob.is_connected());
    std::vector<std::string> next;
    for (int i = 0; i < 15; ++i) {
        next.push_back(ann.send({.to = {"bob"}}));
        cluster.run_for(100ms);
    }
    cluster.run_for(10s);
    int lost = 0;
    for (const auto& one : next) {
        const auto receipt = ann.receipt_of(one, "bob");
        lost += receipt && receipt->fate == Fate::undeliverable;
    }
    EXPECT_EQ(lost, 0) << "bob was connected to n3, alive and linked, all the time";
    cluster.heal();
}

// 4,096 messages to somebody else make a receiver forget what a session has.
TEST(Promises, ASessionNeverHearsOneTwiceHoweverManyOthersCome) {
    Cluster cluster{{.nodes = 3, .seed = 2}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    cluster.add_client("carol", cluster.node(2));
    bob.acknowledge(false);
    cluster.wait_until_converged(5s);
    const std::string hello = ann.send({.to = {"bob"}, .wait = Wait::none, .at_least_once = true});
    for (int i = 0; i < 4200; ++i) {
        ann.send({.to = {"carol"}, .wait = Wait::none, .at_least_once = true});
        cluster.run_for(1ms);
    }
    EXPECT_EQ(bob.times_heard(hello), 1u);
    Client& tablet = cluster.add_client("bob", cluster.node(3));
    cluster.run_for(1s);
    EXPECT_EQ(tablet.times_heard(hello), 1u);
    EXPECT_EQ(bob.times_heard(hello), 1u);
}

// A life whose epoch had to be raised uses the message ids of the one before.
TEST(Promises, MessageIdsAreNewInALifeWhoseEpochWasRaised) {
    Cluster cluster{{.nodes = 3, .seed = 2}};
    const Instant begun = cluster.time();
    cluster.form();
    Client& bob = cluster.add_client("bob", cluster.node(2));
    bob.acknowledge(false);
    cluster.wait_until_converged(5s);
    cluster.node(1).send({.to = {"bob"}, .wait = Wait::none, .at_least_once = true});
    cluster.run_for(200ms);
    EXPECT_EQ(bob.heard().size(), 1u);
    cluster.node(1).crash();
    cluster.run_for(1s);
    cluster.node(1).jump_wall(-(cluster.time() - begun));  // the board has no battery
    cluster.node(1).start();
    cluster.wait_until_converged(20s);
    const std::string second =
        cluster.node(1).send({.to = {"bob"}, .wait = Wait::node, .at_least_once = true});
    cluster.run_for(1s);
    EXPECT_EQ(bob.times_heard(second), 1u);
}

// A denial overtakes the delta that tells of the user's new session, and names a version later
// than it. With another place left, nobody waits for the bar: what is kept is never sent there.
TEST_F(PromisesToAPeer, WhatIsKeptGoesWhereADenialIsOver) {
    Client& ann = cluster.add_client("ann", cluster.node(1));
    cluster.add_client("bob", cluster.node(2)).acknowledge(false);
    fake.announce("bob");
    cluster.run_for(300ms);
    ann.send({.to = {"bob"}, .wait = Wait::none, .at_least_once = true});
    cluster.run_for(50ms);
    ASSERT_EQ(copies.size(), 1u);
    fake.send(proto::Nack{
        .copies = proto::CopyList::of(copies),
        .version = proto::Version{fake.version().value + 4}});
    cluster.run_for(5ms);
    fake.announce("bob", 0);
    fake.announce("bob", 1);
    cluster.run_for(20ms);
    fake.announce("eve", 1);
    fake.announce("joe", 1);
    cluster.run_for(9s);
    EXPECT_EQ(copies.size(), 2u) << "bob's new session at fake has been known for nine seconds";
}

// An old link whose LinkActive was not read yet when the peer already began another.
TEST(Promises, WhatComesLateOnAForsakenLinkIsNotReadAfterWhatIsNewer) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Cluster cluster{{.nodes = 2, .seed = seed}};
        cluster.form();
        Client& ann = cluster.add_client("ann", cluster.node(1));
        cluster.add_client("bob", cluster.node(2));
        cluster.wait_until_converged(5s);
        const auto old = cluster.links(cluster.node(1), cluster.node(2));
        ASSERT_EQ(old.size(), 1u);

        const bool by_n2 = cluster.side_of(old[0], cluster.node(1)) == Side::acceptor;
        cluster.network().break_connection(
            old[0],
            by_n2 ? std::optional<Duration>{0ms} : std::nullopt,
            by_n2 ? std::nullopt : std::optional<Duration>{0ms});
        const std::size_t ups = cluster.node(2).count<mesh::LinkUp>();
        ASSERT_TRUE(cluster.run_until(
            [&] { return cluster.node(2).count<mesh::LinkUp>() > ups; }, 5s, Duration{10us}));
        ConnectionId link{};
        for (const ConnectionId id : cluster.links(cluster.node(1), cluster.node(2)))
            if (id != old[0]) link = id;
        const Side n1 = cluster.side_of(link, cluster.node(1));

        cluster.network().stall(link, n1, 2500ms);
        cluster.run_for(20ms);
        const std::string first = ann.send({.to = {"bob"}});
        cluster.run_for(100ms);
        const std::optional<Duration> told{100ms};
        const std::optional<Duration> never_told;
        cluster.network().break_connection(
            link, n1 == Side::dialer ? told : never_told, n1 == Side::dialer ? never_told : told);
        cluster.run_for(1500ms);
        const std::string second = ann.send({.to = {"bob"}});
        cluster.run_for(300ms);

        cluster.run_for(3s);

        EXPECT_TRUE(cluster.is_good());
        if (!cluster.is_good()) break;
    }
}

// The lane of a lost link is swept and used again for the link that follows, while a flow
// still remembers it: the flow believes that nothing changed, and does not repeat what was lost.
TEST_F(PromisesToAPeer, WhatIsKeptIsRepeatedOverTheLinkThatFollowsALostOne) {
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    bob.acknowledge(false);
    fake.announce("bob");
    cluster.run_for(300ms);
    const auto links = cluster.links(cluster.node(1), cluster.node(2));
    ASSERT_EQ(links.size(), 1u);
    cluster.network().stall(links[0], cluster.side_of(links[0], cluster.node(1)), 1500ms);
    const std::string first = ann.send({.to = {"bob"}, .wait = Wait::none, .at_least_once = true});
    cluster.run_for(20ms);
    ASSERT_EQ(copies.size(), 1u);
    fake.done(copies[0]);
    const std::string second = ann.send({.to = {"bob"}, .wait = Wait::none, .at_least_once = true});
    cluster.run_for(20ms);
    ASSERT_EQ(copies.size(), 2u);
    cluster.network().blackhole(links[0], Side::dialer, Duration{1ms});
    cluster.network().blackhole(links[0], Side::acceptor, Duration{1ms});
    cluster.run_for(1000ms);

    fake.done(copies[1]);
    cluster.run_for(7s);

    EXPECT_EQ(bob.times_heard(first), 1u);
    EXPECT_EQ(bob.times_heard(second), 1u);
}

// A link that was full took no copy; the node that took one denies it later. Sent again, it would
// come after what the emptied link took meanwhile.
TEST(Promises, WhatAFullLinkRefusedIsNotSentAgainAfterWhatItTookLater) {
    mesh::MeshConfig tight = default_mesh_config();
    tight.link_message_bytes_max = 1;
    tight.link_flight_bytes_max = 1;
    WorldOptions options{.nodes = 3, .seed = 2, .mesh = tight};
    options.network.window_bytes = 1;
    Cluster cluster{options};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& phone = cluster.add_client("bob", cluster.node(2));
    Client& tablet = cluster.add_client("bob", cluster.node(3));
    cluster.wait_until_converged(5s);
    const auto stall = [&](std::size_t node, Duration span) {
        const ConnectionId link = cluster.links(cluster.node(1), cluster.node(node)).at(0);
        cluster.network().stall(link, cluster.side_of(link, cluster.node(1)), span);
    };
    stall(2, 300ms);
    for (int fill = 0; fill < 3; ++fill)
        ann.say("#bob");
    cluster.run_for(20ms);
    stall(3, 600ms);
    const std::string refused = ann.send({.to = {"bob"}});
    cluster.run_for(400ms);
    const std::string later = ann.send({.to = {"bob"}});
    cluster.run_for(190ms);
    tablet.disconnect();
    cluster.run_for(3s);
    EXPECT_EQ(phone.times_heard(later), 1u);
    EXPECT_EQ(phone.times_heard(refused), 0u);
    EXPECT_EQ(ann.receipt_of(refused, "bob")->fate, Fate::undeliverable);
}

}  // namespace
}  // namespace grapevine::sim
