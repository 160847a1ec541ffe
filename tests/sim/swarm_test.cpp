// Is there a fault nobody thought of? Many random runs, each from one seed; a failing one prints
// everything that is needed to repeat and to understand it.
//   GRAPEVINE_SIM_RUNS   how many runs (200)
//   GRAPEVINE_SIM_SEED   the first seed (1)
#include "tests/sim/swarm.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

namespace grapevine::sim {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* const text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string command_for(std::uint64_t seed) {
    return "repeat with: GRAPEVINE_SIM_SEED=" + std::to_string(seed) +
           " GRAPEVINE_SIM_RUNS=1 build/dev/tests/sim_tests --gtest_filter=Swarm.RandomFaults\n"
           "make it small with: scripts/swarm --shrink " +
           std::to_string(seed) + "\n";
}

std::uint64_t running_seed = 0;
std::function<std::string()> running_report;

/// A failed check() aborts; the run that did it must still tell its story.
void report_abort(int) {
    std::signal(SIGABRT, SIG_DFL);
    const std::string text = "\nthe run aborted\n" + running_report() + command_for(running_seed);
    std::fputs(text.c_str(), stderr);
    std::abort();
}

SwarmResult run_reporting_aborts(std::uint64_t seed) {
    running_seed = seed;
    const auto former = std::signal(SIGABRT, report_abort);
    SwarmResult result = run_swarm(seed, [](const auto& report) { running_report = report; });
    running_report = nullptr;
    std::signal(SIGABRT, former);
    return result;
}

TEST(Swarm, RandomFaults) {
    const std::uint64_t first = number_from("GRAPEVINE_SIM_SEED", 1);
    const std::uint64_t runs = number_from("GRAPEVINE_SIM_RUNS", 200);
    std::uint64_t messages = 0;
    for (std::uint64_t seed = first; seed < first + runs; ++seed) {
        const SwarmResult result = run_reporting_aborts(seed);
        ASSERT_TRUE(result.good) << result.report << command_for(seed);
        messages += result.messages;
    }
    RecordProperty("messages", std::to_string(messages));
}

}  // namespace
}  // namespace grapevine::sim
