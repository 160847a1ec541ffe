// What is kept of users' names: within its budget, and no more of what is dropped than of what is
// there.
#include "mesh/name_arena.hpp"
#include "mesh/tables.hpp"
#include "mesh/told_names.hpp"
#include "proto/limits.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace grapevine::mesh {
namespace {

std::string name_of(std::uint64_t key) {
    return "user number " + std::to_string(key);
}

void fill(NameArena& arena, std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t key = first; key < first + count; ++key)
        arena.keep(key, name_of(key));
}

struct Arena : testing::Test {
    NameBudget budget{1'000'000, 1'500'000, 7};
    NameArena arena{budget};
};

TEST_F(Arena, NamesAreFoundByKeyUntilTheyAreDropped) {
    fill(arena, 0, 100);
    EXPECT_EQ(arena.find(42), name_of(42));
    EXPECT_EQ(arena.find(100), "");
    arena.keep(42, "somebody else");
    EXPECT_EQ(arena.find(42), name_of(42)) << "the first stays";
    arena.drop(42);
    arena.drop(42);
    EXPECT_EQ(arena.find(42), "");
    EXPECT_EQ(arena.size(), 99u);
    arena.check_invariants();
}

TEST_F(Arena, NamesMayBeAsLongAsUsersMay) {
    const std::string longest(proto::limits::user_name_bytes, 'x');
    for (std::uint64_t key = 0; key < 1000; ++key)
        arena.keep(key, longest);
    for (std::uint64_t key = 0; key < 1000; ++key)
        EXPECT_EQ(arena.find(key), longest);
    arena.check_invariants();
}

TEST_F(Arena, NamesOfOneNodeStayWithinItsBudget) {
    fill(arena, 0, 100'000);
    EXPECT_LE(arena.bytes(), 1'000'000u);
    EXPECT_GT(arena.bytes(), 999'000u);
    EXPECT_EQ(budget.refused(), 100'000 - arena.size());
    EXPECT_EQ(arena.find(99'999), "") << "who came later is known by the key alone";
    arena.check_invariants();
    // Who goes makes room for others.
    for (std::uint64_t key = 0; key < arena.size(); ++key)
        arena.drop(key);
    const std::size_t before = arena.size();
    fill(arena, 200'000, 1000);
    EXPECT_EQ(arena.size(), before + 1000);
}

TEST_F(Arena, NamesOfAllNodesStayWithinTheirBudget) {
    NameArena other{budget};
    fill(arena, 0, 100'000);
    fill(other, 0, 100'000);
    EXPECT_EQ(budget.used(), arena.bytes() + other.bytes());
    EXPECT_LE(budget.used(), 1'500'000u);
    EXPECT_LT(other.bytes(), arena.bytes());
    other = NameArena{budget};
    while (budget.sweep_some()) {
    }
    EXPECT_EQ(budget.used(), arena.bytes());
    EXPECT_EQ(other.size(), 0u);
    arena = NameArena{budget};
    while (budget.sweep_some()) {
    }
    EXPECT_EQ(budget.used(), 0u);
}

// A million go at once when their node does: they are freed bit by bit, and count until then.
TEST_F(Arena, NamesThatAreGivenUpAreFreedBitByBit) {
    fill(arena, 0, 20'000);
    const std::size_t bytes = arena.bytes();
    arena = NameArena{budget};
    EXPECT_EQ(budget.used(), bytes);
    std::size_t sweeps = 1;
    for (; budget.sweep_some(); ++sweeps)
        EXPECT_LT(bytes - budget.used(), sweeps * 512 * 1024);
    EXPECT_GT(sweeps, 3u);
    EXPECT_EQ(budget.used(), 0u);
    // Those who come and go alone do not gather.
    for (int count = 0; count < 1'000; ++count) {
        fill(arena, 0, 10);
        for (std::uint64_t key = 0; key < 10; ++key)
            arena.drop(key);
        EXPECT_EQ(budget.used(), 0u);
    }
}

// Who goes gives back what found him, too: a crowd that went leaves nothing behind.
TEST_F(Arena, NamesThatStayTakeNoMoreThanTheyNeed) {
    fill(arena, 0, 20'000);
    for (std::uint64_t key = 0; key < 20'000; ++key)
        if (key % 100 != 0) arena.drop(key);
    EXPECT_EQ(arena.size(), 200u);
    EXPECT_LT(arena.bytes(), 40'000u);
    for (std::uint64_t key = 0; key < 20'000; key += 100)
        EXPECT_EQ(arena.find(key), name_of(key));
    arena.check_invariants();
}

TEST_F(Arena, NamesMoveWithTheirShareOfTheBudget) {
    fill(arena, 0, 10);
    const std::size_t bytes = arena.bytes();
    NameArena other{budget};
    fill(other, 0, 1000);
    other = std::move(arena);
    EXPECT_EQ(other.size(), 10u);
    EXPECT_EQ(other.find(3), name_of(3));
    EXPECT_EQ(budget.used(), bytes);
}

TEST_F(Arena, NamesThatStayMoveTogetherBeforeMostIsDead) {
    for (std::uint64_t round = 0; round < 200; ++round) {
        fill(arena, round * 500, 1000);
        for (std::uint64_t key = round * 500; key < round * 500 + 500; ++key)
            arena.drop(key);
        arena.check_invariants();
    }
    EXPECT_EQ(budget.refused(), 0u) << "a hundred thousand came and went";
    EXPECT_EQ(arena.size(), 500u);
    for (std::uint64_t key = 100'000; key < 100'500; ++key)
        EXPECT_EQ(arena.find(key), name_of(key));
    for (std::uint64_t key = 100'000; key < 100'500; ++key)
        arena.drop(key);
    EXPECT_EQ(arena.bytes(), 0u);
    EXPECT_EQ(budget.used(), 0u);
}

TEST_F(Arena, NamesOfNoBudgetAreNotKept) {
    NameBudget none;
    NameArena off{none};
    EXPECT_FALSE(off.keeps());
    fill(off, 0, 10);
    off.drop(3);
    EXPECT_EQ(off.size(), 0u);
    EXPECT_EQ(off.bytes(), 0u);
    EXPECT_EQ(off.find(3), "");
    off.check_invariants();
    EXPECT_EQ(none.refused(), 0u);
}

struct ToldBefore : testing::Test {
    static Change user(std::uint64_t key, std::uint8_t count = 1) {
        return {key, TableKind::users, count};
    }
    ToldNames names;
    NodeId node{1};
};

TEST_F(ToldBefore, NamesBelongToUsersWhoCame) {
    EXPECT_TRUE(names.belong_to({}));
    names.add(node, 9, "ann");
    names.add(node, 3, "bob");
    const std::vector<Change> changes{user(3), user(5), user(9, 2)};
    EXPECT_TRUE(names.belong_to(changes));
    EXPECT_EQ(names.find(9), "ann");
    EXPECT_EQ(names.find(3), "bob");
    EXPECT_EQ(names.find(5), "");
}

TEST_F(ToldBefore, NamesOfNobodyDoNotBelong) {
    names.add(node, 9, "ann");
    for (const std::vector<Change>& changes :
         {std::vector<Change>{}, {user(8)}, {user(9, 0)}, {Change{9, TableKind::channels, 1}}})
        EXPECT_FALSE(names.belong_to(changes));
}

// A node that lies calls him present twice; who passes that on tells his name twice.
TEST_F(ToldBefore, NamesOfAUserWhoIsCalledPresentTwiceBelong) {
    names.add(node, 9, "ann");
    names.add(node, 3, "bob");
    names.add(node, 9, "ann");
    EXPECT_TRUE(names.belong_to(std::vector<Change>{user(9), user(3), user(9, 2)}));
    EXPECT_EQ(names.find(9), "ann");
    EXPECT_EQ(names.find(3), "bob");
}

TEST_F(ToldBefore, TwoNamesOfOneUserDoNotBelong) {
    names.add(node, 9, "ann");
    names.add(node, 9, "anna");
    EXPECT_FALSE(names.belong_to(std::vector<Change>{user(9), user(9)}));
}

TEST_F(ToldBefore, NamesAreNoMoreThanAFrameHasUsers) {
    for (std::uint64_t key = 0; key < proto::limits::snapshot_keys; ++key)
        EXPECT_TRUE(names.add(node, key, "x"));
    EXPECT_FALSE(names.add(node, 1'000'000, "x"));
}

}  // namespace
}  // namespace grapevine::mesh
