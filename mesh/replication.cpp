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

/// Deltas go before snapshots in a link's queue, but these would be of no use before its end is
/// sent.
bool tells_snapshot(const Link& link) {
    return link.sync.snapshot || link.queue.waiting_bytes(FrameClass::snapshot) != 0;
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
    if (change.count == 0 && change.kind == TableKind::users) names_.drop(change.key);
    log_.record(change, before, sums_.keys());
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
    if (one_frame) encode_delta(from);
    links.for_each_node([&](NodeId, Link& link) {
        LinkSync& sync = link.sync;
        const bool has_room =
            link.queue.waiting_bytes(FrameClass::deltas) < config_.link_delta_bytes_max;
        if (one_frame && sync.sent == from && has_room && !tells_snapshot(link)) {
            if (link.keeps_names())
                for (const std::string& names : encoded_names_)
                    link.queue.append(FrameClass::deltas, names);
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

void Replication::encode_delta(Version from) {
    log_.read(from, log_.version(), delta_);
    delta_.origin = self_;
    encoded_.clear();
    proto::append_frame(encoded_, delta_);
    encoded_names_.clear();
    name_frames_.tell(names_, self_, delta_.changes, [&](const proto::Names& frame) {
        proto::append_frame(encoded_names_.emplace_back(), frame);
    });
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

void Replication::pump(
    Link& link, Now now, const Tables& tables, Links& links, MeshCounters& counters) {
    LinkSync& sync = link.sync;
    const auto tell_snapshot = [&] {
        snapshots_.tell(link, {self_, log_, sums_, tables, names_}, now, counters);
    };
    if (sync.snapshot) tell_snapshot();
    if (tells_snapshot(link)) return;
    // Changes that wait for the next flush are not told before it: that is what it is for.
    while (sync.sent < flushed_ || sync.wants_snapshot) {
        const std::uint64_t missing = flushed_.value - sync.sent.value;
        const bool is_much =
            missing > small_delta_changes && missing > sums_.keys() / snapshot_share;
        if (sync.sent < log_.floor() || is_much || sync.wants_snapshot) {
            snapshots_.want(link, now, links);
            return tell_snapshot();
        }
        if (link.queue.waiting_bytes(FrameClass::deltas) >= config_.catchup_bytes_max) return;
        tell_delta(
            link,
            Version{std::min(flushed_.value, sync.sent.value + proto::limits::delta_changes)},
            counters);
    }
}

void Replication::tell_delta(Link& link, Version to, MeshCounters& counters) {
    log_.read(link.sync.sent, to, delta_);
    delta_.origin = self_;
    name_frames_.tell_before(link, FrameClass::deltas, names_, self_, delta_.changes);
    link.queue.append(FrameClass::deltas, log_frame_bytes(delta_.changes.size()), delta_);
    link.sync.sent = to;
    ++counters.deltas_sent;
}

void Replication::restart(Epoch epoch) {
    log_.restart(epoch);
    flushed_ = log_.version();
    flush_at_ = never;
}

}  // namespace grapevine::mesh
