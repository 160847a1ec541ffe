#include "tests/sim/swarm.hpp"

#include "tests/sim/fault_plan.hpp"
#include "tests/sim/swarm_options.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace grapevine::sim {

namespace {

constexpr std::array<const char*, 6> channels = {
    "lobby", "den", "hall", "attic", "cellar", "garden"};
/// Within this all must be well: longest redial, half-open links noticed, clients that gave up.
constexpr Duration heal_within = 60s;
/// Nodes alone, once the network is whole: links that are half-open are noticed, whoever was cut
/// off is linked and told again. Two round trips come on top.
constexpr Duration whole_within = 15s;
/// The dead stay dead for this long at least.
constexpr Duration settle = 12s;

/// A generator for each concern: what is left out of one leaves the draws of the others as they
/// are.
struct Dice {
    explicit Dice(std::uint64_t seed) : all(seed) {}

    mesh::Rng all;
    mesh::Rng options = all.fork();
    mesh::Rng plan = all.fork();
    mesh::Rng programs = all.fork();
    mesh::Rng clients = all.fork();
    mesh::Rng acts = all.fork();
    mesh::Rng hops = all.fork();
    mesh::Rng streams = all.fork();
};

/// The plan is drawn for the whole of it: `faults` stays.
SwarmOptions shortened(SwarmOptions options, const SwarmCut& cut) {
    options.clients = std::min(options.clients, cut.clients_most);
    options.hoppers = std::min({options.hoppers, cut.hoppers_most, options.clients});
    options.streams = std::min(options.streams, cut.streams_most);
    options.safety = std::min(options.safety, cut.safety_most);
    return options;
}

/// "Law: what of it was violated"
std::string law_in(const std::string& violation) {
    return violation.substr(0, violation.find(':'));
}

class Swarm {
public:
    explicit Swarm(const SwarmOrder& order)
        : dice_(order.seed),
          options_(shortened(draw_options(order.seed, dice_.options), order.cut)),
          plan_(draw_faults(dice_.plan, options_.faults)),
          cut_(order.cut),
          on_fault_(order.on_fault),
          world_(options_.world) {
        for (const auto& node : world_.nodes())
            if (dice_.programs.one_in(2) && options_.has_old_programs)
                node->options().mesh.version_max = proto::mesh_version_min;
        for (const auto& node : world_.nodes())
            if (options_.has_nodes_without_names && dice_.programs.one_in(3))
                node->options().mesh.replicate_names = false;
        std::vector<std::string> addresses;
        for (const auto& node : world_.nodes())
            addresses.push_back(node->mesh_address());
        world_.stage().names.set(swarm_name, addresses);
        for (std::size_t made = 0; made < options_.clients; ++made)
            add_client();
    }

    void run() {
        world_.start_all();
        schedule(world_, kept_faults(), on_fault_);
        act_later();
        for (std::size_t hopper = 0; hopper < options_.hoppers; ++hopper)
            hop_later(*world_.clients()[hopper]);
        for (std::size_t stream = 0; stream < options_.streams; ++stream)
            begin_stream();
        world_.run_for(options_.safety);
        is_acting_ = false;
        heal();
        start_the_dead();
        bring_all_online();
        world_.run_until([this] { return all_are_connected(); }, heal_within);
        const bool has_collisions = options_.world.mesh.key_bits != 64;
        // Much is refused, or is too late when one place after the other has denied the user.
        if (options_.is_lossy || (has_collisions && !world_.is_prompt()))
            world_.expect_convergence(heal_within);
        else
            world_.expect_liveness(heal_within);
    }

    [[nodiscard]] std::string report() const {
        std::string text = "seed=" + std::to_string(options_.world.seed) + "\n" +
                           text_of(options_) + "\nfault plan:\n";
        for (const std::size_t at : kept())
            text += "  #" + std::to_string(at) + " " + text_of(fault(at)) + "\n";
        return text + world_.report();
    }
    [[nodiscard]] SwarmSize size() const {
        return SwarmSize{
            .faults = kept(),
            .clients = options_.clients,
            .hoppers = options_.hoppers,
            .streams = options_.streams,
            .safety = options_.safety};
    }
    [[nodiscard]] SwarmResult result() {
        Stage& stage = world_.stage();
        return SwarmResult{
            .good = stage.verdict.is_good(),
            .law = law_in(stage.verdict.first()),
            .seed = options_.world.seed,
            .trace_hash = stage.trace.hash(),
            .steps = stage.clock.steps(),
            .messages = stage.network.messages_delivered(),
            .said = stage.sayings,
            .whole_after = whole_after_,
            .report = stage.verdict.is_good() ? "" : report()};
    }

private:
    void add_client() {
        // One draw after the other: the order of arguments is the compiler's.
        ClientOptions client;
        client.user = some_user(dice_.clients);
        client.encoding =
            dice_.clients.one_in(2) ? proto::Encoding::json : proto::Encoding::protobuf;
        client.silence_most = 12s;
        client.acknowledges = !dice_.clients.one_in(4);
        client.watches = dice_.clients.one_in(2);
        world_.add_client(client);
    }

    /// Places in the plan of the faults that happen.
    [[nodiscard]] std::vector<std::size_t> kept() const {
        std::vector<std::size_t> kept;
        for (std::size_t at = 0; at < plan_.size(); ++at)
            if (plan_[at].at <= options_.safety &&
                (!cut_.faults.has_value() ||
                 std::find(cut_.faults->begin(), cut_.faults->end(), at) != cut_.faults->end()))
                kept.push_back(at);
        return kept;
    }

    [[nodiscard]] Fault fault(std::size_t at) const {
        Fault fault = plan_[at];
        fault.span /= Duration::rep{1} << cut_.spans_halved;
        return fault;
    }

    [[nodiscard]] std::vector<Fault> kept_faults() const {
        std::vector<Fault> faults;
        for (const std::size_t at : kept())
            faults.push_back(fault(at));
        return faults;
    }

    void act_later() {
        const Duration wait{static_cast<Duration::rep>(
            1 + dice_.acts.below(static_cast<std::uint64_t>(2 * options_.act_every.count())))};
        world_.stage().clock.in(wait, [this] {
            if (!is_acting_) return;
            act(*world_.clients()[dice_.acts.below(world_.clients().size())]);
            act_later();
        });
    }

    void hop_later(Client& client) {
        constexpr Duration least = 50ms;
        const auto most = static_cast<std::uint64_t>((options_.hop_most - least).count());
        world_.stage().clock.in(
            least + Duration{static_cast<Duration::rep>(dice_.hops.below(most))}, [this, &client] {
                if (!is_acting_) return;
                dice_.hops.one_in(2) ? client.move_to(some_node(dice_.hops))
                                     : client.move_gently_to(some_node(dice_.hops));
                hop_later(client);
            });
    }

    void begin_stream() {
        // One draw after the other: the order of arguments is the compiler's.
        const bool by_api = dice_.streams.one_in(4);
        const std::size_t talker = dice_.streams.below(options_.clients);
        stream_later(by_api, talker, some_user(dice_.streams));
    }

    /// Somebody talks to one user all the time, in every way there is: a client, or the HTTP API of
    /// any node.
    void stream_later(bool by_api, std::size_t talker, const std::string& user) {
        const Duration wait{static_cast<Duration::rep>(
            1 +
            dice_.streams.below(static_cast<std::uint64_t>(2 * options_.stream_every.count())))};
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
        if (dice_.streams.one_in(2)) {
            client.say("#" + user);
            return;
        }
        Keyed& keyed = keyed_[client.host()];
        if (dice_.streams.one_in(8) && client.is_connected() && keyed.process == client.process())
            return client.send_again(keyed.payload);
        const SendOrder order = some_order(user);
        const std::string payload = client.send(order);
        if (!payload.empty() && !order.idempotency_key.empty())
            keyed = {.payload = payload, .process = client.process()};
    }

    void talk_by_api(const std::string& user) {
        Node& node = some_node(dice_.streams);
        if (!node.is_running()) return;
        if (dice_.streams.one_in(2))
            node.publish("#" + user);
        else
            node.send(some_order(user));
    }

    SendOrder some_order(const std::string& user) {
        SendOrder order{
            .to = {user},
            .wait = static_cast<Wait>(dice_.streams.below(3)),
            .at_least_once = dice_.streams.one_in(4),
            .idempotency_key = {}};
        if (dice_.streams.one_in(6)) {
            order.to = {"nobody"};
            for (std::size_t number = 0; number < options_.users; ++number)
                order.to.push_back("u" + std::to_string(number));
        }
        if (dice_.streams.one_in(4)) order.idempotency_key = "key" + std::to_string(++keys_);
        return order;
    }

    std::string some_user(mesh::Rng& rng) {
        return "u" + std::to_string(rng.below(options_.users));
    }

    Node& some_node(mesh::Rng& rng) { return world_.node(1 + rng.below(swarm_nodes)); }

    void act(Client& client) {
        const std::string channel = channels[dice_.acts.below(channels.size())];
        if (client.is_offline()) return client.connect(some_node(dice_.acts));
        switch (dice_.acts.below(28)) {
        case 0: return client.move_to(some_node(dice_.acts));
        case 1: return client.disconnect();
        case 2: return dice_.acts.one_in(4) ? client.vanish() : client.disconnect();
        case 3:
        case 4:
        case 5: return client.unsubscribe(channel);
        case 6:
        case 7:
        case 8:
        case 9: return client.subscribe(channel);
        case 10: {
            const std::size_t size = dice_.acts.below(3'000);
            client.say("#u" + std::to_string(dice_.acts.below(options_.users)), size);
            return;
        }
        case 11:
        case 12:
        case 13:
        case 14: client.say("#u" + std::to_string(dice_.acts.below(options_.users))); return;
        case 15:
            if (Node& node = some_node(dice_.acts); node.is_running())
                node.publish(dice_.acts.one_in(2) ? "$system" : channel);
            return;
        case 16:
        case 17:
        case 18: return client.ask_who_is_in(channel);
        case 19: return client.ask_how_many_are_in(channel);
        default: client.say(channel); return;
        }
    }

    /// Who is dead is not started before it was seen that the others do without.
    void heal() {
        world_.heal();
        for (const auto& node : world_.nodes())
            end_usurpation(world_, *node);
        if (options_.world.seeds.empty()) keep_running(world_.node(1));
        const Instant healed = world_.time();
        world_.expect_wholeness(whole_within + 2 * round_trip());
        whole_after_ = world_.time() - healed;
        if (whole_after_ < settle) world_.run_for(settle - whole_after_);
    }

    /// The only seed: nobody can meet who starts anew, and knows nobody else, while it is dead.
    void keep_running(Node& seed) {
        if (!seed.is_running()) seed.start();
        world_.stage().clock.in(100ms, [this, &seed] { keep_running(seed); });
    }

    [[nodiscard]] Duration round_trip() const {
        const Latency& latency = options_.world.network.path.latency;
        return 2 * (latency.most + (latency.spike_one_in != 0 ? latency.spike : 0s));
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
            if (client->is_offline()) client->connect(some_node(dice_.acts));
        world_.stage().clock.in(500ms, [this] { bring_all_online(); });
    }

    Dice dice_;
    SwarmOptions options_;
    std::vector<Fault> plan_;
    SwarmCut cut_;
    FaultWatcher on_fault_;
    World world_;
    /// The last send with a key, and who remembers it.
    struct Keyed {
        std::string payload;
        ProcessKey process;
    };
    std::map<HostId, Keyed> keyed_;
    std::uint64_t keys_ = 0;
    bool is_acting_ = true;
    Duration whole_after_{};
};

}  // namespace

std::string trace_line(const SwarmResult& result) {
    return Line{"trace"}
        .add("seed", result.seed)
        .add("hash", hex_text(result.trace_hash))
        .add("steps", result.steps)
        .add("messages", result.messages)
        .add("said", result.said)
        .add("whole_after", result.whole_after)
        .add("good", std::uint64_t{result.good})
        .text();
}

std::string arguments_of(std::uint64_t seed, const SwarmCut& cut) {
    std::string text = "--seed " + std::to_string(seed);
    if (cut.faults.has_value()) {
        std::string list;
        for (const std::size_t at : *cut.faults)
            list += (list.empty() ? "" : ",") + std::to_string(at);
        text += " --faults " + (list.empty() ? "none" : list);
    }
    const auto add = [&](const char* name, std::size_t most) {
        if (most != no_limit) text += name + std::to_string(most);
    };
    add(" --clients ", cut.clients_most);
    add(" --hoppers ", cut.hoppers_most);
    add(" --streams ", cut.streams_most);
    if (cut.safety_most != Duration::max())
        text += " --safety-us " + std::to_string(cut.safety_most.count());
    if (cut.spans_halved != 0) text += " --spans-halved " + std::to_string(cut.spans_halved);
    return text;
}

std::vector<Fault> plan_of(std::uint64_t seed) {
    Dice dice{seed};
    return draw_faults(dice.plan, draw_options(seed, dice.options).faults);
}

SwarmSize size_of(std::uint64_t seed, const SwarmCut& cut) {
    return Swarm{{.seed = seed, .cut = cut, .watcher = {}, .on_fault = {}}}.size();
}

SwarmResult run_swarm(const SwarmOrder& order) {
    Swarm swarm{order};
    if (order.watcher) order.watcher([&swarm] { return swarm.report(); });
    swarm.run();
    return swarm.result();
}

SwarmResult run_swarm(std::uint64_t seed, const SwarmWatcher& watcher) {
    return run_swarm({.seed = seed, .cut = {}, .watcher = watcher, .on_fault = {}});
}

}  // namespace grapevine::sim
