// Names of users follow their keys: whatever is told in whatever order, whoever holds a key of a
// user holds his name, and no other.
#include "mesh/name_frames.hpp"
#include "mesh/origin_log.hpp"
#include "mesh/replicas.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh::names_test {
namespace {

constexpr NodeId origin{42};
constexpr Epoch epoch{7};
constexpr std::size_t room = 1'000'000;

proto::HashKey hash_key() {
    return proto::HashKey::of_cluster("names");
}

std::uint64_t key_of(std::string_view name) {
    return proto::user_key_of(hash_key(), name).value;
}

/// Of any length, most of them short: frames of names fill at different places.
std::string name_of(std::uint64_t number) {
    const std::string name = "user" + std::to_string(number);
    return number % 5 == 0 ? name + std::string(proto::limits::user_name_bytes - name.size(), 'x')
                           : name;
}

/// A log, its users' names as its node keeps them, and what it tells of both.
struct Origin {
    OriginLog log{epoch, 1000, 1000};
    Tables tables{origin};
    EntrySums sums;
    NameBudget budget{room, room, 3};
    NameArena names{budget};
    NameFrames frames;

    void change(std::uint64_t number, std::uint8_t count) {
        const std::string name = name_of(number);
        const Change change{key_of(name), TableKind::users, count};
        const std::uint8_t before = tables.set(Tables::self_slot, change);
        if (before == count) return;
        if (count == 0)
            names.drop(change.key);
        else
            names.keep(change.key, name);
        sums.count(change, before);
        log.record(change, before, sums.keys());
    }
    void any_changes() {
        const auto changes = *rc::gen::container<std::vector<std::pair<int, int>>>(
            rc::gen::pair(rc::gen::inRange(0, 100), rc::gen::inRange(0, 3)));
        for (const auto& [number, count] : changes)
            change(static_cast<std::uint64_t>(number), static_cast<std::uint8_t>(count));
    }
    [[nodiscard]] ToldNames names_of(const std::vector<Change>& changes) {
        ToldNames told;
        frames.tell(names, origin, changes, [&](const proto::Names& frame) {
            RC_ASSERT(frame.names.is_whole());
            RC_ASSERT(frame.names.packed.size() <= proto::limits::names_bytes);
            frame.names.for_each(
                [&](std::string_view name) { RC_ASSERT(told.add(origin, key_of(name), name)); });
        });
        return told;
    }
};

struct Observer {
    explicit Observer(std::size_t names_room) : budget{names_room, names_room, 5} {
        replicas.begin(origin, epoch, tables);
    }

    void hear_delta(Origin& of, std::uint64_t from, std::uint64_t to) {
        proto::Delta delta;
        of.log.read(Version{from}, Version{to}, delta);
        delta.origin = origin;
        ToldNames names = of.names_of(delta.changes);
        RC_ASSERT(names.belong_to(delta.changes));
        replicas.apply(delta, tables, counters, names);
    }
    void hear_snapshot(Origin& of, std::size_t chunk_keys, bool is_cut_off) {
        const std::vector<Change> entries = of.tables.entries_of(Tables::self_slot);
        replicas.begin_snapshot({origin, epoch, of.log.version(), 0}, epoch, tables);
        for (std::size_t at = 0; at < entries.size(); at += chunk_keys) {
            const std::size_t end = std::min(at + chunk_keys, entries.size());
            const auto first = entries.begin() + static_cast<std::ptrdiff_t>(at);
            const auto last = entries.begin() + static_cast<std::ptrdiff_t>(end);
            const proto::SnapChunk chunk{origin, {first, last}};
            ToldNames names = of.names_of(chunk.changes);
            RC_ASSERT(names.belong_to(chunk.changes));
            replicas.apply(chunk, tables, names);
            check();
        }
        if (is_cut_off) return replicas.drop_staged(origin, tables);
        RC_ASSERT(
            replicas.finish_snapshot(
                {origin, of.log.version(), of.sums.keys(), of.sums.sethash}, tables) ==
            Replicas::Outcome::applied);
    }
    [[nodiscard]] const Replica& replica() const { return *replicas.find(origin); }
    void check() const {
        replicas.check_invariants(tables);
        replica().names.for_each(
            [](std::uint64_t key, std::string_view name) { RC_ASSERT(key_of(name) == key); });
        const NameArena* const staged = replica().staged ? &replica().staged->names : nullptr;
        const std::size_t staged_bytes = staged != nullptr ? staged->bytes() : 0;
        RC_ASSERT(budget.used() == replica().names.bytes() + staged_bytes + budget.given_up());
    }
    [[nodiscard]] std::vector<Change> entries() const { return tables.entries_of(replica().slot); }

    Tables tables{NodeId{1}};
    NameBudget budget;
    Replicas replicas{1000, &budget};
    MeshCounters counters;
};

/// Changes, deltas that overlap, repeat or skip, snapshots whole and cut off, nodes forgotten.
void any_history(Origin& of, Observer& observer) {
    of.change(1, 1);
    for (int step = *rc::gen::inRange(1, 25); step > 0; --step) {
        of.any_changes();
        const std::uint64_t last = of.log.version().value;
        switch (*rc::gen::inRange(0, 6)) {
        case 0:
            observer.hear_snapshot(
                of, *rc::gen::inRange<std::size_t>(1, 60), *rc::gen::arbitrary<bool>());
            break;
        case 1:
            observer.replicas.forget(origin, observer.tables);
            while (observer.budget.sweep_some()) {
            }
            RC_ASSERT(observer.budget.used() == 0u);
            observer.replicas.begin(origin, epoch, observer.tables);
            break;
        default: {
            const auto from = *rc::gen::inRange<std::uint64_t>(of.log.floor().value, last);
            observer.hear_delta(of, from, *rc::gen::inRange<std::uint64_t>(from + 1, last + 1));
        }
        }
        observer.check();
        while (observer.tables.sweep_some()) {
        }
    }
    // All that is missing, at once.
    const std::uint64_t held = observer.replica().version.value;
    if (held < of.log.floor().value)
        observer.hear_snapshot(of, 10, false);
    else if (held < of.log.version().value)
        observer.hear_delta(of, held, of.log.version().value);
    observer.check();
    RC_ASSERT(observer.entries() == of.tables.entries_of(Tables::self_slot));
}

RC_GTEST_PROP(UserNames, FollowTheirKeys, ()) {
    Origin of;
    Observer observer{room};
    any_history(of, observer);
    for (const Change& change : observer.entries())
        RC_ASSERT(key_of(observer.replica().names.find(change.key)) == change.key);
    RC_ASSERT(observer.replica().names.size() == observer.entries().size());
}

// Within a budget for a few, some are known by their keys alone; the log is as exact as ever.
RC_GTEST_PROP(UserNames, BeyondTheirBudgetAreMissing, ()) {
    Origin of;
    Observer observer{*rc::gen::inRange<std::size_t>(1, 2000)};
    any_history(of, observer);
    RC_ASSERT(observer.replica().names.size() <= observer.entries().size());
}

RC_GTEST_PROP(UserNames, AreNotKeptWhereNobodyWantsThem, ()) {
    Origin of;
    Observer observer{0};
    any_history(of, observer);
    RC_ASSERT(observer.replica().names.size() == 0u);
    RC_ASSERT(observer.budget.used() == 0u);
    RC_ASSERT(observer.budget.refused() == 0u);
}

// An arena is a map from keys to names, however often what it holds moved together.
RC_GTEST_PROP(UserNames, AreAMap, ()) {
    NameBudget budget{room * 10, room * 10, 1};
    NameArena arena{budget};
    std::map<std::uint64_t, std::string> model;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, bool>>>(
        rc::gen::pair(rc::gen::inRange(0, 30), rc::gen::arbitrary<bool>()));
    for (const auto& [block, comes] : steps) {
        // Blocks, so that several chunks fill and empty.
        for (std::uint64_t at = 0; at < 50; ++at) {
            const std::uint64_t key = static_cast<std::uint64_t>(block) * 40 + at;
            const std::string name = name_of(key);
            if (comes) {
                arena.keep(key, name);
                model[key] = name;
            } else if (at % 4 != 0) {
                arena.drop(key);
                model.erase(key);
            }
        }
        arena.check_invariants();
    }
    RC_ASSERT(arena.size() == model.size());
    for (const auto& [key, name] : model)
        RC_ASSERT(arena.find(key) == name);
    RC_ASSERT(budget.used() == arena.bytes());
}

}  // namespace
}  // namespace grapevine::mesh::names_test
