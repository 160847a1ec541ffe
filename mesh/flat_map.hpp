/// Hash map from 64-bit keys that are already well mixed (table keys, ids run through mix64). Open
/// addressing, no tombstones; the order of iteration depends on the keys alone, so runs replay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace grapevine::mesh {

template <class Value>
class FlatMap {
public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

    [[nodiscard]] Value* find(std::uint64_t key) {
        if (places_.empty()) return nullptr;
        for (std::size_t at = home(key); places_[at].used; at = next(at))
            if (places_[at].key == key) return &places_[at].value;
        return nullptr;
    }
    [[nodiscard]] const Value* find(std::uint64_t key) const {
        return const_cast<FlatMap*>(this)->find(key);
    }

    /// The value of `key`, made if it was absent. Pointers to values do not survive an insertion or
    /// erasure.
    Value& operator[](std::uint64_t key) {
        if (Value* found = find(key)) return *found;
        if ((size_ + 1) * 4 > places_.size() * 3) grow();
        std::size_t at = home(key);
        while (places_[at].used)
            at = next(at);
        places_[at] = Place{key, true, Value{}};
        ++size_;
        return places_[at].value;
    }

    bool erase(std::uint64_t key) {
        if (places_.empty()) return false;
        std::size_t at = home(key);
        while (places_[at].used && places_[at].key != key)
            at = next(at);
        if (!places_[at].used) return false;
        close_gap(at);
        --size_;
        return true;
    }

    template <class Visit>
    void for_each(Visit visit) const {
        for (const Place& place : places_)
            if (place.used) visit(place.key, place.value);
    }

    [[nodiscard]] std::size_t memory_bytes() const { return places_.capacity() * sizeof(Place); }

private:
    struct Place {
        std::uint64_t key = 0;
        bool used = false;
        Value value{};
    };

    [[nodiscard]] std::size_t home(std::uint64_t key) const { return key & (places_.size() - 1); }
    [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (places_.size() - 1); }

    /// Moves later entries of the run back, so that no search meets a hole before its key.
    void close_gap(std::size_t gap) {
        for (std::size_t at = next(gap); places_[at].used; at = next(at)) {
            const std::size_t wanted = home(places_[at].key);
            const bool stays =
                gap <= at ? (gap < wanted && wanted <= at) : (gap < wanted || wanted <= at);
            if (stays) continue;
            places_[gap] = std::move(places_[at]);
            gap = at;
        }
        places_[gap] = Place{};
    }

    void grow() {
        std::vector<Place> old =
            std::exchange(places_, std::vector<Place>(places_.empty() ? 8 : places_.size() * 2));
        for (Place& place : old) {
            if (!place.used) continue;
            std::size_t at = home(place.key);
            while (places_[at].used)
                at = next(at);
            places_[at] = std::move(place);
        }
    }

    std::vector<Place> places_;
    std::size_t size_ = 0;
};

}  // namespace grapevine::mesh
