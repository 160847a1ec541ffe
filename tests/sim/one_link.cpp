#include "tests/sim/one_link.hpp"

namespace grapevine::sim {

namespace {

std::vector<ConnectionId>
links_of(const std::vector<CompleteLink>& links, const std::string& node, const std::string& peer) {
    std::vector<ConnectionId> found;
    for (const CompleteLink& link : links)
        if (link.node == node && link.peer == peer) found.push_back(link.connection);
    return found;
}

}  // namespace

std::optional<std::string> why_not_one_link(
    const std::vector<std::string>& live_nodes,
    const std::vector<CompleteLink>& links,
    const Neighbours& are_neighbours) {
    for (const std::string& node : live_nodes)
        for (const std::string& peer : live_nodes) {
            if (node == peer) continue;
            const auto mine = links_of(links, node, peer);
            const auto theirs = links_of(links, peer, node);
            if (mine.size() != 1 && (!mine.empty() || are_neighbours(node, peer)))
                return node + " has " + std::to_string(mine.size()) + " links to " + peer;
            if (theirs != mine) return node + " and " + peer + " use different links";
        }
    for (const CompleteLink& link : links) {
        bool is_live = false;
        for (const std::string& node : live_nodes)
            is_live = is_live || node == link.peer;
        if (!is_live) return link.node + " has a link to " + link.peer + ", which is gone";
    }
    return std::nullopt;
}

}  // namespace grapevine::sim
