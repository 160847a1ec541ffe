/// OneLink: when all is quiet each pair of live nodes has exactly one complete link, both ends have
/// it, and it is the same one. In a mesh with an overlay those that are no neighbours may have
/// none.
#pragma once

#include "tests/sim/network.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace grapevine::sim {

/// What one node says it has with another.
struct CompleteLink {
    std::string node;
    std::string peer;
    ConnectionId connection;
};

/// Names of two nodes of which the first must have a link to the second.
using Neighbours = std::function<bool(const std::string&, const std::string&)>;

std::optional<std::string> why_not_one_link(
    const std::vector<std::string>& live_nodes,
    const std::vector<CompleteLink>& links,
    const Neighbours& are_neighbours = [](const auto&, const auto&) { return true; });

}  // namespace grapevine::sim
