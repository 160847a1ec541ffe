#include "cli/bench/harvest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace grapevine::cli::bench {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::unique_ptr<Harvest> harvest_of(const Tally& tally, const CpuTimes& cpu) {
    auto harvest = std::make_unique<Harvest>();
    harvest->take(tally);
    harvest->cpu = cpu;
    return harvest;
}

TEST(BenchHarvest, OfSeveralProcessesIsTheirSum) {
    Tally fast;
    Tally slow;
    for (Tally* const tally : {&fast, &slow})
        tally->measure(0, 1000);
    for (std::uint32_t i = 0; i < 99; ++i) {
        fast.sent(i, i);
        fast.received(i, i + 10);
    }
    slow.sent(500, 510);
    slow.received(500, 990);
    slow.deliveries.missed = 3;
    fast.failed("subscriber: closed");
    slow.failed("subscriber: closed");
    slow.refused("connect", std::string(1000, 'x'));

    const auto first = harvest_of(fast, {.user_us = 850'000});
    const auto second = harvest_of(slow, {.user_us = 100'000, .waited_us = 50'000});
    Report report = report_of({first.get(), second.get()});
    EXPECT_EQ(report.sent, 100U);
    EXPECT_EQ(report.received, 100U);
    EXPECT_EQ(report.latency.count, 100U);
    EXPECT_EQ(report.latency.p99, 10U) << "99 of 100 are of the fast one";
    EXPECT_EQ(report.latency.max, 490U);
    EXPECT_EQ(report.lateness.max, 10U);
    EXPECT_EQ(report.deliveries.missed, 3U);
    EXPECT_EQ(report.failures, 3U);
    EXPECT_EQ(report.refusals, 1U);
    EXPECT_THAT(
        report.reasons,
        ElementsAre(
            Pair("connect refused: " + std::string(255 - 17, 'x'), 1),
            Pair("subscriber: closed", 2)));

    report.measured_s = 1;
    EXPECT_DOUBLE_EQ(report.cpu_share(), 0.95);
    EXPECT_DOUBLE_EQ(report.busiest_share(), 0.85);
    EXPECT_DOUBLE_EQ(report.waiting_share(), 0.05);
    EXPECT_TRUE(report.was_bottleneck()) << "one of them is enough";
}

TEST(BenchHarvest, GuestsCameWhenTheLastOneCame) {
    Harvest first{};
    first.came = 10;
    first.connecting = std::chrono::seconds{2};
    Harvest second{};
    second.came = 20;
    second.connecting = std::chrono::seconds{3};
    const Report report = report_of({&first, &second});
    EXPECT_EQ(report.connected, 30U);
    EXPECT_DOUBLE_EQ(report.connecting_s, 3);
}

}  // namespace
}  // namespace grapevine::cli::bench
