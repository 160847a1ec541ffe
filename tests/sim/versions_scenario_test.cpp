// Nodes of earlier and later programs in one cluster: each link speaks what both ends do, and those
// who have nothing in common say so to each other.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"

namespace grapevine::sim {
namespace {

using proto::mesh_version_max;
using proto::mesh_version_min;

/// What the link from one to the other speaks, as the one sees it; 0: there is none.
std::uint32_t spoken(Cluster& cluster, std::size_t from, std::size_t to) {
    for (const mesh::MemberView& view : cluster.node(from).mesh().members())
        if (view.name == cluster.node(to).name()) return view.protocol;
    return 0;
}

/// What it was told, or told, of such a link; empty: there was none.
std::string refusal_of(const Node& node, bool by_peer) {
    for (const mesh::Event& event : node.events())
        if (const auto* refused = std::get_if<mesh::LinkRefused>(&event);
            refused != nullptr && refused->by_peer == by_peer &&
            refused->reason == proto::RefuseReason::wrong_version)
            return refused->text;
    return {};
}

/// Starts again as another program would.
void change_program(Node& node, std::uint32_t version_max) {
    node.options().mesh.version_max = version_max;
    node.start();
}

TEST(Versions, EveryLinkSpeaksTheLatestThatBothEndsDo) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Cluster cluster{{.nodes = 4, .seed = seed}};
        cluster.node(1).options().mesh.version_max = mesh_version_min;
        cluster.node(3).options().mesh.version_max = mesh_version_min;
        for (const auto& node : cluster.nodes())
            cluster.add_client("user-of-" + node->name(), *node).subscribe("lobby");
        cluster.form();
        for (std::size_t from = 1; from <= 4; ++from)
            for (std::size_t to = 1; to <= 4; ++to) {
                const bool both_new = from % 2 == 0 && to % 2 == 0;
                if (from == to) continue;
                EXPECT_EQ(
                    spoken(cluster, from, to), both_new ? mesh_version_max : mesh_version_min);
            }
        cluster.expect_all_is_well();
    }
}

// A whole cluster is upgraded node by node, and back again, while people talk: at every step
// everybody is reached, and no two nodes lose each other for it.
TEST(Versions, ARollingUpgradeAndBack) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        mesh::MeshConfig old = default_mesh_config();
        old.version_max = mesh_version_min;
        Cluster cluster{{.nodes = 3, .seed = seed, .mesh = old}};
        for (const auto& node : cluster.nodes())
            cluster.add_client("user-of-" + node->name(), *node).subscribe("lobby");
        cluster.form();
        for (const std::uint32_t version_max : {mesh_version_max, mesh_version_min}) {
            for (const auto& node : cluster.nodes()) {
                if (seed % 2 == 0) {
                    node->leave();
                    cluster.wait_for(
                        "it left", [&] { return !node->is_running(); }, 10s);
                } else {
                    node->crash();
                }
                change_program(*node, version_max);
                cluster.expect_all_is_well();
            }
            EXPECT_EQ(spoken(cluster, 1, 2), version_max);
            EXPECT_EQ(spoken(cluster, 2, 3), version_max);
        }
        for (const auto& node : cluster.nodes())
            for (const bool by_peer : {false, true})
                EXPECT_EQ(refusal_of(*node, by_peer), "") << node->name();
    }
}

// A program from a far future: both ends read what each speaks and which one to upgrade.
TEST(Versions, WithNothingInCommonBothEndsSayWhatToUpgrade) {
    Cluster cluster{{.nodes = 2, .seed = 1}};
    cluster.form();
    cluster.add_client("ann", cluster.node(1));
    cluster.wait_until_converged(5s);
    NodeOptions options = cluster.default_node_options();
    options.mesh.name = "future";
    options.mesh.version_min = mesh_version_max + 1;
    options.mesh.version_max = mesh_version_max + 4;
    Node& future = cluster.add_node(options);
    future.start();
    cluster.run_for(10s);
    const std::string text =
        "\"future\" speaks mesh protocol 3 to 6, \"n1\" speaks 1 to 2: upgrade \"n1\"";
    EXPECT_EQ(refusal_of(cluster.node(1), /*by_peer=*/false), text);
    EXPECT_EQ(refusal_of(future, /*by_peer=*/true), text);
    EXPECT_EQ(future.mesh().members().size(), 1u);
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 2u);
    EXPECT_TRUE(future.mesh().where_is("ann").nodes.empty());
    future.crash();
    cluster.expect_all_is_well();
}

// A node is silent, and others ask about it, suspect it and tell: but nothing that its link does
// not have is said to a node of an earlier program, nor taken from it.
TEST(Versions, NobodyIsToldWhatTheLinksVersionDoesNotHave) {
    for (const std::uint32_t version : {1u, 2u}) {
        Cluster cluster{{.nodes = 3, .seed = 1}};
        cluster.form();
        FakePeer sleepy{cluster.stage(), "sleepy", "10.6.6.6"};
        sleepy.hello.proto_max = version;
        sleepy.answers_pings = false;
        sleepy.dial(cluster.node(1));
        cluster.wait_for(
            "taken in", [&] { return sleepy.is_taken_in(); }, 5s);
        cluster.wait_for(
            "suspected", [&] { return cluster.node(1).count<mesh::MemberSuspected>() > 0; }, 10s);
        cluster.run_for(500ms);
        EXPECT_EQ(sleepy.count<proto::Suspect>() > 0, version >= 2) << version;
        EXPECT_EQ(sleepy.count<proto::PingReq>(), 0u);
        sleepy.send(proto::PingReq{cluster.node(2).id(), 7});
        cluster.run_for(500ms);
        EXPECT_EQ(cluster.node(1).count<mesh::FrameRejected>(), version >= 2 ? 0u : 1u);
        EXPECT_EQ(sleepy.is_open(), version >= 2);
        sleepy.close();
        cluster.expect_all_is_well();
    }
}

// Half of the nodes are of an earlier program and cannot be asked about others: who dies is found
// to be dead all the same, and who lives is not.
TEST(Versions, WhoDiesIsFoundDeadAmongNodesOfBothPrograms) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        Cluster cluster{{.nodes = 5, .seed = seed}};
        for (const std::size_t number : {1u, 2u, 3u})
            cluster.node(number).options().mesh.version_max = mesh_version_min;
        cluster.form();
        Node& dead = cluster.node(seed % 5 + 1);
        dead.lose_host();
        cluster.run_for(15s);
        for (const auto& node : cluster.nodes()) {
            if (node.get() == &dead) continue;
            EXPECT_EQ(node->state_of(dead), proto::MemberState::down) << node->name();
            EXPECT_EQ(node->count<mesh::MemberDown>(), 1u) << node->name();
            EXPECT_EQ(node->count<mesh::FrameRejected>(), 0u) << node->name();
        }
        dead.start();
        cluster.expect_all_is_well();
    }
}

// A number that no frame of the link's version has: whatever was said, it would be lost.
TEST(Versions, AFrameThatNobodyKnowsEndsTheLink) {
    Cluster cluster{{.nodes = 2, .seed = 1}};
    cluster.form();
    FakePeer fake{cluster.stage(), "fake", "10.6.6.6"};
    fake.dial(cluster.node(1));
    cluster.wait_for(
        "taken in", [&] { return fake.is_taken_in(); }, 5s);
    fake.send_raw("\x0a\x04\xa2\x06\x01x");  // number 100
    cluster.wait_for(
        "the link closed", [&] { return !fake.is_open(); }, 5s);
    EXPECT_EQ(cluster.node(1).count<mesh::FrameRejected>(), 1u);
    cluster.expect_all_is_well();
}

}  // namespace
}  // namespace grapevine::sim
