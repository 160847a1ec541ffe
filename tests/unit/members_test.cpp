#include "mesh/members.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

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
    std::vector<NodeId> others;
    Instant others_heard = never;  ///< never: just now
    int patience = 1;

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
            Members::LastHeard last_heard;
            if (members.find(bob) != nullptr && members.find(bob)->linked)
                last_heard.emplace_back(bob, heard);
            for (const NodeId other : others)
                last_heard.emplace_back(other, others_heard == never ? now.steady : others_heard);
            members.tick(last_heard, patience, now, changes, events);
        }
    }
    /// Members 11, 12, ... that are alive and speak.
    void add_others(std::uint64_t count) {
        for (std::uint64_t id = 11; id < 11 + count; ++id) {
            members.linked(
                {.node_id = NodeId{id}, .epoch = Epoch{1}, .name = "other"},
                {},
                now,
                changes,
                events);
            members.holds(NodeId{id}, {}, now, changes, events);
            others.push_back(NodeId{id});
        }
    }
    bool accuse(NodeId node, NodeId by, std::uint64_t epoch, std::uint32_t refute = 0) {
        const proto::Suspect suspect{node, Epoch{epoch}, refute, {}};
        return members.accused(suspect, by, 0, now, changes, events).counts;
    }
    template <class Kind>
    [[nodiscard]] std::size_t count() const {
        return static_cast<std::size_t>(
            std::count_if(events.begin(), events.end(), [](const Event& event) {
                return std::holds_alternative<Kind>(event);
            }));
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

TEST_F(MembersTest, IsSuspectAfterThreeSilentSecondsAndDownLater) {
    link();
    make_ready();
    pass(3s);
    EXPECT_EQ(state(), MemberState::alive);
    pass(200ms);
    EXPECT_EQ(state(), MemberState::suspect);
    EXPECT_TRUE(told(What::redial));
    EXPECT_TRUE(told(What::probe));
    EXPECT_TRUE(told(What::accuse));
    EXPECT_FALSE(told(What::hide));
    pass(3500ms);
    EXPECT_EQ(state(), MemberState::suspect);
    pass(300ms);  // there is nobody who could say the same
    EXPECT_EQ(state(), MemberState::down);
    EXPECT_TRUE(told(What::hide));
    EXPECT_TRUE(told(What::drop_links));
}

TEST_F(MembersTest, TheMoreSayThatItIsSilentTheSoonerItIsDown) {
    // Of three or more others that could: Tmax - (Tmax - Tmin) * ln(voices + 1) / ln(4).
    const std::vector<Duration> expected{8s, 5s, 3248ms, 2s, 2s};
    for (std::size_t voices = 0; voices < expected.size(); ++voices) {
        EXPECT_EQ(suspicion_time(voices, 7, config), expected[voices]) << voices;
        EXPECT_EQ(suspicion_time(voices, 0, config), 3800ms);
    }
    EXPECT_EQ(suspicion_time(1, 1, config), 2s) << "of three nodes one says the same: all";
    add_others(5);
    link();
    make_ready();
    pass(3200ms);
    ASSERT_EQ(state(), MemberState::suspect);
    for (const std::uint64_t voice : {11, 12, 13})
        members.denied(bob, NodeId{voice}, now, changes, events);
    pass(1800ms);
    EXPECT_EQ(state(), MemberState::suspect);
    pass(200ms);
    EXPECT_EQ(state(), MemberState::down);
}

TEST_F(MembersTest, AnotherNodesSuspicionCountsOnceAndOnlyIfItIsOfThisLife) {
    add_others(5);
    link();
    make_ready();
    EXPECT_FALSE(accuse(bob, NodeId{99}, 10)) << "a stranger's word";
    EXPECT_FALSE(accuse(bob, NodeId{11}, 9)) << "an earlier life";
    for (int times = 0; times < 5; ++times)
        EXPECT_TRUE(accuse(bob, NodeId{11}, 10));
    EXPECT_EQ(state(), MemberState::alive) << "we hear it";
    pass(3200ms);
    pass(4800ms);
    EXPECT_EQ(state(), MemberState::suspect) << "one voice shortens eight seconds to five";
    pass(300ms);
    EXPECT_EQ(state(), MemberState::down);
}

// consul #5928: one slow node made healthy ones suspected everywhere.
TEST_F(MembersTest, WhoAccusesEverybodyCountsForNothing) {
    add_others(6);
    link();
    make_ready();
    for (const NodeId accused : {bob, NodeId{12}, NodeId{13}})
        accuse(accused, NodeId{11}, accused == bob ? 10 : 1);
    pass(3200ms);
    ASSERT_EQ(state(), MemberState::suspect);
    pass(7700ms);
    EXPECT_EQ(state(), MemberState::suspect);
    EXPECT_EQ(members.find(NodeId{12})->state, MemberState::alive);
    pass(300ms);
    EXPECT_EQ(state(), MemberState::down);
}

TEST_F(MembersTest, AContradictionEndsAccusationsAndOldOnesDoNotCountAfterIt) {
    add_others(5);
    link();
    make_ready();
    accuse(bob, NodeId{11}, 10);
    EXPECT_EQ(members.refuted(bob, Epoch{9}, 1), std::vector<NodeId>{}) << "an earlier life";
    EXPECT_EQ(members.refuted(bob, Epoch{10}, 1), std::vector<NodeId>{NodeId{11}});
    EXPECT_EQ(members.refuted(bob, Epoch{10}, 1), std::vector<NodeId>{}) << "no news";
    EXPECT_FALSE(accuse(bob, NodeId{12}, 10, 0)) << "contradicted already";
    EXPECT_TRUE(accuse(bob, NodeId{12}, 10, 1));
    EXPECT_EQ(members.refuted(bob, Epoch{10}, UINT32_MAX), std::vector<NodeId>{}) << "a lie";
    EXPECT_EQ(members.find(bob)->refute, 1u);
}

TEST_F(MembersTest, StaysAliveWhileAnotherNodeReachesIt) {
    add_others(2);
    link();
    make_ready();
    members.lost_link(bob, now, changes, events);
    ASSERT_EQ(state(), MemberState::suspect);
    for (int second = 0; second < 20; ++second) {
        changes.clear();
        EXPECT_EQ(members.reached(bob, NodeId{11}, now, events), second == 0)
            << "a suspicion ends once";
        EXPECT_EQ(state(), MemberState::alive);
        EXPECT_EQ(members.find(bob)->relay, NodeId{11});
        pass(1s);
        EXPECT_TRUE(told(What::probe)) << "each second anew";
    }
    EXPECT_EQ(count<MemberReached>(), 1u);
    EXPECT_EQ(count<MemberDown>(), 0u);
    pass(2200ms);
    EXPECT_EQ(state(), MemberState::suspect) << "an echo is good for three seconds";
    pass(8s);
    EXPECT_EQ(state(), MemberState::down);
}

TEST_F(MembersTest, WhoHearsBadlyWaitsLonger) {
    link();
    make_ready();
    patience = 3;
    pass(9s);
    EXPECT_EQ(state(), MemberState::alive);
    pass(200ms);
    EXPECT_EQ(state(), MemberState::suspect);
    pass(11200ms);
    EXPECT_EQ(state(), MemberState::suspect);
    pass(300ms);
    EXPECT_EQ(state(), MemberState::down);
}

TEST_F(MembersTest, WhenManyFallSilentAtOnceNobodyIsDownForAWhile) {
    add_others(5);
    link();
    make_ready();
    pass(1s);
    others_heard = now.steady;
    pass(4s);
    EXPECT_EQ(count<Braked>(), 1u);
    EXPECT_TRUE(members.is_braked(now));
    pass(13s);
    EXPECT_EQ(count<MemberDown>(), 0u);
    pass(10s);
    EXPECT_EQ(count<MemberDown>(), 6u) << "it does not hold for ever";
}

TEST_F(MembersTest, TheBrakeDoesNotDoubtAHostThatSaysNobodyListens) {
    add_others(5);
    link();
    for (const NodeId node : {NodeId{11}, NodeId{12}, NodeId{13}, NodeId{14}, bob})
        members.lost_link(node, now, changes, events);
    others = {NodeId{15}};
    pass(200ms);
    ASSERT_TRUE(members.is_braked(now));
    members.refused(bob, now, changes, events);
    pass(100ms);
    members.refused(bob, now, changes, events);
    EXPECT_EQ(state(), MemberState::down);
    EXPECT_EQ(count<MemberDown>(), 1u);
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
    changes.clear();
    members.refused(bob, now, changes, events);
    EXPECT_EQ(state(), MemberState::suspect);
    EXPECT_TRUE(told(What::redial)) << "nobody else says so: once more";
    members.refused(bob, now, changes, events);
    EXPECT_EQ(state(), MemberState::down);
}

TEST_F(MembersTest, OneRefusalIsEnoughIfAnotherNodeLostItToo) {
    add_others(2);
    link();
    make_ready();
    members.lost_link(bob, now, changes, events);
    members.refused(bob, now, changes, events);
    EXPECT_EQ(state(), MemberState::suspect);
    accuse(bob, NodeId{11}, 10);
    EXPECT_EQ(state(), MemberState::down);
}

TEST_F(MembersTest, UsersOfANodeThatLeftStayShownForAsLongAsIsConfigured) {
    config.leave_linger = 5s;
    link();
    make_ready();
    members.left(bob, Epoch{10}, now, changes, events);
    EXPECT_FALSE(told(What::hide));
    EXPECT_TRUE(members.find(bob)->is_visible());
    members.lost_link(bob, now, changes, events);
    pass(4900ms);
    EXPECT_FALSE(told(What::hide));
    pass(200ms);
    EXPECT_TRUE(told(What::hide));
    EXPECT_TRUE(told(What::forget));
    EXPECT_FALSE(members.find(bob)->is_visible());
    EXPECT_EQ(state(), MemberState::left);
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
    members.tick({}, 1, now, changes, events);
    EXPECT_EQ(state(), MemberState::suspect);
    pass(4s);
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
