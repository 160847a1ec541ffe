#include "mesh/members.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace grapevine::mesh {
namespace {

using What = MemberNews::What;

struct MembersTest : testing::Test {
    MeshConfig config;
    Members members{config};
    Now now{.steady = Instant{1h}};
    Instant heard = now.steady;
    MemberChanges changes;
    Events events;
    static constexpr NodeId bob{2};

    proto::Hello hello(std::uint64_t epoch = 10, std::uint64_t boot = 1) {
        return {.node_id = bob, .epoch = Epoch{epoch}, .boot = proto::Boot{boot}, .name = "bob"};
    }
    void link(std::uint64_t epoch = 10, std::uint64_t boot = 1) {
        members.linked(hello(epoch, boot), "10.0.0.2:1", now, changes, events);
        heard = now.steady;
    }
    void make_ready() {
        members.ready_at(bob, proto::Version{5});
        members.holds(bob, proto::Version{5}, now, changes, events);
    }
    void pass(Duration time, bool speaks = false) {
        for (const Instant end = now.steady + time; now.steady < end;) {
            now.steady += 100ms;
            if (speaks) heard = now.steady;
            std::map<NodeId, Instant> last_heard;
            if (members.find(bob) != nullptr && members.find(bob)->linked) last_heard[bob] = heard;
            members.tick(last_heard, now, changes, events);
        }
    }
    [[nodiscard]] bool told(What what) const {
        return std::any_of(
            changes.begin(), changes.end(), [what](const auto& news) { return news.what == what; });
    }
    [[nodiscard]] MemberState state() const { return members.find(bob)->state; }
};

TEST_F(MembersTest, JoinsUntilAWholeCopyOfItsLogIsHere) {
    link();
    EXPECT_EQ(state(), MemberState::joining);
    members.ready_at(bob, proto::Version{5});
    members.holds(bob, proto::Version{4}, now, changes, events);
    EXPECT_FALSE(told(What::show));
    members.holds(bob, proto::Version{5}, now, changes, events);
    EXPECT_EQ(state(), MemberState::alive);
    EXPECT_TRUE(told(What::show));
}

TEST_F(MembersTest, IsSuspectAfterThreeSilentSecondsAndDownTwoLater) {
    link();
    make_ready();
    pass(3s);
    EXPECT_EQ(state(), MemberState::alive);
    pass(200ms);
    EXPECT_EQ(state(), MemberState::suspect);
    EXPECT_TRUE(told(What::redial));
    EXPECT_FALSE(told(What::hide));
    pass(2s);
    EXPECT_EQ(state(), MemberState::down);
    EXPECT_TRUE(told(What::hide));
    EXPECT_TRUE(told(What::drop_links));
}

TEST_F(MembersTest, IsClearedWhenItSpeaksAgain) {
    link();
    make_ready();
    pass(4s);
    ASSERT_EQ(state(), MemberState::suspect);
    pass(200ms, /*speaks=*/true);
    EXPECT_EQ(state(), MemberState::alive);
}

TEST_F(MembersTest, IsDownAtOnceWhenItsLinkIsLostAndNobodyListens) {
    link();
    make_ready();
    members.lost_link(bob, now, changes, events);
    EXPECT_EQ(state(), MemberState::suspect);
    members.refused(bob, now, changes, events);
    EXPECT_EQ(state(), MemberState::down);
}

TEST_F(MembersTest, ARefusalAloneProvesNothingWhileThereIsALink) {
    link();
    make_ready();
    members.refused(bob, now, changes, events);
    EXPECT_EQ(state(), MemberState::alive);
}

TEST_F(MembersTest, ReturnsWithItsCopyShownAtOnce) {
    link();
    make_ready();
    members.lost_link(bob, now, changes, events);
    members.refused(bob, now, changes, events);
    changes.clear();
    pass(9min);
    link();
    EXPECT_EQ(state(), MemberState::alive);
    EXPECT_TRUE(told(What::show));
}

TEST_F(MembersTest, IsForgottenAfterTenMinutesDown) {
    link();
    members.lost_link(bob, now, changes, events);
    members.refused(bob, now, changes, events);
    pass(10min + 200ms);
    EXPECT_EQ(members.find(bob), nullptr);
    EXPECT_TRUE(told(What::forget));
}

TEST_F(MembersTest, LeavingIsFinalForAnEpochAndOnlyForThat) {
    link();
    make_ready();
    members.left(bob, Epoch{9}, now, changes, events);
    EXPECT_EQ(state(), MemberState::alive) << "another epoch's goodbye";
    members.left(bob, Epoch{10}, now, changes, events);
    EXPECT_EQ(state(), MemberState::left);
    EXPECT_EQ(members.floor_for(hello(10, 1)), Epoch{10}) << "the same life does not come back";
    link(11, 2);
    EXPECT_EQ(state(), MemberState::joining);
}

TEST_F(MembersTest, AsksForALaterEpochThanAnyItHasSeen) {
    EXPECT_EQ(members.floor_for(hello(10, 1)), Epoch{});
    link(10, 1);
    EXPECT_EQ(members.floor_for(hello(10, 1)), Epoch{}) << "the process that is known";
    EXPECT_EQ(members.floor_for(hello(10, 2)), Epoch{10})
        << "another process of the same microsecond";
    EXPECT_EQ(members.floor_for(hello(3, 2)), Epoch{10}) << "its clock went back";
    members.saw_epoch(bob, Epoch{40});
    EXPECT_EQ(members.floor_for(hello(11, 2)), Epoch{40}) << "others have seen a later life";
}

// This node was stopped right after it had suspected somebody: it has not listened since.
TEST_F(MembersTest, AStoppedLoopHoldsNothingAgainstTheSuspected) {
    link();
    make_ready();
    members.lost_link(bob, now, changes, events);
    now.steady += 10s;
    members.forgive(10s);
    members.tick({}, now, changes, events);
    EXPECT_EQ(state(), MemberState::suspect);
    pass(2s);
    EXPECT_EQ(state(), MemberState::down);
}

TEST_F(MembersTest, EntersAStateOnce) {
    link();
    make_ready();
    pass(3200ms);
    const Instant suspected = members.find(bob)->since;
    pass(1s);
    members.lost_link(bob, now, changes, events);
    EXPECT_EQ(members.find(bob)->since, suspected)
        << "a time of suspicion that moves would never end";
}

}  // namespace
}  // namespace grapevine::mesh
