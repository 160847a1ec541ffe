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
constexpr LinkId others_link{11};
constexpr std::uint32_t place = 7;

struct CopiesTest : testing::Test {
    Copies copies{self, 0};
    Copies::OfMessage message;

    std::uint64_t send(LinkId on, NodeId node) {
        const std::uint64_t id = copies.begin_attempt(message, place);
        copies.add(message, copies.lane_of(on, node), Version{5});
        return id;
    }
    bool answer(std::uint64_t id, NodeId node) {
        return copies.answered(message, id, node).has_value();
    }
};

TEST_F(CopiesTest, IsAnsweredByWhoItWasSentTo) {
    const std::uint64_t id = send(link, peer);
    EXPECT_EQ(Copies::place_of(id), place);
    EXPECT_FALSE(answer(id, other)) << "nobody answers for another";
    const auto copy = copies.answered(message, id, peer);
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->known, Version{5});
    EXPECT_EQ(copies.node_of(copy->lane), peer);
}

TEST_F(CopiesTest, IsAnsweredOnce) {
    const std::uint64_t id = send(link, peer);
    EXPECT_TRUE(answer(id, peer));
    EXPECT_FALSE(answer(id, peer));
    EXPECT_EQ(copies.size(), 0u);
    EXPECT_TRUE(message.empty());
}

TEST_F(CopiesTest, NumbersThatWereNeverGivenMeanNothing) {
    EXPECT_FALSE(answer(0, peer));
    EXPECT_FALSE(answer(place, peer));
    EXPECT_FALSE(answer(UINT64_MAX, peer));
    const std::uint64_t id = send(link, peer);
    EXPECT_FALSE(answer(id + (std::uint64_t{1} << 32), peer));
    EXPECT_FALSE(answer(place, peer));
    EXPECT_EQ(message.size(), 1u);
}

TEST_F(CopiesTest, AnAnswerToAnEarlierAttemptDoesNotCount) {
    const std::uint64_t first = send(link, peer);
    copies.drop(message);
    EXPECT_EQ(copies.size(), 0u);
    EXPECT_FALSE(answer(first, peer));
    const std::uint64_t second = send(link, peer);
    EXPECT_NE(first, second);
    EXPECT_FALSE(answer(first, peer));
    EXPECT_TRUE(answer(second, peer));
}

TEST_F(CopiesTest, CopiesOfOneAttemptAreAnsweredInAnyOrder) {
    const std::vector<NodeId> nodes{self, peer, other, NodeId{4}};
    const std::uint64_t id = copies.begin_attempt(message, place);
    for (const NodeId node : nodes)
        copies.add(message, copies.lane_of(LinkId{node.value + 20}, node), Version{node.value});
    EXPECT_EQ(message.size(), 4u);
    for (const NodeId node : {peer, NodeId{4}, self, other}) {
        const auto copy = copies.answered(message, id, node);
        ASSERT_TRUE(copy);
        EXPECT_EQ(copy->known, Version{node.value});
        EXPECT_FALSE(answer(id, node));
    }
    EXPECT_TRUE(message.empty());
    EXPECT_EQ(copies.size(), 0u);
}

TEST_F(CopiesTest, ALostLinkTakesItsCopiesAlong) {
    const std::uint64_t id = send(link, peer);
    copies.add(message, copies.lane_of(others_link, other), Version{5});
    const std::uint32_t lane = copies.end_link(link, /*replaced=*/false);
    ASSERT_NE(lane, nowhere);
    EXPECT_TRUE(copies.lost(message, lane));
    EXPECT_FALSE(copies.lost(message, lane)) << "only once";
    EXPECT_FALSE(answer(id, peer));
    EXPECT_TRUE(answer(id, other));
    EXPECT_EQ(copies.end_link(link, false), nowhere) << "it has ended";
    EXPECT_EQ(copies.end_link(others_link, false), nowhere) << "nothing is on its way there";
}

TEST_F(CopiesTest, WhatAReplacedLinkCarriedMayStillBeAnswered) {
    const std::uint64_t id = send(link, peer);
    EXPECT_EQ(copies.end_link(link, /*replaced=*/true), nowhere);
    copies.sweep();
    EXPECT_EQ(copies.lanes(), 2u) << "a lane with copies is not given back";
    EXPECT_TRUE(copies.retired_lanes(other).empty());
    const auto lanes = copies.retired_lanes(peer);
    ASSERT_EQ(lanes.size(), 1u);
    EXPECT_TRUE(answer(id, peer));
    EXPECT_TRUE(copies.retired_lanes(peer).empty());
    EXPECT_FALSE(copies.lost(message, lanes[0]));
}

TEST_F(CopiesTest, LanesAreGivenBackWhenNobodyCanMeanThem) {
    const std::uint32_t lane = copies.lane_of(link, peer);
    EXPECT_EQ(copies.lane_of(link, peer), lane) << "one lane a link";
    EXPECT_EQ(copies.lanes(), 2u);
    copies.end_link(link, false);
    EXPECT_EQ(copies.lanes(), 2u);
    EXPECT_EQ(copies.link_of(lane), LinkId{}) << "nothing is sent on it meanwhile";
    copies.sweep();
    EXPECT_EQ(copies.lanes(), 1u);
    EXPECT_NE(copies.lane_of(others_link, peer), Copies::lane_here);
}

}  // namespace
}  // namespace grapevine::mesh
