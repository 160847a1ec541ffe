/// Where a publication goes: one Deliver here if somebody here wants it, one Forward to each other
/// node that has somebody. One hop: what came from a node is never sent on.
#pragma once

#include "mesh/links.hpp"
#include "mesh/mesh.hpp"
#include "mesh/tables.hpp"

namespace grapevine::mesh {

class Router {
public:
    explicit Router(const MeshConfig& config) : config_(config) {}

    void publish(
        const Publish& publish,
        const Tables& tables,
        Links& links,
        MeshCounters& counters,
        MeshOutput& output);
    /// A Forward from another node.
    void deliver(
        const proto::Forward& forward,
        proto::HashKey hash_key,
        MeshCounters& counters,
        MeshOutput& output);

private:
    /// To every node that subscribes. Copies for a node that is too slow are dropped and counted.
    bool to_channel(
        const Publish& publish,
        const Tables& tables,
        Links& links,
        MeshCounters& counters,
        MeshOutput& output);
    /// To every node that has the user, by location, this one included as a place like any other.
    /// The exact flows (drain before switch, DONE and NACK, parking) take this function's place.
    bool to_user(
        const Publish& publish,
        const Tables& tables,
        Links& links,
        MeshCounters& counters,
        MeshOutput& output);
    bool
    to_everybody(const Publish& publish, Links& links, MeshCounters& counters, MeshOutput& output);
    bool to_places(
        proto::TableKind kind,
        const Publish& publish,
        const Tables& tables,
        Links& links,
        MeshCounters& counters,
        MeshOutput& output);
    void forward(const Publish& publish, Link& link, Links& links, MeshCounters& counters);

    const MeshConfig& config_;
};

}  // namespace grapevine::mesh
