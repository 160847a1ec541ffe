#include "tests/sim/swarm_options.hpp"

#include <algorithm>
#include <initializer_list>

namespace grapevine::sim {

namespace {

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

/// Everything about detection a few times sooner.
void detect_early(mesh::MeshConfig& mesh) {
    mesh.heartbeat = 250ms;
    mesh.suspect_after = 1s;
    mesh.suspicion_min = 500ms;
    mesh.suspicion_max = 2s;
    mesh.suspicion_alone = 1s;
    mesh.indirect_within = 300ms;
    mesh.accusation_keep = 2s;
}

void draw_network(WorldOptions& world, SwarmOptions& options, mesh::Rng& rng) {
    NetworkOptions& network = world.network;
    network.path.latency.least = 100us;
    network.path.latency.most = pick<Duration>(rng, {300us, 2ms, 20ms, 120ms});
    network.path.latency.spike_one_in = pick<std::uint32_t>(rng, {0, 0, 20, 200});
    network.path.latency.spike = pick<Duration>(rng, {50ms, 400ms, 1500ms});
    network.path.bytes_per_ms = pick<std::uint64_t>(rng, {0, 0, 200, 2000});
    network.window_bytes = pick<std::size_t>(rng, {4'000, 64 * 1024, 256 * 1024});
    network.dial_timeout = pick<Duration>(rng, {1s, 3s, 10s});
    world.turn_delay_most = pick<Duration>(rng, {10us, 100us, 5ms});
    options.is_brisk = network.path.latency.most <= 20ms &&
                       network.path.latency.spike_one_in == 0 && network.path.bytes_per_ms == 0;
}

void draw_detection(mesh::MeshConfig& mesh, bool is_brisk, mesh::Rng& rng) {
    if (is_brisk && rng.one_in(3)) detect_early(mesh);
    mesh.brake_within = pick<Duration>(rng, {1s, 5s});
    mesh.brake_for = pick<Duration>(rng, {500ms, 3s, 15s});
    mesh.keep_down = pick<Duration>(rng, {500ms, 3s, 600s});
    mesh.tell_members_every = pick<Duration>(rng, {2s, 30s});
    mesh.resolve_every = 10s;
}

void draw_replication(mesh::MeshConfig& mesh, mesh::Rng& rng) {
    mesh.ring_min = mesh.ring_max = pick<std::uint32_t>(rng, {1, 4, 16, 1024});
    mesh.flush_max = pick<Duration>(rng, {0ms, 10ms, 500ms, 5s});
    mesh.flush_min = std::min(mesh.flush_min, mesh.flush_max);
    mesh.flush_per_node = pick<Duration>(rng, {500us, 50ms, 1s});
    mesh.channel_linger = pick<Duration>(rng, {0ms, 200ms, 2s});
}

/// Snapshots in the smallest pieces, one link at a time, which give way to each other at once.
void draw_snapshots(mesh::MeshConfig& mesh, mesh::Rng& rng) {
    mesh.snapshot_chunk_keys = pick<std::size_t>(rng, {1, 3, mesh.snapshot_chunk_keys});
    mesh.snapshot_turn_work = pick<std::size_t>(rng, {1'000, 5'000, mesh.snapshot_turn_work});
    mesh.snapshots_max = pick<std::size_t>(rng, {1, mesh.snapshots_max});
    mesh.snapshot_turn = pick<Duration>(rng, {10ms, mesh.snapshot_turn});
    mesh.catchup_bytes_max = pick<std::size_t>(rng, {1, 300, mesh.catchup_bytes_max});
}

/// What nodes remember of each other, and for how long they wait for each other.
void draw_patience(mesh::MeshConfig& mesh, bool is_brisk, mesh::Rng& rng) {
    mesh.leave_linger = pick<Duration>(rng, {0ms, 0ms, 300ms, 4s});
    mesh.missed_for = pick<Duration>(rng, {1s, mesh.missed_for});
    mesh.switch_within = pick<Duration>(rng, {200ms, mesh.switch_within});
    mesh.probe_within = pick<Duration>(rng, {300ms, mesh.probe_within});
    mesh.redial_max = pick<Duration>(rng, {1s, mesh.redial_max});
    mesh.flow_idle = pick<Duration>(rng, {100ms, mesh.flow_idle});
    // Answers that are slower than this make results that no longer are the only right ones.
    if (is_brisk) mesh.answer_within = pick<Duration>(rng, {300ms, mesh.answer_within});
}

/// Queues towards other nodes: one byte is room for one frame at a time.
void draw_link_bounds(mesh::MeshConfig& mesh, mesh::Rng& rng) {
    mesh.link_flight_bytes_max = pick<std::size_t>(rng, {1, 2'000, 256 * 1024});
    mesh.link_delta_bytes_max = pick<std::size_t>(rng, {1, 300, 4 * 1024 * 1024});
    mesh.kept_bytes_max = pick<std::size_t>(rng, {1, 2'000, 1024 * 1024, 1024 * 1024});
}

/// Links to neighbours alone. A link's idle time stays above that in which results are due.
void draw_overlay(mesh::MeshConfig& mesh, mesh::Rng& rng) {
    mesh.full_mesh_max = pick<std::size_t>(rng, {1, 2, 3});
    mesh.overlay_rings = pick<unsigned>(rng, {1, 1, 2});
    mesh.relay_every = pick<Duration>(rng, {1ms, 50ms, 500ms});
    mesh.relay_changes_max = pick<std::size_t>(rng, {1, 8, 1024});
    mesh.link_idle = pick<Duration>(rng, {4s, 6s});
    mesh.rest_after = pick<Duration>(rng, {3s, 5s});
    mesh.data_links_max = pick<std::size_t>(rng, {1, 512});
}

/// Names of users, with room for all, or for hardly any.
void draw_names(mesh::MeshConfig& mesh, mesh::Rng& rng) {
    mesh.replicate_names = true;
    mesh.node_names_bytes_max = pick<std::size_t>(rng, {250, 64 * 1024 * 1024, 64 * 1024 * 1024});
}

}  // namespace

SwarmOptions draw_options(std::uint64_t seed, mesh::Rng& rng) {
    SwarmOptions options;
    WorldOptions& world = options.world;
    world.nodes = swarm_nodes;
    world.seed = seed;
    draw_network(world, options, rng);
    draw_detection(world.mesh, options.is_brisk, rng);
    draw_replication(world.mesh, rng);
    draw_link_bounds(world.mesh, rng);
    draw_snapshots(world.mesh, rng);
    draw_patience(world.mesh, options.is_brisk, rng);
    if (rng.one_in(3)) {
        world.loops = 1 + rng.between(1, 3);
        world.loop_crossing_most = pick<Duration>(rng, {10us, 1ms, 50ms});
    }
    world.sessions.rules.without_namespace.presence.clients = true;
    world.sessions.rules.without_namespace.tells_comings = true;
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
    if (rng.one_in(6)) {
        bound_tightly(world.mesh);
        options.is_lossy = true;
    }
    if (rng.one_in(6)) {
        world.mesh.link_message_bytes_max = pick<std::size_t>(rng, {1, 3'000});
        options.is_lossy = true;
    }
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
    world.mesh.tell_all_max = pick<std::size_t>(rng, {1, 32});
    world.mesh.give_way = pick<Duration>(rng, {0ms, 0ms, 500ms, 5s});
    if (!options.has_old_programs && rng.one_in(2)) {
        draw_overlay(world.mesh, rng);
        // Links are made while messages wait for them: a link that takes longer than they do, or
        // that is given up, loses them.
        const Latency& latency = world.network.path.latency;
        const bool is_slow = latency.spike_one_in != 0 && latency.spike > 1s;
        const bool gives_up =
            world.mesh.switch_within < 1s || world.mesh.kept_bytes_max < 1024 * 1024;
        options.is_lossy = options.is_lossy || is_slow || gives_up;
    }
    if (rng.one_in(2)) {
        draw_names(world.mesh, rng);
        // Neighbours pass on no names that they do not keep themselves.
        const bool is_large = world.mesh.full_mesh_max < swarm_nodes;
        options.has_nodes_without_names = !is_large && rng.one_in(3);
    }
    world.mesh.answers_wait = pick<Duration>(rng, {0ms, 5ms, 5ms, 100ms});
    // A link that takes a change at a time and mostly waits for a spike is still busy with what it
    // missed when all should be well.
    const Latency& latency = world.network.path.latency;
    const bool mostly_waits = latency.spike > 1s && latency.spike_one_in == 20;
    if (mostly_waits)
        world.mesh.link_delta_bytes_max =
            std::max<std::size_t>(world.mesh.link_delta_bytes_max, 300);
    return options;
}

std::string text_of(const SwarmOptions& options) {
    const NetworkOptions& network = options.world.network;
    const mesh::MeshConfig& mesh = options.world.mesh;
    return Line{"options"}
        .add("latency_most", network.path.latency.most)
        .add("spike_one_in", std::uint64_t{network.path.latency.spike_one_in})
        .add("spike", network.path.latency.spike)
        .add("bytes_per_ms", network.path.bytes_per_ms)
        .add("window", std::uint64_t{network.window_bytes})
        .add("dial_timeout", network.dial_timeout)
        .add("turn_delay_us", static_cast<std::uint64_t>(options.world.turn_delay_most.count()))
        .add("loops", options.world.loops)
        .add(
            "loop_crossing_us",
            static_cast<std::uint64_t>(options.world.loop_crossing_most.count()))
        .add("suspect_after", mesh.suspect_after)
        .add("brake_within", mesh.brake_within)
        .add("brake_for", mesh.brake_for)
        .add("keep_down", mesh.keep_down)
        .add("give_way", mesh.give_way)
        .add("tell_members_every", mesh.tell_members_every)
        .add("ring", std::uint64_t{mesh.ring_min})
        .add("flush_max", mesh.flush_max)
        .add("flush_per_node", mesh.flush_per_node)
        .add("linger", mesh.channel_linger)
        .add("leave_linger", mesh.leave_linger)
        .add("chunk_keys", std::uint64_t{mesh.snapshot_chunk_keys})
        .add("turn_work", std::uint64_t{mesh.snapshot_turn_work})
        .add("snapshots", std::uint64_t{mesh.snapshots_max})
        .add("snapshot_turn", mesh.snapshot_turn)
        .add("catchup", std::uint64_t{mesh.catchup_bytes_max})
        .add("missed_for", mesh.missed_for)
        .add("switch_within", mesh.switch_within)
        .add("probe_within", mesh.probe_within)
        .add("redial_max", mesh.redial_max)
        .add("flow_idle", mesh.flow_idle)
        .add("answer_within", mesh.answer_within)
        .add("answers_wait", mesh.answers_wait)
        .add("flight", std::uint64_t{mesh.link_flight_bytes_max})
        .add("deltas", std::uint64_t{mesh.link_delta_bytes_max})
        .add("kept", std::uint64_t{mesh.kept_bytes_max})
        .add("messages", std::uint64_t{mesh.link_message_bytes_max})
        .add("full_mesh", std::uint64_t{mesh.full_mesh_max})
        .add("rings", std::uint64_t{mesh.overlay_rings})
        .add("tell_all", std::uint64_t{mesh.tell_all_max})
        .add("relay_every", mesh.relay_every)
        .add("relay_changes", std::uint64_t{mesh.relay_changes_max})
        .add("link_idle", mesh.link_idle)
        .add("rest_after", mesh.rest_after)
        .add("data_links", std::uint64_t{mesh.data_links_max})
        .add("held", std::uint64_t{mesh.held_messages_max})
        .add("seeds", std::uint64_t{options.world.seeds.size()})
        .add("clients", std::uint64_t{options.clients})
        .add("users", std::uint64_t{options.users})
        .add("key_bits", std::uint64_t{mesh.key_bits})
        .add("lossy", std::uint64_t{options.is_lossy})
        .add("old_programs", std::uint64_t{options.has_old_programs})
        .add("names", std::uint64_t{mesh.replicate_names})
        .add("names_bytes", std::uint64_t{mesh.node_names_bytes_max})
        .add("without_names", std::uint64_t{options.has_nodes_without_names})
        .add("hoppers", std::uint64_t{options.hoppers})
        .add("hop_most", options.hop_most)
        .add("streams", std::uint64_t{options.streams})
        .add("stream_every", options.stream_every)
        .add("act_every", options.act_every)
        .add("faults", std::uint64_t{options.faults.faults})
        .add("safety", options.safety)
        .text();
}

}  // namespace grapevine::sim
