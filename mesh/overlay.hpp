/// Who is whose neighbour when the mesh is too large for a link between every two nodes.
///
/// Every node lies on a few rings, at a place that its id gives it on each, and its neighbours are
/// the next ones before and behind it. All who know the same members agree on that without a word,
/// and the rings together are an expander: few hops between any two, and no cut that a few failures
/// make (K rings as in Rapid: Suresh et al. 2018; Law and Siu 2003).
///
///     ring 0   … ── n7 ── n2 ── n9 ── …        the neighbours of n2: n7 and n9,
///     ring 1   … ── n4 ── n2 ── n7 ── …        and n4
///
/// Up to MeshConfig::full_mesh_max members there are no rings: everybody is everybody's neighbour.
#pragma once

#include "mesh/members.hpp"
#include "mesh/mesh_config.hpp"
#include "proto/ids.hpp"

#include <vector>

namespace grapevine::mesh {

class Overlay {
public:
    Overlay(const MeshConfig& config, NodeId self) : config_(config), self_(self) {}

    /// The members are these now.
    void look(const Members& members);

    /// There are more members than links should be: only neighbours have one without a reason.
    [[nodiscard]] bool is_on() const { return is_on_; }
    /// It was on at least once: what was asked for then may still come.
    [[nodiscard]] bool was_on() const { return was_on_; }
    /// True of everybody while it is off.
    [[nodiscard]] bool is_neighbour(NodeId node) const;
    /// Of this node, by id; none while it is off.
    [[nodiscard]] const std::vector<NodeId>& neighbours() const { return is_on_ ? next_ : none_; }
    /// Who would be neighbours, also while it is off.
    [[nodiscard]] const std::vector<NodeId>& next_on_rings() const { return next_; }
    [[nodiscard]] bool is_next(NodeId node) const;
    /// The living neighbours of any node, by id: who hears it first-hand. This node may be one.
    [[nodiscard]] std::vector<NodeId> neighbours_of(NodeId node) const;

private:
    const MeshConfig& config_;
    NodeId self_;
    bool is_on_ = false;
    bool was_on_ = false;
    std::vector<NodeId> living_;  ///< this node included
    std::vector<NodeId> next_;  ///< on the rings, by id
    const std::vector<NodeId> none_;
};

}  // namespace grapevine::mesh
