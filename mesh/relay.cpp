#include "mesh/relay.hpp"

#include "mesh/check.hpp"
#include "mesh/snapshots.hpp"
#include "proto/limits.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {
namespace {

/// How long the last sign of life of a node that left is remembered: longer than it takes to be
/// everywhere.
constexpr Duration keep_left = 30s;
/// Changes of one node that may come in one turn and wait for its end.
constexpr std::size_t untold_max = 16 * proto::limits::delta_changes;

}  // namespace

// ---- followers

void Relay::follow(NodeId node, const std::vector<proto::Held>& held) {
    Follower& follower = followers_[node];
    for (const proto::Held& one : held) {
        const auto found = origins_.find(one.origin);
        if (found == origins_.end() || found->second.epoch != one.epoch) continue;
        told_at(follower, one.origin, found->second).version = one.version;
    }
    follower.is_behind = true;
    follower.wants_all_beats = true;
    due_ = Instant::min();
}

bool Relay::catch_up(NodeId node, NodeId origin, Epoch epoch, Version version) {
    const auto follower = followers_.find(node);
    const auto found = origins_.find(origin);
    if (follower == followers_.end() || found == origins_.end() || found->second.epoch != epoch)
        return false;
    const Origin& known = found->second;
    if (known.pieces.empty() || known.pieces.front().from > version) return false;
    told_at(follower->second, origin, known).version = version;
    follower->second.is_behind = true;
    due_ = Instant::min();
    return true;
}

Relay::Told& Relay::told_at(Follower& follower, NodeId node, const Origin& origin) {
    const auto [at, is_new] = follower.told.try_emplace(node);
    Told& told = at->second;
    if (is_new || told.epoch != origin.epoch) {
        // All that is kept may be new to it.
        const Version kept = origin.pieces.empty() ? origin.version : origin.pieces.front().from;
        told = {origin.epoch, kept, 0};
    }
    return told;
}

// ---- what is heard

Relay::Origin& Relay::origin_at(NodeId node, Epoch epoch) {
    Origin& origin = origins_[node];
    if (origin.epoch != epoch) origin = Origin{.epoch = epoch};
    return origin;
}

void Relay::heard(const proto::Delta& delta, NodeId from, Now now) {
    Origin& origin = origin_at(delta.origin, delta.epoch);
    if (delta.to <= origin.version) return;
    if (origin.pieces.empty() || delta.from > origin.version) {
        // Nothing leads up to it: whoever is told only what comes before asks the log's own node.
        origin.drop_pieces();
        origin.version = std::max(origin.version, delta.from);
    }
    origin.version = delta.to;
    origin.changes += delta.changes.size();
    origin.pieces.push_back({delta.from, delta.to, delta.changes, delta.hash_after});
    if (followers_.empty()) return origin.trim(config_.relay_changes_max);
    origin.trim(config_.relay_changes_max + untold_max);
    // Who told it has it, and its own node has it first.
    for (const NodeId knows : {from, delta.origin})
        if (const auto follower = followers_.find(knows); follower != followers_.end())
            told_at(follower->second, delta.origin, origin).version = delta.to;
    fresh_.push_back(delta.origin);
    // What would be dropped untold is told at the end of this turn.
    const bool is_much = origin.changes > config_.relay_changes_max;
    due_ = is_much ? Instant::min() : std::min(due_, now.steady + config_.relay_every);
}

void Relay::replaced(NodeId node, Epoch epoch, Version version) {
    Origin& origin = origin_at(node, epoch);
    origin.drop_pieces();
    origin.version = version;
}

bool Relay::heard(const Beat& beat, NodeId from) {
    Origin& origin = origin_at(beat.node, beat.epoch);
    if (const auto teller = followers_.find(from); teller != followers_.end()) {
        Told& told = told_at(teller->second, beat.node, origin);
        told.beat = std::max(told.beat, beat.seq);
    }
    if (beat.seq <= origin.beat.seq) return false;
    origin.beat = beat;
    fresh_beats_.push_back(beat.node);
    return true;
}

bool Relay::heard(const proto::Spread& spread) {
    Origin& origin = origin_at(spread.origin, spread.epoch);
    if (spread.number <= origin.spread) return false;
    origin.spread = spread.number;
    return true;
}

void Relay::left(NodeId node, Epoch epoch, Now now) {
    Origin& origin = origin_at(node, epoch);
    if (origin.left_at != never) return;
    origin.left_at = now.steady;
    origin.drop_pieces();
    if (origin.beat.left != 0) return;
    origin.beat.node = node;
    origin.beat.epoch = epoch;
    origin.beat.left = 1;
    ++origin.beat.seq;
    fresh_beats_.push_back(node);
}

void Relay::forget(NodeId node) {
    const auto found = origins_.find(node);
    // That it left is told first.
    if (found != origins_.end() && found->second.left_at == never) erase(found);
}

std::map<NodeId, Relay::Origin>::iterator Relay::erase(std::map<NodeId, Origin>::iterator at) {
    for (auto& [other, follower] : followers_)
        follower.told.erase(at->first);
    return origins_.erase(at);
}

// ---- what is told

void Relay::pump(Now now, const Replicas& replicas, Links& links, MeshCounters& counters) {
    if (now.steady < due_) return;
    due_ = never;
    std::sort(fresh_.begin(), fresh_.end());
    fresh_.erase(std::unique(fresh_.begin(), fresh_.end()), fresh_.end());
    for (auto& [node, follower] : followers_) {
        Link* const link = links.to(node);
        if (link == nullptr) continue;
        tell_changes(*link, follower, replicas, links, counters);
        if (follower.is_behind) due_ = now.steady + config_.relay_every;
    }
    for (const NodeId of : fresh_)
        if (const auto found = origins_.find(of); found != origins_.end())
            found->second.trim(config_.relay_changes_max);
    fresh_.clear();
}

void Relay::tell_changes(
    Link& link,
    Follower& follower,
    const Replicas& replicas,
    Links& links,
    MeshCounters& counters) {
    const auto tell = [&](NodeId of, const Origin& origin) {
        if (of == link.node()) return;
        Told& told = told_at(follower, of, origin);
        if (!tell_changes(link, told, of, origin, replicas, links, counters))
            follower.is_behind = true;
    };
    if (std::exchange(follower.is_behind, false)) {
        for (const auto& [of, origin] : origins_)
            tell(of, origin);
        return;
    }
    for (const NodeId of : fresh_)
        if (const auto found = origins_.find(of); found != origins_.end()) tell(of, found->second);
}

bool Relay::tell_changes(
    Link& link,
    Told& told,
    NodeId node,
    const Origin& origin,
    const Replicas& replicas,
    Links& links,
    MeshCounters& counters) {
    const Replica* const replica = replicas.find(node);
    for (const Piece& piece : origin.pieces) {
        if (piece.to <= told.version) continue;
        // What is before it may be there already, from others; if not, it is asked for.
        if (link.queue.waiting_bytes(FrameClass::deltas) >= config_.link_delta_bytes_max)
            return false;
        delta_.origin = node;
        delta_.epoch = origin.epoch;
        delta_.from = piece.from;
        delta_.to = piece.to;
        delta_.changes = piece.changes;
        delta_.hash_after = piece.hash_after;
        if (replica != nullptr)
            name_frames_.tell_before(link, FrameClass::deltas, replica->names, node, piece.changes);
        link.queue.append(FrameClass::deltas, log_frame_bytes(piece.changes.size()), delta_);
        links.mark_dirty(link);
        told.version = piece.to;
        ++counters.deltas_relayed;
    }
    told.version = origin.version;
    return true;
}

void Relay::Origin::trim(std::size_t most) {
    while (pieces.size() > 1 && (changes > most || pieces.size() > most)) {
        changes -= pieces.front().changes.size();
        pieces.pop_front();
    }
}

void Relay::Origin::drop_pieces() {
    pieces.clear();
    changes = 0;
}

void Relay::tell_beats(Now now, Links& links) {
    std::sort(fresh_beats_.begin(), fresh_beats_.end());
    fresh_beats_.erase(std::unique(fresh_beats_.begin(), fresh_beats_.end()), fresh_beats_.end());
    std::vector<NodeId> all;
    for (auto& [node, follower] : followers_) {
        Link* const link = links.to(node);
        if (link == nullptr) continue;
        if (std::exchange(follower.wants_all_beats, false)) {
            if (all.empty())
                for (const auto& [of, origin] : origins_)
                    all.push_back(of);
            tell_beats(*link, follower, all, links);
        } else {
            tell_beats(*link, follower, fresh_beats_, links);
        }
    }
    fresh_beats_.clear();
    for (auto at = origins_.begin(); at != origins_.end();) {
        const bool is_over =
            at->second.left_at != never && now.steady - at->second.left_at > keep_left;
        at = is_over ? erase(at) : std::next(at);
    }
}

void Relay::tell_beats(
    Link& link, Follower& follower, const std::vector<NodeId>& nodes, Links& links) {
    beats_.beats.clear();
    for (const NodeId node : nodes) {
        const auto found = origins_.find(node);
        if (found == origins_.end() || node == link.node()) continue;
        const Origin& origin = found->second;
        Told& told = told_at(follower, node, origin);
        if (origin.beat.seq <= told.beat) continue;
        told.beat = origin.beat.seq;
        beats_.beats.push_back(origin.beat);
        if (beats_.beats.size() < proto::limits::members_per_frame) continue;
        links.send(link, FrameClass::control, beats_);
        beats_.beats.clear();
    }
    if (!beats_.beats.empty()) links.send(link, FrameClass::control, beats_);
}

void Relay::check_invariants() const {
    for (const auto& [node, origin] : origins_) {
        std::size_t changes = 0;
        Version reached = origin.pieces.empty() ? Version{} : origin.pieces.front().from;
        for (const Piece& piece : origin.pieces) {
            check(piece.from <= reached, "what is passed on has no gap");
            reached = piece.to;
            changes += piece.changes.size();
        }
        check(changes == origin.changes, "changes that are kept for others are counted");
        check(
            origin.pieces.size() <= 1 || changes <= config_.relay_changes_max + untold_max,
            "changes that are kept for others are bounded");
    }
}

}  // namespace grapevine::mesh
