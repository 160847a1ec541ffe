#include "mesh/dialer.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

namespace grapevine::mesh {
namespace {

/// Addresses kept at all: seeds, members, and what others say of members. More only serves liars.
constexpr std::size_t targets_max = 8192;
/// Dials begun at once: a storm of them would be felt by everybody.
constexpr std::size_t dials_per_look = 64;
/// The node itself is dialled again only this rarely: the address may change hands.
constexpr Duration self_again = 5min;

/// How much an address deserves to be tried. Each kind has dials under way of its own, so that a
/// thousand dead addresses keep neither living ones nor the process's descriptors busy.
enum class Trust : std::uint8_t { reached, listed, told };
/// A dial to nowhere takes dial_within (3 s): these are 85, 21 and 21 dials a second at worst.
constexpr std::array<std::size_t, 3> under_way_max{256, 64, 64};

}  // namespace

Dialer::Dialer(const MeshConfig& config, Rng rng)
    : config_(config), rng_(rng), names_(config, rng_.fork()) {}

Duration Dialer::backoff(std::uint32_t failures) {
    const Duration wait = config_.redial_min * (std::uint32_t{1} << std::min(failures, 10u));
    return rng_.jittered(std::min(wait, config_.redial_max));
}

bool Dialer::is_stale(const Target& target) {
    return !target.from_seed && !target.told && !target.dialling &&
           (target.silent || target.is_self);
}

std::size_t Dialer::resolved(const Resolved& resolved, Now now, Events& events) {
    SeedNames::Change change =
        names_.answered(resolved.seed, resolved.addresses, resolved.whole, now);
    change.left_out += resolved.left_out;
    for (const std::string& address : change.vanished) {
        const auto found = targets_.find(address);
        if (found == targets_.end()) continue;
        found->second.from_seed = false;
        found->second.good = now.steady;
        if (is_stale(found->second)) targets_.erase(found);
    }
    for (const std::string& address : change.appeared) {
        if (targets_.size() >= targets_max && !targets_.contains(address)) {
            ++change.left_out;
            continue;
        }
        const auto [at, is_new] = targets_.try_emplace(address);
        at->second.from_seed = true;
        if (is_new) at->second.next = now.steady;
        open(at);
    }
    if (change.is_news)
        events.emplace_back(SeedAnswered{
            .seed = resolved.seed,
            .addresses = change.listed,
            .appeared = change.appeared.size(),
            .vanished = change.vanished.size(),
            .whole = resolved.whole});
    if (change.left_out != 0) events.emplace_back(LimitReached{"addresses of " + resolved.seed});
    return change.left_out;
}

bool Dialer::learn(const std::string& address, NodeId node, Now now, Duration wait) {
    auto found = targets_.find(address);
    if (found == targets_.end() && targets_.size() >= targets_max) return false;
    if (found == targets_.end())
        found =
            targets_.emplace(address, Target{.next = now.steady + wait, .good = now.steady}).first;
    open(found);
    Target& target = found->second;
    target.node = node;
    target.told = true;
    return true;
}

bool Dialer::is_at(const std::string& address, NodeId node, Now now) {
    const std::string* const home = homes_.find(node);
    if (home != nullptr && *home != address) forget(node);
    if (!learn(address, node, now)) return false;
    homes_.make(node).first = address;
    return true;
}

void Dialer::forget(NodeId node) {
    homes_.erase(node);
    for (auto at = targets_.begin(); at != targets_.end();) {
        Target& target = at->second;
        if (target.node != node) {
            ++at;
        } else if (target.from_seed || target.dialling) {
            target.node = {};
            target.told = false;
            ++at;
        } else {
            at = targets_.erase(at);
        }
    }
}

void Dialer::ended(const std::string& address, NodeId node, bool complete, Now now) {
    const auto found = targets_.find(address);
    if (found == targets_.end()) return;
    open(found);
    Target& target = found->second;
    target.dialling = false;
    target.silent = !complete && !node;
    if (node) target.node = node;
    if (complete) {
        target.reached = true;
        target.good = now.steady;
    }
    target.failures = complete ? 0 : target.failures + 1;
    target.next = now.steady + backoff(complete ? 0 : target.failures - 1);
    if (complete) target.is_self = false;
    if (target.is_self) target.next = now.steady + self_again;
    if (is_stale(target)) targets_.erase(found);
}

void Dialer::is_self(const std::string& address, Now now) {
    const auto found = targets_.find(address);
    if (found == targets_.end()) return;
    found->second.dialling = false;
    found->second.node = {};
    found->second.is_self = true;
    found->second.next = now.steady + self_again;
    if (is_stale(found->second)) targets_.erase(found);
}

void Dialer::wrong_node(const std::string& address) {
    const auto found = targets_.find(address);
    if (found == targets_.end()) return;
    if (found->second.from_seed) {
        found->second.node = {};
        found->second.told = false;
        found->second.dialling = false;
    } else {
        targets_.erase(found);
    }
}

void Dialer::redial(NodeId node, Now now) {
    for (auto at = targets_.begin(); at != targets_.end(); ++at)
        if (at->second.node == node) {
            at->second.failures = 0;
            at->second.next = now.steady;
            open(at);
        }
}

NodeId Dialer::node_at(const std::string& address) const {
    const auto found = targets_.find(address);
    return found == targets_.end() ? NodeId{} : found->second.node;
}

Dialer::Wanted Dialer::due(const std::vector<NodeId>& satisfied, std::size_t expected, Now now) {
    const auto is_satisfied = [&](NodeId node) {
        return std::binary_search(satisfied.begin(), satisfied.end(), node);
    };
    for (auto at = targets_.begin(); at != targets_.end();) {
        Target& target = at->second;
        const bool is_good = target.node && is_satisfied(target.node);
        if (is_good) target.good = now.steady;
        const bool leads_nowhere = now.steady - target.good > config_.keep_down;
        if (leads_nowhere && !target.from_seed && !target.dialling) {
            at = targets_.erase(at);
            continue;
        }
        if (!is_good) open(at);
        ++at;
    }
    Wanted wanted;
    call_due(is_satisfied, now, wanted);
    wanted.seeds = names_.due({.linked = satisfied.size(), .expected = expected}, now);
    return wanted;
}

Dialer::Wanted Dialer::due_since(const IsSatisfied& is_satisfied, Now now) {
    Wanted wanted;
    call_due(is_satisfied, now, wanted);
    return wanted;
}

void Dialer::open(Targets::iterator at) {
    if (!std::exchange(at->second.open, true)) open_.push_back(at->first);
}

void Dialer::call_due(const IsSatisfied& is_satisfied, Now now, Wanted& wanted) {
    NodeMap<bool> being_dialled;
    std::array<std::size_t, under_way_max.size()> under_way{};
    std::vector<std::tuple<Trust, Instant, Targets::iterator>> waiting;
    std::sort(open_.begin(), open_.end());
    open_.erase(std::unique(open_.begin(), open_.end()), open_.end());
    std::erase_if(open_, [&](const std::string& address) {
        const auto at = targets_.find(address);
        if (at == targets_.end()) return true;
        Target& target = at->second;
        const Trust trust = target.reached     ? Trust::reached
                            : target.from_seed ? Trust::listed
                                               : Trust::told;
        const bool is_good = target.node && is_satisfied(target.node);
        if (target.dialling) {
            ++under_way[static_cast<std::size_t>(trust)];
            if (target.node) being_dialled.make(target.node);
        } else if (target.next <= now.steady && !is_good) {
            waiting.emplace_back(trust, target.next, at);
        }
        target.open = target.dialling || !is_good;
        return !target.open;
    });
    // Who has waited longest goes first: no address is kept waiting by others for ever.
    std::stable_sort(waiting.begin(), waiting.end(), [](const auto& left, const auto& right) {
        return std::tie(std::get<0>(left), std::get<1>(left)) <
               std::tie(std::get<0>(right), std::get<1>(right));
    });
    for (const auto& [trust, since, at] : waiting) {
        auto& [address, target] = *at;
        std::size_t& busy = under_way[static_cast<std::size_t>(trust)];
        if (wanted.calls.size() == dials_per_look) break;
        if (busy == under_way_max[static_cast<std::size_t>(trust)]) continue;
        if (target.node && !being_dialled.make(target.node).second) continue;
        ++busy;
        target.dialling = true;
        wanted.calls.push_back({address, target.node});
    }
}

}  // namespace grapevine::mesh
