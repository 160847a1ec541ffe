#include "cli/bench/plan.hpp"
#include "cli/usage_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace grapevine::cli::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& what) {
    try {
        what();
    } catch (const UsageError& error) {
        return error.what();
    }
    return "taken";
}

TEST(BenchPlan, PairsCrossFromNodeToNode) {
    const Plan plan = make_plan({.scenario = BenchScenario::p2p, .pairs = 3}, 2);
    EXPECT_THAT(plan.publishers, ElementsAre(Seat{0, 0}, Seat{1, 1}, Seat{0, 2}));
    EXPECT_THAT(plan.subscribers, ElementsAre(Seat{1, 0}, Seat{0, 1}, Seat{1, 2}));
    EXPECT_TRUE(plan.to_users);
    EXPECT_EQ(plan.streams(), 3U);
    EXPECT_EQ(plan.window, 1U) << "closed loop if nothing else is said";
    EXPECT_FALSE(plan.is_open_loop());
}

TEST(BenchPlan, ProcessesShareEverything) {
    const Plan plan = make_plan({.scenario = BenchScenario::connect, .connections = 10}, 2);
    std::size_t guests = 0;
    double rate = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        guests += plan.guests_of(i, 4).guests;
        rate += plan.guests_of(i, 4).connect_rate;
    }
    EXPECT_EQ(guests, 10U);
    EXPECT_DOUBLE_EQ(rate, plan.connect_rate);
    EXPECT_EQ(share_of(2, 0, 4) + share_of(2, 1, 4), 2U);
    EXPECT_EQ(share_of(2, 2, 4) + share_of(2, 3, 4), 0U);
    EXPECT_LT(plan.descriptors_needed(2), plan.descriptors_needed(1));
}

TEST(BenchPlan, EveryChannelHasSubscribersOnEveryNode) {
    const Plan plan = make_plan(
        {.scenario = BenchScenario::fanout, .publishers = 6, .subscribers = 24, .channels = 2}, 3);
    std::map<std::pair<std::size_t, std::size_t>, int> seats;
    for (const Seat& seat : plan.subscribers)
        ++seats[{seat.url, seat.channel}];
    EXPECT_EQ(seats.size(), 6U);
    for (const auto& [seat, count] : seats)
        EXPECT_EQ(count, 4) << seat.first << " " << seat.second;
    EXPECT_EQ(plan.streams(), 3U * 24U);
    EXPECT_FALSE(plan.to_users);
}

TEST(BenchPlan, ARateMeansOpenLoop) {
    const Plan open = make_plan({.scenario = BenchScenario::p2p, .rate = 500}, 1);
    EXPECT_TRUE(open.is_open_loop());
    EXPECT_EQ(open.window, 0U);
    const Plan churn = make_plan({.scenario = BenchScenario::churn}, 1);
    EXPECT_TRUE(churn.is_open_loop());
    const Plan closed_churn = make_plan({.scenario = BenchScenario::churn, .window = 4}, 1);
    EXPECT_EQ(closed_churn.window, 4U);
}

TEST(BenchPlan, WhoLeavesNeedsAPlaceMeanwhile) {
    const Plan stays = make_plan({.connections = 100, .connect_rate = 50}, 1);
    EXPECT_EQ(stays.guest_places(), 100U);
    const Plan leaves =
        make_plan({.scenario = BenchScenario::churn, .connections = 100, .connect_rate = 50}, 1);
    EXPECT_EQ(leaves.guest_places(), 200U);
    EXPECT_GE(leaves.descriptors_needed(1), 220U);
}

TEST(BenchPlan, SaysWhichLimitIsExceeded) {
    const Plan plan = make_plan({.connections = 25'000}, 1);
    EXPECT_THAT(
        refusal([&] { check_descriptors(plan, 1, 20'000); }),
        testing::AllOf(HasSubstr("25000 connections"), HasSubstr("20000"), HasSubstr("ulimit")));
    EXPECT_EQ(refusal([&] { check_descriptors(plan, 1, 30'000); }), "taken");
}

TEST(BenchPlan, RefusesWhatCannotBeRun) {
    const auto made = [](const BenchOptions& options) {
        return refusal([&options] { make_plan(options, 1); });
    };
    using enum BenchScenario;
    EXPECT_THAT(made({.scenario = p2p, .size = 65'000}), HasSubstr("--size"));
    EXPECT_EQ(made({.scenario = p2p, .size = 64'512}), "taken");
    EXPECT_THAT(made({.scenario = p2p, .token = "t"}), HasSubstr("--via channel"));
    EXPECT_EQ(made({.scenario = p2p, .token = "t", .via = "channel"}), "taken");
    EXPECT_THAT(made({.scenario = fanout, .channels = 2}), HasSubstr("--channels"));
    EXPECT_THAT(
        made({.scenario = fanout, .publishers = 5'000, .subscribers = 1'000}),
        HasSubstr("--channels"));
    EXPECT_THAT(
        made({.scenario = p2p, .rate = 10'000'000, .pairs = 1, .seconds = 3600}),
        HasSubstr("--rate"));
}

}  // namespace
}  // namespace grapevine::cli::bench
