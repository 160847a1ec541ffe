// One name, one process: restarts, clocks that go back, and two processes that claim the same name.
#include "tests/sim/cluster.hpp"

namespace grapevine::sim {
namespace {

// tinode #281: a node that restarts faster than anybody notices must not be mixed up with its
// former life.
TEST(Names, ARestartFasterThanDetectionReplacesTheFormerLife) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        Client& ann = cluster.add_client("ann", cluster.node(1));
        Client& bob = cluster.add_client("bob", cluster.node(3));
        bob.subscribe("lobby");
        cluster.wait_until_converged(5s);
        if (seed % 2 == 0)
            cluster.node(3).crash();
        else
            cluster.node(3).lose_host();
        cluster.node(3).start();
        bob.connect(cluster.node(2));
        cluster.wait_until_converged(10s);
        EXPECT_EQ(cluster.node(1).mesh().where_is("bob").nodes, std::vector<std::string>{"n2"});
        const std::string hello = ann.say("lobby");
        cluster.run_for(1s);
        EXPECT_EQ(bob.times_heard(hello), 1u);
        cluster.expect_all_is_well();
    }
}

// The same while every now and then a message takes more than a second: the handshakes of both
// directions and the end of the former life come in any order, some not in time.
TEST(Names, ARestartAmongSlowHandshakes) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Cluster cluster{
            {.nodes = 3,
             .seed = seed,
             .network = {
                 .path = {
                     .latency = {
                         .least = 100us, .most = 2ms, .spike_one_in = 8, .spike = 1300ms}}}}};
        cluster.form();
        cluster.node(3).lose_host();
        cluster.run_for(Duration{10ms * seed});
        cluster.node(3).start();
        cluster.run_for(10s);
        cluster.add_client("ann", cluster.node(3));
        cluster.add_client("bob", cluster.node(2));
        cluster.run_for(5s);
        cluster.expect_all_is_well();
    }
}

// memberlist PR 345, scylladb #5164: the clock of a restarted node is behind its former life's. It
// is told so, takes a later epoch, and is a full member again. Its users of then are gone, those of
// now are seen.
TEST(Names, AClockSetBackAtRestartOnlyRaisesTheEpoch) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        cluster.add_client("old", cluster.node(3));
        cluster.wait_until_converged(5s);
        const proto::Epoch former = cluster.node(3).mesh().epoch();
        cluster.node(3).crash();
        cluster.run_for(seed % 2 == 0 ? Duration{2s} : Duration{10ms});
        cluster.node(3).jump_wall(-std::chrono::hours{1});
        cluster.node(3).start();
        Client& bob = cluster.add_client("bob", cluster.node(3));
        cluster.wait_until_converged(15s);
        EXPECT_GT(cluster.node(3).mesh().epoch(), former);
        EXPECT_GE(cluster.node(3).count<mesh::EpochRaised>(), 1u);
        EXPECT_EQ(cluster.node(1).mesh().where_is("old").sessions, 0u);
        EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 1u);
        EXPECT_TRUE(bob.is_connected());
        cluster.expect_all_is_well();
    }
}

// A copy of a machine starts with the very same wall time as the process that crashed.
TEST(Names, AClockSetBackToTheSameMicrosecond) {
    Cluster cluster{{.nodes = 2, .seed = 3}};
    cluster.form();
    const proto::Epoch former = cluster.node(2).mesh().epoch();
    cluster.run_for(10s);
    cluster.node(2).crash();
    cluster.node(2).jump_wall(-(cluster.time() - Instant{}));
    cluster.node(2).start();
    ASSERT_EQ(cluster.node(2).mesh().epoch(), former);
    cluster.add_client("bob", cluster.node(2));
    cluster.expect_all_is_well();
    EXPECT_GT(cluster.node(2).mesh().epoch(), former);
}

// The wall clock of a running node jumps: nothing happens, because nothing is decided by it.
TEST(Names, AWallClockThatJumpsChangesNothing) {
    Cluster cluster{{.nodes = 3, .seed = 4}};
    cluster.form();
    cluster.node(2).jump_wall(-std::chrono::hours{24});
    cluster.run_for(10s);
    cluster.node(2).jump_wall(std::chrono::hours{48});
    cluster.run_for(10s);
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->count<mesh::MemberSuspected>(), 0u);
    cluster.expect_all_is_well();
}

NodeOptions namesake(Cluster& cluster, const std::string& name) {
    NodeOptions options = cluster.default_node_options();
    options.mesh.name = name;
    return options;
}

// A second process with the name of a live member is the one that must go, and it is told why.
TEST(Names, ANewcomerWithATakenNameStops) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        cluster.add_client("ann", cluster.node(3));
        cluster.wait_until_converged(5s);
        Node& twin = cluster.add_node(namesake(cluster, "n3"));
        twin.start();
        cluster.wait_for(
            "the newcomer stopped", [&] { return twin.last_exit() == Exit::stopped; }, 10s);
        EXPECT_TRUE(cluster.node(3).is_running());
        EXPECT_EQ(twin.count<mesh::NameTaken>(), 1u);
        EXPECT_EQ(cluster.node(1).mesh().where_is("ann").sessions, 1u);
    }
}

// The namesakes meet each other directly, without a third node between them.
TEST(Names, NamesakesThatMeetDirectlyAgreeWhoGoes) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Cluster cluster{{.nodes = 1, .seed = seed, .seeds = {"10.0.0.1:7000", "10.0.0.2:7000"}}};
        cluster.node(1).start();
        cluster.run_for(1s);
        Node& twin = cluster.add_node(namesake(cluster, "n1"));
        twin.start();
        cluster.wait_for(
            "the newcomer stopped", [&] { return twin.last_exit() == Exit::stopped; }, 30s);
        EXPECT_TRUE(cluster.node(1).is_running());
    }
}

// A process that was stopped for so long that it was replaced finds its name taken when it returns.
TEST(Names, APausedProcessThatWasReplacedStopsWhenItReturns) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Cluster cluster{{.nodes = 3, .seed = seed}};
        cluster.form();
        cluster.node(3).pause();
        cluster.run_for(8s);
        Node& successor = cluster.add_node(namesake(cluster, "n3"));
        successor.start();
        cluster.add_client("ann", successor);
        cluster.run_for(5s);
        ASSERT_TRUE(successor.is_running());
        EXPECT_EQ(cluster.node(1).mesh().where_is("ann").sessions, 1u);
        cluster.node(3).resume();
        cluster.wait_for(
            "the old one stopped",
            [&] { return cluster.node(3).last_exit() == Exit::stopped; },
            20s);
        EXPECT_TRUE(successor.is_running());
        cluster.expect_all_is_well();
    }
}

}  // namespace
}  // namespace grapevine::sim
