/// What the names of users of all nodes may take, and what is left of those that were given up.
#pragma once

#include "mesh/name_places.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::mesh {

struct NameChunk {
    /// More is freed later and moved longer.
    static constexpr std::size_t bytes_max = 64 * 1024;

    std::string text;  ///< records: key, length of the name in one byte, name
    std::size_t live = 0;  ///< bytes of those that are not dropped
};

/// Of an arena that was given up. To free ten million names at once would take longer than a
/// heartbeat may wait.
struct NameRemains {
    std::vector<NameChunk> chunks;
    NamePlaces places;

    /// Returns how many bytes of the budget that were; none: nothing is left.
    std::size_t free_some() {
        if (chunks.empty()) return places.free_some();
        const std::size_t freed = chunks.back().text.size();
        chunks.pop_back();
        return freed;
    }
    [[nodiscard]] bool is_any() const { return !chunks.empty() || places.bytes() != 0; }
};

/// Of no budget at all nothing is kept.
class NameBudget {
public:
    NameBudget() = default;
    /// `seed`: known to nobody else, it decides where keys lie.
    NameBudget(std::size_t one_max, std::size_t all_max, std::uint64_t seed)
        : one_max_(std::min(one_max, one_most)), all_max_(all_max), seed_(seed) {}

    [[nodiscard]] bool is_any() const { return one_max_ != 0; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    /// What was given up counts until it is freed.
    [[nodiscard]] std::size_t used() const { return used_; }
    [[nodiscard]] std::size_t given_up() const { return given_up_; }
    /// How often a name was not kept because there was no room.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

    /// For a node that has `held` already. False: there is no room, which is counted.
    bool has_room(std::size_t held, std::size_t bytes) {
        const bool fits = held + bytes <= one_max_ && used_ + bytes <= all_max_;
        refused_ += fits ? 0 : 1;
        return fits;
    }
    /// What one arena takes has changed.
    void changed(std::size_t before, std::size_t after) { used_ = used_ - before + after; }

    /// Of an arena that took so much. What is little is freed at once.
    void give_up(NameRemains remains, std::size_t bytes) {
        if (remains.chunks.size() <= 1) return changed(bytes, 0);
        given_up_ += bytes;
        remains_.push_back(std::move(remains));
    }
    /// Frees a bounded part of what was given up. True if there is more.
    bool sweep_some() {
        for (std::size_t step = 0; step < steps_per_sweep && !remains_.empty(); ++step) {
            const std::size_t freed = remains_.back().free_some();
            given_up_ -= freed;
            used_ -= freed;
            if (!remains_.back().is_any()) remains_.pop_back();
        }
        return !remains_.empty();
    }

private:
    /// Chunks are found by 32 bits of place: half of what these could tell.
    static constexpr std::size_t one_most = std::size_t{8} << 28;
    /// Chunks or shards at a time, about 20 µs. More frees sooner and delays messages longer.
    static constexpr std::size_t steps_per_sweep = 4;

    std::size_t one_max_ = 0;
    std::size_t all_max_ = 0;
    std::uint64_t seed_ = 0;
    std::size_t used_ = 0;
    std::size_t given_up_ = 0;
    std::uint64_t refused_ = 0;
    std::vector<NameRemains> remains_;
};

}  // namespace grapevine::mesh
