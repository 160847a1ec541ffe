// What a seed comes to is printed, so that builds by different compilers can be compared: `trace
// seed=...`.
#include "tests/sim/swarm.hpp"
#include "tests/sim/trace.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace grapevine::sim {
namespace {

TEST(Trace, OfAFewSeedsIsPrinted) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed)
        std::puts(trace_line(run_swarm(seed)).c_str());
}

// The same seed is the same run, to the last byte, and another is another.
TEST(Trace, OneSeedIsOneTrace) {
    for (const std::uint64_t seed : {1u, 17u, 99u}) {
        const SwarmResult once = run_swarm(seed);
        const SwarmResult again = run_swarm(seed);
        EXPECT_EQ(once.trace_hash, again.trace_hash);
        EXPECT_EQ(once.steps, again.steps);
        EXPECT_NE(once.trace_hash, run_swarm(seed + 1).trace_hash);
    }
}

// A hash that does not change when something else happens would prove nothing.
TEST(Trace, SeesWhatIsSaidAndWhatIsMixed) {
    Scheduler clock;
    Trace trace{clock};
    Trace other_trace{clock};
    trace.say("n1", Line{"started"}.add("process", std::uint64_t{1}));
    other_trace.say("n1", Line{"started"}.add("process", std::uint64_t{2}));
    EXPECT_NE(trace.hash(), other_trace.hash());
    EXPECT_EQ(trace.last(1), "t=0.000000 at=n1 started process=1\n");
    const auto before = trace.hash();
    trace.mix("x");
    EXPECT_NE(trace.hash(), before);
    EXPECT_TRUE(trace.contains("started"));
}

}  // namespace
}  // namespace grapevine::sim
