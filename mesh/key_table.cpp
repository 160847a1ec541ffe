#include "mesh/key_table.hpp"

#include "mesh/check.hpp"

namespace grapevine::mesh {
namespace {

/// Of an odd number, modulo 2^64: each step doubles the number of right bits, of which three are
/// there.
constexpr std::uint64_t inverse_of(std::uint64_t odd) {
    std::uint64_t inverse = odd;
    for (int bits = 3; bits < 64; bits *= 2)
        inverse *= 2 - odd * inverse;
    return inverse;
}
static_assert(inverse_of(0x9e3779b97f4a7c15) * 0x9e3779b97f4a7c15 == 1);

}  // namespace

KeyTable::KeyTable(std::uint64_t seed)
    : multiplier_(proto::mix64(seed) | 1),
      inverse_(inverse_of(multiplier_)),
      shards_(shard_count) {}

bool KeyTable::sweep(std::span<const std::uint8_t> dead, std::size_t places) {
    sweep_granted_ += places;
    for (; sweep_at_ < shard_count; ++sweep_at_) {
        KeyShard& shard = shards_[sweep_at_];
        const std::size_t cost = shard.places() + 1;
        if (cost > sweep_granted_) return false;
        sweep_granted_ -= cost;
        const std::size_t before = shard.size();
        shard.sweep(dead);
        size_ -= before - shard.size();
    }
    sweep_granted_ = 0;
    return true;
}

std::size_t KeyTable::far_size() const {
    std::size_t entries = 0;
    for (const KeyShard& shard : shards_)
        entries += shard.far_size();
    return entries;
}

std::size_t KeyTable::memory_bytes() const {
    std::size_t bytes = shards_.capacity() * sizeof(KeyShard);
    for (const KeyShard& shard : shards_)
        bytes += shard.memory_bytes();
    return bytes;
}

void KeyTable::check_invariants() const {
    std::size_t entries = 0;
    for (const KeyShard& shard : shards_) {
        shard.check_invariants();
        entries += shard.size();
    }
    check(entries == size_, "the table's size is the number of its entries");
}

}  // namespace grapevine::mesh
