// World: when every fault is over, all must be well, stay so, and everything said must be heard by
// all it is for and by nobody else.
#include "tests/sim/world.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::sim {

namespace {

/// How often what lasts is looked at.
constexpr Duration long_glance = 50ms;
/// How long all must stay well once it is.
constexpr Duration calm = 3s;
/// How long a message may take then; slow networks have three hops of latency spikes.
constexpr Duration heard_within = 15s;
/// A round trip that is sure to leave a send the time it needs.
constexpr Duration prompt = 1s;
/// Queues and windows from which on a few hundred messages need no second round trip.
constexpr std::size_t roomy = 64 * 1024;
const std::string nobody = "nobody";

}  // namespace

void World::expect_wholeness(Duration within) {
    const auto is_whole = [this] { return !why_not_whole().has_value(); };
    if (!run_until(is_whole, within, long_glance) && is_good())
        stage_.verdict.violated("WholeAfterHeal", *why_not_whole());
}

void World::expect_convergence(Duration within) {
    const Instant healed = time();
    bool has_moved = false;
    do {
        if (!run_until([this] { return is_converged(); }, healed + within - time(), long_glance)) {
            if (is_good()) stage_.verdict.violated("ConvergeAfterHeal", *why_not_converged());
            return;
        }
        stage_.trace.say("world", Line{"converged"}.add("after", time() - healed));
        // A second link may still be dialled and handed over to; what tables show must not change
        // by that. But whoever comes or goes changes the truth, which tables follow in time.
        const auto before = scene();
        const auto is_disturbed = [&] {
            has_moved = scene() != before || why_clients_not_settled().has_value();
            return has_moved || why_tables_differ().has_value();
        };
        if (run_until(is_disturbed, calm, long_glance) && !has_moved)
            return stage_.verdict.violated("StayConverged", *why_tables_differ());
    } while (has_moved && is_good() && time() < healed + within);
    if (!run_until([this] { return is_converged(); }, calm) && is_good())
        stage_.verdict.violated("OneLink", *why_not_converged());
}

void World::expect_liveness(Duration within) {
    expect_convergence(within);
    if (is_good()) expect_delivery();
}

void World::expect_delivery() {
    std::set<std::string> names;
    for (const auto& client : clients_)
        if (client->is_connected()) names.insert(client->user());
    const std::vector<std::string> users{names.begin(), names.end()};
    std::vector<std::string> all = users;
    all.push_back(nobody);
    const auto before = scene();
    const std::uint64_t forwards_before = forwards_sent();
    forwards_expected_ = 0;
    awaited_.clear();
    for (const auto& speaker : clients_) {
        const auto channels = speaker->channels();
        for (const std::string& channel : channels)
            say_and_expect(*speaker, channel);
        for (const std::string& user : users)
            say_and_expect(*speaker, "#" + user);
        if (!speaker->is_connected() || users.empty()) continue;
        const std::string payload = speaker->send({.to = all});
        for (const std::string& user : all)
            forwards_expected_ += forwards_for("#" + user, speaker->node());
        expect_answer(speaker->user(), payload, all, [&of = *speaker, payload] {
            return of.result_of(payload);
        });
    }
    for (const auto& node : nodes_) {
        if (!is_live(*node) || users.empty()) continue;
        const std::string payload = node->send({.to = users});
        for (const std::string& user : users)
            forwards_expected_ += forwards_for("#" + user, *node);
        expect_answer(
            node->name(), payload, users, [&of = *node, payload] { return of.result_of(payload); });
    }
    const auto all_heard = [&] {
        return !stage_.checkers.complete_delivery().why_not_complete().has_value() &&
               std::all_of(awaited_.begin(), awaited_.end(), [](const Awaited& awaited) {
                   return awaited.result() != nullptr;
               });
    };
    run_until(all_heard, heard_within, long_glance);
    if (const auto why = stage_.checkers.complete_delivery().why_not_complete();
        why.has_value() && is_good())
        stage_.verdict.violated("CompleteDelivery", *why);
    run_for(200ms);  // what arrives twice arrives late
    if (!is_good() || scene() != before) return;  // a connection was lost: another story
    check_answers();
    if (options_.mesh.key_bits == 64 && forwards_sent() - forwards_before != forwards_expected_)
        stage_.verdict.violated(
            "ChannelSound",
            std::to_string(forwards_sent() - forwards_before) + " copies crossed links, not " +
                std::to_string(forwards_expected_));
}

void World::check_answers() {
    for (const Awaited& awaited : awaited_)
        if (const auto why = why_not_right(awaited))
            stage_.verdict.violated(
                "TruthfulResult",
                "when all is well, " + awaited.asker + ": " + *why + ": " + brief(awaited.payload));
}

std::optional<std::string> World::why_not_right(const Awaited& awaited) const {
    const SendResult* const result = awaited.result();
    if (result == nullptr) return "no answer";
    if (result->error != 0) return "error " + std::to_string(result->error);
    for (const auto& [user, expected] : awaited.users) {
        const auto found = result->users.find(user);
        if (found == result->users.end()) return "nothing of " + user;
        Receipt told = found->second;
        std::sort(told.nodes.begin(), told.nodes.end());
        if (told == expected) continue;
        // Slow answers are missing; that is no reason to claim that nobody was there.
        const bool is_slow = !is_prompt() && expected.fate == Fate::written &&
                             (told.fate == Fate::written || told.fate == Fate::unknown);
        if (!is_slow) return user + " " + text_of(told) + " instead of " + text_of(expected);
    }
    return std::nullopt;
}

std::vector<std::uint64_t> World::scene() const {
    std::vector<std::uint64_t> scene;
    for (const auto& client : clients_)
        scene.push_back(client->is_connected() ? client->session().value : 0);
    for (const auto& node : nodes_)
        scene.push_back(node->process().value);
    return scene;
}

bool World::is_prompt() const {
    const NetworkOptions& network = options_.network;
    const Latency& latency = network.path.latency;
    const Duration way = latency.most + (latency.spike_one_in != 0 ? latency.spike : 0s);
    return 2 * way < prompt && network.path.bytes_per_ms == 0 && network.window_bytes >= roomy &&
           options_.mesh.link_flight_bytes_max >= roomy;
}

std::set<SessionKey> World::audience_of(const std::string& channel) const {
    std::set<SessionKey> audience;
    for (const auto& client : clients_)
        if (client->is_connected() &&
            (client->channels().contains(channel) || channel == "#" + client->user()))
            audience.insert(client->session());
    return audience;
}

Receipt World::expected_receipt(const std::string& user) const {
    Receipt receipt{.fate = Fate::not_connected, .sessions = 0, .nodes = {}};
    std::set<std::string> nodes;
    for (const auto& client : clients_) {
        if (!client->is_connected() || client->user() != user) continue;
        ++receipt.sessions;
        nodes.insert(client->node().name());
    }
    if (receipt.sessions != 0) receipt.fate = Fate::written;
    receipt.nodes.assign(nodes.begin(), nodes.end());
    return receipt;
}

std::uint64_t World::forwards_for(const std::string& channel, const Node& from) const {
    std::set<HostId> hosts;
    for (const auto& client : clients_)
        if (client->is_connected() &&
            (client->channels().contains(channel) || channel == "#" + client->user()))
            hosts.insert(client->node().host());
    hosts.erase(from.host());
    return hosts.size();
}

std::uint64_t World::forwards_sent() const {
    std::uint64_t sent = 0;
    for (const auto& node : nodes_)
        if (is_live(*node)) sent += node->mesh().counters().forwards_sent;
    return sent;
}

void World::say_and_expect(Client& speaker, const std::string& channel) {
    const std::string payload = speaker.say(channel);
    if (payload.empty()) return;
    forwards_expected_ += forwards_for(channel, speaker.node());
    stage_.checkers.complete_delivery().expect(payload, audience_of(channel));
}

void World::expect_answer(
    std::string asker,
    const std::string& payload,
    const std::vector<std::string>& users,
    std::function<const SendResult*()> result) {
    std::set<SessionKey> audience;
    std::map<std::string, Receipt> receipts;
    for (const std::string& user : users) {
        audience.merge(audience_of("#" + user));
        receipts[user] = expected_receipt(user);
    }
    stage_.checkers.complete_delivery().expect(payload, audience);
    awaited_.push_back(
        {.asker = std::move(asker),
         .payload = payload,
         .result = std::move(result),
         .users = std::move(receipts)});
}

}  // namespace grapevine::sim
