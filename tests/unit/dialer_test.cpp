#include "mesh/dialer.hpp"

#include <gtest/gtest.h>

namespace grapevine::mesh {
namespace {

struct DialerTest : testing::Test {
    MeshConfig config{.seeds = {"a:1"}};
    Dialer dialer{config, Rng{1}};
    Now now{.steady = Instant{1h}};

    std::vector<std::string> calls(const std::set<NodeId>& satisfied = {}) {
        std::vector<std::string> addresses;
        for (const auto& call : dialer.due(satisfied, now).calls)
            addresses.push_back(call.address);
        return addresses;
    }
    void pass(Duration time) { now.steady += time; }
    using Calls = std::vector<std::string>;
};

TEST_F(DialerTest, DialsEveryAddressOfASeed) {
    EXPECT_EQ(dialer.due({}, now).seeds, Calls{"a:1"});
    dialer.resolved("a:1", {"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"}, now);
    EXPECT_EQ(calls(), (Calls{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"}));
    EXPECT_EQ(calls(), Calls{}) << "a dial under way is not repeated";
}

TEST_F(DialerTest, NeverGivesUpAndWaitsAtMostTwelveSeconds) {
    dialer.resolved("a:1", {"10.0.0.1:1"}, now);
    for (int attempt = 0; attempt < 100; ++attempt) {
        ASSERT_EQ(calls().size(), 1u) << "attempt " << attempt;
        dialer.ended("10.0.0.1:1", {}, false, now);
        pass(12s);  // 8 s and half of it as jitter
    }
}

TEST_F(DialerTest, LeavesALinkedNodeAloneAndComesBackAtOnceWhenItIsLost) {
    dialer.resolved("a:1", {"10.0.0.1:1"}, now);
    (void)calls();
    dialer.ended("10.0.0.1:1", NodeId{7}, true, now);
    pass(1h);
    EXPECT_EQ(calls({NodeId{7}}), Calls{});
    dialer.redial(NodeId{7}, now);
    EXPECT_EQ(calls(), Calls{"10.0.0.1:1"});
}

TEST_F(DialerTest, DialsOneAddressOfANodeAtATime) {
    dialer.learn("10.0.0.1:1", NodeId{7}, now);
    dialer.learn("10.0.0.2:1", NodeId{7}, now);
    EXPECT_EQ(calls().size(), 1u);
}

TEST_F(DialerTest, DoesNotDialItselfAgainSoon) {
    dialer.resolved("a:1", {"10.0.0.1:1"}, now);
    (void)calls();
    dialer.is_self("10.0.0.1:1", now);
    pass(4min);
    EXPECT_EQ(calls(), Calls{});
}

TEST_F(DialerTest, DropsAMembersAddressWhereSomebodyElseAnswers) {
    dialer.learn("10.0.0.9:1", NodeId{9}, now);
    EXPECT_EQ(calls(), Calls{"10.0.0.9:1"});
    dialer.wrong_node("10.0.0.9:1");
    pass(1h);
    EXPECT_EQ(calls(), Calls{});
}

TEST_F(DialerTest, ForgetsANodeButNotASeed) {
    dialer.resolved("a:1", {"10.0.0.1:1"}, now);
    dialer.learn("10.0.0.1:1", NodeId{7}, now);
    dialer.learn("10.0.0.2:1", NodeId{7}, now);
    dialer.forget(NodeId{7});
    EXPECT_EQ(dialer.size(), 1u);
    EXPECT_EQ(calls(), Calls{"10.0.0.1:1"});
}

TEST_F(DialerTest, DropsWhatItWasToldAndThatLedNowhere) {
    dialer.learn("10.0.0.9:1", NodeId{9}, now);
    dialer.resolved("a:1", {"10.0.0.1:1"}, now);
    pass(10min + 1s);
    EXPECT_EQ(calls(), Calls{"10.0.0.1:1"});
    EXPECT_EQ(dialer.size(), 1u);
}

TEST_F(DialerTest, KeepsTheAddressOfANodeThatIsLinked) {
    dialer.learn("10.0.0.9:1", NodeId{9}, now);
    for (int minute = 0; minute < 60; ++minute) {
        pass(1min);
        EXPECT_EQ(calls({NodeId{9}}), Calls{});
    }
    pass(9min);
    EXPECT_EQ(calls(), Calls{"10.0.0.9:1"});
}

TEST_F(DialerTest, DialsGoodAddressesBeforeALiars) {
    for (int number = 0; number < 1000; ++number)
        dialer.learn(
            "10.1.0.1:" + std::to_string(number),
            NodeId{static_cast<std::uint64_t>(number + 1)},
            now);
    dialer.resolved("a:1", {"99.0.0.1:1"}, now);
    const Calls first = calls();
    EXPECT_LE(first.size(), 64u);
    EXPECT_EQ(first.front(), "99.0.0.1:1");
}

TEST_F(DialerTest, BoundsWhatLiarsMakeItRemember) {
    bool full = false;
    for (int number = 0; number < 20'000 && !full; ++number)
        full = !dialer.learn(
            "10.1.0.1:" + std::to_string(number),
            NodeId{static_cast<std::uint64_t>(number + 1)},
            now);
    EXPECT_TRUE(full);
}

}  // namespace
}  // namespace grapevine::mesh
