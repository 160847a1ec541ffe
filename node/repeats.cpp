#include "node/repeats.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::node {

std::optional<std::uint64_t> Repeats::print(const std::string& what, mesh::Instant now) {
    const auto known = lines_.find(what);
    if (known != lines_.end()) {
        Line& line = known->second;
        if (now - line.printed < again_after) {
            ++line.held_back;
            return std::nullopt;
        }
        line.printed = now;
        return std::exchange(line.held_back, 0);
    }
    if (lines_.size() == remembered_max)
        lines_.erase(
            std::min_element(lines_.begin(), lines_.end(), [](const auto& a, const auto& b) {
                return a.second.printed < b.second.printed;
            }));
    lines_[what].printed = now;
    return 0;
}

}  // namespace grapevine::node
