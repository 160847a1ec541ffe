#include "mesh/snapshots.hpp"

#include "proto/limits.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {
namespace {

/// What telling a key costs, if looking at a place costs 1.
constexpr std::size_t work_per_key = 8;
/// And a name, which lies elsewhere.
constexpr std::size_t work_per_name = 8;

void spend(std::size_t& work, std::size_t spent) {
    work -= std::min(work, spent);
}

}  // namespace

void Snapshots::begin_turn(Now now, Links& links) {
    turn_at_ = never;
    if (turns_.empty() && waiting_.empty()) return;
    give_turns(now, links);
    for (const Turn& turn : turns_) {
        Link& link = *links.find(turn.link);
        link.sync.snapshot->work_left = config_.snapshot_turn_work;
        links.mark_dirty(link);
    }
}

void Snapshots::want(Link& link, Now now, Links& links) {
    link.sync.wants_snapshot = false;
    link.sync.snapshot.emplace().work_left = config_.snapshot_turn_work;
    waiting_.push(link.id);
    give_turns(now, links);
}

void Snapshots::give_turns(Now now, Links& links) {
    const auto is_over = [&](LinkId id) {
        const Link* const link = links.find(id);
        return link == nullptr || link->closing || !link->sync.snapshot;
    };
    std::erase_if(turns_, [&](const Turn& turn) { return is_over(turn.link); });
    for (std::size_t line = waiting_.size(); line > 0; --line) {
        if (turns_.size() >= config_.snapshots_max) {
            const auto longest = std::min_element(
                turns_.begin(), turns_.end(), [](const Turn& left, const Turn& right) {
                    return left.until < right.until;
                });
            if (longest->until > now.steady) return;
            waiting_.push(longest->link);
            turns_.erase(longest);
        }
        const LinkId next = waiting_.pop();
        if (!is_over(next) && !has_turn(next))
            turns_.push_back({next, now.steady + config_.snapshot_turn});
    }
}

bool Snapshots::has_turn(LinkId link) const {
    return std::any_of(
        turns_.begin(), turns_.end(), [&](const Turn& turn) { return turn.link == link; });
}

void Snapshots::tell(Link& link, const SnapshotSource& source, Now now, MeshCounters& counters) {
    if (!has_turn(link.id)) return;
    SnapshotStream& stream = *link.sync.snapshot;
    const OriginLog& log = source.log;
    if (stream.begun && stream.changes < log.floor()) {
        // The log has forgotten changes that were not told: what was staged cannot be completed.
        ++counters.snapshots_restarted;
        const std::size_t work_left = stream.work_left;
        link.sync.snapshot.emplace().work_left = work_left;
    }
    if (!stream.begun) {
        ++counters.snapshots_begun;
        begin(link, source);
    }
    while (link.queue.waiting_bytes(FrameClass::snapshot) < config_.catchup_bytes_max) {
        const std::uint64_t untold = log.version().value - stream.changes.value;
        const std::uint64_t kept = log.version().value - log.floor().value;
        if (stream.keys.is_at_end() && untold == 0) {
            const proto::SnapEnd ended{
                source.self, log.version(), source.sums.keys(), source.sums.sethash};
            link.queue.append(FrameClass::snapshot, log_frame_bytes(0), ended);
            link.sync.sent = log.version();
            link.sync.snapshot.reset();
            if (!waiting_.empty()) turn_at_ = now.steady;
            return;
        }
        if (stream.work_left == 0) {
            turn_at_ = now.steady;
            return;
        }
        // Changes are told late, so that many of one key are one, but before the log forgets them.
        if (stream.keys.is_at_end() || untold > kept / 2)
            tell_changes(link, source);
        else
            tell_keys(link, source);
    }
}

void Snapshots::begin(Link& link, const SnapshotSource& source) {
    SnapshotStream& stream = *link.sync.snapshot;
    stream.begun = true;
    stream.changes = source.log.version();
    const proto::SnapBegin begun{
        source.self, source.log.epoch(), source.log.version(), source.sums.keys()};
    link.queue.append(FrameClass::snapshot, log_frame_bytes(0), begun);
}

std::size_t
Snapshots::at_once(const Link& link, const SnapshotSource& source, std::size_t most) const {
    if (!NameFrames::goes_with(link, source.names)) return most;
    return std::min(most, NameFrames::changes_in(config_.catchup_bytes_max));
}

void Snapshots::tell_keys(Link& link, const SnapshotSource& source) {
    SnapshotStream& stream = *link.sync.snapshot;
    const std::size_t most = at_once(link, source, config_.snapshot_chunk_keys);
    keys_.clear();
    while (!stream.keys.is_at_end() && stream.work_left > 0 && keys_.size() < most) {
        const std::size_t places = most - keys_.size();
        source.tables.read(stream.keys, Tables::self_slot, places, [&](const Change& change) {
            keys_.push_back(change);
        });
        spend(stream.work_left, places);
    }
    spend(stream.work_left, (work_per_key - 1) * keys_.size());
    tell_chunks(link, source, keys_);
}

void Snapshots::tell_changes(Link& link, const SnapshotSource& source) {
    SnapshotStream& stream = *link.sync.snapshot;
    const std::size_t most = at_once(link, source, proto::limits::delta_changes);
    const Version to{std::min(source.log.version().value, stream.changes.value + most)};
    source.log.read(stream.changes, to, delta_);
    spend(stream.work_left, work_per_key * (to.value - stream.changes.value));
    stream.changes = to;
    tell_chunks(link, source, delta_.changes);
}

void Snapshots::tell_chunks(
    Link& link, const SnapshotSource& source, std::span<const Change> changes) {
    chunk_.origin = source.self;
    if (NameFrames::goes_with(link, source.names))
        spend(link.sync.snapshot->work_left, work_per_name * changes.size());
    while (!changes.empty()) {
        const auto piece = changes.first(std::min(changes.size(), config_.snapshot_chunk_keys));
        chunk_.changes.assign(piece.begin(), piece.end());
        name_frames_.tell_before(link, FrameClass::snapshot, source.names, source.self, piece);
        link.queue.append(FrameClass::snapshot, log_frame_bytes(piece.size()), chunk_);
        changes = changes.subspan(piece.size());
    }
}

}  // namespace grapevine::mesh
