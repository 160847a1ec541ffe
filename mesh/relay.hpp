/// What this node passes on to neighbours that follow it: the changes of every log, and signs of
/// life.
///
/// A follower is told everything that is new here and that it has not told us itself. Of each log
/// the last changes are kept, so that a follower that lags is told them in order; one that lags
/// further asks the log's own node. What is not newer than what was heard is never passed on, so
/// nothing goes round in circles.
#pragma once

#include "mesh/events.hpp"
#include "mesh/links.hpp"
#include "mesh/mesh_config.hpp"
#include "mesh/name_frames.hpp"
#include "mesh/node_map.hpp"
#include "mesh/now.hpp"
#include "mesh/replicas.hpp"
#include "proto/mesh_frames.hpp"

#include <optional>
#include <vector>

namespace grapevine::mesh {

using proto::Beat;
using proto::Epoch;
using proto::Version;

class Relay {
public:
    explicit Relay(const MeshConfig& config) : config_(config) {}

    // ---- followers
    /// Passes on to this node from now on. Follows `held` in pieces, each after the other.
    void follow(NodeId follower, const std::vector<proto::Held>& held);
    void unfollow(NodeId follower) { followers_.erase(follower); }
    /// It lacks what comes after `version`. False: that is not kept any more.
    bool catch_up(NodeId follower, NodeId origin, Epoch epoch, Version version);
    [[nodiscard]] bool has_followers() const { return !followers_.empty(); }
    [[nodiscard]] bool is_follower(NodeId node) const { return followers_.contains(node); }
    template <class Visit>
    void for_each_follower(Visit visit) const {
        for (const auto [node, follower] : followers_)
            visit(node);
    }

    // ---- what is heard. `from` told it.
    /// These changes were new here.
    void heard(const proto::Delta& delta, NodeId from, Now now);
    /// The copy of this log is at `version` now, and not by changes that could be passed on.
    void replaced(NodeId origin, Epoch epoch, Version version);
    /// Whether this sign of life, or a later one, was heard before.
    bool knows(const Beat& beat, NodeId from);
    /// False if it is no news.
    bool heard(const Beat& beat, NodeId from);
    /// A publication for everybody. False if it was heard before.
    bool heard(const proto::Spread& spread);
    /// The last sign of life of a node that said Leave.
    void left(NodeId node, Epoch epoch, Now now);
    void forget(NodeId origin);

    // ---- what is told
    /// Queues changes that are due, or what a follower lags; names of users before them, as far as
    /// the copies have them.
    void pump(Now now, const Replicas& replicas, Links& links, MeshCounters& counters);
    /// Queues signs of life.
    void tell_beats(Now now, Links& links);
    /// When pump() is wanted; never: nothing waits.
    [[nodiscard]] Instant due() const { return due_; }

    void check_invariants() const;

private:
    /// Changes as they came.
    struct Piece {
        Version from;
        Version to;
        std::vector<proto::Change> changes;
        std::optional<std::uint64_t> hash_after;
    };
    struct Origin {
        Epoch epoch;
        Version version;  ///< heard up to here
        std::uint32_t number = 0;  ///< from 1 on; of what is known now no two have the same
        std::vector<Piece> pieces;  ///< each goes on where the one before ends, or earlier
        std::size_t changes = 0;  ///< in all of them
        Beat beat;  ///< the newest
        std::uint64_t same_since = 0;  ///< from this beat on only `seq` has changed
        std::uint64_t spread = 0;  ///< number of the newest publication for everybody
        Instant left_at = never;

        void drop_pieces();
        /// Forgets the oldest, but never the newest piece.
        void trim(std::size_t most);
    };
    struct Told {
        Epoch epoch;
        Version version;
        std::uint64_t beat = 0;  ///< the newest that either end told the other
        std::uint64_t said = 0;  ///< the newest that was told on this link
    };
    struct Follower {
        std::vector<Told> told;  ///< by the origin's number
        LinkId link;  ///< on which beats were said
        bool is_behind = false;  ///< look at every origin, not only at the fresh ones
        bool wants_all_beats = true;
    };

    Origin& origin_at(NodeId node, Epoch epoch);
    void erase(NodeId node);
    static Told& told_at(Follower& follower, const Origin& origin);
    void tell_changes(
        Link& link,
        Follower& follower,
        const Replicas& replicas,
        Links& links,
        MeshCounters& counters);
    /// False: no room on the link now.
    bool tell_changes(
        Link& link,
        Told& told,
        NodeId node,
        const Origin& origin,
        const Replicas& replicas,
        Links& links,
        MeshCounters& counters);
    void
    tell_beats(Link& link, Follower& follower, const std::vector<Origin*>& origins, Links& links);
    void say_beats(Link& link, Links& links);
    void forget_left(Now now);

    const MeshConfig& config_;
    NodeMap<Origin> origins_;
    NodeMap<Follower> followers_;
    std::vector<std::uint32_t> free_numbers_;  ///< of origins that were forgotten
    std::size_t left_ = 0;  ///< origins that left
    std::vector<NodeId> fresh_;  ///< their changes wait to be passed on
    std::vector<NodeId> fresh_beats_;  ///< likewise; both at most one turn long
    Instant due_ = never;
    proto::Delta delta_;  ///< reused
    proto::Beats beats_;  ///< reused
    std::string again_;  ///< reused
    NameFrames name_frames_;
};

}  // namespace grapevine::mesh
