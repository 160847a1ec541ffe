#include "mesh/overlay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace grapevine::mesh {
namespace {

/// Nodes 1 to `count`, as each of them sees the others.
struct Rings {
    explicit Rings(std::uint64_t count, std::size_t full_mesh_max = 10) {
        config.full_mesh_max = full_mesh_max;
        for (std::uint64_t id = 1; id <= count; ++id)
            nodes.push_back(NodeId{id * 0x9e3779b97f4a7c15});
    }
    void look(Overlay& overlay, NodeId self) {
        Members members{config};
        for (const NodeId node : nodes)
            if (node != self)
                members.linked(
                    {.node_id = node, .epoch = Epoch{1}, .name = "other"},
                    {},
                    now,
                    changes,
                    events);
        overlay.look(members);
    }
    std::vector<NodeId> neighbours_of(NodeId node) {
        Overlay overlay{config, node};
        look(overlay, node);
        return overlay.neighbours();
    }
    /// How many can be reached from the first over those that are not dead.
    std::size_t reached(const std::set<NodeId>& dead = {}) {
        Overlay overlay{config, nodes.front()};
        look(overlay, nodes.front());
        std::set<NodeId> seen{nodes.front()};
        std::vector<NodeId> open{nodes.front()};
        while (!open.empty()) {
            const NodeId next = open.back();
            open.pop_back();
            for (const NodeId neighbour : overlay.neighbours_of(next))
                if (!dead.contains(neighbour) && seen.insert(neighbour).second)
                    open.push_back(neighbour);
        }
        return seen.size();
    }

    MeshConfig config;
    Now now{};
    MemberChanges changes;
    Events events;
    std::vector<NodeId> nodes;
};

TEST(Overlay, IsOffUpToTheBoundAndDoesNotFlap) {
    Rings rings{11};
    Overlay overlay{rings.config, rings.nodes.front()};
    rings.nodes.pop_back();
    rings.look(overlay, rings.nodes.front());
    EXPECT_FALSE(overlay.is_on());
    EXPECT_TRUE(overlay.is_neighbour(rings.nodes.back()));
    EXPECT_TRUE(overlay.neighbours().empty());
    rings.nodes.push_back(NodeId{99});
    rings.look(overlay, rings.nodes.front());
    EXPECT_TRUE(overlay.is_on()) << "11 of 10";
    rings.nodes.resize(9);
    rings.look(overlay, rings.nodes.front());
    EXPECT_TRUE(overlay.is_on()) << "still more than four fifths";
    rings.nodes.resize(8);
    rings.look(overlay, rings.nodes.front());
    EXPECT_FALSE(overlay.is_on());
}

TEST(Overlay, NeighboursAreEachOthers) {
    Rings rings{60};
    for (const NodeId node : rings.nodes) {
        const std::vector<NodeId> neighbours = rings.neighbours_of(node);
        EXPECT_LE(neighbours.size(), std::size_t{rings.config.overlay_rings} * 2);
        EXPECT_GE(neighbours.size(), 4u);
        for (const NodeId neighbour : neighbours) {
            const std::vector<NodeId> theirs = rings.neighbours_of(neighbour);
            EXPECT_TRUE(std::binary_search(theirs.begin(), theirs.end(), node));
        }
    }
}

TEST(Overlay, AllAgreeOnTheNeighboursOfEach) {
    Rings rings{60};
    Overlay overlay{rings.config, rings.nodes.front()};
    rings.look(overlay, rings.nodes.front());
    for (const NodeId node : rings.nodes)
        EXPECT_EQ(overlay.neighbours_of(node), rings.neighbours_of(node));
}

TEST(Overlay, EverybodyIsReachedAlsoByOneRing) {
    for (const unsigned count : {1u, 2u, 5u}) {
        Rings rings{100};
        rings.config.overlay_rings = count;
        EXPECT_EQ(rings.reached(), 100u) << count << " rings";
    }
}

TEST(Overlay, WithThreeOfTenDeadTheLivingAreStillConnected) {
    for (std::size_t first = 1; first <= 10; ++first) {
        Rings rings{1000};
        std::set<NodeId> dead;
        for (std::size_t at = first; at < rings.nodes.size(); at += 10)
            for (const std::size_t next : {at, at + 3, at + 7})
                if (next < rings.nodes.size()) dead.insert(rings.nodes[next]);
        EXPECT_EQ(rings.reached(dead), rings.nodes.size() - dead.size());
    }
}

TEST(Overlay, TwoNodesHaveEachOther) {
    Rings rings{2, 1};
    EXPECT_EQ(rings.neighbours_of(rings.nodes[0]), std::vector<NodeId>{rings.nodes[1]});
}

}  // namespace
}  // namespace grapevine::mesh
