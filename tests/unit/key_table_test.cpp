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

// Keys that are chosen to lie beside each other, as a peer may: they are spread like any others.
TEST(KeyTable, KeysBesideEachOtherDoNotCrowd) {
    for (const std::uint64_t step :
         {std::uint64_t{1}, std::uint64_t{1} << 32, std::uint64_t{1} << 56}) {
        KeyTable table{4711};
        for (std::uint64_t number = 0; number < 100'000; ++number)
            table.set(~std::uint64_t{0} - number * step, 1, 1);
        table.check_invariants();
        EXPECT_EQ(table.far_size(), 0u);
        EXPECT_LE(table.memory_bytes(), 14 * table.size() + 64 * 1024);
    }
}

TEST(KeyTable, GivesBackWholeKeys) {
    KeyTable table{4711};
    for (std::uint64_t number = 0; number < 1000; ++number)
        table.set(number << 54 | number, number % 5, 1 + number % 7);
    std::vector<bool> seen(1000);
    table.for_all([&](std::uint64_t whole, Slot slot, std::uint8_t count) {
        const std::uint64_t number = whole & 1023;
        EXPECT_EQ(whole, number << 54 | number);
        EXPECT_EQ(slot, number % 5);
        EXPECT_EQ(count, 1 + number % 7);
        seen[number] = true;
    });
    EXPECT_EQ(seen, std::vector<bool>(1000, true));
}

TEST(KeyTable, StaysWithin14BytesAnEntry) {
    KeyTable table;
    for (std::uint64_t number = 0; number < 1'000'000; ++number)
        table.set(key(number), number % 3, 1);
    EXPECT_LE(table.memory_bytes(), 14u * table.size());
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

TEST(Tables, RunsOutOfSlots) {
    Tables tables{NodeId{1}};
    for (Slot slot = 1; slot < slots_max; ++slot)
        ASSERT_LT(tables.take_slot(NodeId{slot}), slots_max);
    EXPECT_EQ(tables.take_slot(NodeId{99'999}), no_slot);
}

// However large a shard is, a sweep does not look at more places than it was granted, on average.
TEST(Tables, SweepsNoMoreThanItIsGranted) {
    Tables tables{NodeId{1}};
    const Slot slot = tables.take_slot(NodeId{2});
    for (std::uint64_t number = 0; number < 2'000'000; ++number)
        tables.set(slot, {key(number), TableKind::users, 1});
    const std::size_t before = tables.size(TableKind::users);
    tables.give_up(slot);
    for (std::size_t sweeps = 1; tables.sweep_some(); ++sweeps)
        ASSERT_LE(before - tables.size(TableKind::users), sweeps * 8192);
    EXPECT_EQ(tables.size(TableKind::users), 0u);
    EXPECT_LT(tables.memory_bytes(), 1'000'000u);
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
