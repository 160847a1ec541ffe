#include "mesh/subscriber_lists.hpp"

#include "mesh/check.hpp"

namespace grapevine::mesh {
namespace {

/// A row this much larger than its content is given back when a crowd has left.
constexpr std::size_t row_slack = 4;
constexpr std::size_t row_kept = 32;

}  // namespace

SubscriberLists::Joined SubscriberLists::join(
    Places& places, std::uint32_t slot, std::uint64_t key, std::string_view name) {
    std::uint32_t at = find_group(key, name);
    if (at != none && place_in(places, at) != none) return Joined::already;
    if (places.count >= places_max_) return Joined::no_room;

    const bool first = at == none;
    if (first) at = make_group(key, name);
    Group& group = groups_[at];
    const std::uint32_t place = places_.take();
    const Subscriber subscriber{.slot = slot, .place = place};
    std::uint32_t index = 0;
    if (first) {
        group.only = subscriber;
    } else {
        if (group.several.empty()) group.several.push_back(group.only);
        index = static_cast<std::uint32_t>(group.several.size());
        group.several.push_back(subscriber);
    }
    places_[place] = Place{.group = at, .index = index, .older = places.newest};
    places.newest = place;
    ++places.count;
    return first ? Joined::first : Joined::another;
}

std::uint32_t SubscriberLists::place_in(const Places& places, std::uint32_t group) const {
    std::uint32_t mine = places.newest;
    while (mine != none && places_[mine].group != group)
        mine = places_[mine].older;
    return mine;
}

bool SubscriberLists::has(const Places& places, std::uint64_t key, std::string_view name) const {
    const std::uint32_t group = find_group(key, name);
    return group != none && place_in(places, group) != none;
}

void SubscriberLists::mark_newest(const Places& places, Marks marks) {
    Place& place = places_[places.newest];
    Group& group = groups_[place.group];
    group.watchers += (marks.watches ? 1 : 0) - place.watches;
    place.watches = marks.watches ? 1 : 0;
    place.is_told_of = marks.is_told_of ? 1 : 0;
}

SubscriberLists::Marks
SubscriberLists::marks_of(const Places& places, std::uint64_t key, std::string_view name) const {
    const std::uint32_t group = find_group(key, name);
    const std::uint32_t at = group != none ? place_in(places, group) : none;
    if (at == none) return {};
    return {.watches = places_[at].watches != 0, .is_told_of = places_[at].is_told_of != 0};
}

SubscriberLists::Left
SubscriberLists::leave(Places& places, std::uint64_t key, std::string_view name) {
    const std::uint32_t group = find_group(key, name);
    if (group == none) return Left::was_not_there;
    for (std::uint32_t* link = &places.newest; *link != none; link = &places_[*link].older) {
        const std::uint32_t place = *link;
        if (places_[place].group != group) continue;
        *link = places_[place].older;
        --places.count;
        return vacate(place);
    }
    return Left::was_not_there;
}

SubscriberLists::Left SubscriberLists::leave_newest(Places& places) {
    const std::uint32_t place = places.newest;
    places.newest = places_[place].older;
    --places.count;
    return vacate(place);
}

SubscriberLists::Left SubscriberLists::vacate(std::uint32_t place) {
    const Place left = places_[place];
    places_.give_back(place);
    Group& group = groups_[left.group];
    group.watchers -= left.watches;
    std::vector<Subscriber>& row = group.several;
    if (row.empty()) {
        index_.remove(groups_, left.group);
        groups_.give_back(left.group);
        return Left::was_last;
    }
    const Subscriber last = row.back();
    row.pop_back();
    if (last.place != place) {
        row[left.index] = last;
        places_[last.place].index = left.index;
    }
    if (row.size() == 1) {
        group.only = row.front();
        row.clear();
    }
    if (row.capacity() > row_kept && row.size() * row_slack < row.capacity()) row.shrink_to_fit();
    return Left::others_stay;
}

std::span<const SubscriberLists::Subscriber>
SubscriberLists::find(std::uint64_t key, std::string_view name) const {
    const std::uint32_t group = find_group(key, name);
    if (group == none) return {};
    return groups_[group].members();
}

std::string_view SubscriberLists::newest_name(const Places& places) const {
    if (places.newest == none) return {};
    return groups_[places_[places.newest].group].name;
}

std::uint32_t SubscriberLists::make_group(std::uint64_t key, std::string_view name) {
    static_assert(sizeof(Group) <= 80, "every user is a group: docs/memory.md");
    static_assert(sizeof(Place) <= 12, "every session has some: docs/memory.md");
    const std::uint32_t made = groups_.take();
    Group& group = groups_[made];
    group.key = key;
    group.name = name;
    index_.add(groups_, made);
    return made;
}

void SubscriberLists::check_places(const Places& places, std::uint32_t slot) const {
    std::size_t count = 0;
    for (std::uint32_t at = places.newest; at != none; at = places_[at].older) {
        const Place& place = places_[at];
        check(place.group != none, "a session's place is in a group");
        const std::span<const Subscriber> members = groups_[place.group].members();
        check(place.index < members.size(), "a place points into its group");
        check(members[place.index].place == at, "the group's member points back to the place");
        check(members[place.index].slot == slot, "a place belongs to its session");
        ++count;
    }
    check(count == places.count, "a session's places are counted");
    check(count <= places_max_, "a session is in no more groups than allowed");
}

void SubscriberLists::check_invariants() const {
    std::size_t groups = 0;
    std::size_t members = 0;
    index_.for_each_key([&](std::uint64_t key, std::uint32_t first) {
        for (std::uint32_t at = first; at != none; at = groups_[at].next_of_key) {
            const Group& group = groups_[at];
            check(group.key == key, "a group is listed under its own hash");
            check(group.several.size() != 1, "a single member needs no row");
            ++groups;
            members += group.members().size();
            std::uint32_t watchers = 0;
            for (const Subscriber& member : group.members()) {
                check(places_[member.place].group == at, "a member's place is in this group");
                watchers += places_[member.place].watches;
            }
            check(watchers == group.watchers, "those who hear who comes and goes are counted");
        }
    });
    check(groups == groups_.taken(), "every group can be found");
    check(members == places_.taken(), "every place is a member of a group");
}

}  // namespace grapevine::mesh
