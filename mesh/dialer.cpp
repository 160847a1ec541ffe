#include "mesh/dialer.hpp"

#include <algorithm>
#include <iterator>

namespace grapevine::mesh {
namespace {

/// Addresses kept at all: seeds, members, and what others say of members. More only serves liars.
constexpr std::size_t targets_max = 8192;
/// Dials begun at once: a storm of them would be felt by everybody.
constexpr std::size_t dials_per_look = 64;
/// The node itself is dialled again only this rarely: the address may change hands.
constexpr Duration self_again = 5min;
/// How long the edge may take to resolve a name before it is asked again.
constexpr Duration resolve_within = 10s;

}  // namespace

Dialer::Dialer(const MeshConfig& config, Rng rng) : config_(config), rng_(rng) {
    for (const std::string& seed : config.seeds)
        seeds_.push_back({.text = seed});
}

Duration Dialer::backoff(std::uint32_t failures) {
    const Duration wait = config_.redial_min * (std::uint32_t{1} << std::min(failures, 10u));
    return rng_.jittered(std::min(wait, config_.redial_max));
}

void Dialer::resolved(const std::string& name, const std::vector<std::string>& addresses, Now now) {
    for (Seed& seed : seeds_) {
        if (seed.text != name) continue;
        seed.asked = false;
        seed.answered = !addresses.empty();
        seed.next = now.steady +
                    (addresses.empty() ? rng_.jittered(config_.redial_max) : config_.resolve_every);
    }
    for (const std::string& address : addresses) {
        if (targets_.size() >= targets_max && !targets_.contains(address)) continue;
        const auto [at, is_new] = targets_.try_emplace(address);
        at->second.from_seed = true;
        if (is_new) at->second.next = now.steady;
    }
}

bool Dialer::learn(const std::string& address, NodeId node, Now now) {
    const auto found = targets_.find(address);
    if (found != targets_.end()) {
        found->second.node = node;
        return true;
    }
    if (targets_.size() >= targets_max) return false;
    targets_[address] = Target{.node = node, .next = now.steady, .good = now.steady};
    return true;
}

void Dialer::forget(NodeId node) {
    for (auto at = targets_.begin(); at != targets_.end();) {
        Target& target = at->second;
        if (target.node != node) {
            ++at;
        } else if (target.from_seed || target.dialling) {
            target.node = {};
            ++at;
        } else {
            at = targets_.erase(at);
        }
    }
}

void Dialer::ended(const std::string& address, NodeId node, bool complete, Now now) {
    const auto found = targets_.find(address);
    if (found == targets_.end()) return;
    Target& target = found->second;
    target.dialling = false;
    if (node) target.node = node;
    if (complete) {
        target.reached = true;
        target.good = now.steady;
    }
    target.failures = complete ? 0 : target.failures + 1;
    target.next = now.steady + backoff(complete ? 0 : target.failures - 1);
    if (complete) target.is_self = false;
    if (target.is_self) target.next = now.steady + self_again;
}

void Dialer::is_self(const std::string& address, Now now) {
    const auto found = targets_.find(address);
    if (found == targets_.end()) return;
    found->second.dialling = false;
    found->second.node = {};
    found->second.is_self = true;
    found->second.next = now.steady + self_again;
}

void Dialer::wrong_node(const std::string& address) {
    const auto found = targets_.find(address);
    if (found == targets_.end()) return;
    if (found->second.from_seed) {
        found->second.node = {};
        found->second.dialling = false;
    } else {
        targets_.erase(found);
    }
}

void Dialer::redial(NodeId node, Now now) {
    for (auto& [address, target] : targets_)
        if (target.node == node) {
            target.failures = 0;
            target.next = now.steady;
        }
}

NodeId Dialer::node_at(const std::string& address) const {
    const auto found = targets_.find(address);
    return found == targets_.end() ? NodeId{} : found->second.node;
}

Dialer::Wanted Dialer::due(const std::set<NodeId>& satisfied, Now now) {
    Wanted wanted;
    std::set<NodeId> being_dialled;
    for (auto at = targets_.begin(); at != targets_.end();) {
        Target& target = at->second;
        if (target.node && satisfied.contains(target.node)) target.good = now.steady;
        if (target.dialling && target.node) being_dialled.insert(target.node);
        const bool leads_nowhere = now.steady - target.good > config_.keep_down;
        at = leads_nowhere && !target.from_seed && !target.dialling ? targets_.erase(at)
                                                                    : std::next(at);
    }
    // Addresses that are known to be good go first: a liar's must not keep them waiting.
    for (const bool trusted : {true, false})
        for (auto& [address, target] : targets_) {
            if ((target.from_seed || target.reached) != trusted) continue;
            if (target.dialling || now.steady < target.next) continue;
            if (wanted.calls.size() == dials_per_look) break;
            if (target.node &&
                (satisfied.contains(target.node) || !being_dialled.insert(target.node).second))
                continue;
            target.dialling = true;
            wanted.calls.push_back({address, target.node});
        }
    for (Seed& seed : seeds_) {
        if (now.steady < seed.next) continue;
        seed.asked = true;
        seed.next = now.steady + resolve_within;
        wanted.seeds.push_back(seed.text);
    }
    return wanted;
}

}  // namespace grapevine::mesh
