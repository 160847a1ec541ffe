// Machines that are too busy, and meshes that form: nodes find each other whatever is late, with no
// more dials than it takes, and nobody who lives is taken for dead.
#include "tests/sim/cluster.hpp"

namespace grapevine::sim {
namespace {

template <class Event>
std::size_t total(Cluster& cluster) {
    std::size_t sum = 0;
    for (const auto& node : cluster.nodes())
        sum += node->count<Event>();
    return sum;
}

std::size_t ended(Cluster& cluster, mesh::LinkEnd why) {
    std::size_t counted = 0;
    for (const auto& node : cluster.nodes())
        for (const mesh::Event& event : node->events())
            if (const auto* const down = std::get_if<mesh::LinkDown>(&event))
                counted += down->why == why ? 1 : 0;
    return counted;
}

std::size_t dials(Cluster& cluster) {
    std::size_t sum = 0;
    for (const auto& node : cluster.nodes())
        sum += cluster.network().dials_to(node->mesh_address());
    return sum;
}

/// Links that a whole mesh must have, and the first node's dial of itself, its own seed.
std::size_t dials_needed(std::size_t nodes) {
    return nodes * (nodes - 1) / 2 + 1;
}

/// Every turn is late by more than a second, but not by so much that a node forgives everybody;
/// what is sent takes its time too.
WorldOptions late(std::size_t nodes, std::uint64_t seed) {
    return {
        .nodes = nodes,
        .seed = seed,
        .network = {.path = {.latency = {.least = 200ms, .most = 500ms}}},
        .turn_delay_least = 1s,
        .turn_delay_most = 1400ms};
}

// A handshake is five steps, of which each waits for a loop: it took longer than it was given, was
// begun again, and again; of those that came to an end many lost a race.
TEST(Pace, NodesWhoseLoopsAreAlwaysLateFindEachOther) {
    for (const std::size_t nodes : {8u, 16u})
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            Cluster cluster{late(nodes, seed)};
            cluster.start_all();
            cluster.wait_until_converged(30s);
            cluster.run_for(60s);
            EXPECT_TRUE(cluster.is_converged()) << cluster.why_not_converged().value_or("");
            EXPECT_EQ(total<mesh::MemberSuspected>(cluster), 0u) << cluster.report();
            EXPECT_EQ(ended(cluster, mesh::LinkEnd::handshake_timeout), 0u) << cluster.report();
            EXPECT_EQ(ended(cluster, mesh::LinkEnd::switch_overdue), 0u) << cluster.report();
            EXPECT_LE(dials(cluster), dials_needed(nodes) * 5 / 4) << cluster.report();
        }
}

// Both were told of each other, and both dialled: 362 dials for 190 links.
TEST(Pace, OfTwoNodesThatAreToldOfEachOtherOneDials) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Cluster cluster{{.nodes = 20, .seed = seed}};
        cluster.form();
        cluster.run_for(5s);
        EXPECT_LE(dials(cluster), dials_needed(20)) << cluster.report();
        EXPECT_LE(total<mesh::LinkUp>(cluster), std::size_t{20 * 19});
    }
}

// A node that comes back is told to those who knew it, and they need not find out by themselves.
TEST(Pace, WhoComesBackIsDialledByWhoeverIsToldOfIt) {
    constexpr std::size_t count = 8;
    for (std::size_t back = 2; back <= count; ++back) {
        Cluster cluster{{.nodes = count, .seed = back}};
        cluster.form();
        cluster.node(back).crash();
        cluster.run_for(30s);
        const std::size_t before = dials(cluster);
        cluster.node(back).start();
        cluster.wait_until_converged(300ms);
        EXPECT_LE(dials(cluster) - before, count) << cluster.report();
    }
}

// The larger of two ids has an address that nobody can dial: it dials the other, a little later.
TEST(Pace, WhoCannotBeDialledDialsByItself) {
    Cluster cluster{{.nodes = 5, .seed = 1}};
    Node* largest = &cluster.node(2);
    for (std::size_t number = 3; number <= 5; ++number)
        if (largest->id() < cluster.node(number).id()) largest = &cluster.node(number);
    largest->options().mesh.advertise = "10.9.9.9:7000";
    cluster.start_all();
    cluster.wait_until_converged(1s);
    EXPECT_GE(cluster.network().dials_to("10.9.9.9:7000"), 3u) << "the smaller ones tried";
}

}  // namespace
}  // namespace grapevine::sim
