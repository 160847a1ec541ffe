#include "mesh/replicas.hpp"

#include "mesh/check.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {
namespace {

/// Slots of one node that may be swept while another snapshot of it begins: the replica that the
/// last one replaced, and one that was begun anew. More let a hostile node fill the memory faster
/// than it is swept; fewer would make an honest one wait.
constexpr std::size_t dying_max = 2;

/// Names are kept of exactly those who are there.
void follow(NameArena& kept, const std::vector<Change>& changes, const ToldNames& told) {
    if (!kept.keeps()) return;
    for (const Change& change : changes) {
        if (change.kind != TableKind::users) continue;
        if (change.count == 0)
            kept.drop(change.key);
        else if (const std::string_view name = told.find(change.key); !name.empty())
            kept.keep(change.key, name);
    }
}

}  // namespace

void EntrySums::count(const Change& change, std::uint8_t before) {
    std::uint64_t& keys = change.kind == TableKind::users ? users : channels;
    if (before != 0) {
        sethash -= entry_hash({change.key, change.kind, before});
        --keys;
    }
    if (change.count != 0) {
        sethash += entry_hash(change);
        ++keys;
    }
    if (change.kind == TableKind::users) sessions += change.count - std::uint64_t{before};
}

const Replica* Replicas::find(NodeId node) const {
    return replicas_.find(node);
}

bool Replicas::begin(NodeId node, Epoch epoch, Tables& tables) {
    forget(node, tables);
    const Slot slot = tables.take_slot(node);
    if (slot == no_slot) return false;
    replicas_.make(node).first = Replica{.epoch = epoch, .slot = slot, .names = no_names()};
    return true;
}

void Replicas::forget(NodeId node, Tables& tables) {
    drop_staged(node, tables);
    Replica* const found = replicas_.find(node);
    if (found == nullptr) return;
    tables.give_up(found->slot);
    replicas_.erase(node);
}

void Replicas::show(NodeId node, bool visible, Tables& tables) {
    Replica* const found = replicas_.find(node);
    if (found == nullptr) return;
    found->visible = visible;
    tables.show(found->slot, visible);
}

void Replicas::part(NodeId node) {
    if (Replica* const found = replicas_.find(node)) found->parted = true;
}

void Replicas::drop_staged(NodeId node, Tables& tables) {
    Replica* const found = replicas_.find(node);
    if (found == nullptr || !found->staged) return;
    tables.give_up(found->staged->slot);
    found->staged.reset();
}

bool Replicas::discard(NodeId node) {
    Replica* const found = replicas_.find(node);
    return found != nullptr && !std::exchange(found->discarded, true);
}

Replicas::Outcome Replicas::apply(
    const proto::Delta& delta, Tables& tables, MeshCounters& counters, const ToldNames& names) {
    Replica* const found = replicas_.find(delta.origin);
    if (found == nullptr) return Outcome::ignored;
    Replica& replica = *found;
    if (delta.epoch != replica.epoch || delta.to <= replica.version || replica.discarded)
        return Outcome::ignored;
    if (delta.from > replica.version) return Outcome::gap;
    tables.set_all(replica.slot, delta.changes, [&](const Change& change, std::uint8_t before) {
        replica.sums.count(change, before);
    });
    follow(replica.names, delta.changes, names);
    replica.version = delta.to;
    counters.changes_applied += delta.changes.size();
    if (replica.sums.keys() > keys_max_) return Outcome::too_many;
    if (!delta.hash_after || *delta.hash_after == replica.sums.sethash) return Outcome::applied;
    replica.discarded = true;
    return Outcome::diverged;
}

void Replicas::begin_snapshot(const proto::SnapBegin& begun, Epoch epoch, Tables& tables) {
    Replica* const found = replicas_.find(begun.origin);
    if (found == nullptr || begun.epoch != epoch || epoch != found->epoch)
        return drop_staged(begun.origin, tables);
    std::optional<Replica::Staged>& staged = found->staged;
    if (staged && staged->sums.keys() == 0) {
        staged->version = begun.version;
        return;
    }
    drop_staged(begun.origin, tables);
    if (tables.dying(begun.origin) >= dying_max) return;
    const Slot slot = tables.take_slot(begun.origin);
    if (slot == no_slot) return;
    staged = Replica::Staged{.version = begun.version, .slot = slot, .names = no_names()};
}

Replicas::Outcome
Replicas::apply(const proto::SnapChunk& chunk, Tables& tables, const ToldNames& names) {
    Replica* const found = replicas_.find(chunk.origin);
    if (found == nullptr || !found->staged) return Outcome::ignored;
    Replica::Staged& staged = *found->staged;
    ++staged.chunks;
    tables.set_all(staged.slot, chunk.changes, [&](const Change& change, std::uint8_t before) {
        staged.sums.count(change, before);
    });
    follow(staged.names, chunk.changes, names);
    if (staged.sums.keys() <= keys_max_) return Outcome::applied;
    drop_staged(chunk.origin, tables);
    return Outcome::too_many;
}

Replicas::Outcome Replicas::finish_snapshot(const proto::SnapEnd& ended, Tables& tables) {
    Replica* const found = replicas_.find(ended.origin);
    if (found == nullptr || !found->staged) return Outcome::ignored;
    Replica& replica = *found;
    Replica::Staged& staged = *replica.staged;
    if (staged.sums.sethash != ended.sethash || staged.sums.keys() != ended.keys) {
        drop_staged(ended.origin, tables);
        return Outcome::diverged;
    }
    if (ended.version < replica.version && !replica.discarded) {
        drop_staged(ended.origin, tables);
        return Outcome::ignored;
    }
    tables.show(staged.slot, replica.visible);
    tables.give_up(replica.slot);
    replica.slot = staged.slot;
    replica.sums = staged.sums;
    replica.names = std::move(staged.names);
    replica.version = ended.version;
    replica.held_then = {};
    replica.discarded = false;
    replica.staged.reset();
    return Outcome::applied;
}

Replicas::Lag Replicas::lags(NodeId node, Version told) {
    Replica* const found = replicas_.find(node);
    if (found == nullptr) return Lag::none;
    Replica& replica = *found;
    const Version before = std::exchange(replica.told, told);
    const Version held_then = replica.held_then.front();
    const Version held_long = replica.held_then.back();
    std::shift_right(replica.held_then.begin(), replica.held_then.end(), 1);
    replica.held_then.front() = replica.version;
    if (told < held_long) return Lag::ahead;
    if (replica.version >= before || replica.version != held_then) {
        replica.asked = false;
        return Lag::none;
    }
    return std::exchange(replica.asked, true) ? Lag::again : Lag::first;
}

bool Replicas::may_ask(NodeId node, Now now, Duration every) {
    Replica* const found = replicas_.find(node);
    if (found == nullptr) return false;
    if (found->catchup_asked != Instant{Duration::min()} &&
        now.steady - found->catchup_asked < every)
        return false;
    found->catchup_asked = now.steady;
    return true;
}

void Replicas::check_invariants(const Tables& tables) const {
    for (const auto [node, replica] : replicas_) {
        check(tables.node_of(replica.slot) == node, "a replica's slot is its own");
        check(tables.is_visible(replica.slot) == replica.visible, "a replica is shown as it says");
        EntrySums sums;
        for (const Change& change : tables.entries_of(replica.slot))
            sums.count(change, 0);
        check(sums.sethash == replica.sums.sethash, "a replica's hash is that of its entries");
        check(sums.keys() == replica.sums.keys(), "a replica's size is the number of its entries");
        check(
            sums.sessions == replica.sums.sessions,
            "a replica's sessions are the sum of its counts");
        replica.names.check_invariants();
        replica.names.for_each([&, slot = replica.slot](std::uint64_t key, std::string_view) {
            check(
                tables.get(slot, TableKind::users, key) != 0,
                "only names of users who are there are kept");
        });
    }
}

}  // namespace grapevine::mesh
