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
    Follower& follower = followers_.make(node).first;
    for (const proto::Held& one : held) {
        const Origin* const origin = origins_.find(one.origin);
        if (origin == nullptr || origin->epoch != one.epoch) continue;
        told_at(follower, *origin).version = one.version;
    }
    follower.is_behind = true;
    follower.wants_all_beats = true;
    // Whoever asks anew may not have heard which number was whose.
    follower.link = {};
    due_ = Instant::min();
}

bool Relay::catch_up(NodeId node, NodeId origin, Epoch epoch, Version version) {
    Follower* const follower = followers_.find(node);
    const Origin* const known = origins_.find(origin);
    if (follower == nullptr || known == nullptr || known->epoch != epoch) return false;
    if (known->pieces.empty() || known->pieces.front().from > version) return false;
    told_at(*follower, *known).version = version;
    follower->is_behind = true;
    due_ = Instant::min();
    return true;
}

Relay::Told& Relay::told_at(Follower& follower, const Origin& origin) {
    if (follower.told.size() <= origin.number) follower.told.resize(origin.number + 1);
    Told& told = follower.told[origin.number];
    if (told.epoch != origin.epoch) {
        // All that is kept may be new to it.
        const Version kept = origin.pieces.empty() ? origin.version : origin.pieces.front().from;
        told = {.epoch = origin.epoch, .version = kept};
    }
    return told;
}

// ---- what is heard

Relay::Origin& Relay::origin_at(NodeId node, Epoch epoch) {
    const auto made = origins_.make(node);
    Origin& origin = made.first;
    if (made.second) {
        origin.number = static_cast<std::uint32_t>(origins_.size());
        if (!free_numbers_.empty()) {
            origin.number = free_numbers_.back();
            free_numbers_.pop_back();
        }
    }
    if (origin.epoch == epoch) return origin;
    left_ -= origin.left_at != never ? 1 : 0;
    origin = Origin{.epoch = epoch, .version = {}, .number = origin.number};
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
    for (const NodeId has_it : {from, delta.origin})
        if (Follower* const follower = followers_.find(has_it))
            told_at(*follower, origin).version = delta.to;
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

bool Relay::knows(const Beat& beat, NodeId from) {
    const Origin* const origin = origins_.find(beat.node);
    if (origin == nullptr || origin->epoch != beat.epoch || beat.seq > origin->beat.seq)
        return false;
    if (Follower* const teller = followers_.find(from)) {
        Told& told = told_at(*teller, *origin);
        told.beat = std::max(told.beat, beat.seq);
    }
    return true;
}

bool Relay::heard(const Beat& beat, NodeId from) {
    Origin& origin = origin_at(beat.node, beat.epoch);
    if (knows(beat, from)) return false;
    const bool is_same = origin.beat.version == beat.version &&
                         origin.beat.sethash == beat.sethash && origin.beat.refute == beat.refute &&
                         origin.beat.left == beat.left;
    if (!is_same || origin.beat.seq == 0) origin.same_since = beat.seq;
    origin.beat = beat;
    if (Follower* const teller = followers_.find(from)) told_at(*teller, origin).beat = beat.seq;
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
    ++left_;
    origin.drop_pieces();
    if (origin.beat.left != 0) return;
    origin.beat.node = node;
    origin.beat.epoch = epoch;
    origin.beat.left = 1;
    origin.same_since = ++origin.beat.seq;
    fresh_beats_.push_back(node);
}

void Relay::forget(NodeId node) {
    const Origin* const origin = origins_.find(node);
    // That it left is told first.
    if (origin != nullptr && origin->left_at == never) erase(node);
}

void Relay::erase(NodeId node) {
    const std::uint32_t number = origins_.find(node)->number;
    for (const auto [other, follower] : followers_)
        if (number < follower.told.size()) follower.told[number] = {};
    free_numbers_.push_back(number);
    origins_.erase(node);
}

// ---- what is told

void Relay::pump(Now now, const Replicas& replicas, Links& links, MeshCounters& counters) {
    if (now.steady < due_) return;
    due_ = never;
    std::sort(fresh_.begin(), fresh_.end());
    fresh_.erase(std::unique(fresh_.begin(), fresh_.end()), fresh_.end());
    for (const auto [node, follower] : followers_) {
        Link* const link = links.to(node);
        if (link == nullptr) continue;
        tell_changes(*link, follower, replicas, links, counters);
        if (follower.is_behind) due_ = now.steady + config_.relay_every;
    }
    for (const NodeId of : fresh_)
        if (Origin* const origin = origins_.find(of)) origin->trim(config_.relay_changes_max);
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
        Told& told = told_at(follower, origin);
        if (!tell_changes(link, told, of, origin, replicas, links, counters))
            follower.is_behind = true;
    };
    if (std::exchange(follower.is_behind, false)) {
        for (const auto [of, origin] : origins_)
            tell(of, origin);
        return;
    }
    for (const NodeId of : fresh_)
        if (const Origin* const origin = origins_.find(of)) tell(of, *origin);
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
    std::size_t over = 0;
    while (over + 1 < pieces.size() && (changes > most || pieces.size() - over > most))
        changes -= pieces[over++].changes.size();
    pieces.erase(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(over));
}

void Relay::Origin::drop_pieces() {
    pieces.clear();
    changes = 0;
}

void Relay::tell_beats(Now now, Links& links) {
    std::sort(fresh_beats_.begin(), fresh_beats_.end());
    fresh_beats_.erase(std::unique(fresh_beats_.begin(), fresh_beats_.end()), fresh_beats_.end());
    std::vector<Origin*> fresh;
    for (const NodeId node : fresh_beats_)
        if (Origin* const origin = origins_.find(node)) fresh.push_back(origin);
    fresh_beats_.clear();
    std::vector<Origin*> all;
    for (const auto [node, follower] : followers_) {
        Link* const link = links.to(node);
        if (link == nullptr) continue;
        if (std::exchange(follower.link, link->id) != link->id)
            for (Told& told : follower.told)
                told.said = 0;
        const bool wants_all = std::exchange(follower.wants_all_beats, false);
        if (wants_all && all.empty())
            for (const auto [of, origin] : origins_)
                all.push_back(&origin);
        tell_beats(*link, follower, wants_all ? all : fresh, links);
    }
    if (left_ != 0) forget_left(now);
}

void Relay::forget_left(Now now) {
    std::vector<NodeId> over;
    for (const auto [node, origin] : origins_)
        if (origin.left_at != never && now.steady - origin.left_at > keep_left)
            over.push_back(node);
    for (const NodeId node : over)
        erase(node);
    left_ -= over.size();
}

void Relay::tell_beats(
    Link& link, Follower& follower, const std::vector<Origin*>& origins, Links& links) {
    for (const Origin* const origin : origins) {
        const Beat& beat = origin->beat;
        if (beat.node == link.node()) continue;
        Told& told = told_at(follower, *origin);
        if (beat.seq <= told.beat) continue;
        told.beat = beat.seq;
        const std::uint64_t grown = beat.seq - std::exchange(told.said, beat.seq);
        const bool is_numbered = origin->number <= proto::limits::numbered_beats;
        if (is_numbered && grown != beat.seq && grown <= UINT8_MAX &&
            origin->same_since <= beat.seq - grown) {
            proto::BeatsAgain::append(
                again_,
                {static_cast<std::uint16_t>(origin->number), static_cast<std::uint8_t>(grown)});
        } else {
            beats_.beats.push_back(beat);
            beats_.beats.back().number = is_numbered ? origin->number : 0;
        }
        const std::size_t longest =
            std::max(beats_.beats.size(), again_.size() / proto::BeatsAgain::entry_bytes);
        if (longest == proto::limits::members_per_frame) say_beats(link, links);
    }
    say_beats(link, links);
}

void Relay::say_beats(Link& link, Links& links) {
    if (beats_.beats.empty() && again_.empty()) return;
    beats_.again.packed = again_;
    links.send(link, FrameClass::control, beats_);
    beats_.beats.clear();
    again_.clear();
}

void Relay::check_invariants() const {
    for (const auto [node, origin] : origins_) {
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
