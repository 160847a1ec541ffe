/// Measures how a cluster of N nodes behaves, on the virtual clock: what a change takes until every
/// other node shows it, what a lost node takes until nobody shows its users, and what all links
/// together are given to carry. Asserts nothing but that all this happens at all.
///
/// Virtual time knows latency and the waiting of the protocol, not the work of a processor: what it
/// says of time is what the protocol costs on machines that are fast enough.
#pragma once

#include "tests/sim/world.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace grapevine::sim {

struct ScaleOptions {
    std::size_t nodes = 3;
    std::uint64_t seed = 1;
    Latency latency;
    std::size_t full_mesh_max = mesh::MeshConfig{}.full_mesh_max;
    std::uint64_t quiet_rate = 1'000;  ///< changes a second in the whole cluster
    std::uint64_t busy_rate = 10'000;
    Duration changes_for = 10s;  ///< of each rate
    Duration idle_for = 60s;
    std::uint64_t rounds = 5;  ///< of lost nodes, each kind
    Duration start_over{};  ///< nodes start one after the other, evenly in this time; zero: at once
    std::function<void(const char* what)> done;  ///< told at the end of each part, if anybody asks
};

/// What the links of a node were given, in a second.
struct Traffic {
    std::uint64_t bytes_mean = 0;  ///< over all nodes: as many come in
    std::uint64_t bytes_most = 0;  ///< of the node with most
    std::uint64_t messages_mean = 0;
};

/// From a change at one node until the last of the others shows it.
struct Seen {
    std::vector<Duration> took;  ///< sorted
    std::size_t missed = 0;  ///< not shown everywhere in time

    /// Of `per_mille` of the changes at most this.
    [[nodiscard]] Duration quantile(std::size_t per_mille) const;
};

struct ScaleFigures {
    /// From the last start on, until each shows the users of each, and has a link to each unless
    /// the mesh is too large for that.
    Duration formed{};
    std::size_t links = 0;  ///< a node keeps, on average
    Traffic idle;
    Seen quiet;
    Traffic quiet_traffic;
    Seen busy;
    Traffic busy_traffic;
    Seen killed;  ///< the process
    Seen silent;  ///< the host
};

class Scale {
public:
    explicit Scale(const ScaleOptions& options);

    /// Throws std::runtime_error if the cluster does not come together.
    ScaleFigures measure();

private:
    /// Somebody came or went, and not all show it yet.
    struct Watched {
        std::string user;
        std::uint32_t sessions = 0;  ///< that are to be seen
        Instant since;
        std::vector<bool> shown;  ///< by node
        std::size_t missing = 0;
    };
    struct Visitor {
        std::string user;
        std::size_t node = 0;
        proto::SessionId session;
        Instant leaves;
    };

    // ---- the cluster
    [[nodiscard]] std::string resident(std::size_t node) const;
    void start_all();
    Duration form();
    [[nodiscard]] bool is_formed() const;
    [[nodiscard]] bool is_large() const { return options_.nodes > options_.full_mesh_max; }
    [[nodiscard]] std::size_t links_of_a_node() const;
    // ---- what changes
    /// `seen`: where some of the changes are noted; null: nowhere.
    void run_changes(std::uint64_t rate, Duration span, Seen* seen);
    Traffic busy_with(std::uint64_t rate, Seen& seen);
    void come(std::uint64_t rate, Seen* seen);
    void leave(std::uint64_t rate, Seen* seen);
    Seen lose_nodes(bool with_host);
    // ---- who sees it
    void watch(std::string user, std::size_t origin, std::uint32_t sessions, Seen& seen);
    void look(const Node& node);
    /// Until all is shown that is watched.
    void finish_watching();
    // ---- what links carry
    [[nodiscard]] std::vector<LinkTraffic> traffic() const;
    [[nodiscard]] Traffic since(const std::vector<LinkTraffic>& before, Duration span) const;

    ScaleOptions options_;
    World world_;
    mesh::Rng rng_;
    std::vector<Watched> watched_;
    Seen* seen_ = nullptr;  ///< where the watched are noted
    std::deque<Visitor> visitors_;  ///< who leaves first is first
    std::uint64_t visitors_made_ = 0;
};

}  // namespace grapevine::sim
