// Nodes die, stop, leave and come back; links break in every way a TCP connection can.
#include "tests/sim/cluster.hpp"

namespace grapevine::sim {
namespace {

using proto::MemberState;

bool is(Cluster& cluster, std::size_t observer, std::size_t subject, MemberState state) {
    return cluster.node(observer).state_of(cluster.node(subject)) == state;
}

// A killed process is seen by everybody within a second, and its users are gone everywhere.
TEST(Faults, ACrashIsSeenWithinASecond) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        cluster.add_client("ann", cluster.node(3));
        cluster.wait_until_converged(5s);
        cluster.node(3).crash();
        const Duration took = cluster.time_until(
            "down on both",
            [&] {
                return is(cluster, 1, 3, MemberState::down) && is(cluster, 2, 3, MemberState::down);
            },
            10s);
        EXPECT_LE(took, Duration{1s});
        EXPECT_EQ(cluster.node(1).mesh().where_is("ann").sessions, 0u);
        EXPECT_EQ(cluster.node(2).mesh().where_is("ann").sessions, 0u);
    }
}

// A machine that loses power says nothing. It is down after 5 to 6 seconds, not earlier.
TEST(Faults, ASilentDeathIsSeenAfterFiveSeconds) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        cluster.node(3).lose_host();
        const Duration took = cluster.time_until(
            "down on both",
            [&] {
                return is(cluster, 1, 3, MemberState::down) && is(cluster, 2, 3, MemberState::down);
            },
            20s);
        EXPECT_GE(took, Duration{4s});
        EXPECT_LE(took, Duration{6s});
        EXPECT_TRUE(is(cluster, 1, 2, MemberState::alive));
    }
}

// A stopped process (SIGSTOP) is down after 5 to 6 seconds and back a second after it goes on, with
// all its users, who never noticed.
TEST(Faults, APausedNodeIsHiddenAndReturnsWithinASecond) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        Client& ann = cluster.add_client("ann", cluster.node(3));
        cluster.wait_until_converged(5s);
        cluster.node(3).pause();
        const Duration down = cluster.time_until(
            "down on both",
            [&] {
                return is(cluster, 1, 3, MemberState::down) && is(cluster, 2, 3, MemberState::down);
            },
            20s);
        EXPECT_GE(down, Duration{4s});
        EXPECT_LE(down, Duration{6s});
        EXPECT_EQ(cluster.node(1).mesh().where_is("ann").sessions, 0u);
        cluster.run_for(4s);
        cluster.node(3).resume();
        const Duration back = cluster.time_until(
            "back on both",
            [&] {
                return cluster.node(1).mesh().where_is("ann").sessions == 1 &&
                       cluster.node(2).mesh().where_is("ann").sessions == 1;
            },
            20s);
        EXPECT_LE(back, Duration{1s}) << "seed " << seed;
        EXPECT_TRUE(ann.is_connected());
        cluster.expect_all_is_well();
    }
}

// A pause shorter than the suspicion time is nobody's business.
TEST(Faults, AShortPauseIsNotNoticed) {
    Cluster cluster{{.nodes = 3, .seed = 1}};
    cluster.form();
    for (int round = 0; round < 10; ++round) {
        cluster.node(2).pause();
        cluster.run_for(1800ms);
        cluster.node(2).resume();
        cluster.run_for(2s);
    }
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->count<mesh::MemberSuspected>(), 0u) << cluster.report();
}

// consul #5928: a node that was stopped must not suspect the healthy ones when it wakes up.
TEST(Faults, APausedNodeSuspectsNobodyWhenItReturns) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Cluster cluster{{.nodes = 5, .seed = seed}};
        cluster.form();
        cluster.node(5).pause();
        cluster.run_for(Duration{1s * (3 + seed)});
        cluster.node(5).resume();
        cluster.run_for(10s);
        for (const mesh::Event& event : cluster.node(5).events())
            EXPECT_FALSE(std::holds_alternative<mesh::MemberDown>(event)) << cluster.report();
        for (const std::size_t observer : {1u, 2u, 3u, 4u})
            for (const mesh::Event& event : cluster.node(observer).events()) {
                const auto* suspected = std::get_if<mesh::MemberSuspected>(&event);
                EXPECT_TRUE(suspected == nullptr || suspected->name == "n5") << cluster.report();
            }
        cluster.expect_all_is_well();
    }
}

// Who leaves says so: gone everywhere at once, its clients told to reconnect, and no suspicion.
TEST(Faults, AGracefulLeaveIsNotASuspicion) {
    Cluster cluster{{.nodes = 3, .seed = 1}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(3));
    cluster.wait_until_converged(5s);
    cluster.node(3).leave();
    const Duration took = cluster.time_until(
        "left", [&] { return cluster.node(3).last_exit() == Exit::left; }, 5s);
    EXPECT_LE(took, Duration{2100ms});
    cluster.run_for(100ms);
    EXPECT_EQ(ann.close_code(), 3001u);
    for (const std::size_t observer : {1u, 2u}) {
        EXPECT_TRUE(
            is(cluster, observer, 3, MemberState::left) ||
            !cluster.node(observer).state_of(cluster.node(3)));
        EXPECT_EQ(cluster.node(observer).count<mesh::MemberSuspected>(), 0u);
        EXPECT_EQ(cluster.node(observer).count<mesh::MemberLeft>(), 1u);
        EXPECT_EQ(cluster.node(observer).mesh().where_is("ann").sessions, 0u);
    }
    cluster.node(3).start();
    ann.connect(cluster.node(3));
    cluster.expect_all_is_well();
}

// A node that leaves while others cannot hear it ends nevertheless, in two seconds.
TEST(Faults, ALeaveNobodyHearsEndsAnyway) {
    Cluster cluster{{.nodes = 3, .seed = 2}};
    cluster.form();
    cluster.partition({&cluster.node(3)}, {&cluster.node(1), &cluster.node(2)});
    cluster.node(3).leave();
    const Duration took = cluster.time_until(
        "left", [&] { return cluster.node(3).last_exit() == Exit::left; }, 5s);
    EXPECT_LE(took, Duration{2200ms});
    cluster.wait_for(
        "down", [&] { return is(cluster, 1, 3, MemberState::down); }, 10s);
    cluster.heal();
    cluster.expect_all_is_well();
}

// CometD #458: kill, re-associate, restart, again and again; in the end everybody sees everybody
// once.
TEST(Faults, KillAndRestartCyclesLeaveNoDuplicates) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        std::vector<Client*> clients;
        for (int count = 0; count < 6; ++count)
            clients.push_back(&cluster.add_client(
                "u" + std::to_string(count % 4),
                cluster.node(1 + static_cast<std::size_t>(count) % 3)));
        for (Client* client : clients)
            client->subscribe("lobby");
        for (std::size_t round = 0; round < 9; ++round) {
            Node& victim = cluster.node(1 + round % 3);
            if ((round + seed) % 3 == 0)
                victim.lose_host();
            else
                victim.crash();
            cluster.run_for(Duration{500ms * (round + seed)});
            for (Client* client : clients)
                if (client->is_offline()) client->connect(cluster.node(1 + (round + 1) % 3));
            victim.start();
            cluster.run_for(Duration{200ms * (seed + 1)});
        }
        cluster.run_for(40s);  // those who held on to a lost machine have given up
        for (Client* client : clients)
            if (client->is_offline()) client->connect(cluster.node(1));
        cluster.expect_all_is_well();
    }
}

// CometD #667 and #795: one direction of a link is dead. One end saw the other go, the other did
// not; they must agree again, within seconds, and without anybody else noticing.
TEST(Faults, AHalfOpenLinkIsReplaced) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        // Whichever of the two dialled, and whichever has the smaller id.
        Node& far = cluster.node(seed % 4 < 2 ? 2 : 3);
        Node& bystander = cluster.node(seed % 4 < 2 ? 3 : 2);
        Client& ann = cluster.add_client("ann", cluster.node(1));
        Client& bob = cluster.add_client("bob", far);
        cluster.wait_until_converged(5s);
        const ConnectionId link = cluster.links(cluster.node(1), far).front();
        const Side side = seed % 2 == 0 ? Side::dialer : Side::acceptor;
        cluster.network().blackhole(
            link, side, seed % 3 == 0 ? std::optional<Duration>{2s} : std::nullopt);
        if (seed % 5 == 0) cluster.network().blackhole(link, other(side), std::nullopt);
        // The last changes for a while: whoever missed them on the dead link must get them without
        // a later one.
        Client& eve = cluster.add_client("eve", cluster.node(1));
        cluster.add_client("joe", far);
        cluster.run_for(8s);
        cluster.wait_until_converged(5s);
        for (Client* client : {&ann, &eve}) {
            const std::string hello = client->say("#bob");
            cluster.run_for(200ms);
            EXPECT_EQ(bob.times_heard(hello), 1u);
        }
        EXPECT_EQ(bystander.count<mesh::MemberSuspected>(), 0u);
        cluster.expect_all_is_well();
    }
}

// A link breaks and loses an unknown suffix; each end is told at its own time, or never.
TEST(Faults, ABrokenLinkIsReplacedWhoeverIsTold) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Cluster cluster{{.nodes = 2, .seed = seed}};
        cluster.form();
        Client& ann = cluster.add_client("ann", cluster.node(1));
        Client& bob = cluster.add_client("bob", cluster.node(2));
        bob.subscribe("lobby");
        cluster.wait_until_converged(5s);
        std::optional<Duration> told = Duration{10ms * seed};
        std::optional<Duration> told_too = Duration{2s};
        if (seed % 4 == 1) told.reset();
        if (seed % 4 == 2) told_too.reset();
        for (int count = 0; count < 20; ++count) {
            ann.say("lobby");
            if (count == 10)
                cluster.network().break_connection(
                    cluster.links(cluster.node(1), cluster.node(2)).front(), told, told_too);
            cluster.run_for(Duration{seed * 1ms});
        }
        cluster.run_for(8s);
        cluster.expect_all_is_well();
        EXPECT_GE(bob.heard().size(), 5u);
    }
}

// A link is given up by one end while much of what that end sent is still under way on it. What is
// said afterwards takes a faster, new link, and must nevertheless be heard after it.
TEST(Faults, OrderSurvivesTheChangeOfLinks) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        Node& near = cluster.node(1);
        Node& far = cluster.node(2 + seed % 2);
        std::vector<Client*> clients = {
            &cluster.add_client("ann", near), &cluster.add_client("bob", far)};
        for (Client* client : clients)
            client->subscribe("lobby");
        cluster.wait_until_converged(5s);
        cluster.network().set_path_both_ways(
            near.host(),
            far.host(),
            Path{.latency = {.least = 1ms, .most = 400ms}, .bytes_per_ms = 50});
        const ConnectionId link = cluster.links(near, far).front();
        const Side side = seed % 4 < 2 ? Side::dialer : Side::acceptor;
        for (int count = 0; count < 200; ++count) {
            for (Client* client : clients)
                client->say("lobby", 300);
            if (count == 10 && seed % 3 != 0) cluster.network().blackhole(link, side, std::nullopt);
            if (count == 10 && seed % 3 == 0)
                cluster.network().break_connection(
                    link, side == Side::dialer ? 1ms : 2s, side == Side::dialer ? 2s : 1ms);
            cluster.run_for(30ms);
        }
        cluster.heal();
        cluster.run_for(5s);
        cluster.expect_all_is_well();
    }
}

// All links stall for two seconds: late, but nobody is suspected and nothing is lost.
TEST(Faults, AStallShorterThanTheSuspicionTimeLosesNothing) {
    Cluster cluster{{.nodes = 2, .seed = 1}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    bob.subscribe("lobby");
    cluster.wait_until_converged(5s);
    const ConnectionId link = cluster.links(cluster.node(1), cluster.node(2)).front();
    for (const Side side : {Side::dialer, Side::acceptor})
        cluster.network().stall(link, side, 1800ms);
    std::vector<std::string> said;
    for (int count = 0; count < 10; ++count)
        said.push_back(ann.say("lobby"));
    cluster.run_for(1500ms);
    EXPECT_TRUE(bob.heard().empty());
    cluster.run_for(1s);
    EXPECT_EQ(bob.heard(), said);
    EXPECT_EQ(cluster.node(1).count<mesh::MemberSuspected>(), 0u);
}

// emqx #11157: two halves are separated for longer than the DOWN time; each goes on alone, and when
// the network is back they are one mesh again.
TEST(Faults, APartitionHeals) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Cluster cluster{{.nodes = 5, .seed = seed}};
        cluster.form();
        Client& ann = cluster.add_client("ann", cluster.node(1));
        Client& bob = cluster.add_client("bob", cluster.node(2));
        Client& eve = cluster.add_client("eve", cluster.node(4));
        for (Client* client : {&ann, &bob, &eve})
            client->subscribe("lobby");
        cluster.wait_until_converged(5s);
        cluster.partition(
            {&cluster.node(1), &cluster.node(2)},
            {&cluster.node(3), &cluster.node(4), &cluster.node(5)});
        // The smaller half sees most of the mesh fall silent and waits longer before it believes
        // it.
        cluster.run_for(Duration{20s + 10s * seed});
        EXPECT_TRUE(is(cluster, 1, 4, MemberState::down));
        EXPECT_TRUE(is(cluster, 4, 1, MemberState::down));
        const std::string within = ann.say("lobby");
        cluster.run_for(1s);
        EXPECT_EQ(bob.times_heard(within), 1u);
        EXPECT_EQ(eve.times_heard(within), 0u);
        cluster.heal();
        cluster.expect_all_is_well(20s);
    }
}

// emqx #3664: three islands.
TEST(Faults, AThreeWayPartitionHeals) {
    Cluster cluster{{.nodes = 3, .seed = 1}};
    cluster.form();
    cluster.partition({&cluster.node(1)}, {&cluster.node(2), &cluster.node(3)});
    cluster.partition({&cluster.node(2)}, {&cluster.node(3)});
    cluster.run_for(60s);
    EXPECT_TRUE(is(cluster, 1, 2, MemberState::down));
    EXPECT_TRUE(is(cluster, 2, 3, MemberState::down));
    cluster.heal();
    cluster.expect_all_is_well(20s);
}

// vert.x #4394: the isolated node's own entries, hidden by the others, are there again after the
// heal. phoenix_pubsub #111: and what left during the partition does not come back.
TEST(Faults, WhatAnIsolatedNodeHasIsSeenAgainAfterTheHeal) {
    Cluster cluster{{.nodes = 3, .seed = 2}};
    cluster.form();
    Client& stays = cluster.add_client("stays", cluster.node(3));
    Client& leaves = cluster.add_client("leaves", cluster.node(3));
    stays.subscribe("lobby");
    cluster.wait_until_converged(5s);
    cluster.partition({&cluster.node(3)}, {&cluster.node(1), &cluster.node(2)});
    cluster.run_for(10s);
    EXPECT_EQ(cluster.node(1).mesh().where_is("stays").sessions, 0u);
    leaves.disconnect();
    cluster.add_client("comes", cluster.node(3));
    cluster.run_for(5s);
    cluster.heal();
    cluster.wait_until_converged(20s);
    EXPECT_EQ(cluster.node(1).mesh().where_is("stays").sessions, 1u);
    EXPECT_EQ(cluster.node(1).mesh().where_is("comes").sessions, 1u);
    EXPECT_EQ(cluster.node(1).mesh().where_is("leaves").sessions, 0u);
    EXPECT_EQ(cluster.node(1).count<mesh::SnapshotApplied>(), 0u);  // only what changed was told
    cluster.expect_all_is_well();
}

// A partition longer than the time for which hidden logs are kept: forgotten, then told anew.
TEST(Faults, APartitionLongerThanAnythingIsKept) {
    WorldOptions options{.nodes = 2, .seed = 3};
    options.mesh.keep_down = 20s;
    Cluster cluster{options};
    cluster.form();
    cluster.add_client("ann", cluster.node(1));
    cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    cluster.partition({&cluster.node(1)}, {&cluster.node(2)});
    cluster.run_for(60s);
    EXPECT_EQ(cluster.node(1).count<mesh::MemberForgotten>(), 1u);
    cluster.heal();
    cluster.expect_all_is_well(20s);
}

// Only one direction between two nodes is dead: a third hears both, so nobody is down.
TEST(Faults, AnAsymmetricPartitionMakesNobodyDown) {
    Cluster cluster{{.nodes = 3, .seed = 4}};
    cluster.form();
    cluster.network().block(cluster.node(1).host(), cluster.node(2).host());
    cluster.run_for(30s);
    EXPECT_TRUE(is(cluster, 3, 1, MemberState::alive));
    EXPECT_TRUE(is(cluster, 3, 2, MemberState::alive));
    EXPECT_TRUE(is(cluster, 2, 1, MemberState::alive));
    EXPECT_TRUE(is(cluster, 1, 2, MemberState::alive));
    EXPECT_EQ(cluster.node(1).count<mesh::MemberDown>(), 0u);
    EXPECT_EQ(cluster.node(2).count<mesh::MemberDown>(), 0u);
    cluster.heal();
    cluster.expect_all_is_well(20s);
}

// A partition that opens and closes faster than anything settles must not leave a pair without a
// link.
TEST(Faults, AFlappingPartitionSettles) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Cluster cluster{{.nodes = 4, .seed = seed}};
        cluster.form();
        for (int round = 0; round < 20; ++round) {
            cluster.partition(
                {&cluster.node(1), &cluster.node(2)}, {&cluster.node(3), &cluster.node(4)});
            cluster.run_for(Duration{130ms * (seed + static_cast<std::uint64_t>(round))});
            cluster.heal();
            cluster.run_for(Duration{90ms * seed});
        }
        cluster.expect_all_is_well(20s);
    }
}

// The whole cluster dies and comes back with other clocks.
TEST(Faults, EverybodyCrashesAtOnce) {
    Cluster cluster{{.nodes = 4, .seed = 5}};
    cluster.form();
    std::vector<Client*> clients;
    for (std::size_t number = 1; number <= 4; ++number)
        clients.push_back(&cluster.add_client("u" + std::to_string(number), cluster.node(number)));
    cluster.wait_until_converged(5s);
    for (const auto& node : cluster.nodes())
        node->crash();
    cluster.run_for(3s);
    for (const auto& node : cluster.nodes())
        node->jump_wall(-10s);
    cluster.start_all();
    for (Client* client : clients)
        client->connect(cluster.node(2));
    cluster.expect_all_is_well();
}

// Rolling restart: one after the other leaves and returns, users move on, nothing is left behind.
TEST(Faults, ARollingRestartLosesNobody) {
    Cluster cluster{{.nodes = 4, .seed = 6}};
    cluster.form();
    std::vector<Client*> clients;
    for (std::size_t number = 1; number <= 8; ++number) {
        clients.push_back(
            &cluster.add_client("u" + std::to_string(number), cluster.node(1 + number % 4)));
        clients.back()->subscribe("lobby");
    }
    cluster.wait_until_converged(5s);
    for (std::size_t number = 1; number <= 4; ++number) {
        cluster.node(number).leave();
        cluster.wait_for(
            "left", [&] { return !cluster.node(number).is_running(); }, 5s);
        cluster.run_for(500ms);
        for (Client* client : clients)
            if (client->is_offline()) client->connect(cluster.node(1 + number % 4));
        cluster.node(number).start();
        cluster.wait_until_converged(10s);
    }
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->count<mesh::MemberDown>(), 0u);
    cluster.expect_all_is_well();
}

}  // namespace
}  // namespace grapevine::sim
