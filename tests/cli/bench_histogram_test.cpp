#include "cli/bench/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace grapevine::cli::bench {
namespace {

TEST(BenchHistogram, IsExactWhileValuesAreSmall) {
    Histogram histogram;
    for (std::uint32_t value = 1; value <= 200; ++value)
        histogram.record(value);
    EXPECT_EQ(histogram.at(0.5), 100U);
    EXPECT_EQ(histogram.at(0.99), 198U);
    EXPECT_EQ(histogram.at(1), 200U);
    EXPECT_EQ(histogram.max(), 200U);
    EXPECT_EQ(histogram.count(), 200U);
}

TEST(BenchHistogram, SaysNothingOfNothing) {
    const Histogram histogram;
    EXPECT_EQ(histogram.at(0.5), 0U);
    EXPECT_EQ(histogram.max(), 0U);
}

TEST(BenchHistogram, TakesEveryValue) {
    for (const std::uint32_t value : {0U, 1U, 127U, 128U, 255U, 256U, 1U << 31, ~0U}) {
        Histogram histogram;
        histogram.record(value);
        EXPECT_EQ(histogram.at(0.5), value);
    }
}

TEST(BenchHistogram, IsAtMostOnePercentTooHighAndNeverTooLow) {
    std::mt19937 random{3};
    std::vector<std::uint32_t> values;
    Histogram histogram;
    for (int i = 0; i < 20'000; ++i) {
        const double magnitude = 1 + random() % 1000 * 0.031;  // 2^1 to 2^32
        values.push_back(static_cast<std::uint32_t>(std::exp2(magnitude) - 1));
        histogram.record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
        const auto rank = static_cast<std::size_t>(std::ceil(share * 20'000)) - 1;
        const auto exact = static_cast<double>(values[rank]);
        EXPECT_GE(histogram.at(share), exact) << share;
        EXPECT_LE(histogram.at(share), exact * 1.01) << share;
    }
}

}  // namespace
}  // namespace grapevine::cli::bench
