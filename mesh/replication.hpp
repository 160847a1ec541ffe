/// Tells this node's origin log to the others: eagerly as deltas, or as a snapshot to whoever is
/// too far behind. Per link only `sync.sent` is remembered; when a link is slow its deltas are not
/// queued but told later as one, so a slow node costs no memory here.
#pragma once

#include "mesh/link.hpp"
#include "mesh/links.hpp"
#include "mesh/mesh_config.hpp"
#include "mesh/name_arena.hpp"
#include "mesh/name_frames.hpp"
#include "mesh/origin_log.hpp"
#include "mesh/replicas.hpp"
#include "mesh/snapshots.hpp"
#include "mesh/tables.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh {

class Replication {
public:
    Replication(const MeshConfig& config, NodeId self, Epoch epoch, NameBudget& names)
        : config_(config),
          self_(self),
          names_(names),
          log_(epoch, config.ring_min, config.ring_max),
          snapshots_(config) {}

    /// The name of an own user, who is recorded next.
    void learn(std::uint64_t key, std::string_view name) { names_.keep(key, name); }
    /// This node's own count of a key becomes `change.count`. Versions grow only if it was another.
    void record(const Change& change, Tables& tables, Links& links, Now now);
    /// Tells everybody what changed, if the flush interval is over; else remembers when it will be.
    void flush(Now now, Links& links, MeshCounters& counters);
    /// A link is ready and its peer holds the log up to `held`.
    void begin(Link& link, Version held);
    /// The peer asks to be told from `held` on; 0 with anything told already means a snapshot.
    void catch_up(Link& link, Version held);
    /// A turn ends, and pump() follows for links that are dirty.
    void begin_turn(Now now, Links& links) { snapshots_.begin_turn(now, links); }
    /// Queues what this link lacks, as far as it has room.
    void pump(Link& link, Now now, const Tables& tables, Links& links, MeshCounters& counters);
    /// A new epoch: whoever follows it is told everything; versions go on counting.
    void restart(Epoch epoch);

    [[nodiscard]] const OriginLog& log() const { return log_; }
    [[nodiscard]] const EntrySums& sums() const { return sums_; }
    [[nodiscard]] const NameArena& names() const { return names_; }
    /// When flush() is wanted; never if nothing waits.
    [[nodiscard]] Instant flush_at() const { return flush_at_; }
    /// When flush() or another turn is wanted.
    [[nodiscard]] Instant wanted_at() const { return std::min(flush_at_, snapshots_.turn_at()); }

private:
    void tell_delta(Link& link, Version to, MeshCounters& counters);
    /// What goes to everybody, encoded once.
    void encode_delta(Version from);

    const MeshConfig& config_;
    NodeId self_;
    NameArena names_;  ///< of own users
    NameFrames name_frames_;
    OriginLog log_;
    Snapshots snapshots_;
    EntrySums sums_;
    Version flushed_;
    Instant last_flush_{Duration::min()};
    Instant flush_at_ = never;
    proto::Delta delta_;  ///< reused
    std::string encoded_;  ///< reused: one delta, encoded once for all links
    std::vector<std::string> encoded_names_;  ///< what goes before it where names are kept
};

}  // namespace grapevine::mesh
