#include "mesh/data_links.hpp"

#include <utility>

namespace grapevine::mesh {

bool DataLinks::want(NodeId node, Now now) {
    if (!is_on_) return false;
    const auto [at, is_new] = wanted_.try_emplace(node);
    Wanted& wanted = at->second;
    wanted.used = now.steady;
    if (wanted.missing_since == never) {
        wanted.missing_since = now.steady;
        news_.push_back(node);
    }
    return !wanted.is_late;
}

void DataLinks::used(NodeId node, Now now) {
    wanted_[node].used = now.steady;
}

bool DataLinks::wait(NodeId node, std::string_view encoded, Now now, std::uint32_t version) {
    if (!want(node, now)) return false;
    Wanted& wanted = wanted_[node];
    if (wanted.bytes + encoded.size() > config_.link_wait_bytes_max ||
        waiting_bytes_ + encoded.size() > config_.all_link_wait_bytes_max)
        return false;
    wanted.waiting.push_back({std::string{encoded}, version});
    wanted.bytes += encoded.size();
    waiting_bytes_ += encoded.size();
    return true;
}

void DataLinks::linked(NodeId node, LinkQueue& queue, std::uint32_t version) {
    const auto found = wanted_.find(node);
    if (found == wanted_.end()) return;
    found->second.missing_since = never;
    found->second.is_late = false;
    for (const Wanted::Frame& frame : found->second.waiting)
        if (frame.version <= version) queue.append(FrameClass::messages, frame.encoded);
    drop_waiting(found->second);
}

std::size_t DataLinks::drop_waiting(Wanted& wanted) {
    waiting_bytes_ -= std::exchange(wanted.bytes, 0);
    return std::exchange(wanted.waiting, {}).size();
}

void DataLinks::forget(NodeId node) {
    const auto found = wanted_.find(node);
    if (found == wanted_.end()) return;
    drop_waiting(found->second);
    wanted_.erase(found);
}

DataLinks::Late DataLinks::tick(bool is_on, Now now) {
    is_on_ = is_on;
    Late late;
    for (auto at = wanted_.begin(); at != wanted_.end();) {
        Wanted& wanted = at->second;
        const bool is_late = wanted.missing_since != never &&
                             now.steady - wanted.missing_since > config_.wait_for_link;
        if (is_late && !std::exchange(wanted.is_late, true)) {
            late.any = true;
            late.dropped += drop_waiting(wanted);
        }
        const bool is_over = !is_on || now.steady - wanted.used > config_.link_idle;
        if (is_over) late.dropped += drop_waiting(wanted);
        at = is_over ? wanted_.erase(at) : std::next(at);
    }
    while (wanted_.size() > config_.data_links_max) {
        // One that is being made is about to be used.
        auto idlest = wanted_.end();
        for (auto at = wanted_.begin(); at != wanted_.end(); ++at)
            if (at->second.missing_since == never &&
                (idlest == wanted_.end() || at->second.used < idlest->second.used))
                idlest = at;
        if (idlest == wanted_.end()) break;
        wanted_.erase(idlest);
    }
    return late;
}

}  // namespace grapevine::mesh
