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
        }
}

}  // namespace
}  // namespace grapevine::sim
