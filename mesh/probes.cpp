#include "mesh/probes.hpp"

#include "proto/hash.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

/// Errands run at a time, for all and for one peer: a node asks about few at once unless it is
/// itself the sick one.
constexpr std::size_t errands_max = 1024;
constexpr std::ptrdiff_t errands_per_peer_max = 64;

}  // namespace

std::uint64_t Probes::new_nonce() {
    // Odd: zero means that there is none.
    return proto::mix64(++last_nonce_) | 1;
}

std::uint64_t Probes::ask(NodeId target, const std::vector<NodeId>& peers, Now now) {
    const auto open = asked_.find(target);
    if (peers.empty() || (open != asked_.end() && now.steady < open->second.until)) return 0;
    // A peer that finds nobody says so after indirect_within; that must have time to come back.
    asked_[target] = {
        .nonce = new_nonce(),
        .open = {peers.begin(), peers.end()},
        .until = now.steady + config_.indirect_within * 3 / 2};
    return asked_[target].nonce;
}

std::optional<NodeId> Probes::answered(std::uint64_t nonce, NodeId peer) {
    for (auto& [target, question] : asked_) {
        if (question.nonce != nonce || question.open.erase(peer) == 0) continue;
        question.was_answered = true;
        return target;
    }
    return {};
}

std::size_t Probes::take_unanswered(Now now) {
    std::size_t unanswered = 0;
    std::erase_if(asked_, [&](const auto& entry) {
        const Question& question = entry.second;
        if (now.steady < question.until) return false;
        unanswered += question.was_answered ? 0 : 1;
        return true;
    });
    return unanswered;
}

std::optional<std::uint64_t>
Probes::help(NodeId asker, NodeId target, std::uint64_t nonce, Now now) {
    const auto of_asker = std::count_if(helped_.begin(), helped_.end(), [&](const auto& entry) {
        return entry.second.reply.to == asker;
    });
    if (helped_.size() >= errands_max || of_asker >= errands_per_peer_max) return {};
    const std::uint64_t own = new_nonce();
    helped_[own] = {
        .reply = {.to = asker, .target = target, .nonce = nonce},
        .until = now.steady + config_.indirect_within};
    return own;
}

std::optional<Probes::Reply> Probes::echoed(std::uint64_t nonce, NodeId target) {
    const auto found = helped_.find(nonce);
    if (found == helped_.end() || found->second.reply.target != target) return {};
    const Reply reply = found->second.reply;
    helped_.erase(found);
    return reply;
}

std::vector<Probes::Reply> Probes::take_overdue(Now now) {
    std::vector<Reply> replies;
    std::erase_if(helped_, [&](const auto& entry) {
        if (now.steady < entry.second.until) return false;
        replies.push_back(entry.second.reply);
        return true;
    });
    return replies;
}

void Probes::forget(NodeId node) {
    asked_.erase(node);
    std::erase_if(helped_, [&](const auto& entry) { return entry.second.reply.to == node; });
}

}  // namespace grapevine::mesh
