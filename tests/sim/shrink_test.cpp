// The shrinker is held to a law of which it is known what violates it.
#include "tests/sim/shrink.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

using Kind = Fault::Kind;

/// Seeds whose plans have both kinds are looked for among these.
constexpr std::uint64_t seeds_looked_at = 400;

/// Violated as soon as both kinds of fault have happened.
std::string run_with_law_against(std::uint64_t seed, const SwarmCut& cut, Kind one, Kind another) {
    std::set<Kind> seen;
    return run_swarm({.seed = seed,
                      .cut = cut,
                      .watcher = {},
                      .on_fault =
                          [&](World& world, const Fault& fault) {
                              seen.insert(fault.kind);
                              if (seen.contains(one) && seen.contains(another))
                                  world.stage().verdict.violated("NotBoth", "both happened");
                          }})
        .law;
}

std::size_t count(const std::vector<Fault>& plan, Kind kind) {
    std::size_t counted = 0;
    for (const Fault& fault : plan)
        counted += fault.kind == kind ? 1 : 0;
    return counted;
}

/// A long plan in which both kinds occur, one of them again and again.
std::uint64_t seed_with(Kind one, Kind another) {
    for (std::uint64_t seed = 1; seed <= seeds_looked_at; ++seed) {
        const std::vector<Fault> plan = plan_of(seed);
        if (plan.size() >= 12 && count(plan, one) >= 2 && count(plan, another) >= 1) return seed;
    }
    ADD_FAILURE() << "no seed has both kinds";
    return 0;
}

TEST(Shrink, KeepsExactlyTheTwoKindsOfFaultThatViolateALawTogether) {
    const std::uint64_t seed = seed_with(Kind::wall_jump, Kind::stall_link);
    const auto run = [seed](const SwarmCut& cut) {
        return run_with_law_against(seed, cut, Kind::wall_jump, Kind::stall_link);
    };
    ASSERT_EQ(run({}), "NotBoth");

    const Shrunk shrunk = shrink(seed, "NotBoth", run);

    std::multiset<Kind> kinds;
    for (const std::size_t at : shrunk.cut.faults.value())
        kinds.insert(plan_of(seed).at(at).kind);
    EXPECT_EQ(kinds, (std::multiset{Kind::wall_jump, Kind::stall_link}));
    const SwarmSize size = size_of(seed, shrunk.cut);
    EXPECT_EQ(size.hoppers, 0u);
    EXPECT_EQ(size.streams, 0u);
    EXPECT_EQ(size.clients, 1u);
    EXPECT_LE(size.safety, plan_of(seed).at(size.faults.back()).at + 400ms);
    EXPECT_EQ(run(shrunk.cut), "NotBoth") << "what is printed can be repeated";
}

// What fails without any fault needs none of them.
TEST(Shrink, LeavesOutEveryFaultThatDoesNotMatter) {
    const auto run = [](const SwarmCut&) { return std::string{"Always"}; };
    const std::uint64_t seed = seed_with(Kind::crash, Kind::crash);
    EXPECT_TRUE(shrink(seed, "Always", run).cut.faults.value().empty());
}

// Another law is another failure: the search must not slip from one to the other.
TEST(Shrink, KeepsToTheLawThatWasViolatedFirst) {
    const std::uint64_t seed = seed_with(Kind::crash, Kind::crash);
    const std::size_t all = plan_of(seed).size();
    const auto run = [all](const SwarmCut& cut) {
        return std::string{cut.faults->size() == all ? "One" : "Another"};
    };
    EXPECT_EQ(shrink(seed, "One", run).cut.faults.value().size(), all);
}

TEST(Shrink, RunsNoMoreOftenThanItMay) {
    const std::uint64_t seed = seed_with(Kind::crash, Kind::crash);
    std::size_t runs = 0;
    const auto run = [&runs](const SwarmCut&) { return std::string{++runs % 2 == 0 ? "Law" : ""}; };
    EXPECT_EQ(shrink(seed, "Law", run, 7).runs, 7u);
    EXPECT_EQ(runs, 7u);
}

// What is left out of a run leaves the plan of the rest as it was drawn.
TEST(Shrink, ACutTakesNothingElseAway) {
    const std::uint64_t seed = seed_with(Kind::crash, Kind::crash);
    SwarmCut cut;
    cut.faults = std::vector<std::size_t>{1, 4};
    cut.clients_most = 3;
    const SwarmSize whole = size_of(seed, {});
    const SwarmSize size = size_of(seed, cut);
    EXPECT_EQ(size.faults, *cut.faults);
    EXPECT_EQ(size.clients, 3u);
    EXPECT_EQ(size.streams, whole.streams);
    EXPECT_EQ(size.safety, whole.safety);
    EXPECT_EQ(
        arguments_of(seed, cut), "--seed " + std::to_string(seed) + " --faults 1,4 --clients 3");
}

TEST(Shrink, AWholeRunIsTheSameWithAndWithoutACut) {
    SwarmCut all;
    all.faults = size_of(3, {}).faults;
    EXPECT_EQ(
        run_swarm(3).trace_hash,
        run_swarm({.seed = 3, .cut = all, .watcher = {}, .on_fault = {}}).trace_hash);
}

}  // namespace
}  // namespace grapevine::sim
