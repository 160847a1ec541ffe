#include "mesh/subscriber_lists.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace grapevine::mesh {
namespace {

using Joined = SubscriberLists::Joined;
using Left = SubscriberLists::Left;
using Places = SubscriberLists::Places;

std::vector<std::uint32_t>
slots_in(const SubscriberLists& lists, std::uint64_t key, std::string_view name) {
    std::vector<std::uint32_t> slots;
    for (const SubscriberLists::Subscriber& subscriber : lists.find(key, name))
        slots.push_back(subscriber.slot);
    return slots;
}

TEST(SubscriberLists, TellTheFirstAndTheLastOfAGroup) {
    SubscriberLists lists{4};
    std::array<Places, 2> of;

    EXPECT_EQ(lists.join(of[0], 0, 7, "lobby"), Joined::first);
    EXPECT_EQ(lists.join(of[1], 1, 7, "lobby"), Joined::another);
    EXPECT_EQ(lists.join(of[1], 1, 7, "lobby"), Joined::already);
    EXPECT_EQ(slots_in(lists, 7, "lobby"), (std::vector<std::uint32_t>{0, 1}));

    EXPECT_EQ(lists.leave(of[0], 7, "lobby"), Left::others_stay);
    EXPECT_EQ(lists.leave(of[0], 7, "lobby"), Left::was_not_there);
    EXPECT_EQ(lists.leave(of[1], 7, "lobby"), Left::was_last);
    EXPECT_EQ(lists.leave(of[1], 7, "lobby"), Left::was_not_there);
    EXPECT_EQ(lists.group_count(), 0U);
    lists.check_invariants();
}

TEST(SubscriberLists, HaveRoomForSoManyGroupsPerSession) {
    SubscriberLists lists{2};
    Places places;
    EXPECT_EQ(lists.join(places, 0, 1, "a"), Joined::first);
    EXPECT_EQ(lists.join(places, 0, 2, "b"), Joined::first);
    EXPECT_EQ(lists.join(places, 0, 3, "c"), Joined::no_room);
    EXPECT_EQ(lists.join(places, 0, 2, "b"), Joined::already);
    EXPECT_EQ(lists.group_count(), 2U);
    EXPECT_EQ(lists.leave(places, 1, "a"), Left::was_last);
    EXPECT_EQ(lists.join(places, 0, 3, "c"), Joined::first);
    lists.check_places(places, 0);
}

// Three names with one hash: whoever joins or leaves, in whatever order, each name keeps its own
// members.
TEST(SubscriberLists, KeepNamesWithOneHashApart) {
    const std::array<std::string, 3> names{"ann", "bob", "eve"};
    for (std::size_t leaver = 0; leaver < names.size(); ++leaver) {
        SubscriberLists lists{3};
        std::array<Places, 3> of;
        for (std::uint32_t slot = 0; slot < 3; ++slot)
            EXPECT_EQ(lists.join(of[slot], slot, 42, names[slot]), Joined::first);
        EXPECT_EQ(lists.leave(of[leaver], 42, names[(leaver + 1) % 3]), Left::was_not_there);
        EXPECT_EQ(lists.leave(of[leaver], 42, names[leaver]), Left::was_last);
        lists.check_invariants();
        for (std::uint32_t slot = 0; slot < 3; ++slot) {
            const std::vector<std::uint32_t> expected =
                slot == leaver ? std::vector<std::uint32_t>{} : std::vector{slot};
            EXPECT_EQ(slots_in(lists, 42, names[slot]), expected);
        }
        EXPECT_TRUE(lists.find(42, "mallory").empty());
        EXPECT_TRUE(lists.find(43, "ann").empty());
    }
}

TEST(SubscriberLists, MoveTheLastMemberIntoTheGapOfWhoLeft) {
    SubscriberLists lists{1};
    std::array<Places, 5> of;
    for (std::uint32_t slot = 0; slot < 5; ++slot)
        lists.join(of[slot], slot, 1, "x");
    lists.leave(of[1], 1, "x");
    EXPECT_EQ(slots_in(lists, 1, "x"), (std::vector<std::uint32_t>{0, 4, 2, 3}));
    lists.leave(of[4], 1, "x");
    lists.leave(of[0], 1, "x");
    lists.leave(of[3], 1, "x");
    EXPECT_EQ(slots_in(lists, 1, "x"), (std::vector<std::uint32_t>{2}));
    lists.check_invariants();
    for (std::uint32_t slot = 0; slot < 5; ++slot)
        lists.check_places(of[slot], slot);
}

TEST(SubscriberLists, LeaveAllTellsOfEveryGroup) {
    SubscriberLists lists{3};
    Places ann;
    Places bob;
    for (std::uint64_t key = 1; key <= 3; ++key)
        lists.join(ann, 0, key, std::to_string(key));
    lists.join(bob, 1, 2, "2");
    std::vector<std::pair<std::uint64_t, Left>> told;
    lists.leave_all(ann, [&](std::uint64_t key, Left left) { told.emplace_back(key, left); });
    EXPECT_EQ(
        told,
        (std::vector<std::pair<std::uint64_t, Left>>{
            {3, Left::was_last}, {2, Left::others_stay}, {1, Left::was_last}}));
    EXPECT_EQ(ann.count, 0U);
    EXPECT_EQ(lists.place_count(), 1U);
    lists.check_invariants();
}

TEST(SubscriberLists, NameOfTheNewestGroup) {
    SubscriberLists lists{2};
    Places places;
    EXPECT_EQ(lists.newest_name(places), "");
    lists.join(places, 0, 1, "alice");
    EXPECT_EQ(lists.newest_name(places), "alice");
}

TEST(SubscriberLists, GiveTheRowOfACrowdBack) {
    SubscriberLists lists{1};
    std::vector<Places> crowd(10'000);
    for (std::uint32_t slot = 0; slot < crowd.size(); ++slot)
        lists.join(crowd[slot], slot, 1, "x");
    for (std::uint32_t slot = 0; slot + 1 < crowd.size(); ++slot)
        lists.leave(crowd[slot], 1, "x");
    EXPECT_EQ(slots_in(lists, 1, "x"), (std::vector<std::uint32_t>{9'999}));
    lists.check_invariants();
}

}  // namespace
}  // namespace grapevine::mesh
