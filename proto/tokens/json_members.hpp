/// Members of JSON objects where a mistake would be a way in: none may be said twice, because
/// readers differ in which of the two they take. Internal to this folder.
#pragma once

#include "proto/json_document.hpp"

#include <set>
#include <string_view>

namespace grapevine::proto {

/// Calls `take(name, value, raw)` for each member of `object`, which stands in `text`, until it
/// says no. False: it said no, or two members have one name, however they are spelled.
template <class Take>
bool for_each_distinct(simdjson::dom::object object, std::string_view text, Take take) {
    JsonWalker walker{text};
    walker.open();
    std::set<std::string_view> names;
    for (const auto member : object) {
        walker.member();
        const std::string_view raw = walker.value();
        if (!names.insert(member.key).second || !take(member.key, member.value, raw)) return false;
    }
    return true;
}

/// The object that `text` should be. False: it is none, or has half of a character in it.
inline bool parse_object(JsonDocument& json, std::string_view text, simdjson::dom::object& object) {
    return json.parse(text) && !json.replaced() && json.root().get(object) == simdjson::SUCCESS;
}

}  // namespace grapevine::proto
