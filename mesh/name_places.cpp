#include "mesh/name_places.hpp"

#include "mesh/check.hpp"

#include <algorithm>

namespace grapevine::mesh {

std::size_t NamePlaces::growth(std::uint64_t mixed) const {
    if (shards_.empty()) return slots_min * sizeof(Slot);
    if (shards_.size() == 1 && size_ == alone_max) return divided_bytes - bytes();
    const Shard& shard = shards_[shard_of(static_cast<std::uint32_t>(mixed))];
    if (!is_full(shard)) return 0;
    return std::max(slots_min, shard.slots.size()) * sizeof(Slot);
}

void NamePlaces::insert(std::uint64_t mixed, Place place) {
    const auto hash = static_cast<std::uint32_t>(mixed);
    if (shards_.empty()) shards_.resize(1);
    Shard& shard = shards_[shard_of(hash)];
    if (is_full(shard)) resize(shard, std::max(slots_min, shard.slots.size() * 2));
    put(shard, {hash, place});
    ++size_;
    if (shards_.size() == 1 && size_ > alone_max) divide();
}

bool NamePlaces::move(std::uint64_t mixed, Place from, Place to) {
    Slot* const slot = slot_at(mixed, from);
    if (slot == nullptr) return false;
    slot->place = to;
    return true;
}

void NamePlaces::erase(std::uint64_t mixed, Place place) {
    Slot* const slot = slot_at(mixed, place);
    check(slot != nullptr, "what is taken out is there");
    Shard& shard = shards_[shard_of(slot->hash)];
    close_gap(shard.slots, static_cast<std::size_t>(slot - shard.slots.data()));
    --shard.used;
    --size_;
    const bool is_sparse = shard.used * 16 < shard.slots.size() * 3;
    if (is_sparse && shard.slots.size() > slots_min) resize(shard, shard.slots.size() / 2);
}

std::size_t NamePlaces::free_some() {
    if (shards_.empty()) return 0;
    const std::size_t slots = shards_.back().slots.size();
    size_ -= shards_.back().used;
    places_ -= slots;
    shards_.pop_back();
    return slots * sizeof(Slot);
}

void NamePlaces::resize(Shard& shard, std::size_t slots) {
    places_ = places_ - shard.slots.size() + slots;
    const std::vector<Slot> old = std::exchange(shard.slots, std::vector<Slot>(slots));
    shard.used = 0;
    for (const Slot& slot : old)
        if (slot.place != nowhere) put(shard, slot);
}

void NamePlaces::put(Shard& shard, const Slot& slot) {
    const std::size_t mask = shard.slots.size() - 1;
    std::size_t at = slot.hash & mask;
    while (shard.slots[at].place != nowhere)
        at = (at + 1) & mask;
    shard.slots[at] = slot;
    ++shard.used;
}

/// Moves later slots of the run back, so that no search meets a hole before what it looks for.
void NamePlaces::close_gap(std::vector<Slot>& slots, std::size_t gap) {
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = (gap + 1) & mask; slots[at].place != nowhere; at = (at + 1) & mask) {
        // As far from its home as the gap is from it, at least: it may lie in the gap.
        const std::size_t from_home = (at - slots[at].hash) & mask;
        if (from_home < ((at - gap) & mask)) continue;
        slots[gap] = slots[at];
        gap = at;
    }
    slots[gap] = Slot{};
}

void NamePlaces::divide() {
    const Shard alone =
        std::exchange(shards_, std::vector<Shard>(std::size_t{1} << shard_bits)).front();
    places_ = 0;
    for (const Slot& slot : alone.slots) {
        if (slot.place == nowhere) continue;
        Shard& shard = shards_[shard_of(slot.hash)];
        if (is_full(shard)) resize(shard, std::max(slots_min, shard.slots.size() * 2));
        put(shard, slot);
    }
}

}  // namespace grapevine::mesh
