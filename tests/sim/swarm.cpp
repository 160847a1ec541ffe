#include "tests/sim/swarm.hpp"

#include "tests/sim/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <utility>

namespace grapevine::sim {

namespace {

constexpr std::size_t swarm_nodes = 5;
constexpr std::array<const char*, 6> channels = {
    "lobby", "den", "hall", "attic", "cellar", "garden"};
/// Within this all must be well: longest redial, half-open links noticed, clients that gave up.
constexpr Duration heal_within = 60s;
/// Links that are half-open at the heal are noticed within this.
constexpr Duration settle = 12s;

struct SwarmOptions {
    WorldOptions world;
    FaultPlanOptions faults;
    std::size_t clients = 0;
    std::size_t users = 0;
    std::size_t hoppers = 0;  ///< of the clients: they change nodes all the time
    Duration hop_most{};  ///< the longest they stay
    std::size_t streams = 0;  ///< pairs of somebody who talks and a user who hears
    Duration stream_every{};
    bool has_tiny_bounds = false;
    bool has_old_programs = false;  ///< some nodes speak the first version of the protocol alone
    Duration act_every{};  ///< on average somebody does something this often
    Duration safety{};
};

std::string text_of(const SwarmOptions& options) {
    return Line{"options"}
        .add("latency_most", options.world.network.path.latency.most)
        .add("spike_one_in", std::uint64_t{options.world.network.path.latency.spike_one_in})
        .add("bytes_per_ms", options.world.network.path.bytes_per_ms)
        .add("window", std::uint64_t{options.world.network.window_bytes})
        .add("turn_delay_us", static_cast<std::uint64_t>(options.world.turn_delay_most.count()))
        .add("ring", std::uint64_t{options.world.mesh.ring_min})
        .add("flush_max", options.world.mesh.flush_max)
        .add("linger", options.world.mesh.channel_linger)
        .add("keep_down", options.world.mesh.keep_down)
        .add("flight", std::uint64_t{options.world.mesh.link_flight_bytes_max})
        .add("seeds", std::uint64_t{options.world.seeds.size()})
        .add("clients", std::uint64_t{options.clients})
        .add("users", std::uint64_t{options.users})
        .add("key_bits", std::uint64_t{options.world.mesh.key_bits})
        .add("tiny_bounds", std::uint64_t{options.has_tiny_bounds})
        .add("old_programs", std::uint64_t{options.has_old_programs})
        .add("hoppers", std::uint64_t{options.hoppers})
        .add("hop_most", options.hop_most)
        .add("streams", std::uint64_t{options.streams})
        .add("stream_every", options.stream_every)
        .add("act_every", options.act_every)
        .add("faults", std::uint64_t{options.faults.faults})
        .add("safety", options.safety)
        .text();
}

template <class Choice>
Choice pick(mesh::Rng& rng, std::initializer_list<Choice> choices) {
    return choices.begin()[rng.below(choices.size())];
}

/// So small that most of what is said meets one of them.
void bound_tightly(mesh::MeshConfig& mesh) {
    mesh.flows_max = 3;
    mesh.held_messages_max = 12;
    mesh.held_bytes_max = 4'000;
    mesh.parked_messages_max = 2;
    mesh.parked_bytes_max = 1'000;
    mesh.waiting_messages_max = 3;
    mesh.waiting_bytes_max = 2'000;
    mesh.receipts_max = 4;
    mesh.receipt_lines_max = 9;
    mesh.idempotency_keys_max = 5;
    mesh.idempotency_bytes_max = 500;
}

SwarmOptions draw_options(std::uint64_t seed, mesh::Rng& rng) {
    SwarmOptions options;
    WorldOptions& world = options.world;
    world.nodes = swarm_nodes;
    world.seed = seed;
    world.network.path.latency.least = 100us;
    world.network.path.latency.most = pick<Duration>(rng, {300us, 2ms, 20ms, 120ms});
    world.network.path.latency.spike_one_in = pick<std::uint32_t>(rng, {0, 0, 20, 200});
    world.network.path.latency.spike = pick<Duration>(rng, {50ms, 400ms, 1500ms});
    world.network.path.bytes_per_ms = pick<std::uint64_t>(rng, {0, 0, 200, 2000});
    world.network.window_bytes = pick<std::size_t>(rng, {4'000, 64 * 1024, 256 * 1024});
    world.network.dial_timeout = pick<Duration>(rng, {1s, 3s, 10s});
    world.turn_delay_most = pick<Duration>(rng, {10us, 100us, 5ms});
    world.mesh.ring_min = world.mesh.ring_max = pick<std::uint32_t>(rng, {4, 16, 1024});
    world.mesh.flush_max = pick<Duration>(rng, {10ms, 500ms});
    world.mesh.flush_per_node = pick<Duration>(rng, {500us, 50ms});
    world.mesh.channel_linger = pick<Duration>(rng, {0ms, 200ms, 2s});
    world.mesh.keep_down = pick<Duration>(rng, {3s, 600s});
    world.mesh.link_flight_bytes_max = pick<std::size_t>(rng, {2'000, 256 * 1024});
    world.mesh.resolve_every = 10s;
    world.sessions.ping_every = 5s;
    world.sessions.pong_within = 4s;  // two spikes and some
    if (rng.one_in(3))
        world.seeds.push_back(swarm_name);
    else if (rng.one_in(2))
        for (std::size_t number = 1; number <= swarm_nodes; ++number)
            world.seeds.push_back("10.0.0." + std::to_string(number) + ":7000");
    options.clients = 6 + rng.below(10);
    options.users = 3 + rng.below(8);
    world.mesh.key_bits = pick<unsigned>(rng, {64, 64, 64, 3});
    options.has_tiny_bounds = rng.one_in(6);
    if (options.has_tiny_bounds) bound_tightly(world.mesh);
    options.hoppers = rng.below(options.clients);
    options.hop_most = pick<Duration>(rng, {150ms, 600ms, 2s});
    options.streams = rng.below(4);
    options.stream_every = pick<Duration>(rng, {10ms, 40ms, 160ms});
    options.act_every = pick<Duration>(rng, {5ms, 20ms, 80ms});
    options.safety = Duration{1s * rng.between(5, 16)};
    options.faults = FaultPlanOptions{
        .nodes = swarm_nodes,
        .clients = options.clients,
        .faults = rng.below(24),
        .from = 500ms,
        .to = options.safety};
    options.has_old_programs = rng.one_in(3);
    return options;
}

class Swarm {
public:
    explicit Swarm(std::uint64_t seed)
        : rng_(seed),
          options_(draw_options(seed, rng_)),
          plan_(draw_faults(rng_, options_.faults)),
          world_(options_.world) {
        for (const auto& node : world_.nodes())
            if (options_.has_old_programs && rng_.one_in(2))
                node->options().mesh.version_max = proto::mesh_version_min;
        std::vector<std::string> addresses;
        for (const auto& node : world_.nodes())
            addresses.push_back(node->mesh_address());
        world_.stage().names.set(swarm_name, addresses);
        for (std::size_t made = 0; made < options_.clients; ++made)
            world_.add_client(ClientOptions{
                .user = "u" + std::to_string(rng_.below(options_.users)),
                .encoding = rng_.one_in(2) ? proto::Encoding::json : proto::Encoding::protobuf,
                .silence_most = 12s,
                .acknowledges = !rng_.one_in(4)});
    }

    void run() {
        world_.start_all();
        schedule(world_, plan_);
        act_later();
        for (std::size_t hopper = 0; hopper < options_.hoppers; ++hopper)
            hop_later(*world_.clients()[hopper]);
        for (std::size_t stream = 0; stream < options_.streams; ++stream)
            begin_stream();
        world_.run_for(options_.safety);
        is_acting_ = false;
        world_.heal();
        world_.run_for(settle);
        start_the_dead();
        bring_all_online();
        world_.run_until([this] { return all_are_connected(); }, heal_within);
        const bool has_collisions = options_.world.mesh.key_bits != 64;
        // Much is refused, or is too late when one place after the other has denied the user.
        if (options_.has_tiny_bounds || (has_collisions && !world_.is_prompt()))
            world_.expect_convergence(heal_within);
        else
            world_.expect_liveness(heal_within);
    }

    [[nodiscard]] std::string report() const {
        std::string text = "seed=" + std::to_string(options_.world.seed) + "\n" +
                           text_of(options_) + "\nfault plan:\n";
        for (const Fault& fault : plan_)
            text += "  " + text_of(fault) + "\n";
        return text + world_.report();
    }
    World& world() { return world_; }

private:
    void act_later() {
        const Duration wait{static_cast<Duration::rep>(
            1 + rng_.below(static_cast<std::uint64_t>(2 * options_.act_every.count())))};
        world_.stage().clock.in(wait, [this] {
            if (!is_acting_) return;
            act(*world_.clients()[rng_.below(world_.clients().size())]);
            act_later();
        });
    }

    void hop_later(Client& client) {
        constexpr Duration least = 50ms;
        const auto most = static_cast<std::uint64_t>((options_.hop_most - least).count());
        world_.stage().clock.in(
            least + Duration{static_cast<Duration::rep>(rng_.below(most))}, [this, &client] {
                if (!is_acting_) return;
                rng_.one_in(2) ? client.move_to(some_node()) : client.move_gently_to(some_node());
                hop_later(client);
            });
    }

    void begin_stream() {
        // One draw after the other: the order of arguments is the compiler's.
        const bool by_api = rng_.one_in(4);
        const std::size_t talker = rng_.below(options_.clients);
        stream_later(by_api, talker, some_user());
    }

    /// Somebody talks to one user all the time, in every way there is: a client, or the HTTP API of
    /// any node.
    void stream_later(bool by_api, std::size_t talker, const std::string& user) {
        const Duration wait{static_cast<Duration::rep>(
            1 + rng_.below(static_cast<std::uint64_t>(2 * options_.stream_every.count())))};
        world_.stage().clock.in(wait, [this, by_api, talker, user] {
            if (!is_acting_) return;
            Client& client = *world_.clients()[talker];
            if (by_api)
                talk_by_api(user);
            else
                talk(client, user);
            stream_later(by_api, talker, user);
        });
    }

    void talk(Client& client, const std::string& user) {
        if (rng_.one_in(2)) {
            client.say("#" + user);
            return;
        }
        Keyed& keyed = keyed_[client.host()];
        if (rng_.one_in(8) && client.is_connected() && keyed.process == client.process())
            return client.send_again(keyed.payload);
        const SendOrder order = some_order(user);
        const std::string payload = client.send(order);
        if (!payload.empty() && !order.idempotency_key.empty())
            keyed = {.payload = payload, .process = client.process()};
    }

    void talk_by_api(const std::string& user) {
        Node& node = some_node();
        if (!node.is_running()) return;
        if (rng_.one_in(2))
            node.publish("#" + user);
        else
            node.send(some_order(user));
    }

    SendOrder some_order(const std::string& user) {
        SendOrder order{
            .to = {user},
            .wait = static_cast<Wait>(rng_.below(3)),
            .at_least_once = rng_.one_in(4),
            .idempotency_key = {}};
        if (rng_.one_in(6)) {
            order.to = {"nobody"};
            for (std::size_t number = 0; number < options_.users; ++number)
                order.to.push_back("u" + std::to_string(number));
        }
        if (rng_.one_in(4)) order.idempotency_key = "key" + std::to_string(++keys_);
        return order;
    }

    std::string some_user() { return "u" + std::to_string(rng_.below(options_.users)); }

    Node& some_node() { return world_.node(1 + rng_.below(swarm_nodes)); }

    void act(Client& client) {
        const std::string channel = channels[rng_.below(channels.size())];
        if (client.is_offline()) return client.connect(some_node());
        switch (rng_.below(24)) {
        case 0: return client.move_to(some_node());
        case 1: return client.disconnect();
        case 2: return rng_.one_in(4) ? client.vanish() : client.disconnect();
        case 3:
        case 4:
        case 5: return client.unsubscribe(channel);
        case 6:
        case 7:
        case 8:
        case 9: return client.subscribe(channel);
        case 10: {
            const std::size_t size = rng_.below(3'000);
            client.say("#u" + std::to_string(rng_.below(options_.users)), size);
            return;
        }
        case 11:
        case 12:
        case 13:
        case 14: client.say("#u" + std::to_string(rng_.below(options_.users))); return;
        case 15:
            if (Node& node = some_node(); node.is_running())
                node.publish(rng_.one_in(2) ? "$system" : channel);
            return;
        default: client.say(channel); return;
        }
    }

    void start_the_dead() {
        for (const auto& node : world_.nodes())
            if (!node->is_running()) node->start();
    }

    [[nodiscard]] bool all_are_connected() {
        return std::all_of(
            world_.clients().begin(), world_.clients().end(), [](const auto& client) {
                return client->is_connected();
            });
    }

    /// Whoever is offline connects somewhere; those who give up later are brought back too.
    void bring_all_online() {
        for (const auto& client : world_.clients())
            if (client->is_offline()) client->connect(some_node());
        world_.stage().clock.in(500ms, [this] { bring_all_online(); });
    }

    mesh::Rng rng_;
    SwarmOptions options_;
    std::vector<Fault> plan_;
    World world_;
    /// The last send with a key, and who remembers it.
    struct Keyed {
        std::string payload;
        ProcessKey process;
    };
    std::map<HostId, Keyed> keyed_;
    std::uint64_t keys_ = 0;
    bool is_acting_ = true;
};

}  // namespace

std::string trace_line(const SwarmResult& result) {
    return Line{"trace"}
        .add("seed", result.seed)
        .add("hash", hex_text(result.trace_hash))
        .add("steps", result.steps)
        .add("messages", result.messages)
        .add("said", result.said)
        .add("good", std::uint64_t{result.good})
        .text();
}

SwarmResult run_swarm(std::uint64_t seed, const SwarmWatcher& watcher) {
    Swarm swarm{seed};
    if (watcher) watcher([&swarm] { return swarm.report(); });
    swarm.run();
    Stage& stage = swarm.world().stage();
    SwarmResult result{
        .good = stage.verdict.is_good(),
        .seed = seed,
        .trace_hash = stage.trace.hash(),
        .steps = stage.clock.steps(),
        .messages = stage.network.messages_delivered(),
        .said = stage.sayings,
        .report = {}};
    if (!result.good) result.report = swarm.report();
    return result;
}

}  // namespace grapevine::sim
