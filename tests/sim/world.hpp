/// A whole simulated cluster: one clock, one network, nodes, clients, and every checker watching. A
/// scenario makes one, does things to it, lets time pass, and asks what became of it.
///
///     World world{{.nodes = 3, .seed = 1}};
///     world.start_all();
///     world.run_until([&] { return world.is_converged(); }, 10s);
#pragma once

#include "tests/sim/client.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/stage.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace grapevine::sim {

/// Cluster `test` with a secret, everything else as shipped.
mesh::MeshConfig default_mesh_config();

struct WorldOptions {
    std::size_t nodes = 3;
    std::uint64_t seed = 1;
    NetworkOptions network;
    /// Of every node made from these options; the name is filled in, and advertise unless it is
    /// set.
    mesh::MeshConfig mesh = default_mesh_config();
    mesh::SessionsConfig sessions;
    Duration turn_delay_least = 1us;
    Duration turn_delay_most = 100us;
    std::size_t loops = 1;  ///< of every node
    Duration loop_crossing_most = 300us;
    /// Every node's seeds; if empty, the first node is everybody's seed.
    std::vector<std::string> seeds;
};

class World {
public:
    explicit World(WorldOptions options);

    // ---- who is there
    /// Named n1, n2, ... with 10.0.0.1, 10.0.0.2, ...; not started yet.
    Node& add_node();
    Node& add_node(NodeOptions options);
    [[nodiscard]] NodeOptions default_node_options() const;
    Client& add_client(ClientOptions options);
    Client& add_client(const std::string& user, const Node& connected_to);
    /// `number` counts from 1, as the names do.
    [[nodiscard]] Node& node(std::size_t number) { return *nodes_.at(number - 1); }
    [[nodiscard]] std::vector<std::unique_ptr<Node>>& nodes() { return nodes_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
    [[nodiscard]] std::vector<std::unique_ptr<Client>>& clients() { return clients_; }
    [[nodiscard]] Stage& stage() { return stage_; }
    [[nodiscard]] Network& network() { return stage_.network; }
    void start_all();
    /// Connections between two nodes, oldest first.
    [[nodiscard]] std::vector<ConnectionId> links(const Node& left, const Node& right) const;
    /// The end of a link at which this node is.
    [[nodiscard]] Side side_of(ConnectionId link, const Node& node);

    // ---- time. All of them end early when a law is violated.
    void run_for(Duration span);
    /// Looks whether it is `reached` every `glance`.
    bool run_until(const std::function<bool()>& reached, Duration within, Duration glance = 5ms);
    [[nodiscard]] Instant time() const { return stage_.clock.time(); }

    // ---- faults of many
    void partition(const std::vector<Node*>& left, const std::vector<Node*>& right);
    /// Partitions end, pauses end, paths are as at the start. Who is dead stays dead.
    void heal();

    // ---- what holds
    [[nodiscard]] bool is_converged() const { return !why_not_converged().has_value(); }
    /// In words: tables and names equal the truth, one link per pair, nobody waits for an answer.
    [[nodiscard]] std::optional<std::string> why_not_converged() const;
    /// Every answer is back in time to spare, also if places have to be asked that only share a
    /// hash with the user.
    [[nodiscard]] bool is_prompt() const;
    /// Within `within` links and tables of the nodes are right, whoever may still be connecting to
    /// them. Ends when they are.
    void expect_wholeness(Duration within);
    /// Within `within` all is well, and it stays so.
    void expect_convergence(Duration within);
    /// Liveness: convergence, and then everything said is heard by all it is for.
    void expect_liveness(Duration within);
    /// Everybody connected says something to every channel it is in and to every user there is, and
    /// sends to all of them; so does each node's HTTP API. All of it is heard by whom it is for,
    /// every answer is exactly right, and no node is bothered that has nobody who wants it.
    void expect_delivery();
    [[nodiscard]] bool is_good() const { return stage_.verdict.is_good(); }
    /// Seed, violation and the last events.
    [[nodiscard]] std::string report() const;

private:
    /// Runs, and belongs to this cluster: same name, and a secret of those that it takes.
    [[nodiscard]] bool is_live(const Node& node) const;
    [[nodiscard]] std::vector<mesh::Mesh::Entry> truth() const;
    [[nodiscard]] std::optional<std::string> why_clients_not_settled() const;
    [[nodiscard]] std::optional<std::string> why_not_whole() const;
    [[nodiscard]] std::optional<std::string> why_not_one_link_each() const;
    [[nodiscard]] std::optional<std::string> why_tables_differ() const;
    [[nodiscard]] std::optional<std::string> why_names_differ() const;

    // ---- world_liveness.cpp
    /// An answer that must come, and what it must say.
    struct Awaited {
        std::string asker;
        std::string payload;
        std::function<const SendResult*()> result;
        std::map<std::string, Receipt> users;
    };
    /// What must not change while everybody is heard.
    [[nodiscard]] std::vector<std::uint64_t> scene() const;
    [[nodiscard]] std::set<SessionKey> audience_of(const std::string& channel) const;
    [[nodiscard]] Receipt expected_receipt(const std::string& user) const;
    /// Copies that must cross links when `from` says something to `channel`.
    [[nodiscard]] std::uint64_t forwards_for(const std::string& channel, const Node& from) const;
    [[nodiscard]] std::uint64_t forwards_sent() const;
    void say_and_expect(Client& speaker, const std::string& channel);
    void expect_answer(
        std::string asker,
        const std::string& payload,
        const std::vector<std::string>& users,
        std::function<const SendResult*()> result);
    [[nodiscard]] std::optional<std::string> why_not_right(const Awaited& awaited) const;
    void check_answers();

    WorldOptions options_;
    Stage stage_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<Awaited> awaited_;
    std::uint64_t forwards_expected_ = 0;
};

}  // namespace grapevine::sim
