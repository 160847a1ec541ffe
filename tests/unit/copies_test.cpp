// Copies of messages on their way: who may answer them, and what a lost link takes along.
#include "mesh/copies.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace grapevine::mesh {
namespace {

constexpr NodeId self{1};
constexpr NodeId peer{2};
constexpr NodeId other{3};
constexpr LinkId link{10};

struct CopiesTest : testing::Test {
    Copies copies{self};
    Copies::OfMessage message;

    std::uint64_t send(LinkId on, NodeId node) {
        return copies.add(7, message, copies.lane_of(on, node), Version{5});
    }
    std::vector<std::uint32_t> end(LinkId which, bool replaced) {
        std::vector<std::uint32_t> lost;
        copies.end_link(which, replaced, [&](std::uint32_t at) {
            lost.push_back(copies[at].message);
            copies.remove(at, message);
        });
        return lost;
    }
};

TEST_F(CopiesTest, IsFoundByWhoItWasSentTo) {
    const std::uint64_t id = send(link, peer);
    ASSERT_NE(copies.find(id, peer), nowhere);
    EXPECT_EQ(copies[copies.find(id, peer)].message, 7u);
    EXPECT_EQ(copies[copies.find(id, peer)].known, Version{5});
    EXPECT_EQ(copies.find(id, other), nowhere) << "nobody answers for another";
}

TEST_F(CopiesTest, IsAnsweredOnce) {
    const std::uint64_t id = send(link, peer);
    copies.remove(copies.find(id, peer), message);
    EXPECT_EQ(copies.find(id, peer), nowhere);
    EXPECT_EQ(copies.size(), 0u);
    EXPECT_TRUE(message.empty());
}

TEST_F(CopiesTest, NumbersThatWereNeverGivenMeanNothing) {
    EXPECT_EQ(copies.find(0, peer), nowhere);
    EXPECT_EQ(copies.find(UINT64_MAX, peer), nowhere);
    const std::uint64_t id = send(link, peer);
    EXPECT_EQ(copies.find(id + (std::uint64_t{1} << 32), peer), nowhere);
    EXPECT_EQ(copies.find(id + 1, peer), nowhere);
}

TEST_F(CopiesTest, APlaceThatIsUsedAgainHasAnotherId) {
    const std::uint64_t first = send(link, peer);
    copies.remove(copies.find(first, peer), message);
    const std::uint64_t second = send(link, peer);
    EXPECT_NE(first, second);
    EXPECT_EQ(copies.find(first, peer), nowhere);
}

TEST_F(CopiesTest, ALostLinkTakesItsCopiesAlong) {
    const std::uint64_t gone = send(link, peer);
    const std::uint64_t stays = send(LinkId{11}, other);
    EXPECT_EQ(end(link, /*replaced=*/false).size(), 1u);
    EXPECT_EQ(copies.find(gone, peer), nowhere);
    EXPECT_NE(copies.find(stays, other), nowhere);
}

TEST_F(CopiesTest, WhatAReplacedLinkCarriedMayStillBeAnswered) {
    const std::uint64_t id = send(link, peer);
    EXPECT_TRUE(end(link, /*replaced=*/true).empty());
    EXPECT_NE(copies.find(id, peer), nowhere);
    copies.sweep();
    EXPECT_NE(copies.find(id, peer), nowhere) << "a lane with copies is not given back";
    std::size_t lost = 0;
    copies.lose_node(other, [&](std::uint32_t) { ++lost; });
    EXPECT_EQ(lost, 0u);
    copies.lose_node(peer, [&](std::uint32_t at) {
        ++lost;
        copies.remove(at, message);
    });
    EXPECT_EQ(lost, 1u);
}

TEST_F(CopiesTest, LanesAreGivenBackWhenNobodyCanMeanThem) {
    const std::uint32_t lane = copies.lane_of(link, peer);
    EXPECT_EQ(copies.lane_of(link, peer), lane) << "one lane a link";
    EXPECT_EQ(copies.lanes(), 2u);
    end(link, false);
    EXPECT_EQ(copies.lanes(), 2u);
    EXPECT_EQ(copies.link_of(lane), LinkId{}) << "nothing is sent on it meanwhile";
    copies.sweep();
    EXPECT_EQ(copies.lanes(), 1u);
    EXPECT_NE(copies.lane_of(LinkId{11}, peer), Copies::lane_here);
}

TEST_F(CopiesTest, AMessageKnowsItsCopiesInTheOrderTheyWent) {
    std::vector<std::uint64_t> sent{send(link, peer), send(LinkId{11}, other), send(link, peer)};
    std::vector<std::uint64_t> held;
    for (std::uint32_t at = message.first(); at != nowhere; at = copies.after(at))
        held.push_back(std::uint64_t{copies[at].count} << 32 | at);
    EXPECT_EQ(held, sent);
}

}  // namespace
}  // namespace grapevine::mesh
