/// Publications that come from other nodes, and the answers to those for users: written, or nobody
/// here. Never forwarded on.
///
/// Answers of a turn leave together. They go on the link that is in use then: a copy is known by
/// its id and the node it was sent to, not by the link.
#pragma once

#include "mesh/exchange.hpp"
#include "mesh/fifo.hpp"
#include "mesh/flat_map.hpp"
#include "mesh/links.hpp"
#include "mesh/mesh.hpp"

#include <map>
#include <vector>

namespace grapevine::mesh {

class Arrivals {
public:
    Arrivals(const MeshConfig& config, MeshCounters& counters)
        : config_(config), counters_(counters) {}

    void
    on(const Link& link,
       const proto::Forward& forward,
       proto::HashKey hash_key,
       MeshOutput& output);
    /// What Sessions did with a copy. `version`: of this node's log now.
    void on(const Delivered& delivered, Version version, Links& links);
    /// A client here has taken a message of the node at the other end. If many wait already it is
    /// dropped and counted: a client may say so as often as it likes.
    void pass_on(const Acknowledge& acknowledge, Link& to, Links& links);
    /// Queues the answers of this turn.
    void flush(Version version, Links& links);
    /// What is remembered of a node's messages.
    void forget(NodeId node) { windows_.erase(node); }

private:
    /// The newest messages of one node that may come again, and up to which version sessions that
    /// joined have them.
    struct Window {
        FlatMap<Version> written;
        Fifo<std::uint64_t> order;
    };

    /// Sessions that joined until this version have the message already.
    [[nodiscard]] Version seen(NodeId from, const proto::Forward& forward);
    void answer(Link& link, Version version, Links& links);

    const MeshConfig& config_;
    MeshCounters& counters_;
    std::map<NodeId, Window> windows_;
    std::vector<LinkId> answering_;  ///< links with answers to flush
};

}  // namespace grapevine::mesh
