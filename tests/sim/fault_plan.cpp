#include "tests/sim/fault_plan.hpp"

#include "proto/check.hpp"

#include <algorithm>

namespace grapevine::sim {

namespace {

using Kind = Fault::Kind;

constexpr std::size_t kinds = 19;

Duration draw(mesh::Rng& rng, Duration least, Duration most) {
    return Duration{static_cast<Duration::rep>(rng.between(
        static_cast<std::uint64_t>(least.count()), static_cast<std::uint64_t>(most.count())))};
}

/// Each bit is set in one of four.
std::uint32_t draw_mask(mesh::Rng& rng) {
    const std::uint64_t half = rng.next();
    return static_cast<std::uint32_t>(half & rng.next());
}

std::string_view name_of(Kind kind) {
    switch (kind) {
    case Kind::crash: return "crash";
    case Kind::lose_host: return "lose_host";
    case Kind::leave: return "leave";
    case Kind::pause: return "pause";
    case Kind::wall_jump: return "wall_jump";
    case Kind::partition: return "partition";
    case Kind::block: return "block";
    case Kind::break_link: return "break_link";
    case Kind::stall_link: return "stall_link";
    case Kind::half_open: return "half_open";
    case Kind::slow_link: return "slow_link";
    case Kind::misname: return "misname";
    case Kind::break_client: return "break_client";
    case Kind::one_ways: return "one_ways";
    case Kind::detour: return "detour";
    case Kind::stampede: return "stampede";
    case Kind::wall_swings: return "wall_swings";
    case Kind::usurp: return "usurp";
    case Kind::pause_many: return "pause_many";
    }
    proto::check(false, "every fault has a name");
    return {};
}

void restart_later(World& world, Node& node, Duration after) {
    world.stage().clock.in(after, [&node] {
        if (!node.is_running()) node.start();
    });
}

void partition(World& world, const Fault& fault) {
    std::vector<Node*> left;
    std::vector<Node*> right;
    for (std::size_t number = 1; number <= world.nodes().size(); ++number)
        (number <= fault.node ? left : right).push_back(&world.node(number));
    world.partition(left, right);
    world.stage().clock.in(fault.span, [&world] { world.network().unblock_all(); });
}

void block_for(World& world, Duration span, HostId from, HostId to) {
    world.network().block(from, to);
    world.stage().clock.in(
        span, [&network = world.network(), from, to] { network.unblock(from, to); });
}

void block_one_ways(World& world, const Fault& fault) {
    std::uint32_t bit = 0;
    for (const auto& from : world.nodes())
        for (const auto& to : world.nodes())
            if (from != to && (fault.mask >> bit++ & 1) != 0)
                block_for(world, fault.span, from->host(), to->host());
}

void move_all_to(World& world, const Node& node) {
    for (const auto& client : world.clients())
        if (client->is_connected()) client->move_to(node);
}

void swing_wall(World& world, Node& node, Duration span) {
    constexpr int swings = 6;
    constexpr Duration pace = 300ms;
    for (int swing = 0; swing < swings; ++swing)
        world.stage().clock.in(
            swing * pace, [&node, by = swing % 2 == 0 ? span : -span] { node.jump_wall(by); });
}

void start_as(Node& node, const std::string& cluster) {
    node.crash();
    node.options().mesh.cluster = cluster;
    node.start();
}

void usurp(World& world, Node& node, Duration span) {
    start_as(node, "usurpers");
    world.stage().clock.in(span, [&world, &node] { end_usurpation(world, node); });
}

void pause_for(World& world, Node& node, Duration span) {
    node.pause();
    world.stage().clock.in(span, [&node] { node.resume(); });
}

/// One of the connections between the two nodes, and the side on which `node` is.
template <class Act>
void on_link(World& world, const Fault& fault, Act act) {
    const auto links = world.links(world.node(fault.node), world.node(fault.other));
    if (links.empty()) return;
    const ConnectionId link = links.back();
    const Socket acceptor{.connection = link, .side = Side::acceptor};
    act(link,
        world.network().peer_of(acceptor) == world.node(fault.node).host() ? Side::dialer
                                                                           : Side::acceptor);
}

/// An answer of DNS that is not what the others hear.
void misname(World& world, const Fault& fault) {
    NameService& names = world.stage().names;
    const std::string& node = world.node(fault.node).name();
    if (fault.one_sided) {
        names.fail_for(node, swarm_name);
    } else if (fault.other == 1) {
        names.set_for(node, swarm_name, {});
    } else {
        // Its own address, one where nobody is, and that of another node.
        names.set_for(
            node,
            swarm_name,
            {world.node(fault.node).mesh_address(),
             "10.0.0.99:7000",
             world.node(fault.other).mesh_address()});
    }
    world.stage().clock.in(fault.span, [&names, node] { names.set_back(node, swarm_name); });
}

void break_client(World& world, const Fault& fault) {
    const Client& client = *world.clients().at(fault.other % world.clients().size());
    if (client.is_offline()) return;
    const auto links = world.network().between(client.host(), client.node().host());
    if (links.empty()) return;
    world.network().break_connection(
        links.back(), 1ms, fault.one_sided ? std::nullopt : std::optional{fault.span});
}

void apply(World& world, const Fault& fault) {
    world.stage().trace.say("fault", Line{text_of(fault)});
    Node& node = world.node(fault.node);
    Network& network = world.network();
    switch (fault.kind) {
    case Kind::crash: node.crash(); return restart_later(world, node, fault.span);
    case Kind::lose_host: node.lose_host(); return restart_later(world, node, fault.span);
    case Kind::leave:
        node.leave();
        return restart_later(world, node, fault.one_sided ? fault.span : fault.span + 3s);
    case Kind::pause: return pause_for(world, node, fault.span);
    case Kind::wall_jump: return node.jump_wall(fault.one_sided ? -fault.span : fault.span);
    case Kind::partition: return partition(world, fault);
    case Kind::block:
        return block_for(world, fault.span, node.host(), world.node(fault.other).host());
    case Kind::break_link:
        return on_link(world, fault, [&](ConnectionId link, Side) {
            network.break_connection(
                link, 1ms, fault.one_sided ? std::nullopt : std::optional{fault.span});
        });
    case Kind::stall_link:
        return on_link(world, fault, [&](ConnectionId link, Side from) {
            network.stall(link, from, fault.span);
        });
    case Kind::half_open:
        return on_link(world, fault, [&](ConnectionId link, Side from) {
            network.blackhole(
                link, from, fault.one_sided ? std::nullopt : std::optional{fault.span});
        });
    case Kind::slow_link:
        return network.set_path_both_ways(
            node.host(),
            world.node(fault.other).host(),
            Path{
                .latency = {.least = 5ms, .most = 80ms, .spike_one_in = 50, .spike = 900ms},
                .bytes_per_ms = 30});
    case Kind::misname: return misname(world, fault);
    case Kind::break_client: return break_client(world, fault);
    case Kind::one_ways: return block_one_ways(world, fault);
    case Kind::detour: {
        const HostId other = world.node(fault.other).host();
        block_for(world, fault.span, node.host(), other);
        return block_for(world, fault.span, other, node.host());
    }
    case Kind::stampede: return move_all_to(world, node);
    case Kind::wall_swings: return swing_wall(world, node, fault.span);
    case Kind::usurp: return usurp(world, node, fault.span);
    case Kind::pause_many:
        for (std::size_t at = 0; at < world.nodes().size(); ++at)
            if ((fault.mask >> at & 1) != 0) pause_for(world, world.node(at + 1), fault.span);
        return;
    }
}

}  // namespace

void end_usurpation(World& world, Node& node) {
    const std::string& home = world.default_node_options().mesh.cluster;
    if (node.options().mesh.cluster != home) start_as(node, home);
}

std::vector<Fault> draw_faults(mesh::Rng& rng, const FaultPlanOptions& options) {
    std::vector<Fault> faults;
    while (faults.size() < options.faults) {
        Fault fault;
        fault.at = draw(rng, options.from, options.to);
        fault.kind = static_cast<Kind>(rng.below(kinds));
        fault.node = 1 + rng.below(options.nodes);
        fault.other = 1 + (fault.node - 1 + 1 + rng.below(options.nodes - 1)) % options.nodes;
        if (fault.kind == Kind::break_client) fault.other = rng.below(options.clients);
        // Short spans race with handshakes and switches, long ones with suspicion and DOWN.
        fault.span = rng.one_in(2) ? draw(rng, 1ms, 800ms) : draw(rng, 800ms, 9s);
        fault.one_sided = rng.one_in(3);
        fault.mask = draw_mask(rng);
        faults.push_back(fault);
    }
    std::stable_sort(faults.begin(), faults.end(), [](const Fault& left, const Fault& right) {
        return left.at < right.at;
    });
    return faults;
}

std::string text_of(const Fault& fault) {
    return Line{name_of(fault.kind)}
        .add("after", fault.at)
        .add("node", "n" + std::to_string(fault.node))
        .add("other", std::uint64_t{fault.other})
        .add("span", fault.span)
        .add("one_sided", std::uint64_t{fault.one_sided})
        .add("mask", hex_text(fault.mask))
        .text();
}

void schedule(World& world, const std::vector<Fault>& faults, const FaultWatcher& watcher) {
    for (const Fault& fault : faults)
        world.stage().clock.in(fault.at, [&world, fault, watcher] {
            apply(world, fault);
            if (watcher) watcher(world, fault);
        });
}

}  // namespace grapevine::sim
