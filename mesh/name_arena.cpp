#include "mesh/name_arena.hpp"

#include "mesh/check.hpp"
#include "proto/limits.hpp"

#include <algorithm>
#include <cstring>

namespace grapevine::mesh {

void NameArena::keep(std::uint64_t key, std::string_view name) {
    if (!keeps() || place_of(key) != NamePlaces::nowhere) return;
    check(
        !name.empty() && name.size() <= proto::limits::user_name_bytes,
        "what is kept may be a name");
    const Record record{key, name};
    const std::size_t before = bytes();
    if (!budget_->has_room(before, record.bytes() + places_.growth(spread(key)))) return;
    places_.insert(spread(key), append(record));
    budget_->changed(before, bytes());
}

void NameArena::drop(std::uint64_t key) {
    const Place place = place_of(key);
    if (place == NamePlaces::nowhere) return;
    const std::size_t number = place / chunk_bytes;
    Chunk& chunk = chunks_[number];
    const std::size_t before = bytes();
    chunk.live -= at(place).bytes();
    places_.erase(spread(key), place);
    if (chunk.live * 2 < chunk.text.size()) compact(number);
    budget_->changed(before, bytes());
    if (places_.size() == 0) clear();
}

std::string_view NameArena::find(std::uint64_t key) const {
    const Place place = place_of(key);
    return place == NamePlaces::nowhere ? std::string_view{} : at(place).name;
}

NameArena::Record NameArena::read(std::string_view text, std::size_t offset) {
    Record record;
    std::memcpy(&record.key, text.data() + offset, sizeof record.key);
    const std::size_t length = offset + sizeof record.key;
    record.name = text.substr(length + 1, static_cast<unsigned char>(text[length]));
    return record;
}

NameArena::Place NameArena::append(const Record& record) {
    const bool fits =
        !chunks_.empty() && chunks_[newest_].text.size() + record.bytes() <= chunk_bytes;
    if (!fits) take_chunk();
    Chunk& chunk = chunks_[newest_];
    const auto place = static_cast<Place>(newest_ * chunk_bytes + chunk.text.size());
    const std::size_t wanted = chunk.text.size() + record.bytes();
    if (wanted > chunk.text.capacity())
        chunk.text.reserve(std::clamp(2 * chunk.text.capacity(), wanted, chunk_bytes));
    char key[sizeof record.key];
    std::memcpy(key, &record.key, sizeof key);
    chunk.text.append(key, sizeof key);
    chunk.text.push_back(static_cast<char>(record.name.size()));
    chunk.text.append(record.name);
    chunk.live += record.bytes();
    text_bytes_ += record.bytes();
    return place;
}

void NameArena::take_chunk() {
    if (free_.empty()) {
        newest_ = chunks_.size();
        chunks_.emplace_back();
    } else {
        newest_ = free_.back();
        free_.pop_back();
    }
    if (chunks_.size() > 1) chunks_[newest_].text.reserve(chunk_bytes);
}

void NameArena::compact(std::size_t number) {
    const Chunk old = std::exchange(chunks_[number], Chunk{});
    text_bytes_ -= old.text.size();
    if (number != newest_) free_.push_back(static_cast<std::uint32_t>(number));
    for (std::size_t offset = 0; offset < old.text.size();) {
        const Record record = read(old.text, offset);
        const auto place = static_cast<Place>(number * chunk_bytes + offset);
        offset += record.bytes();
        const auto is_here = [&](Place other) { return other == place; };
        if (places_.find(spread(record.key), is_here) == NamePlaces::nowhere) continue;
        // Those that moved already lie before what is still read: none is taken for another.
        places_.move(spread(record.key), place, append(record));
    }
}

void NameArena::clear() {
    const std::size_t bytes_held = bytes();
    NameRemains remains{std::exchange(chunks_, {}), std::exchange(places_, {})};
    if (budget_ != nullptr) budget_->give_up(std::move(remains), bytes_held);
    text_bytes_ = 0;
    free_ = {};
    newest_ = 0;
}

void NameArena::swap(NameArena& other) noexcept {
    std::swap(budget_, other.budget_);
    chunks_.swap(other.chunks_);
    free_.swap(other.free_);
    std::swap(newest_, other.newest_);
    std::swap(places_, other.places_);
    std::swap(text_bytes_, other.text_bytes_);
}

void NameArena::check_invariants() const {
    std::size_t live = 0;
    std::size_t text = 0;
    for (std::size_t number = 0; number < chunks_.size(); ++number) {
        const Chunk& chunk = chunks_[number];
        std::size_t found = 0;
        for (std::size_t offset = 0; offset < chunk.text.size();) {
            const Record record = read(chunk.text, offset);
            const bool is_found =
                place_of(record.key) == static_cast<Place>(number * chunk_bytes + offset);
            if (is_found) found += record.bytes();
            live += is_found ? 1 : 0;
            offset += record.bytes();
        }
        check(found == chunk.live, "a chunk knows how much of it is alive");
        check(chunk.live * 2 >= chunk.text.size(), "at most half of a chunk is dead");
        text += chunk.text.size();
    }
    check(live == places_.size(), "every name is found where it lies");
    check(text == text_bytes_, "what names take is counted");
    check(budget_ == nullptr || bytes() <= budget_->used(), "and counts for all nodes");
    check(budget_ != nullptr || bytes() == 0, "without a budget nothing is kept");
}

}  // namespace grapevine::mesh
