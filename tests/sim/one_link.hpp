/// OneLink: when all is quiet each pair of live nodes has exactly one complete link, both ends have
/// it, and it is the same one.
#pragma once

#include "tests/sim/network.hpp"

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

std::optional<std::string> why_not_one_link(
    const std::vector<std::string>& live_nodes, const std::vector<CompleteLink>& links);

}  // namespace grapevine::sim
