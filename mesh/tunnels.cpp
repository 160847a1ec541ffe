#include "mesh/tunnels.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

/// Links through others at a time: one for each node that cannot be reached, and their
/// replacements.
constexpr std::size_t tunnels_max = 1024;

}  // namespace

void Tunnels::opened(LinkId link, NodeId to, NodeId via) {
    const Name name{self_, link.value};
    links_[name] = link;
    ends_[link] = {.name = name, .peer = to, .via = via};
}

std::optional<LinkId> Tunnels::accepted(const proto::Tunnel& open, NodeId via) {
    const Name name = name_of(open);
    if (links_.contains(name) || ends_.size() >= tunnels_max) return {};
    const LinkId link{accepted_link_bit | tunnel_link_bit | ++accepted_};
    links_[name] = link;
    ends_[link] = {.name = name, .peer = open.from, .via = via};
    return link;
}

std::optional<LinkId> Tunnels::find(const proto::Tunnel& frame, NodeId via) const {
    const auto found = links_.find(name_of(frame));
    if (found == links_.end() || ends_.at(found->second).via != via) return {};
    return found->second;
}

void Tunnels::closed(LinkId link) {
    const auto found = ends_.find(link);
    if (found == ends_.end()) return;
    links_.erase(found->second.name);
    ends_.erase(found);
}

proto::Tunnel Tunnels::frame_of(LinkId link, proto::TunnelStep step) const {
    const End& end = ends_.at(link);
    return {
        .from = self_,
        .to = end.peer,
        .opener = end.name.opener,
        .id = end.name.id,
        .step = step,
        .bytes = 0,
        .data = {}};
}

NodeId Tunnels::via(LinkId link) const {
    return ends_.at(link).via;
}

bool Tunnels::leads_to(NodeId node) const {
    return std::any_of(ends_.begin(), ends_.end(), [&](const auto& entry) {
        return entry.second.peer == node && entry.second.name.opener == self_;
    });
}

std::vector<LinkId> Tunnels::through(NodeId via) const {
    std::vector<LinkId> links;
    for (const auto& [link, end] : ends_)
        if (end.via == via) links.push_back(link);
    return links;
}

}  // namespace grapevine::mesh
