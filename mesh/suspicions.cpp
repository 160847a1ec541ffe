#include "mesh/suspicions.hpp"

#include <algorithm>
#include <array>

namespace grapevine::mesh {
namespace {

/// Accusations kept of one node: what matters are voices_wanted, the rest is room for liars.
constexpr std::size_t accusations_max = 16;
/// One node may accuse this many, or this share of all, and be believed.
constexpr std::size_t budget_min = 2;
constexpr std::size_t budget_share = 4;

/// ln(voices + 1) / ln(wanted + 1), per mille.
constexpr std::array<std::array<int, voices_wanted + 1>, voices_wanted + 1> progress{{
    {1000, 1000, 1000, 1000},
    {0, 1000, 1000, 1000},
    {0, 631, 1000, 1000},
    {0, 500, 792, 1000},
}};

}  // namespace

Duration suspicion_time(std::size_t voices, std::size_t able, const MeshConfig& config) {
    if (able == 0) return config.suspicion_alone;
    const int done = progress[std::min(able, voices_wanted)][std::min(voices, voices_wanted)];
    return config.suspicion_max - (config.suspicion_max - config.suspicion_min) * done / 1000;
}

bool Suspicions::accuse(NodeId accused, NodeId accuser, Now now) {
    std::vector<Accusation>& said = of_[accused];
    const auto same = std::find_if(
        said.begin(), said.end(), [&](const Accusation& one) { return one.by == accuser; });
    if (same != said.end()) {
        same->at = now.steady;
        return false;
    }
    if (said.size() >= accusations_max) return false;
    said.push_back({accuser, now.steady});
    return true;
}

template <class Over>
void Suspicions::drop_if(Over over) {
    for (auto at = of_.begin(); at != of_.end();) {
        std::erase_if(at->second, over);
        at = at->second.empty() ? of_.erase(at) : std::next(at);
    }
}

void Suspicions::forget(NodeId node) {
    of_.erase(node);
    drop_if([&](const Accusation& one) { return one.by == node; });
}

void Suspicions::tick(Now now) {
    drop_if([&](const Accusation& one) { return now.steady - one.at > config_.accusation_keep; });
}

std::size_t Suspicions::accused_by(NodeId accuser) const {
    return static_cast<std::size_t>(std::count_if(of_.begin(), of_.end(), [&](const auto& entry) {
        return std::any_of(entry.second.begin(), entry.second.end(), [&](const Accusation& one) {
            return one.by == accuser;
        });
    }));
}

std::size_t Suspicions::all_voices(NodeId accused, std::size_t members) const {
    const auto found = of_.find(accused);
    if (found == of_.end()) return 0;
    const std::size_t budget = std::max(budget_min, members / budget_share);
    return static_cast<std::size_t>(
        std::count_if(found->second.begin(), found->second.end(), [&](const Accusation& one) {
            return accused_by(one.by) <= budget;
        }));
}

std::size_t Suspicions::voices(NodeId accused, std::size_t members) const {
    return std::min(all_voices(accused, members), voices_wanted);
}

std::vector<NodeId> Suspicions::accusers(NodeId accused) const {
    std::vector<NodeId> nodes;
    if (const auto found = of_.find(accused); found != of_.end())
        for (const Accusation& one : found->second)
            nodes.push_back(one.by);
    return nodes;
}

}  // namespace grapevine::mesh
