/// Where a publication to a channel or to everybody goes: one Deliver here if somebody here wants
/// it, one Forward to each other node that has somebody. One hop: what came from a node is never
/// sent on. Nobody answers; copies for a node that is too slow are dropped and counted. (Messages
/// to users are for Flows.)
#pragma once

#include "mesh/reach.hpp"

namespace grapevine::mesh {

class Router {
public:
    explicit Router(Reach reach) : reach_(reach) {}

    void publish(const Publish& publish, MeshOutput& output);

private:
    bool to_channel(const Publish& publish, MeshOutput& output);
    bool to_everybody(const Publish& publish, MeshOutput& output);

    Reach reach_;
};

}  // namespace grapevine::mesh
