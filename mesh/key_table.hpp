/// Which nodes have a key, and how often: one flat, sorted table for all origins together.
///
/// Keys are keyed hashes, so they are uniform, and their home place `key * places / 2^64` grows
/// with the key. With linear probing that keeps order the whole array is sorted: a search ends at
/// the first larger key, a miss is as cheap as a hit, and growing is one pass. 10 bytes a place,
/// load 0.68 to 0.85.
#pragma once

#include "proto/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace grapevine::mesh {

/// Small local number of one (node, epoch). See Tables.
using Slot = std::uint16_t;
inline constexpr Slot no_slot = 0xffff;

class KeyTable {
public:
    KeyTable();

    /// The count becomes `count` (0 removes). Returns what it was.
    std::uint8_t set(std::uint64_t key, Slot slot, std::uint8_t count);
    [[nodiscard]] std::uint8_t get(std::uint64_t key, Slot slot) const;

    /// Calls visit(slot, count) for every entry of the key.
    template <class Visit>
    void for_each(std::uint64_t key, Visit visit) const {
        for (std::size_t at = home(key); slots_[at] != no_slot && keys_[at] <= key; ++at)
            if (keys_[at] == key) visit(slots_[at], count_at(at));
    }
    /// Only the slots: the fast one, for routing.
    template <class Visit>
    void for_each_slot(std::uint64_t key, Visit visit) const {
        for (std::size_t at = home(key); slots_[at] != no_slot && keys_[at] <= key; ++at)
            if (keys_[at] == key) visit(slots_[at]);
    }
    /// Calls visit(key, slot, count) for everything, by key.
    template <class Visit>
    void for_all(Visit visit) const {
        for (std::size_t at = 0; at < slots_.size(); ++at)
            if (slots_[at] != no_slot) visit(keys_[at], slots_[at], count_at(at));
    }

    /// Removes entries of dead slots (dead[slot] != 0) among at most `places` places. True when a
    /// whole pass over the table since restart_sweep() is done.
    bool sweep(std::span<const std::uint8_t> dead, std::size_t places);
    void restart_sweep() { sweep_at_ = 0; }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t memory_bytes() const;
    void check_invariants() const;

private:
    using Many = std::pair<std::uint64_t, Slot>;

    [[nodiscard]] std::size_t home(std::uint64_t key) const {
        return proto::scale_to(key, places_);
    }
    [[nodiscard]] std::uint8_t count_at(std::size_t at) const {
        if (manys_.empty()) return 1;
        const auto found = manys_.find(Many{keys_[at], slots_[at]});
        return found == manys_.end() ? 1 : found->second;
    }
    [[nodiscard]] std::size_t find(std::uint64_t key, Slot slot) const;
    void insert(std::uint64_t key, Slot slot);
    void erase_at(std::size_t at);
    void grow();
    void clear(std::size_t places);
    /// More room behind the last home, for a run that ends there.
    void lengthen_tail();

    std::size_t places_ = 0;  ///< homes; the arrays are longer by a tail, so nothing wraps
    std::size_t size_ = 0;
    std::vector<std::uint64_t> keys_;
    std::vector<Slot> slots_;  ///< no_slot: the place is empty
    std::map<Many, std::uint8_t> manys_;  ///< counts above one: few
    std::size_t sweep_at_ = 0;
};

}  // namespace grapevine::mesh
