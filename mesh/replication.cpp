#include "mesh/replication.hpp"

#include "mesh/check.hpp"
#include "proto/limits.hpp"
#include "proto/mesh_codec.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

/// A catch-up of more than this share of the log's keys costs more than a snapshot of them.
constexpr std::size_t snapshot_share = 2;
/// Below this a delta is always cheaper.
constexpr std::size_t small_delta_changes = 4096;
/// Catch-up and snapshots fill a link's queue only this far: the rest waits for LinkDrained.
constexpr std::size_t catchup_queue_bytes = 128 * 1024;
/// Room for a frame of the log without its changes, and for each of them as a rule.
constexpr std::size_t frame_bytes = 64;
constexpr std::size_t change_bytes = 9;

/// Leaves one of each kind and key, in their order.
void make_unique_keys(std::vector<Change>& changes) {
    const auto place = [](const Change& change) { return std::pair{change.kind, change.key}; };
    std::sort(changes.begin(), changes.end(), [&](const Change& left, const Change& right) {
        return place(left) < place(right);
    });
    const auto same = [&](const Change& left, const Change& right) {
        return place(left) == place(right);
    };
    changes.erase(std::unique(changes.begin(), changes.end(), same), changes.end());
}

/// Deltas go before snapshots in a link's queue, but these would be of no use before its end is
/// sent.
bool tells_snapshot(const Link& link) {
    return link.sync.snapshot != nullptr || link.queue.waiting_bytes(FrameClass::snapshot) != 0;
}

}  // namespace

void Replication::record(const Change& change, Tables& tables, Links& links, Now now) {
    const std::uint8_t before = tables.set(Tables::self_slot, change);
    // 255 means that many or more: another session is news all the same, for it is told by its
    // version from those that were there.
    const bool is_news =
        before != change.count || (change.kind == TableKind::users && change.count == UINT8_MAX);
    if (!is_news) return;
    sums_.count(change, before);
    log_.record(change, before, sums_.keys());
    links.for_each_node([&](NodeId, Link& link) {
        if (!link.sync.snapshot) return;
        SnapshotStream& stream = *link.sync.snapshot;
        stream.touched.push_back(change);
        if (stream.touched.size() < stream.compact_at) return;
        // A slow snapshot under churn: as many as there are keys at most, not as many as there are
        // changes.
        make_unique_keys(stream.touched);
        stream.compact_at = std::max(stream.compact_at, 2 * stream.touched.size());
    });
    if (flush_at_ != never) return;
    const auto nodes = static_cast<Duration::rep>(links.nodes() + 1);
    const Duration interval =
        std::clamp(config_.flush_per_node * nodes, config_.flush_min, config_.flush_max);
    const bool idle =
        last_flush_ == Instant{Duration::min()} || now.steady - last_flush_ >= interval;
    flush_at_ = idle ? now.steady : last_flush_ + interval;
}

void Replication::flush(Now now, Links& links, MeshCounters& counters) {
    const std::uint64_t waiting = log_.version().value - flushed_.value;
    if (waiting == 0) {
        flush_at_ = never;
        return;
    }
    if (now.steady < flush_at_ && waiting < proto::limits::delta_changes / 2) return;
    // Everybody who is up to date gets the same bytes; whoever is behind is pumped in his own time.
    const Version from = flushed_;
    const bool one_frame = waiting <= proto::limits::delta_changes && log_.floor() <= from;
    if (one_frame) {
        log_.read(from, log_.version(), delta_);
        delta_.origin = self_;
        encoded_.clear();
        proto::append_frame(encoded_, delta_);
    }
    links.for_each_node([&](NodeId, Link& link) {
        LinkSync& sync = link.sync;
        const bool has_room =
            link.queue.waiting_bytes(FrameClass::deltas) < config_.link_delta_bytes_max;
        if (one_frame && sync.sent == from && has_room && !tells_snapshot(link)) {
            link.queue.append(FrameClass::deltas, encoded_);
            sync.sent = log_.version();
            ++counters.deltas_sent;
        }
        links.mark_dirty(link);
    });
    flushed_ = log_.version();
    last_flush_ = now.steady;
    flush_at_ = never;
}

void Replication::begin(Link& link, Version held) {
    link.sync = {};
    link.sync.sent = std::min(held, log_.version());
    link.sync.acked = link.sync.sent;
}

void Replication::catch_up(Link& link, Version held) {
    if (tells_snapshot(link)) return;
    const bool everything = held == Version{} && log_.version() != Version{};
    // From below the floor: pump() sees that only a snapshot will do.
    link.sync.sent = std::min(held, log_.version());
    if (everything) link.sync.wants_snapshot = true;
}

void Replication::pump(Link& link, const Tables& tables, MeshCounters& counters) {
    LinkSync& sync = link.sync;
    if (sync.snapshot) tell_snapshot(link, tables, counters);
    if (tells_snapshot(link)) return;
    // Changes that wait for the next flush are not told before it: that is what it is for.
    while (sync.sent < flushed_ || sync.wants_snapshot) {
        const std::uint64_t missing = flushed_.value - sync.sent.value;
        const bool is_much =
            missing > small_delta_changes && missing > sums_.keys() / snapshot_share;
        if (sync.sent < log_.floor() || is_much || sync.wants_snapshot)
            return begin_snapshot(link, tables, counters);
        if (link.queue.waiting_bytes(FrameClass::deltas) >= catchup_queue_bytes) return;
        tell_delta(
            link,
            Version{std::min(flushed_.value, sync.sent.value + proto::limits::delta_changes)},
            counters);
    }
}

void Replication::tell_delta(Link& link, Version to, MeshCounters& counters) {
    log_.read(link.sync.sent, to, delta_);
    delta_.origin = self_;
    link.queue.append(
        FrameClass::deltas, frame_bytes + delta_.changes.size() * change_bytes, delta_);
    link.sync.sent = to;
    ++counters.deltas_sent;
}

void Replication::begin_snapshot(Link& link, const Tables& tables, MeshCounters& counters) {
    link.sync.wants_snapshot = false;
    link.sync.snapshot = std::make_unique<SnapshotStream>();
    link.sync.snapshot->keys = tables.entries_of(Tables::self_slot);
    const proto::SnapBegin begun{self_, log_.epoch(), log_.version(), sums_.keys()};
    link.queue.append(FrameClass::snapshot, frame_bytes, begun);
    ++counters.snapshots_begun;
    tell_snapshot(link, tables, counters);
}

void Replication::tell_chunk(Link& link, std::span<const Change> changes) {
    chunk_.origin = self_;
    chunk_.changes.assign(changes.begin(), changes.end());
    link.queue.append(FrameClass::snapshot, frame_bytes + changes.size() * change_bytes, chunk_);
}

void Replication::tell_snapshot(Link& link, const Tables& tables, MeshCounters&) {
    SnapshotStream& stream = *link.sync.snapshot;
    while (stream.told < stream.keys.size()) {
        if (link.queue.waiting_bytes(FrameClass::snapshot) >= catchup_queue_bytes) return;
        const std::size_t count =
            std::min(proto::limits::snapshot_keys, stream.keys.size() - stream.told);
        tell_chunk(link, std::span{stream.keys}.subspan(stream.told, count));
        stream.told += count;
    }
    // The closing chunks: what was touched since the copy, as it is now.
    make_unique_keys(stream.touched);
    for (Change& change : stream.touched)
        change.count = tables.get(Tables::self_slot, change.kind, change.key);
    for (std::size_t at = 0; at < stream.touched.size(); at += proto::limits::snapshot_keys)
        tell_chunk(
            link,
            std::span{stream.touched}.subspan(
                at, std::min(proto::limits::snapshot_keys, stream.touched.size() - at)));
    const proto::SnapEnd ended{self_, log_.version(), sums_.keys(), sums_.sethash};
    link.queue.append(FrameClass::snapshot, frame_bytes, ended);
    link.sync.sent = log_.version();
    link.sync.snapshot.reset();
}

void Replication::restart(Epoch epoch, Tables& tables) {
    const std::vector<Change> entries = tables.entries_of(Tables::self_slot);
    log_.restart(epoch);
    sums_ = {};
    for (const Change& change : entries) {
        sums_.count(change, 0);
        log_.record(change, 0, sums_.keys());
    }
    flushed_ = log_.version();
    flush_at_ = never;
}

}  // namespace grapevine::mesh
