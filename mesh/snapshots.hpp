/// Tells this node's whole log to whoever is too far behind for deltas: a few links at a time, each
/// a bounded piece a turn. The others wait in line; who is at it for long gives way to them and
/// goes on later where it was.
#pragma once

#include "mesh/fifo.hpp"
#include "mesh/link.hpp"
#include "mesh/links.hpp"
#include "mesh/mesh_config.hpp"
#include "mesh/name_arena.hpp"
#include "mesh/name_frames.hpp"
#include "mesh/origin_log.hpp"
#include "mesh/replicas.hpp"
#include "mesh/tables.hpp"

#include <span>
#include <vector>

namespace grapevine::mesh {

/// Room for a frame of the log, as a rule, with so many changes in it.
inline std::size_t log_frame_bytes(std::size_t changes) {
    return 64 + 9 * changes;
}

/// What a snapshot is made of.
struct SnapshotSource {
    NodeId self;
    const OriginLog& log;
    const EntrySums& sums;
    const Tables& tables;
    const NameArena& names;
};

class Snapshots {
public:
    explicit Snapshots(const MeshConfig& config) : config_(config) {}

    /// A turn ends: who may be told something in it? They are marked dirty.
    void begin_turn(Now now, Links& links);
    /// This link is to be told everything, as soon as it is its turn.
    void want(Link& link, Now now, Links& links);
    /// Queues the next piece for this link, if it is its turn, until its queue or the turn's share
    /// of work is full. At the end `sync.sent` is how far it was told.
    void tell(Link& link, const SnapshotSource& source, Now now, MeshCounters& counters);

    /// When another turn is wanted though nothing may happen until then; never: there is no hurry.
    [[nodiscard]] Instant turn_at() const { return turn_at_; }

private:
    struct Turn {
        LinkId link;
        Instant until;  ///< then others that wait go first
    };

    void give_turns(Now now, Links& links);
    [[nodiscard]] bool has_turn(LinkId link) const;
    void begin(Link& link, const SnapshotSource& source);
    /// Keys or changes of which so many may be told: fewer if names go with them.
    [[nodiscard]] std::size_t
    at_once(const Link& link, const SnapshotSource& source, std::size_t most) const;
    void tell_keys(Link& link, const SnapshotSource& source);
    void tell_changes(Link& link, const SnapshotSource& source);
    void tell_chunks(Link& link, const SnapshotSource& source, std::span<const Change> changes);

    const MeshConfig& config_;
    std::vector<Turn> turns_;
    Fifo<LinkId> waiting_;  ///< some may be gone
    Instant turn_at_ = never;
    proto::Delta delta_;  ///< reused
    proto::SnapChunk chunk_;  ///< reused
    NameFrames name_frames_;
    std::vector<Change> keys_;  ///< reused
};

}  // namespace grapevine::mesh
