/// The copies of user messages that are on their way and not answered yet: each belongs to one
/// message and lies in the lane of the link it went on.
///
/// What a peer answers is believed only if that copy went to it and was not answered before. A lane
/// ends with its link, and with it all its copies; if the link was replaced in good order, what it
/// carried was read, and the answers come on the other link.
#pragma once

#include "mesh/chain.hpp"
#include "mesh/exchange.hpp"

#include <map>
#include <vector>

namespace grapevine::mesh {

/// Kept by Flows, changed here only where it says so.
struct Copy {
    std::uint32_t message = nowhere;
    std::uint32_t lane = nowhere;
    std::uint32_t count = 0;  ///< with its place it makes the id, so that no id is used twice
    Hook of_message;
    Hook of_lane;
    Version known;
};

class Copies {
public:
    /// Of one message: all its copies.
    using OfMessage = Chain<Copy, &Copy::of_message>;
    /// Copies to this node's own sessions.
    static constexpr std::uint32_t lane_here = 0;

    explicit Copies(NodeId self);

    /// The lane of a link in use; made when it is first asked for.
    std::uint32_t lane_of(LinkId link, NodeId node);
    [[nodiscard]] LinkId link_of(std::uint32_t lane) const { return lanes_[lane].link; }
    [[nodiscard]] NodeId node_of(std::uint32_t lane) const { return lanes_[lane].node; }

    /// A new copy; returns its id, never zero.
    std::uint64_t
    add(std::uint32_t message, OfMessage& of_message, std::uint32_t lane, Version known);
    /// The place of a copy that is on its way to `node`; nowhere if there is none of this id.
    [[nodiscard]] std::uint32_t find(std::uint64_t id, NodeId node) const;
    [[nodiscard]] const Copy& operator[](std::uint32_t at) const { return copies_[at]; }
    void remove(std::uint32_t at, OfMessage& of_message);
    /// The next copy of the same message.
    [[nodiscard]] std::uint32_t after(std::uint32_t at) const {
        return OfMessage::after(copies_, at);
    }

    /// What a link carried counts as lost, or if it was `replaced` in good order stays until the
    /// node is lost. Calls lost(place) for each copy; that must remove it.
    template <class Visit>
    void end_link(LinkId link, bool replaced, Visit lost) {
        const auto found = lane_of_link_.find(link);
        if (found == lane_of_link_.end()) return;
        const std::uint32_t lane = found->second;
        lane_of_link_.erase(found);
        retired_.push_back(lane);
        if (!replaced) end_lane(lane, lost);
    }
    /// Nothing that is under way to this node will be answered.
    template <class Visit>
    void lose_node(NodeId node, Visit lost) {
        for (const std::uint32_t lane : retired_)
            if (lanes_[lane].node == node) end_lane(lane, lost);
    }
    /// Gives back the lanes of links that are over and whose copies are. Until then nobody may
    /// still mean one of them.
    void sweep();

    [[nodiscard]] std::size_t size() const { return copies_.taken(); }
    [[nodiscard]] std::size_t lanes() const { return lanes_.taken(); }

private:
    struct Lane {
        LinkId link;
        NodeId node;
        Chain<Copy, &Copy::of_lane> copies;
    };

    template <class Visit>
    void end_lane(std::uint32_t lane, Visit lost) {
        lanes_[lane].link = {};
        while (!lanes_[lane].copies.empty())
            lost(lanes_[lane].copies.first());
    }

    Slots<Copy> copies_;
    Slots<Lane> lanes_;
    std::map<LinkId, std::uint32_t> lane_of_link_;
    std::vector<std::uint32_t> retired_;  ///< lanes whose link is over
    std::uint32_t added_ = 0;
};

}  // namespace grapevine::mesh
