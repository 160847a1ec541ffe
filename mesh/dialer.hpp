/// Which addresses to try, and when: seeds for ever, members for as long as they are known.
///
/// An address that answered is known by its node, and is left alone while that node has a link.
/// Failures double the wait from redial_min to redial_max, ± 50 %. What a seed's newest answer
/// lists is never given up, so two halves that were started apart meet as soon as one seed can be
/// reached. What it lists no more goes when nobody answers there; what was only told goes when it
/// has led nowhere for keep_down.
#pragma once

#include "mesh/mesh.hpp"
#include "mesh/mesh_config.hpp"
#include "mesh/node_map.hpp"
#include "mesh/now.hpp"
#include "mesh/rng.hpp"
#include "mesh/seed_names.hpp"
#include "proto/ids.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace grapevine::mesh {

using proto::NodeId;

class Dialer {
public:
    Dialer(const MeshConfig& config, Rng rng);

    // ---- where to dial
    /// How many of its addresses were left out because a bound was reached.
    std::size_t resolved(const Resolved& resolved, Now now, Events& events);
    /// Another's word about a node. An address that is new here is not dialled for `wait`. False
    /// if the bound is reached.
    bool learn(const std::string& address, NodeId node, Now now, Duration wait = {});
    /// Its own word. It is nowhere else any more, if it was somewhere else before.
    bool is_at(const std::string& address, NodeId node, Now now);
    void forget(NodeId node);

    // ---- how it went
    void ended(const std::string& address, NodeId node, bool complete, Now now);
    void is_self(const std::string& address, Now now);
    void wrong_node(const std::string& address);
    /// A member must be reached again at once.
    void redial(NodeId node, Now now);

    /// What to do now. `satisfied` are the nodes that have a good link, by id, of `expected` that
    /// should.
    struct Wanted {
        struct Call {
            std::string address;
            NodeId expected;
        };
        std::vector<Call> calls;
        std::vector<std::string> seeds;
    };
    Wanted due(const std::vector<NodeId>& satisfied, std::size_t expected, Now now);
    /// The same of what was told, lost or tried since: addresses, no seeds. Whoever was satisfied
    /// at the last due() still is, unless redial() or ended() said otherwise.
    using IsSatisfied = std::function<bool(NodeId)>;
    Wanted due_since(const IsSatisfied& is_satisfied, Now now);

    /// Whether due_since() has anything to look at.
    [[nodiscard]] bool any_open() const { return !open_.empty(); }
    [[nodiscard]] std::size_t size() const { return targets_.size(); }
    /// Whose address this is; zero if nobody is known to answer there.
    [[nodiscard]] NodeId node_at(const std::string& address) const;

private:
    struct Target {
        NodeId node;  ///< zero: not known yet
        bool from_seed = false;  ///< the newest answer of a seed lists it
        bool told = false;  ///< by a node, about itself or another
        bool is_self = false;  ///< this node answered there itself
        bool reached = false;  ///< somebody answered there at least once
        bool silent = false;  ///< nobody answered there when it was dialled last
        bool dialling = false;
        bool open = false;  ///< listed in open_
        std::uint32_t failures = 0;
        Instant next{};
        Instant good{};  ///< when it was told, answered, or its node was last linked
    };
    using Targets = std::map<std::string, Target>;

    [[nodiscard]] Duration backoff(std::uint32_t failures);
    /// Only DNS knew it, knows it no more, and nobody answers there or only we do.
    [[nodiscard]] static bool is_stale(const Target& target);
    /// Whether it is dialled, or may have to be.
    void open(Targets::iterator at);
    void call_due(const IsSatisfied& is_satisfied, Now now, Wanted& wanted);

    const MeshConfig& config_;
    Rng rng_;
    Targets targets_;
    std::vector<std::string> open_;  ///< addresses that due_since() looks at, forgotten ones too
    NodeMap<std::string> homes_;  ///< what each node said last of where it is
    SeedNames names_;
};

}  // namespace grapevine::mesh
