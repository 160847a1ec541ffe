/// Which addresses to try, and when: seeds for ever, members for as long as they are known.
///
/// An address that answered is known by its node, and is left alone while that node has a link.
/// Failures double the wait from redial_min to redial_max, ± 50 %. Seeds are never given up; what
/// was only told is dropped when it has led nowhere for keep_down.
#pragma once

#include "mesh/mesh_config.hpp"
#include "mesh/now.hpp"
#include "mesh/rng.hpp"
#include "proto/ids.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace grapevine::mesh {

using proto::NodeId;

class Dialer {
public:
    Dialer(const MeshConfig& config, Rng rng);

    // ---- where to dial
    void resolved(const std::string& seed, const std::vector<std::string>& addresses, Now now);
    /// A node's own word, or another's about it. False if the bound is reached.
    bool learn(const std::string& address, NodeId node, Now now);
    void forget(NodeId node);

    // ---- how it went
    void ended(const std::string& address, NodeId node, bool complete, Now now);
    void is_self(const std::string& address, Now now);
    void wrong_node(const std::string& address);
    /// A member must be reached again at once.
    void redial(NodeId node, Now now);

    /// What to do now. `satisfied` are the nodes that have a good link.
    struct Wanted {
        struct Call {
            std::string address;
            NodeId expected;
        };
        std::vector<Call> calls;
        std::vector<std::string> seeds;
    };
    Wanted due(const std::set<NodeId>& satisfied, Now now);

    [[nodiscard]] std::size_t size() const { return targets_.size(); }
    /// Whose address this is; zero if nobody is known to answer there.
    [[nodiscard]] NodeId node_at(const std::string& address) const;

private:
    struct Target {
        NodeId node;  ///< zero: not known yet
        bool from_seed = false;
        bool is_self = false;  ///< this node answered there itself
        bool reached = false;  ///< somebody answered there at least once
        bool dialling = false;
        std::uint32_t failures = 0;
        Instant next{};
        Instant good{};  ///< when it was told, answered, or its node was last linked
    };
    struct Seed {
        std::string text;
        bool asked = false;
        bool answered = false;
        Instant next{};
    };

    [[nodiscard]] Duration backoff(std::uint32_t failures);

    const MeshConfig& config_;
    Rng rng_;
    std::map<std::string, Target> targets_;
    std::vector<Seed> seeds_;
};

}  // namespace grapevine::mesh
