#include "mesh/refusals.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

using proto::RefuseReason;

/// More than anybody reads; strangers can cause entries, 1 KiB each at most.
constexpr std::size_t refusals_max = 64;

}  // namespace

bool is_noteworthy(RefuseReason reason) {
    switch (reason) {
    case RefuseReason::wrong_cluster:
    case RefuseReason::wrong_version:
    case RefuseReason::wrong_secret:
    case RefuseReason::duplicate_node:
    case RefuseReason::unexpected_node:
    case RefuseReason::protocol_error: return true;
    case RefuseReason::is_self:
    case RefuseReason::loser_link:
    case RefuseReason::stale_epoch:
    case RefuseReason::leaving: return false;
    }
    return false;
}

std::string_view word_of(RefuseReason reason) {
    switch (reason) {
    case RefuseReason::wrong_cluster: return "wrong_cluster";
    case RefuseReason::wrong_version: return "wrong_version";
    case RefuseReason::wrong_secret: return "wrong_secret";
    case RefuseReason::is_self: return "is_self";
    case RefuseReason::duplicate_node: return "duplicate_node";
    case RefuseReason::loser_link: return "loser_link";
    case RefuseReason::unexpected_node: return "unexpected_node";
    case RefuseReason::protocol_error: return "protocol_error";
    case RefuseReason::stale_epoch: return "stale_epoch";
    case RefuseReason::leaving: return "leaving";
    }
    return "unknown";
}

void Refusals::note(const LinkRefused& refused, Now now) {
    if (!is_noteworthy(refused.reason)) return;
    const auto is_same = [&](const RefusedLink& entry) {
        return entry.reason == refused.reason && entry.by_peer == refused.by_peer &&
               entry.address == refused.address && entry.name == refused.name;
    };
    auto at = std::find_if(entries_.begin(), entries_.end(), is_same);
    if (at == entries_.end()) {
        if (entries_.size() == refusals_max) entries_.pop_back();
        at = entries_.insert(
            entries_.end(),
            {.address = refused.address,
             .name = refused.name,
             .reason = refused.reason,
             .by_peer = refused.by_peer,
             .first = now.steady});
    }
    at->text = refused.text;
    at->last = now.steady;
    ++at->times;
    std::rotate(entries_.begin(), at, at + 1);
}

}  // namespace grapevine::mesh
