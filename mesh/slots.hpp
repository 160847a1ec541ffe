/// Numbered places that never move: storage in chunks, so growth copies nothing and wastes at most
/// one chunk. (A vector's doubling would cost up to as much again as the sessions themselves.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace grapevine::mesh {

/// Where no place is.
inline constexpr std::uint32_t nowhere = UINT32_MAX;

/// Places that the caller numbers.
template <class T>
class Chunks {
public:
    [[nodiscard]] std::uint32_t size() const {
        return static_cast<std::uint32_t>(chunks_.size() * chunk_places);
    }
    /// `at` must exist. Not checked again: every message looks up a dozen places.
    [[nodiscard]] T& operator[](std::uint32_t at) {
        return chunks_.data()[at / chunk_places].get()->data()[at % chunk_places];
    }
    [[nodiscard]] const T& operator[](std::uint32_t at) const {
        return chunks_.data()[at / chunk_places].get()->data()[at % chunk_places];
    }
    /// Makes sure that `at` exists.
    void reach(std::uint32_t at) {
        while (size() <= at)
            chunks_.push_back(std::make_unique<Chunk>());
    }

private:
    static constexpr std::uint32_t chunk_places = 128;
    using Chunk = std::array<T, chunk_places>;

    std::vector<std::unique_ptr<Chunk>> chunks_;
};

/// Places that it numbers itself; the last one given back is the next one taken.
template <class T>
class Slots {
public:
    /// The number of a place that holds a default T.
    std::uint32_t take() {
        if (!free_.empty()) {
            const std::uint32_t at = free_.back();
            free_.pop_back();
            return at;
        }
        places_.reach(used_);
        return used_++;
    }
    /// A T that can clear() itself keeps the memory it has for the next one.
    void give_back(std::uint32_t at) {
        T& place = places_[at];
        if constexpr (requires { place.clear(); }) {
            place.clear();
        } else {
            std::destroy_at(&place);
            std::construct_at(&place);
        }
        free_.push_back(at);
    }

    [[nodiscard]] std::size_t taken() const { return used_ - free_.size(); }
    /// Places that were ever taken: numbers from here on mean nothing.
    [[nodiscard]] std::uint32_t made() const { return used_; }
    [[nodiscard]] T& operator[](std::uint32_t at) { return places_[at]; }
    [[nodiscard]] const T& operator[](std::uint32_t at) const { return places_[at]; }

private:
    Chunks<T> places_;
    std::vector<std::uint32_t> free_;
    std::uint32_t used_ = 0;
};

}  // namespace grapevine::mesh
