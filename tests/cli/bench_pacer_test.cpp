#include "cli/bench/pacer.hpp"

#include <gtest/gtest.h>

namespace grapevine::cli::bench {
namespace {

using namespace std::chrono_literals;

constexpr node::Instant begin{1000s};

TEST(BenchPacer, IsEvenFromTheFirstOn) {
    const Pacer pacer{begin, 1000};
    EXPECT_EQ(pacer.intended(0), begin);
    EXPECT_EQ(pacer.intended(1), begin + 1ms);
    EXPECT_EQ(pacer.intended(3'600'000), begin + 3600s);
    EXPECT_EQ(pacer.due(begin - 1us), 0U);
    EXPECT_EQ(pacer.due(begin), 1U);
    EXPECT_EQ(pacer.due(begin + 999us), 1U);
    EXPECT_EQ(pacer.due(begin + 1ms), 2U);
}

TEST(BenchPacer, WhoFallsBehindOwesEverything) {
    const Pacer pacer{begin, 20'000};
    EXPECT_EQ(pacer.due(begin + 10s), 200'001U);
    EXPECT_EQ(pacer.intended(100'000), begin + 5s) << "what is sent late keeps its time";
}

TEST(BenchPacer, AgreesWithItselfAtEveryRate) {
    for (const double rate : {0.1, 3.0, 7.7, 333.0, 99'999.0, 1'000'000.0, 3'333'333.0}) {
        const Pacer pacer{begin, rate};
        for (std::uint64_t index = 0; index < 2000; ++index) {
            const node::Instant intended = pacer.intended(index);
            EXPECT_GT(pacer.due(intended), index) << rate;
            EXPECT_LE(pacer.due(intended - 1us), index) << rate;
        }
    }
}

}  // namespace
}  // namespace grapevine::cli::bench
