// Nodes find each other: seeds, names, several addresses, and every way in which two nodes may not
// belong together.
#include "tests/sim/cluster.hpp"

namespace grapevine::sim {
namespace {

// Two nodes know the third's address, nothing else; within two seconds all three have links to each
// other.
TEST(Meeting, ThreeNodesFindEachOtherFromOneSeed) {
    Cluster cluster{{.nodes = 3, .seed = 1}};
    cluster.start_all();
    const Duration took = cluster.time_until(
        "a full mesh", [&] { return cluster.is_converged(); }, 10s);
    EXPECT_LE(took, Duration{2s});
    cluster.expect_all_is_well();
}

// nats-server #2872: one DNS name has all three addresses, and the mesh must still be complete.
TEST(Meeting, OneNameWithThreeAddressesGivesAFullMesh) {
    Cluster cluster{{.nodes = 3, .seed = 2, .seeds = {"mesh.example:7000"}}};
    cluster.stage().names.set(
        "mesh.example:7000", {"10.0.0.1:7000", "10.0.0.2:7000", "10.0.0.3:7000"});
    cluster.form();
    cluster.expect_all_is_well();
}

// In a mesh where only chance meetings are told to all.
struct LargeMeeting : testing::Test {
    static WorldOptions options() {
        WorldOptions options{.nodes = 12, .seed = 7, .seeds = {"10.0.0.1:7000", "10.0.0.7:7000"}};
        options.mesh.tell_all_max = 2;
        options.mesh.overlay_rings = 1;
        return options;
    }
    Cluster cluster{options()};
};

TEST_F(LargeMeeting, AllMeetSoonWhoKnowOneSeed) {
    cluster.start_all();
    EXPECT_LE(
        cluster.time_until(
            "a full mesh", [&] { return cluster.is_converged(); }, 10s),
        Duration{2s});
    cluster.expect_all_is_well();
}

TEST_F(LargeMeeting, WhoComesLaterIsKnownToAllSoon) {
    for (std::size_t at = 1; at <= 11; ++at)
        cluster.node(at).start();
    cluster.run_for(10s);
    cluster.node(12).start();
    EXPECT_LE(
        cluster.time_until(
            "a full mesh", [&] { return cluster.is_converged(); }, 10s),
        Duration{1s});
}

TEST_F(LargeMeeting, TwoMeshesBecomeOne) {
    std::vector<Node*> left;
    std::vector<Node*> right;
    for (std::size_t at = 1; at <= cluster.nodes().size(); ++at)
        (at < 7 ? left : right).push_back(&cluster.node(at));
    cluster.partition(left, right);
    cluster.start_all();
    cluster.run_for(20s);
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 6u);
    cluster.heal();
    cluster.wait_until_converged(30s);
    cluster.expect_all_is_well();
}

// Each name resolves to several addresses of which most are dead: all are dialled, the living one
// counts.
TEST(Meeting, DeadAddressesOfANameDoNotHideTheLivingOne) {
    Cluster cluster{{.nodes = 2, .seed = 3, .seeds = {"mesh.example:7000"}}};
    cluster.stage().names.set(
        "mesh.example:7000", {"10.9.9.9:7000", "10.8.8.8:7000", "10.0.0.1:7000"});
    cluster.form();
    cluster.expect_all_is_well();
}

// A node whose only seed is itself notices so, keeps quiet about it, and is found by others.
TEST(Meeting, ANodeThatDialsItselfNoticesAndIsFoundByOthers) {
    Cluster cluster{{.nodes = 2, .seed = 4}};
    cluster.node(1).start();
    cluster.wait_for(
        "self dial", [&] { return cluster.node(1).count<mesh::SelfDialled>() > 0; }, 5s);
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 1u);
    cluster.run_for(30s);
    EXPECT_LE(cluster.node(1).count<mesh::SelfDialled>(), 3u);
    cluster.node(2).start();
    cluster.expect_all_is_well();
}

// Seeds that do not answer are asked for ever (nats-server #2577 gave up and left a hole).
TEST(Meeting, UnreachableSeedsAreTriedForEver) {
    Cluster cluster{{.nodes = 2, .seed = 5}};
    cluster.node(2).start();
    cluster.run_for(600s);
    EXPECT_EQ(cluster.node(2).mesh().members().size(), 1u);
    cluster.node(1).start();
    cluster.wait_until_converged(20s);
    cluster.expect_all_is_well();
}

// A name that does not resolve yet is asked again until it does.
TEST(Meeting, ANameThatResolvesLaterIsFoundLater) {
    Cluster cluster{{.nodes = 2, .seed = 6, .seeds = {"mesh.example:7000"}}};
    cluster.stage().names.set("mesh.example:7000", {});
    cluster.start_all();
    cluster.run_for(60s);
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 1u);
    cluster.stage().names.set("mesh.example:7000", {"10.0.0.1:7000", "10.0.0.2:7000"});
    cluster.wait_until_converged(45s);
    cluster.expect_all_is_well();
}

// Two halves that were started with different seeds become one mesh as soon as one link exists
// between them.
TEST(Meeting, TwoHalvesMergeThroughOneCommonSeed) {
    Cluster cluster{{.nodes = 0, .seed = 7}};
    for (const char* seed : {"10.0.0.1:7000", "10.0.0.1:7000", "10.0.0.3:7000", "10.0.0.3:7000"}) {
        NodeOptions options = cluster.default_node_options();
        options.mesh.seeds = {seed};
        cluster.add_node(options);
    }
    cluster.start_all();
    cluster.run_for(10s);
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 2u);
    NodeOptions bridge = cluster.default_node_options();
    bridge.mesh.seeds = {"10.0.0.1:7000", "10.0.0.3:7000"};
    cluster.add_node(bridge).start();
    cluster.wait_until_converged(20s);
    cluster.expect_all_is_well();
}

/// Two nodes of which the second was changed before the start; they must never count each other as
/// members.
void expect_strangers(Cluster& cluster, proto::RefuseReason reason) {
    cluster.start_all();
    cluster.run_for(30s);
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 1u);
    EXPECT_EQ(cluster.node(2).mesh().members().size(), 1u);
    EXPECT_TRUE(cluster.node(2).is_running());
    bool told = false;
    for (const mesh::Event& event : cluster.node(2).events())
        if (const auto* refused = std::get_if<mesh::LinkRefused>(&event))
            told = told || refused->reason == reason;
    EXPECT_TRUE(told) << "the stranger was not told why\n" << cluster.report();
}

// A node with another secret is refused before anything is exchanged, and both learn why.
TEST(Meeting, WrongSecretIsRefused) {
    Cluster cluster{{.nodes = 2, .seed = 8}};
    cluster.node(2).options().mesh.secret = "guess";
    expect_strangers(cluster, proto::RefuseReason::wrong_secret);
}

// Two clusters that got each other's address (grafana mimir #6187: they merged) stay two clusters.
TEST(Meeting, WrongClusterIsRefused) {
    Cluster cluster{{.nodes = 2, .seed = 9}};
    cluster.node(2).options().mesh.cluster = "other";
    expect_strangers(cluster, proto::RefuseReason::wrong_cluster);
}

// A foreign cluster takes over the address of a dead member; nothing of it is ever believed.
TEST(Meeting, AnAddressReusedByAnotherClusterMergesNothing) {
    Cluster cluster{{.nodes = 3, .seed = 10}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    cluster.run_for(1s);
    cluster.node(3).crash();
    cluster.node(3).options().mesh.cluster = "other";
    cluster.node(3).start();
    cluster.run_for(60s);
    for (const std::size_t number : {1u, 2u})
        for (const mesh::MemberView& member : cluster.node(number).mesh().members())
            EXPECT_TRUE(member.name != "n3" || member.state == proto::MemberState::down);
    EXPECT_EQ(cluster.node(3).mesh().members().size(), 1u);
    EXPECT_TRUE(ann.is_connected());
    cluster.expect_all_is_well();
}

// nats-server #22 and #1551: both dial at the same moment and each closes the other's link. Here
// exactly one link survives, and stays, whatever the latencies.
TEST(Meeting, SimultaneousDialsLeaveExactlyOneLink) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Cluster cluster{
            {.nodes = 2,
             .seed = seed,
             .network = {.path = {.latency = {.least = 1ms, .most = Duration{1ms * seed}}}},
             .seeds = {"10.0.0.1:7000", "10.0.0.2:7000"}}};
        cluster.start_all();
        cluster.wait_until_converged(5s);
        cluster.run_for(20s);
        EXPECT_TRUE(cluster.is_converged()) << cluster.why_not_converged().value_or("");
        EXPECT_EQ(cluster.node(1).count<mesh::MemberSuspected>(), 0u) << cluster.report();
    }
}

// A whole cluster starts at once and everybody is everybody's seed: still one link per pair.
TEST(Meeting, EverybodyDialsEverybodyAtOnce) {
    Cluster cluster{
        {.nodes = 5,
         .seed = 11,
         .network = {.path = {.latency = {.least = 1ms, .most = 30ms}}},
         .seeds = {
             "10.0.0.1:7000", "10.0.0.2:7000", "10.0.0.3:7000", "10.0.0.4:7000", "10.0.0.5:7000"}}};
    cluster.form();
    cluster.expect_all_is_well();
}

}  // namespace
}  // namespace grapevine::sim
