/// Which nodes have a key, and how often: one table for all origins together, in 8 to 10 bytes an
/// entry when there are millions.
///
/// 256 shards grow and shrink one at a time, so nothing waits for the whole table. Keys are told by
/// peers; before they choose a place they are mixed with a seed that nobody else knows, so no
/// choice of keys crowds one shard or one home. Entries are read in the order of the mixed keys.
#pragma once

#include "mesh/key_shard.hpp"
#include "proto/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace grapevine::mesh {

class KeyTable {
public:
    explicit KeyTable(std::uint64_t seed = 0);

    /// The count becomes `count` (0 removes). Returns what it was. `slot` is below slots_max.
    std::uint8_t set(std::uint64_t key, Slot slot, std::uint8_t count) {
        const std::uint64_t mixed = key * multiplier_;
        const std::uint8_t before = shards_[shard_of(mixed)].set(rest_of(mixed), slot, count);
        if (before == 0 && count != 0) ++size_;
        if (before != 0 && count == 0) --size_;
        return before;
    }
    [[nodiscard]] std::uint8_t get(std::uint64_t key, Slot slot) const {
        const std::uint64_t mixed = key * multiplier_;
        return shards_[shard_of(mixed)].get(rest_of(mixed), slot);
    }

    /// Asks the memory for what set() and get() of this key will look at: worth it for many keys.
    void prefetch(std::uint64_t key) const {
        const std::uint64_t mixed = key * multiplier_;
        shards_[shard_of(mixed)].prefetch(rest_of(mixed));
    }

    /// Calls visit(slot) for every entry of the key.
    template <class Visit>
    void for_each_slot(std::uint64_t key, Visit visit) const {
        const std::uint64_t mixed = key * multiplier_;
        shards_[shard_of(mixed)].for_each_slot(rest_of(mixed), visit);
    }
    /// Calls visit(slot, count) likewise.
    template <class Visit>
    void for_each(std::uint64_t key, Visit visit) const {
        for_each_slot(key, [&](Slot slot) { visit(slot, get(key, slot)); });
    }
    /// Calls visit(key, slot, count) for everything.
    template <class Visit>
    void for_all(Visit visit) const {
        Cursor all;
        read(
            all, ~std::size_t{0}, [](Slot) { return true; }, visit);
    }

    /// How far a reading got; it survives any change of the table.
    class Cursor {
    public:
        [[nodiscard]] bool is_at_end() const { return shard_ == shard_count; }

    private:
        friend KeyTable;
        std::size_t shard_ = 0;
        std::uint64_t next_ = 0;  ///< all smaller keys of the shard are read
    };
    /// Calls visit(key, slot, count) for the next entries with wanted(slot), looking at about
    /// `places`. All calls together visit what was there all the time once, and what came or went
    /// meanwhile perhaps.
    template <class Wanted, class Visit>
    void read(Cursor& cursor, std::size_t places, Wanted wanted, Visit visit) const;

    /// Removes entries of dead slots (dead[slot] != 0): one shard after another, each when as many
    /// places as it has were granted. True when a whole pass since restart_sweep() is done.
    bool sweep(std::span<const std::uint8_t> dead, std::size_t places);
    void restart_sweep() { sweep_at_ = 0; }

    [[nodiscard]] std::size_t size() const { return size_; }
    /// Entries that found no room near their home: a handful, unless one key has hundreds of slots.
    [[nodiscard]] std::size_t far_size() const;
    [[nodiscard]] std::size_t memory_bytes() const;
    void check_invariants() const;

private:
    static constexpr unsigned shard_bits = 8;
    static constexpr std::size_t shard_count = 1 << shard_bits;
    static_assert(shard_bits + KeyShard::key_bits == 64);

    [[nodiscard]] std::uint64_t key_of(std::size_t shard, std::uint64_t rest) const {
        return (std::uint64_t{shard} << KeyShard::key_bits | rest) * inverse_;
    }
    static std::size_t shard_of(std::uint64_t mixed) { return mixed >> KeyShard::key_bits; }
    static std::uint64_t rest_of(std::uint64_t mixed) { return mixed & (KeyShard::key_end - 1); }

    std::uint64_t multiplier_;
    std::uint64_t inverse_;  ///< multiplier_ * inverse_ == 1
    std::vector<KeyShard> shards_;
    std::size_t size_ = 0;
    std::size_t sweep_at_ = 0;  ///< the next shard
    std::size_t sweep_granted_ = 0;  ///< places not spent yet
};

template <class Wanted, class Visit>
void KeyTable::read(Cursor& cursor, std::size_t places, Wanted wanted, Visit visit) const {
    for (std::size_t looked = 0; looked < places && !cursor.is_at_end();) {
        const KeyShard& shard = shards_[cursor.shard_];
        const std::size_t left = places - looked;
        looked += shard.places() + 1;
        cursor.next_ = shard.read(
            cursor.next_, left, wanted, [&](std::uint64_t rest, Slot slot, std::uint8_t count) {
                visit(key_of(cursor.shard_, rest), slot, count);
            });
        if (cursor.next_ != KeyShard::key_end) return;
        ++cursor.shard_;
        cursor.next_ = 0;
    }
}

}  // namespace grapevine::mesh
