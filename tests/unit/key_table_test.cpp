#include "mesh/key_table.hpp"
#include "mesh/tables.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace grapevine::mesh {
namespace {

std::uint64_t key(std::uint64_t number) {
    return proto::mix64(number);
}

TEST(KeyTable, SaysWhatTheCountWas) {
    KeyTable table;
    EXPECT_EQ(table.set(key(1), 0, 1), 0);
    EXPECT_EQ(table.set(key(1), 0, 3), 1);
    EXPECT_EQ(table.get(key(1), 0), 3);
    EXPECT_EQ(table.set(key(1), 0, 0), 3);
    EXPECT_EQ(table.get(key(1), 0), 0);
    EXPECT_EQ(table.size(), 0u);
}

TEST(KeyTable, TellsTheNodesOfOneKeyApart) {
    KeyTable table;
    table.set(key(7), 2, 1);
    table.set(key(7), 0, 5);
    table.set(key(8), 1, 1);
    std::vector<std::pair<Slot, int>> places;
    table.for_each(
        key(7), [&](Slot slot, std::uint8_t count) { places.emplace_back(slot, count); });
    EXPECT_EQ(places, (std::vector<std::pair<Slot, int>>{{0, 5}, {2, 1}}));
}

TEST(KeyTable, TakesTheSmallestAndTheLargestKey) {
    KeyTable table;
    table.set(0, 1, 1);
    table.set(~std::uint64_t{0}, 1, 1);
    EXPECT_EQ(table.get(0, 1), 1);
    EXPECT_EQ(table.get(~std::uint64_t{0}, 1), 1);
    table.check_invariants();
}

// Keys that all have the last home would run off the array; its tail grows instead.
TEST(KeyTable, LengthensItsTailForTheLastRun) {
    KeyTable table;
    for (std::uint64_t below = 0; below < 500; ++below)
        table.set(~std::uint64_t{0} - below, 1, 1);
    EXPECT_EQ(table.size(), 500u);
    table.check_invariants();
}

TEST(KeyTable, StaysWithin17BytesAnEntry) {
    KeyTable table;
    for (std::uint64_t number = 0; number < 1'000'000; ++number)
        table.set(key(number), number % 3, 1);
    EXPECT_LE(table.memory_bytes(), 17u * table.size());
    table.check_invariants();
}

TEST(KeyTable, SweepsOnlyTheDead) {
    KeyTable table;
    for (std::uint64_t number = 0; number < 5000; ++number)
        table.set(key(number), number % 4, 1 + number % 2);
    const std::vector<std::uint8_t> dead{0, 1, 0, 1};
    table.restart_sweep();
    while (!table.sweep(dead, 64))
        table.set(key(0), 0, table.get(key(0), 0) == 1 ? 2 : 1);
    EXPECT_EQ(table.size(), 2500u);
    for (std::uint64_t number = 0; number < 5000; ++number)
        EXPECT_EQ(table.get(key(number), number % 4) != 0, number % 2 == 0);
    table.check_invariants();
}

TEST(Tables, HidesAndShowsANodeAtOnce) {
    Tables tables{NodeId{1}};
    const Slot slot = tables.take_slot(NodeId{2});
    tables.set(slot, {key(5), TableKind::users, 1});
    const auto places = [&] {
        int count = 0;
        tables.for_each_place(TableKind::users, key(5), [&](Slot) { ++count; });
        return count;
    };
    EXPECT_EQ(places(), 0) << "a new slot is hidden";
    tables.show(slot, true);
    EXPECT_EQ(places(), 1);
    tables.show(slot, false);
    EXPECT_EQ(places(), 0);
}

TEST(Tables, UsesASlotAgainOnlyWhenItsEntriesAreGone) {
    Tables tables{NodeId{1}};
    const Slot first = tables.take_slot(NodeId{2});
    for (std::uint64_t number = 0; number < 20'000; ++number)
        tables.set(first, {key(number), TableKind::users, 1});
    tables.give_up(first);
    EXPECT_NE(tables.take_slot(NodeId{3}), first);
    while (tables.sweep_some()) {
    }
    EXPECT_EQ(tables.size(TableKind::users), 0u);
    EXPECT_EQ(tables.take_slot(NodeId{4}), first);
}

// A slot that dies while another is being swept must not be reused after a pass that began before
// it died.
TEST(Tables, SweepsASlotThatDiesDuringASweep) {
    Tables tables{NodeId{1}};
    const Slot first = tables.take_slot(NodeId{2});
    const Slot second = tables.take_slot(NodeId{3});
    for (std::uint64_t number = 0; number < 30'000; ++number)
        tables.set(number % 2 == 0 ? first : second, {key(number), TableKind::users, 1});
    tables.give_up(first);
    ASSERT_TRUE(tables.sweep_some());
    tables.give_up(second);
    while (tables.sweep_some()) {
    }
    EXPECT_EQ(tables.size(TableKind::users), 0u);
    tables.check_invariants();
}

}  // namespace
}  // namespace grapevine::mesh
