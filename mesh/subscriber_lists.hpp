/// Which sessions belong to which names: one object for the users of a loop, one for its channels.
///
/// Two names with one hash are two groups (name_index.hpp). Leaving costs the same in a large group
/// as in a small one; the members of a group lie in one row, for walking. Order of a walk: of
/// joining, changed only by leaving.
#pragma once

#include "mesh/name_index.hpp"
#include "mesh/slots.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh {

class SubscriberLists {
public:
    static constexpr std::uint32_t none = nowhere;

    /// The groups of one session. Kept by the session, changed here only.
    struct Places {
        std::uint32_t newest = none;
        std::uint32_t count = 0;
    };
    struct Subscriber {
        std::uint32_t slot = 0;  ///< of the session
        std::uint32_t place = none;
    };

    /// What being in a group means besides: for channels.
    struct Marks {
        bool watches = false;  ///< hears who comes and goes
        bool is_told_of = false;  ///< its coming was told, so its going is to be
    };

    enum class Joined : std::uint8_t { first, another, already, no_room };
    enum class Left : std::uint8_t { was_last, others_stay, was_not_there };

    /// A session is in at most `places_max` groups.
    explicit SubscriberLists(std::size_t places_max) : places_max_(places_max) {}

    Joined join(Places& places, std::uint32_t slot, std::uint64_t key, std::string_view name);
    Left leave(Places& places, std::uint64_t key, std::string_view name);
    [[nodiscard]] bool has(const Places& places, std::uint64_t key, std::string_view name) const;
    /// Of the group it joined last.
    void mark_newest(const Places& places, Marks marks);
    /// None if it is not in the group.
    [[nodiscard]] Marks
    marks_of(const Places& places, std::uint64_t key, std::string_view name) const;
    /// Calls visit(key, name) for each group that was told of its coming.
    template <class Visit>
    void for_each_told_of(const Places& places, Visit visit) const {
        for (std::uint32_t at = places.newest; at != none; at = places_[at].older) {
            if (!places_[at].is_told_of) continue;
            const Group& group = groups_[places_[at].group];
            visit(group.key, std::string_view{group.name});
        }
    }
    /// Calls visit(Subscriber) for each of a group that hears who comes and goes.
    template <class Visit>
    void for_each_watcher(std::uint64_t key, std::string_view name, Visit visit) const {
        const std::uint32_t at = find_group(key, name);
        if (at == none || groups_[at].watchers == 0) return;
        for (const Subscriber& subscriber : groups_[at].members())
            if (places_[subscriber.place].watches) visit(subscriber);
    }
    /// Leaves every group, newest first, and tells `left(key, Left)` of each.
    template <class Visit>
    void leave_all(Places& places, Visit left) {
        while (places.newest != none) {
            const std::uint64_t key = groups_[places_[places.newest].group].key;
            left(key, leave_newest(places));
        }
    }

    /// Valid until somebody joins or leaves.
    [[nodiscard]] std::span<const Subscriber> find(std::uint64_t key, std::string_view name) const;
    /// Name of the group joined last; empty without any. Valid while the session is in it.
    [[nodiscard]] std::string_view newest_name(const Places& places) const;

    [[nodiscard]] std::size_t group_count() const { return groups_.taken(); }
    [[nodiscard]] std::size_t place_count() const { return places_.taken(); }
    /// Of one session: its chain is sound, and every group on it points back.
    void check_places(const Places& places, std::uint32_t slot) const;
    /// Of all: groups hold exactly the places that exist.
    void check_invariants() const;

private:
    struct Group {
        std::uint64_t key = 0;
        std::string name;
        Subscriber only;  ///< most groups (users!) have one member: no row of its own
        std::vector<Subscriber> several;  ///< empty, or all members
        std::uint32_t next_of_key = none;
        std::uint32_t watchers = 0;

        [[nodiscard]] std::span<const Subscriber> members() const {
            return several.empty() ? std::span{&only, 1} : std::span{several};
        }
    };
    /// That one session is in one group.
    struct Place {
        std::uint32_t group = none;
        std::uint32_t index : 30 = 0;  ///< in the group's members
        std::uint32_t watches : 1 = 0;  ///< Marks
        std::uint32_t is_told_of : 1 = 0;
        std::uint32_t older = none;  ///< next place of the same session
    };

    [[nodiscard]] std::uint32_t find_group(std::uint64_t key, std::string_view name) const {
        return index_.find(groups_, key, name);
    }
    /// Where a session is in a group; none if it is not.
    [[nodiscard]] std::uint32_t place_in(const Places& places, std::uint32_t group) const;
    std::uint32_t make_group(std::uint64_t key, std::string_view name);
    /// Takes the place out of its group and gives it back; the session's chain is the caller's.
    Left vacate(std::uint32_t place);
    Left leave_newest(Places& places);

    std::size_t places_max_;
    NameIndex<Group> index_;
    Slots<Group> groups_;
    Slots<Place> places_;
};

}  // namespace grapevine::mesh
