/// Where the names of users lie, by the mixed hash of their keys. Places hold 32 bits of that hash
/// and 32 bits that say where; whether it is the right name only the name's record tells.
///
/// Many names lie in shards that grow and shrink one at a time, so that no insertion has to move
/// more than one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace grapevine::mesh {

class NamePlaces {
public:
    using Place = std::uint32_t;
    static constexpr Place nowhere = UINT32_MAX;

    [[nodiscard]] std::size_t size() const { return size_; }
    /// Of its places: 8 bytes each, and from three sixteenths to three quarters of them are used.
    [[nodiscard]] std::size_t bytes() const { return places_ * sizeof(Slot); }
    /// By how much one more makes it larger.
    [[nodiscard]] std::size_t growth(std::uint64_t mixed) const;

    /// The place for which is_it(place) holds, or nowhere.
    template <class IsIt>
    [[nodiscard]] Place find(std::uint64_t mixed, IsIt is_it) const {
        const Slot* const slot = slot_of(mixed, is_it);
        return slot == nullptr ? nowhere : slot->place;
    }
    /// Needs a hash of which there is none yet at this place.
    void insert(std::uint64_t mixed, Place place);
    /// What was at one place is at another. False: it was not there.
    bool move(std::uint64_t mixed, Place from, Place to);
    void erase(std::uint64_t mixed, Place place);
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Shard& shard : shards_)
            for (const Slot& slot : shard.slots)
                if (slot.place != nowhere) visit(slot.place);
    }

    /// Frees one shard and what it found. Returns how many bytes() that were.
    std::size_t free_some();

private:
    struct Slot {
        std::uint32_t hash = 0;
        Place place = nowhere;
    };
    struct Shard {
        std::vector<Slot> slots;  ///< a power of two, or none
        std::size_t used = 0;
    };

    static constexpr std::size_t slots_min = 8;
    static constexpr unsigned shard_bits = 8;
    /// Names in one shard alone before there are 256: few names need no room for many shards.
    static constexpr std::size_t alone_max = 3072;
    /// What these take in 256 shards, at most: 12 in each, and never twice as many in most.
    static constexpr std::size_t divided_bytes = (std::size_t{32} << shard_bits) * sizeof(Slot);

    [[nodiscard]] static bool is_full(const Shard& shard) {
        return (shard.used + 1) * 4 > shard.slots.size() * 3;
    }
    [[nodiscard]] std::size_t shard_of(std::uint32_t hash) const {
        return shards_.size() == 1 ? 0 : hash >> (32 - shard_bits);
    }
    template <class IsIt>
    [[nodiscard]] const Slot* slot_of(std::uint64_t mixed, IsIt is_it) const {
        if (size_ == 0) return nullptr;
        const auto hash = static_cast<std::uint32_t>(mixed);
        const std::vector<Slot>& slots = shards_[shard_of(hash)].slots;
        if (slots.empty()) return nullptr;
        const std::size_t mask = slots.size() - 1;
        for (std::size_t at = hash & mask; slots[at].place != nowhere; at = (at + 1) & mask)
            if (slots[at].hash == hash && is_it(slots[at].place)) return &slots[at];
        return nullptr;
    }
    [[nodiscard]] Slot* slot_at(std::uint64_t mixed, Place place) {
        const auto is_it = [&](Place other) { return other == place; };
        return const_cast<Slot*>(std::as_const(*this).slot_of(mixed, is_it));
    }
    void resize(Shard& shard, std::size_t slots);
    static void put(Shard& shard, const Slot& slot);
    static void close_gap(std::vector<Slot>& slots, std::size_t gap);
    void divide();

    std::vector<Shard> shards_;  ///< none, one or 256
    std::size_t size_ = 0;
    std::size_t places_ = 0;  ///< in all shards
};

}  // namespace grapevine::mesh
