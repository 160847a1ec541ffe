/// Who says that a node is silent, and how long a suspicion waits for others to say so too
/// (Lifeguard: Dadgar, Phillips, Currey 2018).
///
/// The first to suspect a node waits long, because the fault may be its own; each independent
/// voice shortens that. Who accuses a large part of the mesh is itself the sick one: its word
/// counts for nothing.
#pragma once

#include "mesh/mesh_config.hpp"
#include "mesh/now.hpp"
#include "proto/ids.hpp"

#include <cstddef>
#include <map>
#include <vector>

namespace grapevine::mesh {

using proto::NodeId;

/// Voices that shorten a suspicion; more change nothing.
inline constexpr std::size_t voices_wanted = 3;

/// How long a node is suspected before it counts as down. `voices`: others that say the same.
/// `able`: others that could.
[[nodiscard]] Duration
suspicion_time(std::size_t voices, std::size_t able, const MeshConfig& config);

class Suspicions {
public:
    explicit Suspicions(const MeshConfig& config) : config_(config) {}

    /// `accuser` does not hear `accused`. Believed for accusation_keep. False if that was said
    /// already.
    bool accuse(NodeId accused, NodeId accuser, Now now);
    /// The accused lives: what was said is forgotten.
    void clear(NodeId accused) { of_.erase(accused); }
    /// Neither what it said nor what was said of it counts any more.
    void forget(NodeId node);
    void tick(Now now);

    /// Voices that count, among `members` other nodes; at most voices_wanted.
    [[nodiscard]] std::size_t voices(NodeId accused, std::size_t members) const;
    /// All of them.
    [[nodiscard]] std::size_t all_voices(NodeId accused, std::size_t members) const;
    /// Who accuses it.
    [[nodiscard]] std::vector<NodeId> accusers(NodeId accused) const;
    [[nodiscard]] std::size_t size() const { return of_.size(); }

private:
    struct Accusation {
        NodeId by;
        Instant at{};
    };

    template <class Over>
    void drop_if(Over over);
    /// How many nodes this one accuses.
    [[nodiscard]] std::size_t accused_by(NodeId accuser) const;

    const MeshConfig& config_;
    std::map<NodeId, std::vector<Accusation>> of_;
};

}  // namespace grapevine::mesh
