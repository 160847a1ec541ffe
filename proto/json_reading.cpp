#include "proto/json_reading.hpp"

#include "proto/api_reading.hpp"
#include "proto/json_document.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"

#include <simdjson.h>

namespace grapevine::proto {

struct JsonReader::Parts {
    JsonDocument document{limits::json_depth};

    bool parse(std::string_view text) {
        return text.size() <= limits::client_message_bytes && document.parse(text);
    }
};

JsonReader::JsonReader() : parts_(std::make_unique<Parts>()) {}
JsonReader::~JsonReader() = default;

ConnectUser read_connect_user(JsonReader& reader, std::string_view data) {
    constexpr ConnectUser refused{};
    constexpr ConnectUser anonymous{.valid = true, .user = {}};
    if (data.empty()) return anonymous;
    if (!reader.parts().parse(data)) return refused;
    const simdjson::dom::element root = reader.parts().document.root();
    if (root.is_null()) return anonymous;
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) return refused;
    simdjson::dom::element field;
    if (object.at_key("user").get(field) != simdjson::SUCCESS) return anonymous;
    std::string_view user;
    if (field.get(user) != simdjson::SUCCESS || !is_user_name(user)) return refused;
    return {.valid = true, .user = user};
}

UserList
read_user_list(JsonReader& reader, std::string_view data, std::vector<std::string>& users) {
    users.clear();
    simdjson::dom::array array;
    if (!reader.parts().parse(data)) return UserList::malformed;
    if (reader.parts().document.root()["users"].get(array) != simdjson::SUCCESS)
        return UserList::malformed;
    for (const simdjson::dom::element item : array) {
        std::string_view user;
        if (users.size() == limits::users_per_query) return UserList::too_many;
        if (item.get(user) != simdjson::SUCCESS || !is_user_name(user)) return UserList::malformed;
        users.emplace_back(user);
    }
    return UserList::read;
}

PublishBody read_publish_body(JsonReader& reader, std::string_view body) {
    JsonDocument& document = reader.parts().document;
    simdjson::dom::object object;
    if (!document.parse(body) || document.root().get(object) != simdjson::SUCCESS) return {};
    PublishBody found{.valid = true};
    JsonWalker walker{document.text()};
    walker.open();
    for (const auto member : object) {
        walker.member();
        const std::string_view raw = walker.value();
        if (member.key == "data") found.data = document.without_newlines(raw);
        if (member.key == "channel" && member.value.get(found.channel) != simdjson::SUCCESS)
            return {};
    }
    return found;
}

}  // namespace grapevine::proto
