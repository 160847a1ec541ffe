#include "mesh/key_table.hpp"

#include "mesh/check.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

constexpr std::size_t places_min = 16;
/// Room behind the last home for the run that ends there, and what is added when it is used up.
constexpr std::size_t tail_places = 64;

/// Load above which the table grows by a quarter: 0.85 keeps runs short and 14.7 bytes an entry at
/// worst.
constexpr bool too_full(std::size_t entries, std::size_t places) {
    return entries * 100 > places * 85;
}

}  // namespace

KeyTable::KeyTable() {
    clear(places_min);
}

void KeyTable::clear(std::size_t places) {
    places_ = places;
    keys_.assign(places + tail_places, 0);
    slots_.assign(places + tail_places, no_slot);
}

void KeyTable::lengthen_tail() {
    keys_.resize(keys_.size() + tail_places, 0);
    slots_.resize(slots_.size() + tail_places, no_slot);
}

std::size_t KeyTable::find(std::uint64_t key, Slot slot) const {
    for (std::size_t at = home(key); slots_[at] != no_slot && keys_[at] <= key; ++at)
        if (keys_[at] == key && slots_[at] == slot) return at;
    return slots_.size();
}

std::uint8_t KeyTable::get(std::uint64_t key, Slot slot) const {
    const std::size_t at = find(key, slot);
    return at == slots_.size() ? 0 : count_at(at);
}

std::uint8_t KeyTable::set(std::uint64_t key, Slot slot, std::uint8_t count) {
    const std::size_t at = find(key, slot);
    const std::uint8_t before = at == slots_.size() ? 0 : count_at(at);
    if (before == count) return before;
    if (before > 1) manys_.erase(Many{key, slot});
    if (count == 0) {
        erase_at(at);
        return before;
    }
    if (before == 0) insert(key, slot);
    if (count > 1) manys_[Many{key, slot}] = count;
    return before;
}

void KeyTable::insert(std::uint64_t key, Slot slot) {
    if (too_full(size_ + 1, places_)) grow();
    std::size_t at = home(key);
    while (slots_[at] != no_slot && std::pair{keys_[at], slots_[at]} < std::pair{key, slot})
        ++at;
    std::size_t gap = at;
    while (slots_[gap] != no_slot)
        ++gap;
    // The last place stays empty for ever: it ends every search.
    if (gap + 1 == slots_.size()) lengthen_tail();
    const auto make_room_in = [](auto& column, std::size_t from, std::size_t to) {
        const auto begin = column.begin();
        std::move_backward(
            begin + static_cast<std::ptrdiff_t>(from),
            begin + static_cast<std::ptrdiff_t>(to),
            begin + static_cast<std::ptrdiff_t>(to + 1));
    };
    make_room_in(keys_, at, gap);
    make_room_in(slots_, at, gap);
    keys_[at] = key;
    slots_[at] = slot;
    ++size_;
}

void KeyTable::erase_at(std::size_t at) {
    if (at < sweep_at_) --sweep_at_;  // one entry may move back over the sweep's place
    while (slots_[at + 1] != no_slot && home(keys_[at + 1]) <= at) {
        keys_[at] = keys_[at + 1];
        slots_[at] = slots_[at + 1];
        ++at;
    }
    slots_[at] = no_slot;
    --size_;
}

void KeyTable::grow() {
    const std::vector<std::uint64_t> old_keys = std::move(keys_);
    const std::vector<Slot> old_slots = std::move(slots_);
    clear(places_ + std::max(places_ / 4, places_min));
    std::size_t end = 0;
    for (std::size_t from = 0; from < old_slots.size(); ++from) {
        if (old_slots[from] == no_slot) continue;
        const std::size_t at = std::max(home(old_keys[from]), end);
        if (at + 1 == slots_.size()) lengthen_tail();
        keys_[at] = old_keys[from];
        slots_[at] = old_slots[from];
        end = at + 1;
    }
    restart_sweep();
}

bool KeyTable::sweep(std::span<const std::uint8_t> dead, std::size_t places) {
    const std::size_t stop = std::min(slots_.size(), sweep_at_ + places);
    while (sweep_at_ < stop) {
        const Slot slot = slots_[sweep_at_];
        if (slot == no_slot || slot >= dead.size() || dead[slot] == 0) {
            ++sweep_at_;
            continue;
        }
        manys_.erase(Many{keys_[sweep_at_], slot});
        erase_at(sweep_at_);
    }
    return sweep_at_ >= slots_.size();
}

std::size_t KeyTable::memory_bytes() const {
    // A red-black tree node is three pointers, a colour and the pair.
    return keys_.capacity() * sizeof(std::uint64_t) + slots_.capacity() * sizeof(Slot) +
           manys_.size() * 64;
}

void KeyTable::check_invariants() const {
    std::size_t entries = 0;
    bool after_gap = true;
    std::pair<std::uint64_t, Slot> last{};
    for (std::size_t at = 0; at < slots_.size(); ++at) {
        if (slots_[at] == no_slot) {
            after_gap = true;
            continue;
        }
        const std::pair here{keys_[at], slots_[at]};
        check(entries == 0 || last < here, "table entries are sorted and unique");
        check(home(here.first) <= at, "an entry is not before its home");
        check(!after_gap || home(here.first) == at, "an entry after a gap is at its home");
        after_gap = false;
        last = here;
        ++entries;
    }
    check(entries == size_, "the table's size is the number of its entries");
    check(slots_.back() == no_slot, "the last place ends every search");
}

}  // namespace grapevine::mesh
