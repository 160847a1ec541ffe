#include "tests/sim/converge_after_heal.hpp"

#include <algorithm>

namespace grapevine::sim {

namespace {

std::string words_of(const Entry& entry) {
    return std::string{entry.kind == proto::TableKind::users ? "user" : "channel"} +
           " key=" + std::to_string(entry.key) + " of=" + std::to_string(entry.node.value) +
           " count=" + std::to_string(entry.count);
}

}  // namespace

std::optional<std::string> why_not_converged(
    const std::string& node, const std::vector<Entry>& visible, const std::vector<Entry>& truth) {
    const auto [seen, real] =
        std::mismatch(visible.begin(), visible.end(), truth.begin(), truth.end());
    if (seen == visible.end() && real == truth.end()) return std::nullopt;
    if (real == truth.end() || (seen != visible.end() && *seen < *real))
        return node + " shows a ghost: " + words_of(*seen);
    return node + " does not show: " + words_of(*real);
}

}  // namespace grapevine::sim
