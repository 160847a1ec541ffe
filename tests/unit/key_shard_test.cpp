#include "mesh/key_shard.hpp"
#include "proto/hash.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace grapevine::mesh {
namespace {

std::uint64_t shard_key(std::uint64_t number) {
    return proto::mix64(number) & (KeyShard::key_end - 1);
}

bool any(Slot) {
    return true;
}

// At any size: 8 bytes a place as soon as slots fit in them, never more than a fifth empty.
TEST(KeyShard, TakesTenBytesAnEntryOnceItIsLarge) {
    KeyShard shard;
    for (std::uint64_t number = 0; number < 200'000; ++number) {
        shard.set(shard_key(number), number % 3, 1);
        const std::size_t bytes_an_entry = number >= slots_max ? 10 : number >= 1000 ? 16 : 1000;
        ASSERT_LE(shard.memory_bytes(), bytes_an_entry * shard.size()) << number;
    }
    shard.check_invariants();
    EXPECT_EQ(shard.far_size(), 0u);
    for (std::uint64_t number = 0; number < 200'000; ++number)
        ASSERT_EQ(shard.get(shard_key(number), number % 3), 1);
}

// What a peer could do if it knew the table's seed: keys that all have one home. Only so many are
// put beside each other; whoever is further away is found all the same.
TEST(KeyShard, KeysOfOneHomeAreKeptAside) {
    for (const std::uint64_t first :
         {std::uint64_t{0}, KeyShard::key_end / 2, KeyShard::key_end - 20'000}) {
        KeyShard shard;
        for (std::uint64_t number = 0; number < 20'000; ++number)
            ASSERT_EQ(shard.set(first + number, 7, 1 + number % 2), 0);
        shard.check_invariants();
        EXPECT_EQ(shard.size(), 20'000u);
        EXPECT_GT(shard.far_size(), 19'000u);
        for (std::uint64_t number = 0; number < 20'000; ++number)
            ASSERT_EQ(shard.set(first + number, 7, 0), 1 + number % 2);
        shard.check_invariants();
        EXPECT_EQ(shard.size(), 0u);
    }
}

TEST(KeyShard, OneKeyIsOnThousandsOfSlots) {
    KeyShard shard;
    for (std::uint64_t number = 0; number < 3000; ++number)
        shard.set(shard_key(number), 0, 1);
    for (Slot slot = 1; slot < 5000; ++slot)
        shard.set(shard_key(1), slot, 1);
    shard.check_invariants();
    std::vector<bool> seen(5000);
    shard.for_each_slot(shard_key(1), [&](Slot slot) {
        EXPECT_FALSE(seen[slot]);
        seen[slot] = true;
    });
    EXPECT_EQ(seen, std::vector<bool>(5000, true));
    std::vector<std::uint8_t> dead(5000, 1);
    dead[0] = 0;
    shard.sweep(dead);
    EXPECT_EQ(shard.size(), 3000u);
    EXPECT_EQ(shard.far_size(), 0u);
    shard.check_invariants();
}

// Both ways through the size at which slots move into the places.
TEST(KeyShard, ShrinksAsItGrew) {
    KeyShard shard;
    for (std::uint64_t number = 0; number < 40'000; ++number)
        shard.set(shard_key(number), 1 + number % 9, 1 + number % 3);
    const std::size_t most = shard.memory_bytes();
    for (std::uint64_t number = 1000; number < 40'000; ++number)
        shard.set(shard_key(number), 1 + number % 9, 0);
    shard.check_invariants();
    EXPECT_LT(shard.memory_bytes(), most / 10);
    for (std::uint64_t number = 0; number < 1000; ++number)
        ASSERT_EQ(shard.get(shard_key(number), 1 + number % 9), 1 + number % 3);
}

TEST(KeyShard, ShrinksWhenItIsSwept) {
    KeyShard shard;
    for (std::uint64_t number = 0; number < 40'000; ++number)
        shard.set(shard_key(number), number % 50 == 0 ? 1 : 2, 1);
    const std::size_t most = shard.memory_bytes();
    shard.sweep(std::vector<std::uint8_t>{0, 0, 1});
    shard.check_invariants();
    EXPECT_EQ(shard.size(), 800u);
    EXPECT_LT(shard.memory_bytes(), most / 10);
}

// A reading goes on where it was, however the shard was rebuilt meanwhile.
TEST(KeyShard, IsReadWholeWhileItGrowsAndShrinks) {
    KeyShard shard;
    for (std::uint64_t number = 0; number < 2000; ++number)
        shard.set(shard_key(number), 1, 1);
    std::vector<int> seen(2000);
    std::uint64_t more = 2000;
    for (std::uint64_t from = 0; from != KeyShard::key_end;) {
        from = shard.read(from, 100, any, [&](std::uint64_t read, Slot, std::uint8_t) {
            for (std::uint64_t number = 0; number < 2000; ++number)
                if (shard_key(number) == read) ++seen[number];
        });
        if (more < 40'000)
            for (const std::uint64_t stop = more + 4000; more < stop; ++more)
                shard.set(shard_key(more), 2, 1);
        else
            while (more > 2000)
                shard.set(shard_key(--more), 2, 0);
    }
    EXPECT_EQ(seen, std::vector<int>(2000, 1));
}

}  // namespace
}  // namespace grapevine::mesh
