#include "mesh/overlay.hpp"

#include "proto/hash.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

/// One link fewer than the bound must not turn it off at once, nor one more on again.
constexpr std::size_t off_numerator = 4;
constexpr std::size_t off_denominator = 5;

/// Where a node lies on a ring.
std::uint64_t place_of(NodeId node, unsigned ring) {
    return proto::mix64(node.value + proto::mix64(ring + 1));
}

}  // namespace

void Overlay::look(const Members& members) {
    std::vector<NodeId> living{self_};
    living.reserve(living_.size() + 1);
    members.for_each([&](const Member& member) {
        if (member.state < MemberState::down) living.push_back(member.node);
    });
    if (living == living_) return;
    living_ = std::move(living);
    const std::size_t most = config_.full_mesh_max;
    is_on_ = living_.size() > (is_on_ ? most * off_numerator / off_denominator : most);
    was_on_ = was_on_ || is_on_;
    next_ = neighbours_of(self_);
}

bool Overlay::is_neighbour(NodeId node) const {
    return !is_on_ || is_next(node);
}

bool Overlay::is_next(NodeId node) const {
    return std::binary_search(next_.begin(), next_.end(), node);
}

std::vector<NodeId> Overlay::neighbours_of(NodeId node) const {
    std::vector<NodeId> found;
    for (unsigned ring = 0; ring < config_.overlay_rings; ++ring) {
        // The distance along the ring, which wraps: the least one behind it, and the greatest,
        // which is the least before it.
        const std::uint64_t from = place_of(node, ring);
        NodeId next;
        NodeId previous;
        std::uint64_t nearest = UINT64_MAX;
        std::uint64_t farthest = 0;
        for (const NodeId other : living_) {
            if (other == node) continue;
            const std::uint64_t distance = place_of(other, ring) - from;
            if (distance <= nearest) {
                nearest = distance;
                next = other;
            }
            if (distance >= farthest) {
                farthest = distance;
                previous = other;
            }
        }
        if (next) found.push_back(next);
        if (previous) found.push_back(previous);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace grapevine::mesh
