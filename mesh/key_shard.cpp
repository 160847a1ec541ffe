#include "mesh/key_shard.hpp"

#include "mesh/check.hpp"

namespace grapevine::mesh {
namespace {

/// Homes of a shard that begins, and the least it grows by.
constexpr std::size_t homes_min = 8;
/// What is added behind the last home when a run gets there.
constexpr std::size_t tail_step = 4;
/// Room for homes from the start: runs at a load of 0.92 are longer than this once in a thousand.
constexpr std::size_t tail_of(std::size_t homes) {
    return std::min<std::size_t>(4 + homes / 64, 48);
}

/// A higher load makes runs longer and searches slower: 4 places on average at 0.88, 12 at 0.96.
/// Large shards are dense and grow by little, so that they take at most 9.8 bytes an entry; small
/// ones are not worth that.
constexpr bool too_full(std::size_t entries, std::size_t homes) {
    return entries * 100 > homes * (homes < slots_max ? 80 : 88);
}
constexpr std::size_t more_than(std::size_t homes) {
    if (homes < 1024) return std::max(homes * 2, homes_min);
    return homes + (homes < slots_max ? homes / 8 : homes / 16);
}
/// Below a quarter it shrinks to a half: far enough from both ends that it does not swing. What
/// would be won below homes_kept is not worth it.
constexpr std::size_t homes_kept = 256;
constexpr bool too_sparse(std::size_t entries, std::size_t homes) {
    return homes > homes_kept && entries * 4 < homes;
}
constexpr std::size_t fewer_for(std::size_t entries) {
    return std::max(homes_kept, entries * 2);
}

}  // namespace

KeyShard::Homes::Homes(std::size_t homes)
    : count(static_cast<std::uint32_t>(homes)),
      scale_bits(static_cast<std::uint8_t>(std::bit_width(homes) - 1)),
      slot_bits(homes < slots_max ? 0 : 14),
      reciprocal(static_cast<std::uint64_t>((~Wide{0} >> (64 - scale_bits)) / homes)) {}

std::uint64_t KeyShard::Homes::key_of(std::uint64_t word, std::size_t index) const {
    // The smallest key with key * count >= index * 2^56 + rest. The reciprocal says it to one or
    // two, and saves a long division.
    const std::uint64_t rest = (word & (key_end - 1)) >> slot_bits << scale_bits;
    const Wide scaled = (static_cast<Wide>(index) << key_bits) + rest;
    const auto head = static_cast<std::uint64_t>(scaled >> scale_bits);
    auto key = static_cast<std::uint64_t>((static_cast<Wide>(head) * reciprocal) >> 64);
    while (static_cast<Wide>(key) * count < scaled)
        ++key;
    return key;
}

KeyShard::Home KeyShard::search(std::uint64_t key, Slot slot) const {
    Home place = homes_.of(key);
    if (homes_.slot_bits != 0) place.word |= slot;
    const std::uint64_t* const words = words_.data();
    for (; words[place.index] < place.word; ++place.index)
        place.word -= one_further;
    if (homes_.slot_bits != 0) return place;
    for (; words[place.index] == place.word && slots_[place.index] < slot; ++place.index)
        place.word -= one_further;
    return place;
}

std::uint8_t KeyShard::get(std::uint64_t key, Slot slot) const {
    if (words_.empty()) return 0;
    if (holds(search(key, slot), slot)) return count_of(key, slot);
    if (!aside_) return 0;
    const auto far = aside_->far.find({key, slot});
    return far == aside_->far.end() ? 0 : far->second;
}

std::uint8_t KeyShard::set(std::uint64_t key, Slot slot, std::uint8_t count) {
    if (words_.empty()) {
        if (count != 0) insert(key, slot, count);
        return 0;
    }
    const Home place = search(key, slot);
    if (holds(place, slot)) {
        const std::uint8_t before = count_of(key, slot);
        if (count > 1 || before > 1) keep_count(key, slot, count);
        if (count != 0) return before;
        erase_at(place.index);
        shrink_if_sparse();
        return before;
    }
    if (aside_) {
        const auto far = aside_->far.find({key, slot});
        if (far != aside_->far.end()) {
            const std::uint8_t before = std::exchange(far->second, count);
            if (count == 0) aside_->far.erase(far);
            return before;
        }
    }
    if (count != 0) insert(key, slot, count);
    return 0;
}

KeyShard::Aside& KeyShard::aside() {
    if (!aside_) aside_ = std::make_unique<Aside>();
    return *aside_;
}

void KeyShard::keep_count(std::uint64_t key, Slot slot, std::uint8_t count) {
    if (count > 1)
        aside().counts[{key, slot}] = count;
    else if (aside_)
        aside_->counts.erase({key, slot});
}

void KeyShard::insert(std::uint64_t key, Slot slot, std::uint8_t count) {
    if (too_full(size_ + 1, homes_.count)) rebuild(more_than(homes_.count));
    const Home place = search(key, slot);
    // Below the word of the greatest distance: too far from home.
    if (place.word < one_further || !make_room(place.index)) {
        aside().far[{key, slot}] = count;
        return;
    }
    put(place.index, place.word, slot);
    ++size_;
    if (count > 1) keep_count(key, slot, count);
}

bool KeyShard::make_room(std::size_t at) {
    std::size_t gap = at;
    for (; words_[gap] != empty; ++gap)
        if (distance(words_[gap]) == distance_max) return false;
    // The last place stays empty for ever: it ends every search.
    if (gap + 1 == words_.size()) lengthen();
    for (std::size_t to = gap; to > at; --to)
        words_[to] = words_[to - 1] - one_further;
    if (homes_.slot_bits == 0) std::copy_backward(&slots_[at], &slots_[gap], &slots_[gap] + 1);
    return true;
}

void KeyShard::erase_at(std::size_t at) {
    std::size_t end = at;
    for (; words_[end + 1] < at_home; ++end)
        words_[end] = words_[end + 1] + one_further;
    words_[end] = empty;
    if (homes_.slot_bits == 0) std::copy(&slots_[at] + 1, &slots_[end] + 1, &slots_[at]);
    --size_;
}

void KeyShard::put(std::size_t at, std::uint64_t word, Slot slot) {
    words_[at] = word;
    if (homes_.slot_bits == 0) slots_[at] = slot;
}

void KeyShard::lengthen() {
    // Not resize() alone: that doubles.
    const std::size_t longer = words_.size() + tail_step;
    words_.reserve(longer);
    words_.resize(longer, empty);
    if (homes_.slot_bits != 0) return;
    slots_.reserve(longer);
    slots_.resize(longer, no_slot);
}

void KeyShard::reset(std::size_t homes) {
    homes_ = Homes{homes};
    const std::size_t places = homes + tail_of(homes);
    words_ = std::vector<std::uint64_t>(places, empty);
    slots_ = std::vector<Slot>(homes_.slot_bits == 0 ? places : 0, no_slot);
}

void KeyShard::rebuild(std::size_t homes) {
    const std::vector<std::uint64_t> words = std::move(words_);
    const std::vector<Slot> slots = std::move(slots_);
    const Homes old = homes_;
    reset(homes);
    std::size_t end = 0;
    for (std::size_t from = 0; from < words.size(); ++from) {
        const std::uint64_t word = words[from];
        if (word == empty) continue;
        const std::uint64_t key = old.key_of(word, from - distance(word));
        const Slot slot =
            old.slot_bits == 0 ? slots[from] : static_cast<Slot>(word & (slots_max - 1));
        const Home home = homes_.of(key);
        const std::size_t at = std::max(home.index, end);
        if (at - home.index > distance_max) {
            const std::uint8_t count = count_of(key, slot);
            keep_count(key, slot, 0);
            aside().far[{key, slot}] = count;
            --size_;
            continue;
        }
        if (at + 1 == words_.size()) lengthen();
        const std::uint64_t packed = homes_.slot_bits == 0 ? home.word : home.word | slot;
        put(at, packed - (at - home.index) * one_further, slot);
        end = at + 1;
    }
}

void KeyShard::shrink_if_sparse() {
    if (too_sparse(size_, homes_.count)) rebuild(fewer_for(size_));
}

void KeyShard::sweep(std::span<const std::uint8_t> dead) {
    const auto is_dead = [&](Slot slot) { return slot < dead.size() && dead[slot] != 0; };
    std::size_t end = 0;
    for (std::size_t from = 0; from < words_.size(); ++from) {
        const std::uint64_t word = words_[from];
        if (word == empty) continue;
        const Slot slot = slot_at(from);
        words_[from] = empty;
        if (is_dead(slot)) {
            --size_;
            continue;
        }
        const std::size_t at = std::max(from - distance(word), end);
        put(at, word + (from - at) * one_further, slot);
        end = at + 1;
    }
    if (aside_) {
        const auto of_dead = [&](const auto& entry) { return is_dead(entry.first.second); };
        std::erase_if(aside_->counts, of_dead);
        std::erase_if(aside_->far, of_dead);
    }
    shrink_if_sparse();
}

std::size_t KeyShard::memory_bytes() const {
    // A red-black tree node is three pointers, a colour and the pair, and the allocator's share.
    constexpr std::size_t tree_node_bytes = 64;
    const std::size_t aside =
        aside_ ? sizeof(Aside) + (aside_->counts.size() + aside_->far.size()) * tree_node_bytes : 0;
    return words_.capacity() * sizeof(std::uint64_t) + slots_.capacity() * sizeof(Slot) + aside;
}

void KeyShard::check_invariants() const {
    if (words_.empty()) return;
    std::size_t entries = 0;
    bool after_gap = true;
    Entry last{};
    for (std::size_t at = 0; at < words_.size(); ++at) {
        if (words_[at] == empty) {
            after_gap = true;
            continue;
        }
        const std::size_t away = distance(words_[at]);
        check(away <= distance_max && away <= at, "an entry is not too far from home");
        check(!after_gap || away == 0, "an entry after a gap is at its home");
        const Entry here{key_at(at), slot_at(at)};
        check(here.second < slots_max, "a slot fits its place");
        check(entries == 0 || last < here, "entries are sorted and unique");
        check(homes_.of(here.first).index + away == at, "an entry is as far from home as it says");
        check(!aside_ || !aside_->far.contains(here), "an entry is in one place");
        after_gap = false;
        last = here;
        ++entries;
    }
    check(entries == size_, "a shard's size is the number of its entries");
    check(words_.back() == empty, "the last place ends every search");
    check(words_.size() > homes_.count, "every home is in the array");
    if (!aside_) return;
    for (const auto& [entry, count] : aside_->counts)
        check(
            count > 1 && holds(search(entry.first, entry.second), entry.second),
            "a count above one is of an entry in the array");
    for (const auto& [entry, count] : aside_->far)
        check(count != 0 && entry.second < slots_max, "a far entry is there");
}

}  // namespace grapevine::mesh
