// The table does what a map does, whatever keys are chosen and however it grows and shrinks
// meanwhile.
#include "mesh/key_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <vector>

namespace grapevine::mesh {
namespace {

using Place = std::pair<std::uint64_t, Slot>;
using Model = std::map<Place, std::uint8_t>;

/// Keys that meet each other and the table's edges, and keys like any.
std::uint64_t any_key(std::uint64_t end) {
    const auto number = *rc::gen::inRange<std::uint64_t>(0, 400);
    switch (*rc::gen::inRange(0, 6)) {
    case 0: return number;
    case 1: return end - 1 - number;
    case 2: return end / 2 + number;
    case 3: return end / 400 * number;
    default: return proto::mix64(number) & (end - 1);
    }
}

/// One table under one of many op sequences, beside the map that says what it should hold.
template <class Table>
struct Pair {
    Table table;
    Model model;
    std::uint64_t end;

    void set(std::uint64_t key, Slot slot, std::uint8_t count) {
        const auto found = model.find({key, slot});
        RC_ASSERT(table.set(key, slot, count) == (found == model.end() ? 0 : found->second));
        if (count == 0)
            model.erase({key, slot});
        else
            model[{key, slot}] = count;
    }
    void step() {
        switch (*rc::gen::inRange(0, 8)) {
        case 0: {  // many at once: shards are rebuilt
            const auto first = *rc::gen::inRange<std::uint64_t>(0, 3000);
            const auto many = *rc::gen::inRange<std::uint64_t>(0, 3000);
            const auto count = static_cast<std::uint8_t>(*rc::gen::inRange(0, 2));
            for (std::uint64_t number = first; number < first + many; ++number)
                set(proto::mix64(number) & (end - 1), 3, count);
            break;
        }
        case 1: {  // one key or its neighbours on many slots
            const std::uint64_t key = any_key(end - 2);
            const auto many = static_cast<Slot>(*rc::gen::inRange(0, 600));
            const auto count = static_cast<std::uint8_t>(*rc::gen::inRange(0, 3));
            for (Slot slot = 0; slot < many; ++slot)
                set(key + slot % 2, slot, count);
            break;
        }
        default:
            set(any_key(end),
                static_cast<Slot>(*rc::gen::inRange(0, 5)),
                static_cast<std::uint8_t>(*rc::gen::inRange(0, 4)));
        }
    }
    void forget(const std::vector<std::uint8_t>& dead) {
        std::erase_if(model, [&](const auto& entry) {
            return entry.first.second < dead.size() && dead[entry.first.second] != 0;
        });
    }
    void must_be_equal() const {
        table.check_invariants();
        RC_ASSERT(table.size() == model.size());
        for (const auto& [place, count] : model)
            RC_ASSERT(table.get(place.first, place.second) == count);
    }
};

std::vector<std::uint8_t> any_dead() {
    return *rc::gen::container<std::vector<std::uint8_t>>(
        600, rc::gen::element<std::uint8_t>(0, 1));
}

RC_GTEST_PROP(KeyTable, IsAMap, ()) {
    Pair<KeyTable> pair{KeyTable{*rc::gen::arbitrary<std::uint64_t>()}, {}, 0};
    for (int steps = *rc::gen::inRange(0, 60); steps > 0; --steps) {
        pair.step();
        pair.table.check_invariants();
    }
    pair.must_be_equal();
    Model read;
    pair.table.for_all([&](std::uint64_t key, Slot slot, std::uint8_t count) {
        RC_ASSERT(read.emplace(Place{key, slot}, count).second);
    });
    RC_ASSERT(read == pair.model);
}

// Nothing spreads the keys of a shard but themselves: the worst that anybody could choose.
RC_GTEST_PROP(KeyShard, IsAMap, ()) {
    Pair<KeyShard> pair{{}, {}, KeyShard::key_end};
    for (int steps = *rc::gen::inRange(0, 60); steps > 0; --steps) {
        pair.step();
        if (*rc::gen::inRange(0, 10) == 0) {
            const std::vector<std::uint8_t> dead = any_dead();
            pair.table.sweep(dead);
            pair.forget(dead);
        }
        pair.table.check_invariants();
    }
    pair.must_be_equal();
    for (const auto& [place, count] : pair.model) {
        std::set<Slot> slots;
        pair.table.for_each_slot(place.first, [&](Slot slot) { slots.insert(slot); });
        RC_ASSERT(slots.contains(place.second));
    }
}

// What is there all the time is read once, with its count; what comes and goes meanwhile is read
// once at most between two changes of it.
RC_GTEST_PROP(KeyTable, IsReadWholeWhileItChanges, ()) {
    Pair<KeyTable> pair{KeyTable{*rc::gen::arbitrary<std::uint64_t>()}, {}, 0};
    for (int steps = *rc::gen::inRange(0, 30); steps > 0; --steps)
        pair.step();
    Model always = pair.model;
    std::map<Place, std::vector<std::uint8_t>> read;
    KeyTable::Cursor cursor;
    while (!cursor.is_at_end()) {
        const auto places = *rc::gen::inRange<std::size_t>(1, 500);
        pair.table.read(
            cursor,
            places,
            [](Slot) { return true; },
            [&](std::uint64_t key, Slot slot, std::uint8_t count) {
                RC_ASSERT((pair.model.at({key, slot}) == count));
                read[{key, slot}].push_back(count);
            });
        if (*rc::gen::inRange(0, 4) != 0) continue;
        pair.step();
        std::erase_if(always, [&](const auto& entry) {
            const auto now = pair.model.find(entry.first);
            return now == pair.model.end() || now->second != entry.second;
        });
    }
    for (const auto& [place, count] : always)
        RC_ASSERT(read[place] == std::vector<std::uint8_t>{count});
}

}  // namespace
}  // namespace grapevine::mesh
