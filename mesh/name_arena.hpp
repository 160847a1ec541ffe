/// Names of one node's users, by key, so that whoever knows a key can say whose it is. Kept only
/// if the operator asks for it (MeshConfig::replicate_names), and within a budget.
///
/// Names lie one after the other in chunks. What is dropped stays there until most of its chunk is
/// dead; then the rest of that chunk moves on and the chunk is freed. So at most half of every
/// chunk but the newest is dead, and no step takes longer than moving half a chunk.
#pragma once

#include "mesh/flat_map.hpp"
#include "proto/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grapevine::mesh {

/// What the names of all nodes may take. Of no budget at all nothing is kept.
class NameBudget {
public:
    NameBudget() = default;
    /// `seed`: known to nobody else, it decides where keys lie.
    NameBudget(std::size_t one_max, std::size_t all_max, std::uint64_t seed)
        : one_max_(one_max), all_max_(all_max), seed_(seed) {}

    [[nodiscard]] bool is_any() const { return one_max_ != 0; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    [[nodiscard]] std::size_t used() const { return used_; }
    /// How often a name was not kept because there was no room.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

    /// For a node that has `held` already. False: there is no room, which is counted.
    bool take(std::size_t held, std::size_t bytes) {
        const bool has_room = held + bytes <= one_max_ && used_ + bytes <= all_max_;
        if (has_room)
            used_ += bytes;
        else
            ++refused_;
        return has_room;
    }
    void give_back(std::size_t bytes) { used_ -= bytes; }

private:
    std::size_t one_max_ = 0;
    std::size_t all_max_ = 0;
    std::uint64_t seed_ = 0;
    std::size_t used_ = 0;
    std::uint64_t refused_ = 0;
};

class NameArena {
public:
    /// Of a node whose names nobody wants.
    NameArena() = default;
    /// The budget must outlive it.
    explicit NameArena(NameBudget& budget) : budget_(budget.is_any() ? &budget : nullptr) {}
    ~NameArena() { clear(); }
    NameArena(NameArena&& other) noexcept { swap(other); }
    NameArena& operator=(NameArena&& other) noexcept {
        NameArena{std::move(other)}.swap(*this);
        return *this;
    }

    /// False: nothing is ever kept here.
    [[nodiscard]] bool keeps() const { return budget_ != nullptr; }
    /// Keeps the first name of a key, if there is room: 1 to limits::user_name_bytes.
    void keep(std::uint64_t key, std::string_view name);
    void drop(std::uint64_t key);
    /// Empty if there is none. Valid until the next change.
    [[nodiscard]] std::string_view find(std::uint64_t key) const;

    [[nodiscard]] std::size_t size() const { return places_.size(); }
    /// What counts against the budget: names, dead ones included, and what finds them.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    /// Visits (key, name), in no order.
    template <class Visit>
    void for_each(Visit visit) const {
        places_.for_each([&](std::uint64_t, Place place) {
            const Record record = at(place);
            visit(record.key, record.name);
        });
    }
    void check_invariants() const;

private:
    /// More is freed later and moved longer.
    static constexpr std::size_t chunk_bytes = 64 * 1024;
    /// Of `places_`, for one name: 16 bytes, and at least three eighths of them are used.
    static constexpr std::size_t place_bytes = 48;

    using Place = std::uint32_t;  ///< chunk, then offset in it
    struct Chunk {
        std::string text;  ///< records: key, length of the name in one byte, name
        std::size_t live = 0;  ///< bytes of those that are not dropped
    };
    struct Record {
        std::uint64_t key = 0;
        std::string_view name;
        [[nodiscard]] std::size_t bytes() const { return sizeof key + 1 + name.size(); }
    };

    void swap(NameArena& other) noexcept;
    void clear();
    [[nodiscard]] static Record read(std::string_view text, std::size_t offset);
    [[nodiscard]] Record at(Place place) const {
        return read(chunks_[place / chunk_bytes].text, place % chunk_bytes);
    }
    [[nodiscard]] std::uint64_t spread(std::uint64_t key) const {
        return proto::mix64(key ^ budget_->seed());
    }
    [[nodiscard]] bool is_live(std::uint64_t key, Place place) const;
    void put(const Record& record);
    void take_chunk();
    void compact(std::size_t chunk);

    NameBudget* budget_ = nullptr;
    std::vector<Chunk> chunks_;
    std::vector<std::uint32_t> free_;  ///< chunks without text
    std::size_t newest_ = 0;  ///< where names are put, if there is any chunk
    FlatMap<Place> places_;
    std::size_t bytes_ = 0;
};

}  // namespace grapevine::mesh
