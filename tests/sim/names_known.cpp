#include "tests/sim/names_known.hpp"

namespace grapevine::sim {

std::optional<std::string> why_names_differ(
    const std::string& node, const proto::HashKey& hash, const std::vector<NameSeen>& names) {
    for (const NameSeen& seen : names) {
        const std::string whose =
            " of user key=" + std::to_string(seen.key) + " of=" + std::to_string(seen.of.value);
        if (!seen.name.has_value()) {
            if (seen.is_told) return node + " does not know the name" + whose;
            continue;
        }
        if (proto::user_key_of(hash, *seen.name).value != seen.key)
            return node + " knows the wrong name \"" + *seen.name + "\"" + whose;
    }
    return std::nullopt;
}

}  // namespace grapevine::sim
