#include "tests/sim/world.hpp"

#include "proto/mesh_versions.hpp"
#include "tests/sim/converge_after_heal.hpp"
#include "tests/sim/names_known.hpp"
#include "tests/sim/one_link.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace grapevine::sim {

namespace {

constexpr std::size_t report_lines = 50;
/// Room for the names of all users of any run: with less some are missing.
constexpr std::size_t ample_names_bytes = 1024 * 1024;

}  // namespace

mesh::MeshConfig default_mesh_config() {
    mesh::MeshConfig config;
    config.cluster = "test";
    config.secret = "open sesame";
    return config;
}

World::World(WorldOptions options)
    : options_(std::move(options)), stage_(options_.seed, options_.network) {
    for (std::size_t made = 0; made < options_.nodes; ++made)
        add_node();
}

NodeOptions World::default_node_options() const {
    NodeOptions options{
        .mesh = options_.mesh,
        .sessions = options_.sessions,
        .turn_delay_least = options_.turn_delay_least,
        .turn_delay_most = options_.turn_delay_most,
        .wall_offset = {},
        .loops = options_.loops,
        .loop_crossing_most = options_.loop_crossing_most};
    options.mesh.seeds =
        options_.seeds.empty() ? std::vector<std::string>{"10.0.0.1:7000"} : options_.seeds;
    options.mesh.name.clear();
    return options;
}

Node& World::add_node() {
    return add_node(default_node_options());
}

Node& World::add_node(NodeOptions options) {
    const std::string number = std::to_string(nodes_.size() + 1);
    if (options.mesh.name.empty()) options.mesh.name = "n" + number;
    const std::string ip = "10.0.0." + number;
    if (options.mesh.advertise.empty()) options.mesh.advertise = ip + ":7000";
    nodes_.push_back(std::make_unique<Node>(stage_, std::move(options), ip));
    return *nodes_.back();
}

Client& World::add_client(ClientOptions options) {
    clients_.push_back(std::make_unique<Client>(
        stage_, std::move(options), "10.1.0." + std::to_string(clients_.size() + 1)));
    return *clients_.back();
}

Client& World::add_client(const std::string& user, const Node& connected_to) {
    Client& client = add_client(ClientOptions{
        .user = user,
        .encoding = clients_.size() % 2 == 0 ? proto::Encoding::json : proto::Encoding::protobuf});
    client.connect(connected_to);
    return client;
}

void World::start_all() {
    for (const auto& node : nodes_)
        if (!node->is_running()) node->start();
}

std::vector<ConnectionId> World::links(const Node& left, const Node& right) const {
    return stage_.network.between(left.host(), right.host());
}

Side World::side_of(ConnectionId link, const Node& node) {
    return network().peer_of({link, Side::acceptor}) == node.host() ? Side::dialer : Side::acceptor;
}

// ---- time

void World::run_for(Duration span) {
    run_until([] { return false; }, span);
}

bool World::run_until(const std::function<bool()>& reached, Duration within, Duration glance) {
    const Instant end = time() + within;
    while (is_good()) {
        if (reached()) return true;
        if (time() >= end) return false;
        stage_.clock.run_until(std::min(end, time() + glance));
        stage_.checkers.see(TimePassed{.now = time()});
    }
    return false;
}

// ---- faults of many

void World::partition(const std::vector<Node*>& left, const std::vector<Node*>& right) {
    Line line{"partition"};
    for (const Node* one : left)
        line.add("left", one->name());
    for (const Node* one : right)
        line.add("right", one->name());
    stage_.trace.say("network", line);
    for (const Node* one : left)
        for (const Node* another : right) {
            stage_.network.block(one->host(), another->host());
            stage_.network.block(another->host(), one->host());
        }
}

void World::heal() {
    stage_.trace.say("network", Line{"heal"});
    stage_.network.unblock_all();
    for (const auto& left : nodes_)
        for (const auto& right : nodes_)
            stage_.network.set_path(left->host(), right->host(), options_.network.path);
    for (const auto& node : nodes_)
        node->resume();
}

// ---- what holds

bool World::is_live(const Node& node) const {
    const mesh::MeshConfig& config = node.options().mesh;
    const std::vector<std::string>& also = options_.mesh.also_accepted;
    return node.is_running() && config.cluster == options_.mesh.cluster &&
           (config.secret == options_.mesh.secret ||
            std::find(also.begin(), also.end(), config.secret) != also.end());
}

std::vector<mesh::Mesh::Entry> World::truth() const {
    std::map<std::pair<proto::NodeId, std::pair<proto::TableKind, std::uint64_t>>, std::uint32_t>
        counts;
    for (const auto& client : clients_) {
        if (!client->is_connected() || client->process() != client->node().process() ||
            !is_live(client->node()))
            continue;
        const proto::HashKey key = client->node().mesh().hash_key();
        const proto::NodeId node = client->node().id();
        ++counts[{node, {proto::TableKind::users, proto::user_key_of(key, client->user()).value}}];
        for (const std::string& channel : client->channels())
            counts[{
                node, {proto::TableKind::channels, proto::channel_key_of(key, channel).value}}] = 1;
    }
    std::vector<mesh::Mesh::Entry> entries;
    for (const auto& [where, count] : counts)
        entries.push_back(mesh::Mesh::Entry{
            .kind = where.second.first,
            .key = where.second.second,
            .node = where.first,
            .count = static_cast<std::uint8_t>(std::min<std::uint32_t>(count, 255))});
    std::sort(entries.begin(), entries.end());
    return entries;
}

std::optional<std::string> World::why_clients_not_settled() const {
    std::map<HostId, std::size_t> sessions;
    for (const auto& client : clients_) {
        if (client->is_offline()) continue;
        if (!client->is_connected()) return client->user() + " is still connecting";
        if (client->process() != client->node().process())
            return client->user() + " talks to a dead process";
        if (client->has_open_requests()) return client->user() + " waits for an answer";
        ++sessions[client->node().host()];
    }
    for (const auto& node : nodes_)
        if (node->is_running() && node->session_count() != sessions[node->host()])
            return node->name() + " has " + std::to_string(node->session_count()) +
                   " sessions instead of " + std::to_string(sessions[node->host()]);
    return std::nullopt;
}

std::optional<std::string> World::why_not_one_link_each() const {
    std::map<proto::NodeId, std::string> names;
    std::vector<std::string> live;
    std::vector<CompleteLink> links;
    for (const auto& node : nodes_)
        names[node->id()] = node->name();
    for (const auto& node : nodes_) {
        if (!is_live(*node)) continue;
        live.push_back(node->name());
        for (const auto& [peer, link] : node->mesh().complete_links())
            if (const auto socket = node->socket_of(link))
                links.push_back(CompleteLink{
                    .node = node->name(), .peer = names[peer], .connection = socket->connection});
    }
    std::map<std::string, const Node*> by_name;
    for (const auto& node : nodes_)
        by_name[node->name()] = node.get();
    return why_not_one_link(live, links, [&](const std::string& node, const std::string& peer) {
        return by_name[node]->mesh().is_neighbour(by_name[peer]->id());
    });
}

std::optional<std::string> World::why_tables_differ() const {
    const auto entries = truth();
    for (const auto& node : nodes_)
        if (is_live(*node))
            if (auto why =
                    sim::why_not_converged(node->name(), node->mesh().visible_entries(), entries))
                return why;
    return why_names_differ();
}

std::optional<std::string> World::why_not_converged() const {
    if (auto why = why_clients_not_settled()) return why;
    return why_not_whole();
}

std::optional<std::string> World::why_not_whole() const {
    if (auto why = why_not_one_link_each()) return why;
    return why_tables_differ();
}

std::optional<std::string> World::why_names_differ() const {
    std::map<proto::NodeId, const Node*> by_id;
    for (const auto& node : nodes_)
        if (is_live(*node)) by_id[node->id()] = node.get();
    const auto keeps = [](const Node& node) {
        const mesh::MeshConfig& config = node.mesh().config();
        return config.replicate_names && config.node_names_bytes_max >= ample_names_bytes;
    };
    const auto tells = [](const Node& node) {
        return node.mesh().config().version_max >= proto::since_version<proto::Names>;
    };
    for (const auto& [id, node] : by_id) {
        const mesh::Mesh& mesh = node->mesh();
        std::vector<NameSeen> names;
        for (const mesh::Mesh::Entry& entry : mesh.visible_entries()) {
            if (entry.kind != proto::TableKind::users) continue;
            const auto of = by_id.find(entry.node);
            if (of == by_id.end()) continue;
            const bool is_own = of->second == node;
            const bool is_told = keeps(*node) && keeps(*of->second) &&
                                 (is_own || (tells(*node) && tells(*of->second)));
            const auto name = mesh.name_of_user(entry.node, entry.key);
            names.push_back(
                {.key = entry.key,
                 .of = entry.node,
                 .name = name ? std::optional<std::string>{*name} : std::nullopt,
                 .is_told = is_told});
        }
        if (auto why = sim::why_names_differ(node->name(), mesh.hash_key(), names)) return why;
    }
    return std::nullopt;
}

std::string World::report() const {
    return "seed=" + std::to_string(options_.seed) + " t=" + clock_text(stage_.clock.time()) +
           "\nviolated: " + (is_good() ? std::string{"nothing"} : stage_.verdict.first()) +
           "\nlast events:\n" + stage_.trace.last(report_lines);
}

}  // namespace grapevine::sim
