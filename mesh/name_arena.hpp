/// Names of one node's users, by key, so that whoever knows a key can say whose it is. Kept only
/// if the operator asks for it (MeshConfig::replicate_names), and within a budget.
///
/// Names lie one after the other in chunks. What is dropped stays there until most of its chunk is
/// dead; then the rest of that chunk moves on and the chunk is freed. So at most half of every
/// chunk but the newest is dead, and no step takes longer than moving half a chunk, or one of the
/// 256 shards of what finds names. An arena that is given up is freed bit by bit (NameRemains).
#pragma once

#include "mesh/name_budget.hpp"
#include "mesh/name_places.hpp"
#include "proto/hash.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grapevine::mesh {

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
    [[nodiscard]] std::size_t bytes() const { return text_bytes_ + places_.bytes(); }
    /// Visits (key, name), in no order.
    template <class Visit>
    void for_each(Visit visit) const {
        places_.for_each([&](Place place) {
            const Record record = at(place);
            visit(record.key, record.name);
        });
    }
    void check_invariants() const;

private:
    using Place = NamePlaces::Place;  ///< chunk, then offset in it
    using Chunk = NameChunk;
    static constexpr std::size_t chunk_bytes = NameChunk::bytes_max;

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
    [[nodiscard]] Place place_of(std::uint64_t key) const {
        if (places_.size() == 0) return NamePlaces::nowhere;
        return places_.find(spread(key), [&](Place place) { return at(place).key == key; });
    }
    Place append(const Record& record);
    void take_chunk();
    void compact(std::size_t chunk);

    NameBudget* budget_ = nullptr;
    std::vector<Chunk> chunks_;
    std::vector<std::uint32_t> free_;  ///< chunks without text
    std::size_t newest_ = 0;  ///< where names are put, if there is any chunk
    NamePlaces places_;
    std::size_t text_bytes_ = 0;  ///< in all chunks
};

}  // namespace grapevine::mesh
