#include "tests/sim/scale.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace grapevine::sim {

namespace {

constexpr Duration form_within = 300s;
/// How often it is looked whether all have formed.
constexpr Duration form_glance = 5ms;
/// How long a visitor stays: with the rate this says how many there are.
constexpr Duration visit = 2s;
/// So many changes of a second are watched; more cost time and tell nothing new.
constexpr std::uint64_t watched_a_second = 200;
/// A change that is not shown by then counts as missed.
constexpr Duration watch_for = 30s;
/// Heartbeats come each second: nodes are lost at any moment between two.
constexpr std::uint64_t any_moment_us = 1'000'000;
/// Links that nobody needs have ended by then.
constexpr Duration links_rest = 20s;
/// What remains of earlier phases is over by then.
constexpr Duration calm = 5s;

WorldOptions world_options(const ScaleOptions& options) {
    WorldOptions world{.nodes = options.nodes, .seed = options.seed};
    world.network.path.latency = options.latency;
    world.mesh.full_mesh_max = options.full_mesh_max;
    // Visitors do not answer pings.
    world.sessions.ping_every = std::chrono::hours{24};
    return world;
}

}  // namespace

Duration Seen::quantile(std::size_t per_mille) const {
    if (took.empty()) return {};
    return took[std::min(took.size() - 1, took.size() * per_mille / 1000)];
}

Scale::Scale(const ScaleOptions& options)
    : options_(options), world_(world_options(options)), rng_(proto::mix64(options.seed)) {
    world_.stage().is_watched = false;
    world_.stage().turn_ended = [this](const Node& node) { look(node); };
}

ScaleFigures Scale::measure() {
    ScaleFigures figures;
    const auto done = [&](const char* what) {
        if (options_.done) options_.done(what);
    };
    start_all();
    done("started");
    figures.formed = form();
    done("formed");
    world_.run_for(is_large() ? links_rest : calm);
    figures.links = links_of_a_node();
    done("links rest");

    const auto before = traffic();
    world_.run_for(options_.idle_for);
    figures.idle = since(before, options_.idle_for);
    done("idle");

    figures.quiet_traffic = busy_with(options_.quiet_rate, figures.quiet);
    done("quiet");
    figures.busy_traffic = busy_with(options_.busy_rate, figures.busy);
    done("busy");
    while (!visitors_.empty())
        leave(options_.busy_rate, nullptr);
    world_.run_for(calm);

    figures.killed = lose_nodes(false);
    done("killed");
    figures.silent = lose_nodes(true);
    done("silent");
    return figures;
}

// ---- the cluster

std::string Scale::resident(std::size_t node) const {
    return "resident of " + world_.nodes()[node]->name();
}

bool Scale::is_formed() const {
    const auto& nodes = world_.nodes();
    return std::all_of(nodes.begin(), nodes.end(), [&](const auto& node) {
        const mesh::Mesh& mesh = node->mesh();
        if (!is_large() && mesh.complete_links().size() + 1 < nodes.size()) return false;
        for (std::size_t other = 0; other < nodes.size(); ++other)
            if (mesh.where_is(resident(other)).sessions == 0) return false;
        return true;
    });
}

std::size_t Scale::links_of_a_node() const {
    std::size_t links = 0;
    for (const auto& node : world_.nodes())
        links += node->mesh().complete_links().size();
    return (links + options_.nodes / 2) / options_.nodes;
}

void Scale::start_all() {
    const Duration between = options_.start_over / static_cast<Duration::rep>(options_.nodes);
    for (const auto& node : world_.nodes()) {
        node->start();
        if (between != Duration{}) world_.stage().clock.run_for(between);
    }
}

/// One user lives on each node.
Duration Scale::form() {
    const Instant start = world_.time();
    for (std::size_t at = 0; at < options_.nodes; ++at)
        if (Node& node = *world_.nodes()[at]; node.session_count() == 0) node.enter(resident(at));
    if (!world_.run_until([this] { return is_formed(); }, form_within, form_glance))
        throw std::runtime_error("the cluster did not come together\n" + world_.report());
    return world_.time() - start;
}

// ---- what changes

/// Visitors come at times that have nothing to do with each other, each to any node, and leave
/// after a fixed time: so many leave in a second as come.
void Scale::run_changes(std::uint64_t rate, Duration span, Seen* seen) {
    const Instant end = world_.time() + span;
    const std::uint64_t between_us = 2'000'000 / rate;
    for (;;) {
        const Instant next =
            world_.time() + Duration{static_cast<Duration::rep>(rng_.below(2 * between_us + 1))};
        while (!visitors_.empty() && visitors_.front().leaves <= std::min(next, end)) {
            world_.stage().clock.run_until(visitors_.front().leaves);
            leave(rate, seen);
        }
        world_.stage().clock.run_until(std::min(next, end));
        if (next >= end) return;
        come(rate, seen);
    }
}

Traffic Scale::busy_with(std::uint64_t rate, Seen& seen) {
    run_changes(rate, visit, nullptr);
    const auto before = traffic();
    run_changes(rate, options_.changes_for, &seen);
    const Traffic carried = since(before, options_.changes_for);
    finish_watching();
    std::sort(seen.took.begin(), seen.took.end());
    return carried;
}

void Scale::come(std::uint64_t rate, Seen* seen) {
    const std::size_t at = rng_.below(options_.nodes);
    visitors_.push_back(
        {.user = "visitor " + std::to_string(++visitors_made_),
         .node = at,
         .session = {},
         .leaves = world_.time() + visit});
    Visitor& visitor = visitors_.back();
    visitor.session = world_.nodes()[at]->enter(visitor.user);
    if (seen != nullptr && rng_.below(rate) < watched_a_second) watch(visitor.user, at, 1, *seen);
}

void Scale::leave(std::uint64_t rate, Seen* seen) {
    const Visitor visitor = std::move(visitors_.front());
    visitors_.pop_front();
    world_.nodes()[visitor.node]->go(visitor.session);
    if (seen != nullptr && rng_.below(rate) < watched_a_second)
        watch(visitor.user, visitor.node, 0, *seen);
}

Seen Scale::lose_nodes(bool with_host) {
    Seen seen;
    for (std::uint64_t round = 0; round < options_.rounds; ++round) {
        world_.run_for(Duration{static_cast<Duration::rep>(rng_.below(any_moment_us))});
        const std::size_t at = rng_.below(options_.nodes);
        Node& node = *world_.nodes()[at];
        watch(resident(at), at, 0, seen);
        with_host ? node.lose_host() : node.crash();
        finish_watching();
        node.start();
        form();
        world_.run_for(calm);
    }
    std::sort(seen.took.begin(), seen.took.end());
    return seen;
}

// ---- who sees it

void Scale::watch(std::string user, std::size_t origin, std::uint32_t sessions, Seen& seen) {
    seen_ = &seen;
    Watched watched{
        .user = std::move(user),
        .sessions = sessions,
        .since = world_.time(),
        .shown = std::vector<bool>(options_.nodes),
        .missing = options_.nodes - 1};
    watched.shown[origin] = true;
    watched_.push_back(std::move(watched));
}

/// After every turn of every node: what it shows can only change in one.
void Scale::look(const Node& node) {
    bool is_any_done = false;
    for (Watched& watched : watched_) {
        const std::size_t at = node.host().value;
        if (watched.shown[at] || node.mesh().where_is(watched.user).sessions != watched.sessions)
            continue;
        watched.shown[at] = true;
        if (--watched.missing != 0) continue;
        seen_->took.push_back(world_.time() - watched.since);
        is_any_done = true;
    }
    if (is_any_done)
        std::erase_if(watched_, [](const Watched& watched) { return watched.missing == 0; });
}

void Scale::finish_watching() {
    world_.run_until([this] { return watched_.empty(); }, watch_for);
    seen_->missed += watched_.size();
    watched_.clear();
}

// ---- what links carry

std::vector<LinkTraffic> Scale::traffic() const {
    std::vector<LinkTraffic> of;
    for (std::size_t at = 0; at < options_.nodes; ++at)
        of.push_back(world_.nodes()[at]->link_traffic());
    return of;
}

Traffic Scale::since(const std::vector<LinkTraffic>& before, Duration span) const {
    const auto now = traffic();
    const auto milliseconds = static_cast<std::uint64_t>(span / 1ms);
    std::uint64_t bytes = 0;
    std::uint64_t most = 0;
    std::uint64_t messages = 0;
    for (std::size_t at = 0; at < now.size(); ++at) {
        bytes += now[at].bytes - before[at].bytes;
        most = std::max(most, now[at].bytes - before[at].bytes);
        messages += now[at].messages - before[at].messages;
    }
    return {
        .bytes_mean = bytes * 1000 / milliseconds / now.size(),
        .bytes_most = most * 1000 / milliseconds,
        .messages_mean = messages * 1000 / milliseconds / now.size()};
}

}  // namespace grapevine::sim
