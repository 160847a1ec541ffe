#include "mesh/dialer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace grapevine::mesh {
namespace {

struct DialerTest : testing::Test {
    MeshConfig config{.seeds = {"a:1"}};
    Dialer dialer{config, Rng{1}};
    Now now{.steady = Instant{1h}};
    Events events;

    std::vector<std::string> calls(const std::vector<NodeId>& satisfied = {}) {
        std::vector<std::string> addresses;
        for (const auto& call : dialer.due(satisfied, satisfied.size(), now).calls)
            addresses.push_back(call.address);
        return addresses;
    }
    std::size_t answer(std::vector<std::string> addresses, bool whole = true) {
        return dialer.resolved({"a:1", std::move(addresses), whole}, now, events);
    }
    void pass(Duration time) { now.steady += time; }
    using Calls = std::vector<std::string>;
};

TEST_F(DialerTest, DialsEveryAddressOfASeed) {
    EXPECT_EQ(dialer.due({}, 0, now).seeds, Calls{"a:1"});
    answer({"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"});
    EXPECT_EQ(calls(), (Calls{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"}));
    EXPECT_EQ(calls(), Calls{}) << "a dial under way is not repeated";
}

TEST_F(DialerTest, NeverGivesUpAndWaitsAtMostTwelveSeconds) {
    answer({"10.0.0.1:1"});
    for (int attempt = 0; attempt < 100; ++attempt) {
        ASSERT_EQ(calls().size(), 1u) << "attempt " << attempt;
        dialer.ended("10.0.0.1:1", {}, false, now);
        pass(12s);  // 8 s and half of it as jitter
    }
}

TEST_F(DialerTest, LeavesALinkedNodeAloneAndComesBackAtOnceWhenItIsLost) {
    answer({"10.0.0.1:1"});
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
    answer({"10.0.0.1:1"});
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
    answer({"10.0.0.1:1"});
    dialer.learn("10.0.0.1:1", NodeId{7}, now);
    dialer.learn("10.0.0.2:1", NodeId{7}, now);
    dialer.forget(NodeId{7});
    EXPECT_EQ(dialer.size(), 1u);
    EXPECT_EQ(calls(), Calls{"10.0.0.1:1"});
}

TEST_F(DialerTest, LooksAtOnceAtWhatChangedAlone) {
    const auto calls_since = [&](NodeId satisfied) {
        std::vector<std::string> addresses;
        const auto is_satisfied = [&](NodeId node) { return node == satisfied; };
        for (const auto& call : dialer.due_since(is_satisfied, now).calls)
            addresses.push_back(call.address);
        return addresses;
    };
    dialer.learn("10.0.0.7:1", NodeId{7}, now);
    dialer.learn("10.0.0.8:1", NodeId{8}, now, 1s);
    EXPECT_EQ(calls_since({}), Calls{"10.0.0.7:1"});
    dialer.ended("10.0.0.7:1", NodeId{7}, true, now);
    pass(1s);
    EXPECT_EQ(calls_since(NodeId{7}), Calls{"10.0.0.8:1"});
    dialer.ended("10.0.0.8:1", {}, false, now);
    pass(1min);
    EXPECT_EQ(calls_since(NodeId{7}), Calls{"10.0.0.8:1"}) << "until it is reached";
    dialer.ended("10.0.0.8:1", NodeId{8}, true, now);
    EXPECT_EQ(calls({NodeId{7}, NodeId{8}}), Calls{});
    EXPECT_FALSE(dialer.any_open());
    pass(1min);
    dialer.redial(NodeId{7}, now);
    EXPECT_EQ(calls_since(NodeId{8}), Calls{"10.0.0.7:1"});
    dialer.forget(NodeId{8});
    dialer.ended("10.0.0.7:1", NodeId{7}, true, now);
    EXPECT_EQ(calls_since(NodeId{7}), Calls{});
    EXPECT_FALSE(dialer.any_open());
}

TEST_F(DialerTest, DropsWhatItWasToldAndThatLedNowhere) {
    dialer.learn("10.0.0.9:1", NodeId{9}, now);
    answer({"10.0.0.1:1"});
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
    answer({"99.0.0.1:1"});
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

// ---- answers of DNS that change

TEST_F(DialerTest, DropsAnAddressThatVanishedAndDoesNotAnswer) {
    answer({"10.0.0.1:1", "10.0.0.2:1"});
    (void)calls();
    dialer.ended("10.0.0.1:1", {}, false, now);
    dialer.ended("10.0.0.2:1", {}, false, now);
    answer({"10.0.0.2:1"});
    pass(1h);
    EXPECT_EQ(calls(), Calls{"10.0.0.2:1"});
    EXPECT_EQ(dialer.size(), 1u);
}

TEST_F(DialerTest, TriesAnAddressThatVanishedOnceMore) {
    answer({"10.0.0.1:1"});
    answer({});
    EXPECT_EQ(calls(), Calls{"10.0.0.1:1"});
    dialer.ended("10.0.0.1:1", {}, false, now);
    EXPECT_EQ(dialer.size(), 0u);
}

TEST_F(DialerTest, KeepsAVanishedAddressAsLongAsItsNodeIsLinked) {
    answer({"10.0.0.1:1"});
    (void)calls();
    dialer.ended("10.0.0.1:1", NodeId{7}, true, now);
    answer({});
    pass(1h);
    EXPECT_EQ(calls({NodeId{7}}), Calls{});
    dialer.redial(NodeId{7}, now);
    EXPECT_EQ(calls(), Calls{"10.0.0.1:1"}) << "it is the only address known of a lost node";
    dialer.ended("10.0.0.1:1", {}, false, now);
    EXPECT_EQ(dialer.size(), 0u);
}

TEST_F(DialerTest, KeepsAVanishedAddressThatANodeTold) {
    answer({"10.0.0.1:1"});
    dialer.learn("10.0.0.1:1", NodeId{7}, now);
    (void)calls();
    dialer.ended("10.0.0.1:1", {}, false, now);
    answer({});
    pass(10s);
    EXPECT_EQ(calls(), Calls{"10.0.0.1:1"});
    pass(11min);
    dialer.ended("10.0.0.1:1", {}, false, now);
    EXPECT_EQ(calls(), Calls{}) << "for as long as what is told is kept";
}

TEST_F(DialerTest, AnAnswerThatIsNotWholeTakesNothingAway) {
    answer({"10.0.0.1:1"});
    (void)calls();
    dialer.ended("10.0.0.1:1", {}, false, now);
    answer({}, /*whole=*/false);
    answer({"10.0.0.2:1"}, /*whole=*/false);
    pass(1h);
    EXPECT_EQ(calls(), (Calls{"10.0.0.2:1", "10.0.0.1:1"}));
}

TEST_F(DialerTest, ForgetsItsOwnAddressWhenItVanishes) {
    answer({"10.0.0.1:1"});
    (void)calls();
    dialer.is_self("10.0.0.1:1", now);
    answer({});
    EXPECT_EQ(dialer.size(), 0u);
}

TEST_F(DialerTest, ANodeThatMovedIsNotSoughtWhereItWas) {
    answer({"10.0.0.1:1"});
    (void)calls();
    dialer.ended("10.0.0.1:1", NodeId{7}, true, now);
    dialer.is_at("10.0.0.1:1", NodeId{7}, now);
    dialer.learn("10.0.0.3:1", NodeId{7}, now);
    dialer.is_at("10.0.0.2:1", NodeId{7}, now);
    pass(1min);
    EXPECT_EQ(calls({NodeId{7}}), Calls{"10.0.0.1:1"}) << "somebody else may be at the seed now";
    dialer.redial(NodeId{7}, now);
    EXPECT_EQ(calls(), Calls{"10.0.0.2:1"});
    EXPECT_EQ(dialer.size(), 2u);
}

TEST_F(DialerTest, ADeadThousandDoesNotKeepTheLivingWaiting) {
    Calls addresses;
    for (int number = 0; number < 1000; ++number)
        addresses.push_back("10.1.0.1:" + std::to_string(number + 1));
    answer(addresses);
    std::map<std::string, int> dialled;
    std::map<std::string, int> under_way;  // until which look
    for (int look = 0; look < 3000; ++look) {  // five minutes; each dial takes 3 s
        std::erase_if(under_way, [&](const auto& dial) {
            if (look < dial.second) return false;
            dialer.ended(dial.first, {}, false, now);
            return true;
        });
        for (const std::string& address : calls()) {
            ++dialled[address];
            under_way[address] = look + 30;
        }
        ASSERT_LE(under_way.size(), 64u);
        pass(100ms);
    }
    EXPECT_EQ(dialled.size(), 1000u) << "every one of them had its turn";
    // 64 at a time, 3 s each, for 300 s.
    for (const auto& [address, times] : dialled)
        EXPECT_GE(times, 4) << address;
}

TEST_F(DialerTest, BoundsAnAnswerOfTenThousandAddresses) {
    Calls addresses;
    for (int number = 0; number < 10'000; ++number)
        addresses.push_back("10.1.0.1:" + std::to_string(number + 1));
    EXPECT_EQ(answer(addresses), 10'000u - 1024u);
    EXPECT_EQ(dialer.size(), 1024u);
    ASSERT_FALSE(events.empty());
    EXPECT_TRUE(std::holds_alternative<LimitReached>(events.back()));
    EXPECT_TRUE(dialer.learn("10.2.0.1:1", NodeId{9}, now)) << "members still find room";
    // What was taken stays, in whichever order the next answer comes.
    std::reverse(addresses.begin(), addresses.end());
    EXPECT_EQ(answer(addresses), 10'000u - 1024u);
    EXPECT_EQ(dialer.size(), 1025u);
}

}  // namespace
}  // namespace grapevine::mesh
