#include "mesh/name_arena.hpp"

#include "mesh/check.hpp"
#include "proto/limits.hpp"

#include <cstring>

namespace grapevine::mesh {

void NameArena::keep(std::uint64_t key, std::string_view name) {
    if (!keeps() || places_.find(spread(key)) != nullptr) return;
    check(
        !name.empty() && name.size() <= proto::limits::user_name_bytes,
        "what is kept may be a name");
    const Record record{key, name};
    const std::size_t bytes = record.bytes() + place_bytes;
    if (!budget_->take(bytes_, bytes)) return;
    bytes_ += bytes;
    put(record);
}

void NameArena::drop(std::uint64_t key) {
    if (places_.empty()) return;
    const Place* const found = places_.find(spread(key));
    if (found == nullptr) return;
    const std::size_t number = *found / chunk_bytes;
    Chunk& chunk = chunks_[number];
    chunk.live -= at(*found).bytes();
    places_.erase(spread(key));
    if (places_.empty()) return clear();
    bytes_ -= place_bytes;
    budget_->give_back(place_bytes);
    if (chunk.live * 2 < chunk.text.size()) compact(number);
}

std::string_view NameArena::find(std::uint64_t key) const {
    if (places_.empty()) return {};
    const Place* const found = places_.find(spread(key));
    return found == nullptr ? std::string_view{} : at(*found).name;
}

NameArena::Record NameArena::read(std::string_view text, std::size_t offset) {
    Record record;
    std::memcpy(&record.key, text.data() + offset, sizeof record.key);
    const std::size_t length = offset + sizeof record.key;
    record.name = text.substr(length + 1, static_cast<unsigned char>(text[length]));
    return record;
}

bool NameArena::is_live(std::uint64_t key, Place place) const {
    const Place* const found = places_.find(spread(key));
    return found != nullptr && *found == place;
}

void NameArena::put(const Record& record) {
    const bool fits =
        !chunks_.empty() && chunks_[newest_].text.size() + record.bytes() <= chunk_bytes;
    if (!fits) take_chunk();
    Chunk& chunk = chunks_[newest_];
    places_[spread(record.key)] = static_cast<Place>(newest_ * chunk_bytes + chunk.text.size());
    char key[sizeof record.key];
    std::memcpy(key, &record.key, sizeof key);
    chunk.text.append(key, sizeof key);
    chunk.text.push_back(static_cast<char>(record.name.size()));
    chunk.text.append(record.name);
    chunk.live += record.bytes();
}

void NameArena::take_chunk() {
    if (free_.empty()) {
        newest_ = chunks_.size();
        chunks_.emplace_back();
    } else {
        newest_ = free_.back();
        free_.pop_back();
    }
}

void NameArena::compact(std::size_t number) {
    Chunk old = std::exchange(chunks_[number], Chunk{});
    if (number != newest_) free_.push_back(static_cast<std::uint32_t>(number));
    const std::size_t dead = old.text.size() - old.live;
    bytes_ -= dead;
    budget_->give_back(dead);
    for (std::size_t offset = 0; offset < old.text.size();) {
        const Record record = read(old.text, offset);
        const auto place = static_cast<Place>(number * chunk_bytes + offset);
        offset += record.bytes();
        // Those that were put meanwhile lie before what is still read: none is taken for another.
        if (is_live(record.key, place)) put(record);
    }
}

void NameArena::clear() {
    if (budget_ != nullptr) budget_->give_back(bytes_);
    bytes_ = 0;
    chunks_ = {};
    free_ = {};
    places_ = {};
    newest_ = 0;
}

void NameArena::swap(NameArena& other) noexcept {
    std::swap(budget_, other.budget_);
    chunks_.swap(other.chunks_);
    free_.swap(other.free_);
    std::swap(newest_, other.newest_);
    std::swap(places_, other.places_);
    std::swap(bytes_, other.bytes_);
}

void NameArena::check_invariants() const {
    std::size_t bytes = places_.size() * place_bytes;
    std::size_t live = 0;
    for (std::size_t number = 0; number < chunks_.size(); ++number) {
        const Chunk& chunk = chunks_[number];
        std::size_t found = 0;
        for (std::size_t offset = 0; offset < chunk.text.size();) {
            const Record record = read(chunk.text, offset);
            const bool is_found =
                is_live(record.key, static_cast<Place>(number * chunk_bytes + offset));
            if (is_found) found += record.bytes();
            live += is_found ? 1 : 0;
            offset += record.bytes();
        }
        check(found == chunk.live, "a chunk knows how much of it is alive");
        check(chunk.live * 2 >= chunk.text.size(), "at most half of a chunk is dead");
        bytes += chunk.text.size();
    }
    check(live == places_.size(), "every name is found where it lies");
    check(bytes == bytes_, "what names take is counted");
    check(budget_ == nullptr || bytes_ <= budget_->used(), "and counts for all nodes");
    check(budget_ != nullptr || bytes_ == 0, "without a budget nothing is kept");
}

}  // namespace grapevine::mesh
