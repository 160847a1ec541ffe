#include "mesh/copies.hpp"

#include "mesh/check.hpp"

#include <algorithm>

namespace grapevine::mesh {

Copies::Copies(NodeId self, std::uint32_t begin) : attempts_(begin) {
    const std::uint32_t lane = lanes_.take();
    check(lane == lane_here, "the first lane leads here");
    lanes_[lane].node = self;
}

std::uint32_t Copies::lane_of(LinkId link, NodeId node) {
    const auto found = lane_of_link_.find(link);
    if (found != lane_of_link_.end()) return found->second;
    const std::uint32_t lane = lanes_.take();
    lanes_[lane].link = link;
    lanes_[lane].node = node;
    lane_of_link_[link] = lane;
    return lane;
}

bool Copies::lost(OfMessage& message, std::uint32_t lane) {
    const auto copy = message.take_if([&](const Copy& one) { return one.lane == lane; });
    if (copy) forget(*copy);
    return copy.has_value();
}

void Copies::drop(OfMessage& message) {
    if (message.empty()) return;
    forget(message.first_);
    for (const Copy& copy : message.more_)
        forget(copy);
    message.clear();
}

std::uint32_t Copies::end_link(LinkId link, bool replaced) {
    const auto found = lane_of_link_.find(link);
    if (found == lane_of_link_.end()) return nowhere;
    const std::uint32_t lane = found->second;
    lane_of_link_.erase(found);
    retired_.push_back(lane);
    if (replaced) return nowhere;
    lanes_[lane].link = {};
    return lanes_[lane].copies != 0 ? lane : nowhere;
}

std::vector<std::uint32_t> Copies::retired_lanes(NodeId node) const {
    std::vector<std::uint32_t> lanes;
    std::copy_if(
        retired_.begin(), retired_.end(), std::back_inserter(lanes), [&](std::uint32_t lane) {
            return lanes_[lane].node == node && lanes_[lane].copies != 0;
        });
    return lanes;
}

void Copies::sweep() {
    std::erase_if(retired_, [&](std::uint32_t lane) {
        const bool is_over = lanes_[lane].copies == 0;
        if (is_over) lanes_.give_back(lane);
        return is_over;
    });
}

}  // namespace grapevine::mesh
