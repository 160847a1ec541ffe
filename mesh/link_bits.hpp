/// How links are numbered, so that no two ever meet.
#pragma once

#include <cstdint>

namespace grapevine::mesh {

/// Links that this node dials are numbered by Mesh, from 1. Those it accepts are numbered by the
/// edge, with this bit set.
inline constexpr std::uint64_t accepted_link_bit = std::uint64_t{1} << 63;
/// Links through another node (tunnels.hpp): the edge never sees them.
inline constexpr std::uint64_t tunnel_link_bit = std::uint64_t{1} << 62;

}  // namespace grapevine::mesh
