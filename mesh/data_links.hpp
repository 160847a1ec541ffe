/// Links to nodes that are no neighbours: who is to have one, for how long, and the publications
/// that wait until it is there.
///
/// A link that has carried a message is kept for link_idle, so that people who talk to each other
/// pay for it once. While the overlay is off nobody is wanted: who has no link then is in trouble.
#pragma once

#include "mesh/events.hpp"
#include "mesh/link.hpp"
#include "mesh/mesh_config.hpp"
#include "mesh/now.hpp"
#include "proto/mesh_frames.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grapevine::mesh {

using proto::NodeId;

class DataLinks {
public:
    explicit DataLinks(const MeshConfig& config) : config_(config) {}

    /// Something is to go to this node, which has no link. True if one may soon be made.
    bool want(NodeId node, Now now);
    /// A message went over a link to it, or came.
    void used(NodeId node, Now now);
    /// Whether it is to have a link for the sake of messages.
    [[nodiscard]] bool is_wanted(NodeId node) const { return wanted_.contains(node); }
    /// One encoded frame waits for a link to be made, and for one that speaks `version`. False if
    /// too much waits.
    bool wait(
        NodeId node,
        std::string_view encoded,
        Now now,
        std::uint32_t version = proto::mesh_version_min);
    /// There is a link: what waits goes out, before anything that comes later.
    void linked(NodeId node, LinkQueue& queue, std::uint32_t version);
    void forget(NodeId node);
    /// Nodes that were not wanted before and must be dialled.
    [[nodiscard]] std::vector<NodeId> take_news() { return std::exchange(news_, {}); }
    /// What came of waiting for links that were not made.
    struct Late {
        std::size_t dropped = 0;  ///< publications that waited in vain
        bool any = false;  ///< nobody waits any more for some node
    };
    /// Lets go of idle ones, and of the idlest if there are too many. `is_on`: links may be
    /// missing.
    Late tick(bool is_on, Now now);

    [[nodiscard]] std::size_t size() const { return wanted_.size(); }

private:
    struct Wanted {
        Instant used{};  ///< wanted, or used
        Instant missing_since = never;  ///< since when it was wanted and had no link
        bool is_late = false;  ///< that is too long
        struct Frame {
            std::string encoded;
            std::uint32_t version = 0;
        };
        std::vector<Frame> waiting;
        std::size_t bytes = 0;  ///< of these
    };

    std::size_t drop_waiting(Wanted& wanted);

    const MeshConfig& config_;
    std::map<NodeId, Wanted> wanted_;
    bool is_on_ = false;
    std::size_t waiting_bytes_ = 0;
    std::vector<NodeId> news_;
};

}  // namespace grapevine::mesh
