// The laws that replicas rest on (properties 1 to 5): whatever is told in whatever order, a replica
// is exactly some prefix of its origin's log.
#include "mesh/origin_log.hpp"
#include "mesh/replicas.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace grapevine::mesh {
namespace {

constexpr NodeId origin{42};
constexpr Epoch epoch{7};
using State = std::map<std::pair<TableKind, std::uint64_t>, std::uint8_t>;

/// An origin with few keys, so that changes meet, and every state it ever was in.
struct Origin {
    OriginLog log;
    Tables tables{origin};
    EntrySums sums;
    std::vector<State> history{State{}};

    explicit Origin(std::size_t ring) : log(epoch, ring, ring) {}

    void change(TableKind kind, std::uint64_t number, std::uint8_t count) {
        const Change change{
            proto::mix64(number),
            kind,
            kind == TableKind::channels && count > 1 ? std::uint8_t{1} : count};
        const std::uint8_t before = tables.set(Tables::self_slot, change);
        if (before == change.count) return;
        sums.count(change, before);
        log.record(change, before, sums.keys());
        State state = history.back();
        if (change.count == 0)
            state.erase({kind, change.key});
        else
            state[{kind, change.key}] = change.count;
        history.push_back(std::move(state));
    }
    [[nodiscard]] proto::Delta delta(std::uint64_t from, std::uint64_t to) const {
        proto::Delta delta;
        log.read(Version{from}, Version{to}, delta);
        delta.origin = origin;
        return delta;
    }
};

Origin any_origin(std::size_t ring = 100'000) {
    Origin made{ring};
    made.change(TableKind::users, 100, 1);
    made.change(TableKind::channels, 100, 1);
    const auto changes = *rc::gen::container<std::vector<std::tuple<bool, int, int>>>(
        rc::gen::tuple(rc::gen::arbitrary<bool>(), rc::gen::inRange(0, 8), rc::gen::inRange(0, 4)));
    for (const auto& [channel, number, count] : changes)
        made.change(
            channel ? TableKind::channels : TableKind::users,
            static_cast<std::uint64_t>(number),
            static_cast<std::uint8_t>(count));
    return made;
}

struct Observer {
    Tables tables{NodeId{1}};
    Replicas replicas{1000};
    MeshCounters counters;

    Observer() { replicas.begin(origin, epoch, tables); }
    Replicas::Outcome hear(const proto::Delta& delta) {
        return replicas.apply(delta, tables, counters);
    }
    [[nodiscard]] Version version() const { return replicas.find(origin)->version; }
    [[nodiscard]] State state() const {
        State state;
        for (const Change& change : tables.entries_of(replicas.find(origin)->slot))
            state[{change.kind, change.key}] = change.count;
        return state;
    }
    void must_be_a_prefix_of(const Origin& of) const {
        RC_ASSERT(version().value < of.history.size());
        RC_ASSERT(state() == of.history[version().value]);
        replicas.check_invariants(tables);
        tables.check_invariants();
    }
};

proto::Delta any_delta(const Origin& of) {
    const auto last = of.log.version().value;
    const auto from = *rc::gen::inRange<std::uint64_t>(of.log.floor().value, last);
    const auto to = *rc::gen::inRange<std::uint64_t>(from + 1, last + 1);
    return of.delta(from, to);
}

// Deltas that overlap, repeat, come in any order or not at all leave an exact prefix, always.
RC_GTEST_PROP(Replica, PrefixExact, ()) {
    const Origin of = any_origin();
    Observer observer;
    const auto count = *rc::gen::inRange(1, 30);
    for (int heard = 0; heard < count; ++heard) {
        const proto::Delta delta = any_delta(of);
        const Version before = observer.version();
        const auto outcome = observer.hear(delta);
        RC_ASSERT(
            (outcome == Replicas::Outcome::applied) == (delta.from <= before && before < delta.to));
        RC_ASSERT((outcome == Replicas::Outcome::gap) == (delta.from > before));
        RC_ASSERT(observer.version() >= before);
        observer.must_be_a_prefix_of(of);
    }
}

// apply(state(v), Δ(a, b]) = state(b) for every a <= v <= b.
RC_GTEST_PROP(Replica, DeltaInterval, ()) {
    const Origin of = any_origin();
    const auto last = of.log.version().value;
    const auto held = *rc::gen::inRange<std::uint64_t>(1, last);
    const auto from = *rc::gen::inRange<std::uint64_t>(0, held + 1);
    const auto to = *rc::gen::inRange<std::uint64_t>(held + 1, last + 1);
    Observer observer;
    observer.hear(of.delta(0, held));
    RC_ASSERT(observer.hear(of.delta(from, to)) == Replicas::Outcome::applied);
    RC_ASSERT(observer.version() == Version{to});
    RC_ASSERT(observer.state() == of.history[to]);
}

// One coalesced delta is the same as the changes one by one, and never names a key twice.
RC_GTEST_PROP(Replica, CoalesceEq, ()) {
    const Origin of = any_origin();
    const auto last = of.log.version().value;
    Observer at_once;
    Observer one_by_one;
    const proto::Delta whole = of.delta(0, last);
    at_once.hear(whole);
    for (std::uint64_t at = 0; at < last; ++at)
        one_by_one.hear(of.delta(at, at + 1));
    RC_ASSERT(at_once.state() == one_by_one.state());
    std::map<std::pair<TableKind, std::uint64_t>, int> named;
    for (const Change& change : whole.changes)
        RC_ASSERT(++named[std::pair(change.kind, change.key)] == 1);
}

// Two observers that hear the same deltas in different orders, one some of them twice, agree
// wherever they are equally far; hearing everything makes them equal.
RC_GTEST_PROP(Replica, MergeLaws, ()) {
    const Origin of = any_origin();
    std::vector<proto::Delta> deltas;
    for (int count = *rc::gen::inRange(1, 12); count > 0; --count)
        deltas.push_back(any_delta(of));
    Observer left;
    Observer right;
    for (const proto::Delta& delta : deltas)
        left.hear(delta);
    for (auto delta = deltas.rbegin(); delta != deltas.rend(); ++delta) {
        right.hear(*delta);
        right.hear(*delta);
    }
    if (left.version() == right.version()) RC_ASSERT(left.state() == right.state());
    const proto::Delta all = of.delta(0, of.log.version().value);
    left.hear(all);
    right.hear(all);
    RC_ASSERT(left.state() == right.state());
    RC_ASSERT(left.state() == of.history.back());
}

// A snapshot that ends replaces; one that is cut off anywhere leaves the old replica as it was.
RC_GTEST_PROP(Replica, SnapshotIsAllOrNothing, ()) {
    Origin of = any_origin();
    Observer observer;
    const auto held = *rc::gen::inRange<std::uint64_t>(0, of.log.version().value + 1);
    if (held > 0) observer.hear(of.delta(0, held));
    const std::vector<Change> entries = of.tables.entries_of(Tables::self_slot);
    const auto told = *rc::gen::inRange<std::size_t>(0, entries.size() + 1);
    observer.replicas.begin_snapshot(
        {origin, epoch, of.log.version(), entries.size()}, epoch, observer.tables);
    for (std::size_t at = 0; at < told; ++at)
        observer.replicas.apply(proto::SnapChunk{origin, {entries[at]}}, observer.tables);
    observer.must_be_a_prefix_of(of);
    const proto::SnapEnd end{origin, of.log.version(), of.sums.keys(), of.sums.sethash};
    if (*rc::gen::arbitrary<bool>()) {
        observer.replicas.drop_staged(origin, observer.tables);
        RC_ASSERT(observer.version() == Version{held});
    } else {
        const auto outcome = observer.replicas.finish_snapshot(end, observer.tables);
        RC_ASSERT((outcome == Replicas::Outcome::applied) == (told == entries.size()));
    }
    observer.must_be_a_prefix_of(of);
}

// The ring forgets; what it can still tell stays exact.
RC_GTEST_PROP(OriginLog, ForgettingNeverLies, ()) {
    const Origin of = any_origin(/*ring=*/4);
    RC_ASSERT(of.log.version().value - of.log.floor().value <= 4);
    const proto::Delta delta = any_delta(of);
    for (const Change& change : delta.changes) {
        const State& state = of.history[delta.to.value];
        const auto found = state.find({change.kind, change.key});
        RC_ASSERT((found == state.end() ? 0 : found->second) == change.count);
    }
}

}  // namespace
}  // namespace grapevine::mesh
