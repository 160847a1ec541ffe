/// Finds numbered places (slots.hpp) by keyed hash *and full name*: two names with one hash stay
/// two, so nobody ever gets what was meant for another.
///
///     struct Group { std::string name; std::uint64_t key; std::uint32_t next_of_key = nowhere; };
#pragma once

#include "mesh/flat_map.hpp"
#include "mesh/slots.hpp"

#include <cstdint>
#include <string_view>

namespace grapevine::mesh {

/// T has `name`, `key` (the hash of the name) and `next_of_key`, which only its NameIndex changes.
template <class T>
class NameIndex {
public:
    /// nowhere if there is none of this name.
    [[nodiscard]] std::uint32_t
    find(const Slots<T>& all, std::uint64_t key, std::string_view name) const {
        std::uint32_t at = first(key);
        while (at != nowhere && all[at].name != name)
            at = all[at].next_of_key;
        return at;
    }
    /// The first of all names with this hash; the others follow by `next_of_key`.
    [[nodiscard]] std::uint32_t first(std::uint64_t key) const {
        const std::uint32_t* const found = first_of_key_.find(key);
        return found != nullptr ? *found : nowhere;
    }
    /// No other place may have its name.
    void add(Slots<T>& all, std::uint32_t at) {
        if (std::uint32_t* const first = first_of_key_.find(all[at].key)) {
            all[at].next_of_key = *first;
            *first = at;
        } else {
            first_of_key_[all[at].key] = at;
        }
    }
    /// `at` must be here.
    void remove(Slots<T>& all, std::uint32_t at) {
        const std::uint64_t key = all[at].key;
        const std::uint32_t next = all[at].next_of_key;
        std::uint32_t* link = first_of_key_.find(key);
        if (*link == at && next == nowhere) {
            first_of_key_.erase(key);
            return;
        }
        while (*link != at)
            link = &all[*link].next_of_key;
        *link = next;
    }

    [[nodiscard]] bool empty() const { return first_of_key_.empty(); }
    /// Visits (key, first place) of every hash.
    template <class Visit>
    void for_each_key(Visit visit) const {
        first_of_key_.for_each(visit);
    }

private:
    FlatMap<std::uint32_t> first_of_key_;
};

}  // namespace grapevine::mesh
