#include "cli/bench/report.hpp"
#include "cli/exit_codes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <simdjson.h>

namespace grapevine::cli::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Not a terminal: no colours.
const Terminal paper{-1};

Report a_report() {
    Report report;
    report.plan = make_plan({.scenario = BenchScenario::p2p, .rate = 20'000}, 2);
    report.measured_s = 10;
    report.sent = report.received = 200'000;
    report.sent_in_all = report.deliveries.received = 220'000;
    report.latency = {200'000, 250, 400, 1'900, 12'345, 2'000'000};
    report.lateness = {200'000, 5, 9, 20, 30, 40};
    report.processes = {{.user_us = 1'000'000, .system_us = 2'000'000}};
    return report;
}

TEST(BenchReport, ShowsRatesLatenciesAndItsOwnCost) {
    const std::string text = report_text(a_report(), paper);
    EXPECT_THAT(text, HasSubstr("200,000  20,000/s"));
    EXPECT_THAT(text, HasSubstr("250 us  400 us  1.90 ms  12.3 ms  2.00 s"));
    EXPECT_THAT(text, HasSubstr("open loop"));
    EXPECT_THAT(text, HasSubstr("30 % of a core"));
    EXPECT_THAT(text, Not(HasSubstr("bottleneck")));
}

TEST(BenchReport, SaysThatClosedLoopsMeasureServiceTime) {
    Report report = a_report();
    report.plan = make_plan({.scenario = BenchScenario::p2p, .window = 64}, 2);
    EXPECT_THAT(report_text(report, paper), HasSubstr("window 64: latency is service time"));
    EXPECT_THAT(report_json(report), HasSubstr(R"("latency_from":"actual send time")"));
}

TEST(BenchReport, SaysWhenItMeasuredItself) {
    Report report = a_report();
    report.processes = {{.user_us = 4'000'000, .system_us = 4'600'000}};
    EXPECT_TRUE(report.was_bottleneck());
    EXPECT_THAT(report_text(report, paper), HasSubstr("the generator itself was the bottleneck"));
    report.processes = {{.user_us = 1'000'000, .system_us = 0, .waited_us = 2'000'000}};
    EXPECT_FALSE(report.was_bottleneck());
    EXPECT_THAT(report_text(report, paper), HasSubstr("waited for a core 20 %"));
}

TEST(BenchReport, WhatIsWrongDecidesHowItEnds) {
    Report report = a_report();
    EXPECT_EQ(report.exit_code(), ExitCode::ok);
    report.failures = 1;
    EXPECT_EQ(report.exit_code(), ExitCode::failed);
    for (std::uint64_t Deliveries::*const fault :
         {&Deliveries::lost,
          &Deliveries::duplicate,
          &Deliveries::reordered,
          &Deliveries::damaged}) {
        Report wrong = report;
        wrong.deliveries.*fault = 1;
        EXPECT_EQ(wrong.exit_code(), ExitCode::wrong_delivery);
    }
    report.unanswered = 1;
    EXPECT_EQ(report.exit_code(), ExitCode::wrong_delivery);
}

TEST(BenchReport, IsJsonWhateverNodesSaid) {
    Report report = a_report();
    report.plan = make_plan({.scenario = BenchScenario::churn}, 2);
    report.reasons["\"quoted\"\n\x1b"] = 3;
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    ASSERT_EQ(parser.parse(report_json(report)).get(json), simdjson::SUCCESS);
    EXPECT_EQ(std::uint64_t{json["sent"]}, 200'000U);
    EXPECT_EQ(std::uint64_t{json["latency_us"]["p99_9"]}, 12'345U);
    EXPECT_EQ(std::string_view{json["reasons"].at(0)["why"]}, "\"quoted\"\n\x1b");
    EXPECT_EQ(double{json["received_per_second"]}, 20'000.0);
}

TEST(BenchReport, NumbersAreEasyToRead) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1'000), "1,000");
    EXPECT_EQ(grouped(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace grapevine::cli::bench
