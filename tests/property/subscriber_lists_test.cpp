// Groups against plain sets, with so few hashes that nearly every name collides with another.
#include "mesh/subscriber_lists.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace grapevine::mesh {
namespace {

constexpr std::uint32_t sessions = 8;
constexpr std::size_t names = 6;
constexpr std::size_t places_max = 4;

std::uint64_t key_of(std::size_t name) {
    return name % 2;
}

RC_GTEST_PROP(SubscriberLists, AreSetsOfSessionsByName, ()) {
    enum class Step : std::uint8_t { join, leave, leave_all };
    const auto steps =
        *rc::gen::container<std::vector<std::tuple<Step, std::uint32_t, std::size_t>>>(
            rc::gen::tuple(
                rc::gen::weightedElement<Step>(
                    {{10, Step::join}, {6, Step::leave}, {1, Step::leave_all}}),
                rc::gen::inRange<std::uint32_t>(0, sessions),
                rc::gen::inRange<std::size_t>(0, names)));
    SubscriberLists lists{places_max};
    std::array<SubscriberLists::Places, sessions> places;
    std::array<std::set<std::uint32_t>, names> model;
    // Those of them who hear who comes and goes, and those whose coming was told.
    std::array<std::set<std::uint32_t>, names> watchers;
    std::array<std::set<std::uint32_t>, names> told_of;

    for (const auto& [step, slot, name] : steps) {
        const std::string text = std::to_string(name);
        std::set<std::uint32_t>& group = model[name];
        switch (step) {
        case Step::join: {
            const SubscriberLists::Joined expected =
                group.count(slot) != 0             ? SubscriberLists::Joined::already
                : places[slot].count == places_max ? SubscriberLists::Joined::no_room
                : group.empty()                    ? SubscriberLists::Joined::first
                                                   : SubscriberLists::Joined::another;
            RC_ASSERT(lists.join(places[slot], slot, key_of(name), text) == expected);
            if (expected != SubscriberLists::Joined::no_room) group.insert(slot);
            if (expected != SubscriberLists::Joined::first &&
                expected != SubscriberLists::Joined::another)
                break;
            const SubscriberLists::Marks marks{
                .watches = *rc::gen::arbitrary<bool>(), .is_told_of = *rc::gen::arbitrary<bool>()};
            lists.mark_newest(places[slot], marks);
            if (marks.watches) watchers[name].insert(slot);
            if (marks.is_told_of) told_of[name].insert(slot);
            break;
        }
        case Step::leave: {
            const bool was_there = group.erase(slot) != 0;
            const SubscriberLists::Left expected = !was_there ? SubscriberLists::Left::was_not_there
                                                   : group.empty()
                                                       ? SubscriberLists::Left::was_last
                                                       : SubscriberLists::Left::others_stay;
            RC_ASSERT(lists.leave(places[slot], key_of(name), text) == expected);
            break;
        }
        case Step::leave_all: {
            std::size_t expected = 0;
            for (std::set<std::uint32_t>& each : model)
                expected += each.erase(slot);
            std::size_t told = 0;
            lists.leave_all(places[slot], [&](std::uint64_t, SubscriberLists::Left) { ++told; });
            RC_ASSERT(told == expected);
            break;
        }
        }
        for (std::size_t each = 0; each < names; ++each)
            for (std::uint32_t left = 0; left < sessions; ++left)
                if (model[each].count(left) == 0) {
                    watchers[each].erase(left);
                    told_of[each].erase(left);
                }
        lists.check_invariants();
        for (std::uint32_t each = 0; each < sessions; ++each)
            lists.check_places(places[each], each);
        for (std::size_t each = 0; each < names; ++each) {
            std::set<std::uint32_t> found;
            for (const SubscriberLists::Subscriber& subscriber :
                 lists.find(key_of(each), std::to_string(each)))
                found.insert(subscriber.slot);
            RC_ASSERT(found == model[each]);
            RC_ASSERT(lists.find(key_of(each) ^ 1, std::to_string(each)).empty());
            std::set<std::uint32_t> watching;
            lists.for_each_watcher(
                key_of(each), std::to_string(each), [&](const SubscriberLists::Subscriber& one) {
                    watching.insert(one.slot);
                });
            RC_ASSERT(watching == watchers[each]);
            for (std::uint32_t one = 0; one < sessions; ++one) {
                const SubscriberLists::Marks marks =
                    lists.marks_of(places[one], key_of(each), std::to_string(each));
                RC_ASSERT(marks.watches == (watchers[each].count(one) != 0));
                RC_ASSERT(marks.is_told_of == (told_of[each].count(one) != 0));
            }
        }
    }
}

}  // namespace
}  // namespace grapevine::mesh
