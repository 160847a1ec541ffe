/// A 256th of a KeyTable: a sorted array of 8-byte places that grows and shrinks by itself.
///
/// A key's home is `key * homes / 2^56`, so homes grow with the key, and linear probing that keeps
/// order leaves the whole array sorted by key and slot. A place need not hold what its position
/// tells: only how far it is from home, what of the key the home does not say, and the slot. With
/// 2^14 homes or more that fits 64 bits; before, slots have an array of their own.
///
///     distance 8 (254 - d) | rest of the key 42 | slot 14          a place of a large shard
///     distance 8           | rest of the key 56                    of a small one, and its slot 16
///
/// At one place, what is smaller as a number is an earlier key: a search is one comparison a place.
/// What would be too far from home (one key on hundreds of nodes), and counts above one, are kept
/// in maps beside the array.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace grapevine::mesh {

/// Small local number of one (node, epoch). See Tables.
using Slot = std::uint16_t;
inline constexpr Slot no_slot = 0xffff;
/// Slots are smaller than this: what a place has room for.
inline constexpr Slot slots_max = 1 << 14;

/// Aligned so that what every search reads is in one cache line.
class alignas(64) KeyShard {
public:
    /// Keys of a shard are smaller than 2^key_bits, and as good as random.
    static constexpr unsigned key_bits = 56;
    static constexpr std::uint64_t key_end = std::uint64_t{1} << key_bits;

    /// The count becomes `count` (0 removes). Returns what it was.
    std::uint8_t set(std::uint64_t key, Slot slot, std::uint8_t count);
    [[nodiscard]] std::uint8_t get(std::uint64_t key, Slot slot) const;

    /// Asks the memory for what set() and get() of this key will look at.
    void prefetch(std::uint64_t key) const {
        __builtin_prefetch(words_.data() + homes_.of(key).index);
    }

    /// Calls visit(slot) for every entry of the key.
    template <class Visit>
    void for_each_slot(std::uint64_t key, Visit visit) const {
        if (words_.empty()) return;
        const Home home = homes_.of(key);
        const std::uint64_t* at = words_.data() + home.index;
        std::uint64_t wanted = home.word;
        for (; *at < wanted; ++at)
            wanted -= one_further;
        for (; ((*at ^ wanted) >> homes_.slot_bits) == 0; ++at) {
            visit(slot_at(static_cast<std::size_t>(at - words_.data())));
            wanted -= one_further;
        }
        if (!aside_) return;
        for (auto far = aside_->far.lower_bound({key, 0});
             far != aside_->far.end() && far->first.first == key;
             ++far)
            visit(far->first.second);
    }
    /// Calls visit(key, slot, count) for all wanted(slot) from the key `from` on until about
    /// `places` were looked at. Returns the first key that was not: key_end if there is none.
    /// Whatever changes in between, reading on from there misses nothing that is always there.
    template <class Wanted, class Visit>
    std::uint64_t read(std::uint64_t from, std::size_t places, Wanted wanted, Visit visit) const;

    /// Removes the entries of dead slots (dead[slot] != 0).
    void sweep(std::span<const std::uint8_t> dead);

    [[nodiscard]] std::size_t size() const { return size_ + (aside_ ? aside_->far.size() : 0); }
    /// What looking at everything costs.
    [[nodiscard]] std::size_t places() const { return words_.size(); }
    /// Entries that are not in the array.
    [[nodiscard]] std::size_t far_size() const { return aside_ ? aside_->far.size() : 0; }
    [[nodiscard]] std::size_t memory_bytes() const;
    void check_invariants() const;

private:
    using Entry = std::pair<std::uint64_t, Slot>;

    static constexpr std::uint64_t empty = ~std::uint64_t{0};
    static constexpr std::uint64_t one_further = key_end;
    /// The word of a key that is at home. A distance above distance_max is never stored, so a
    /// search that gets there ends by itself: zero is above no word.
    static constexpr std::uint64_t at_home = std::uint64_t{254} << key_bits;
    static constexpr std::size_t distance_max = 253;

    __extension__ using Wide = unsigned __int128;

    struct Home {
        std::size_t index = 0;
        std::uint64_t word = 0;  ///< of the key with slot 0, at this index
    };
    /// Where keys are at home when there are `count` homes, and back.
    struct Homes {
        std::uint32_t count = 0;
        std::uint8_t scale_bits = 0;  ///< keys of one home are at least 2^this apart, scaled
        std::uint8_t slot_bits = 0;  ///< of a word: 14, or 0 if slots have their own array
        std::uint64_t reciprocal = 0;  ///< 2^(64 + scale_bits) / count

        Homes() = default;
        explicit Homes(std::size_t homes);

        [[nodiscard]] Home of(std::uint64_t key) const {
            const Wide scaled = static_cast<Wide>(key) * count;
            const std::uint64_t rest =
                (static_cast<std::uint64_t>(scaled) & (key_end - 1)) >> scale_bits;
            return {static_cast<std::size_t>(scaled >> key_bits), at_home | rest << slot_bits};
        }
        [[nodiscard]] std::uint64_t key_of(std::uint64_t word, std::size_t index) const;
    };
    /// What the array has no room for. Few.
    struct Aside {
        std::map<Entry, std::uint8_t> counts;  ///< above one, of entries in the array
        std::map<Entry, std::uint8_t> far;  ///< entries too far from home, with their counts
    };
    static constexpr std::size_t not_found = ~std::size_t{0};

    static std::size_t distance(std::uint64_t word) { return 254 - (word >> key_bits); }
    [[nodiscard]] Slot slot_at(std::size_t at) const {
        return homes_.slot_bits == 0 ? slots_[at] : static_cast<Slot>(words_[at] & (slots_max - 1));
    }
    [[nodiscard]] std::uint64_t key_at(std::size_t at) const {
        return homes_.key_of(words_[at], at - distance(words_[at]));
    }
    [[nodiscard]] std::uint8_t count_of(std::uint64_t key, Slot slot) const {
        if (!aside_ || aside_->counts.empty()) return 1;
        const auto found = aside_->counts.find({key, slot});
        return found == aside_->counts.end() ? 1 : found->second;
    }
    /// Where the entry is, or would be, in the array, and its word there.
    [[nodiscard]] Home search(std::uint64_t key, Slot slot) const;
    [[nodiscard]] bool holds(const Home& place, Slot slot) const {
        return ((words_[place.index] ^ place.word) >> homes_.slot_bits) == 0 &&
               slot_at(place.index) == slot;
    }
    [[nodiscard]] Aside& aside();
    void keep_count(std::uint64_t key, Slot slot, std::uint8_t count);
    void insert(std::uint64_t key, Slot slot, std::uint8_t count);
    /// Room for one at `at`; false if somebody would get too far from home.
    bool make_room(std::size_t at);
    void erase_at(std::size_t at);
    void put(std::size_t at, std::uint64_t word, Slot slot);
    void reset(std::size_t homes);
    void rebuild(std::size_t homes);
    void shrink_if_sparse();
    /// More room behind the last home, for a run that ends there.
    void lengthen();

    std::vector<std::uint64_t> words_;  ///< a little longer than homes, the last always empty
    Homes homes_;
    std::unique_ptr<Aside> aside_;
    std::size_t size_ = 0;  ///< in the array
    std::vector<Slot> slots_;  ///< as long as words_, or empty: those have them
};

template <class Wanted, class Visit>
std::uint64_t
KeyShard::read(std::uint64_t from, std::size_t places, Wanted wanted, Visit visit) const {
    if (words_.empty()) return key_end;
    std::uint64_t end = key_end;
    std::uint64_t last_key = from;
    std::size_t at = search(from, 0).index;
    const std::size_t last = at + std::min(places, words_.size() - at);
    for (; at < words_.size(); ++at) {
        if (words_[at] == empty) continue;
        // Never between two entries of one key: the next read begins with a key.
        if (at + 1 >= last) {
            const std::uint64_t key = key_at(at);
            if (at >= last && key != last_key) {
                end = key;
                break;
            }
            last_key = key;
        }
        const Slot slot = slot_at(at);
        if (!wanted(slot)) continue;
        const std::uint64_t key = key_at(at);
        visit(key, slot, count_of(key, slot));
    }
    if (!aside_) return end;
    const auto far_end = aside_->far.lower_bound({end, 0});
    for (auto far = aside_->far.lower_bound({from, 0}); far != far_end; ++far)
        if (wanted(far->first.second)) visit(far->first.first, far->first.second, far->second);
    return end;
}

}  // namespace grapevine::mesh
