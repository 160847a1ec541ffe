#include "mesh/namespaces.hpp"

#include "mesh/check.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {
namespace {

constexpr char namespace_mark = ':';

}  // namespace

Namespaces::Namespaces(ChannelRules rules) : rules_(std::move(rules)) {
    std::vector<NamespaceRules>& all = rules_.namespaces;
    std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) {
        return left.name < right.name;
    });
    const auto same = [](const auto& left, const auto& right) { return left.name == right.name; };
    check(
        std::adjacent_find(all.begin(), all.end(), same) == all.end(),
        "whoever reads the rules refuses two namespaces of one name");
}

const NamespaceRules* Namespaces::of(std::string_view channel) const {
    const std::size_t end = rules_.has_no_namespaces ? channel.npos : channel.find(namespace_mark);
    if (end == channel.npos) return &rules_.without_namespace;
    const std::string_view name = channel.substr(0, end);
    const std::vector<NamespaceRules>& all = rules_.namespaces;
    const auto found = std::lower_bound(
        all.begin(), all.end(), name, [](const NamespaceRules& rules, std::string_view wanted) {
            return rules.name < wanted;
        });
    return found != all.end() && found->name == name ? &*found : nullptr;
}

}  // namespace grapevine::mesh
