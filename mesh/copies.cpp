#include "mesh/copies.hpp"

#include "mesh/check.hpp"

namespace grapevine::mesh {

Copies::Copies(NodeId self) {
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

std::uint64_t
Copies::add(std::uint32_t message, OfMessage& of_message, std::uint32_t lane, Version known) {
    const std::uint32_t at = copies_.take();
    Copy& copy = copies_[at];
    copy.message = message;
    copy.lane = lane;
    copy.known = known;
    copy.count = ++added_ != 0 ? added_ : ++added_;
    of_message.push_back(copies_, at);
    lanes_[lane].copies.push_back(copies_, at);
    return std::uint64_t{copy.count} << 32 | at;
}

std::uint32_t Copies::find(std::uint64_t id, NodeId node) const {
    const auto at = static_cast<std::uint32_t>(id);
    if (at >= copies_.made()) return nowhere;
    const Copy& copy = copies_[at];
    const bool is_it = copy.message != nowhere && copy.count == id >> 32;
    return is_it && lanes_[copy.lane].node == node ? at : nowhere;
}

void Copies::remove(std::uint32_t at, OfMessage& of_message) {
    of_message.remove(copies_, at);
    lanes_[copies_[at].lane].copies.remove(copies_, at);
    copies_.give_back(at);
}

void Copies::sweep() {
    std::erase_if(retired_, [&](std::uint32_t lane) {
        const bool answered = lanes_[lane].copies.empty();
        if (answered) lanes_.give_back(lane);
        return answered;
    });
}

}  // namespace grapevine::mesh
