#include "mesh/origin_log.hpp"

#include "mesh/check.hpp"
#include "proto/limits.hpp"

#include <algorithm>

namespace grapevine::mesh {

void OriginLog::record(const Change& change, std::uint8_t before, std::size_t entries) {
    if (before != 0) sethash_ -= entry_hash({change.key, change.kind, before});
    if (change.count != 0) sethash_ += entry_hash(change);
    ++version_.value;
    ring_.push(change);
    const std::size_t kept_max = std::clamp(entries / 8, ring_min_, ring_max_);
    while (ring_.size() > kept_max)
        ring_.pop();
}

void OriginLog::restart(Epoch epoch) {
    epoch_ = epoch;
    ring_.clear();
}

void OriginLog::read(Version from, Version to, proto::Delta& delta) const {
    check(
        floor() <= from && from < to && to <= version_, "the delta's interval is inside the ring");
    check(to.value - from.value <= proto::limits::delta_changes, "the delta fits a frame");
    delta.epoch = epoch_;
    delta.from = from;
    delta.to = to;
    delta.changes.clear();
    for (std::uint64_t at = from.value; at < to.value; ++at)
        delta.changes.push_back(ring_.at(at - floor().value));
    const auto place = [](const Change& change) { return std::pair{change.kind, change.key}; };
    const auto earlier = [&](const Change& left, const Change& right) {
        return place(left) < place(right);
    };
    // Stable, so that of several changes of one key the last is the latest: only that one is told.
    std::stable_sort(delta.changes.begin(), delta.changes.end(), earlier);
    std::size_t kept = 0;
    for (std::size_t at = 0; at < delta.changes.size(); ++at) {
        const bool is_last = at + 1 == delta.changes.size() ||
                             place(delta.changes[at]) != place(delta.changes[at + 1]);
        if (is_last) delta.changes[kept++] = delta.changes[at];
    }
    delta.changes.resize(kept);
    delta.hash_after = to == version_ ? std::optional{sethash_} : std::nullopt;
}

}  // namespace grapevine::mesh
