/// Where a publication to a channel goes: one Deliver here if somebody here wants it, one Forward
/// to each other node that has somebody. One hop: what came from a node is never sent on. Nobody
/// answers; copies for a node that is too slow are dropped and counted. (Messages to users are for
/// Flows; those to everybody may go from neighbour to neighbour: mesh_overlay.cpp.)
#pragma once

#include "mesh/reach.hpp"

namespace grapevine::mesh {

class Router {
public:
    explicit Router(Reach reach) : reach_(reach) {}

    void publish(const Publish& publish, Now now, MeshOutput& output);
    /// Who comes or goes, to those who hear that: likewise.
    void announce(const Publish& publish, Now now, MeshOutput& output);

    // ---- one that nobody answers, as it goes
    [[nodiscard]] static Deliver deliver_here(const Publish& publish);
    [[nodiscard]] static proto::Forward frame_of(const Publish& publish);

private:
    Reach reach_;
};

}  // namespace grapevine::mesh
