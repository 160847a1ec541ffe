#include "proto/json_reading.hpp"

#include "proto/api_reading.hpp"
#include "proto/json_document.hpp"
#include "proto/limits.hpp"
#include "proto/message_ref.hpp"
#include "proto/names.hpp"

#include <array>
#include <set>
#include <simdjson.h>
#include <utility>

namespace grapevine::proto {

struct JsonReader::Parts {
    JsonDocument document{limits::json_depth};

    bool parse(std::string_view text) {
        return text.size() <= limits::client_message_bytes && document.parse(text);
    }
};

namespace {

using simdjson::dom::element;

/// Calls `take(name, value, raw)` for each member of the object that `body` should be, until it
/// says no. False: it said no, or that is no object.
template <class Take>
bool for_each_member(JsonDocument& document, std::string_view body, Take take) {
    simdjson::dom::object object;
    if (!document.parse(body) || document.root().get(object) != simdjson::SUCCESS) return false;
    JsonWalker walker{document.text()};
    walker.open();
    for (const auto member : object) {
        walker.member();
        if (!take(std::string_view{member.key}, member.value, walker.value())) return false;
    }
    return true;
}

// The texts below say these numbers.
static_assert(limits::user_name_bytes == 254 && limits::users_per_send == 1000);
static_assert(limits::publish_data_bytes == 65536 && limits::idempotency_key_bytes == 64);

/// Takes the members of a `send` one by one. Null counts as absent, as everywhere.
class SendReading {
public:
    SendReading(JsonDocument& document, SendBody& found) : document_(document), found_(found) {}

    /// False: there is a fault.
    bool take(std::string_view name, element value, std::string_view raw) {
        for (std::size_t index = 0; index < members.size(); ++index) {
            const Member& member = members[index];
            if (member.name != name) continue;
            if (std::exchange(seen_[index], true)) return wrong(member.repeated);
            return value.is_null() || (this->*member.take)(value, raw);
        }
        return true;
    }

private:
    struct Member {
        std::string_view name;
        bool (SendReading::*take)(element value, std::string_view raw);
        std::string_view repeated;
    };
    static const std::array<Member, 5> members;

    bool wrong(std::string_view fault) {
        found_.fault = fault;
        return false;
    }
    bool too_much(std::string_view fault) {
        found_.over_limit = true;
        return wrong(fault);
    }

    bool take_to(element value, std::string_view) {
        simdjson::dom::array list;
        if (value.get(list) != simdjson::SUCCESS) return take_user(value);
        // Counted before any is looked at: a list of a million is refused for nothing.
        if (list.size() > limits::users_per_send)
            return too_much("\"to\" names more than 1000 users: send to them in several calls");
        if (list.size() == 0) return wrong("\"to\" is empty: name at least one user");
        for (const element item : list)
            if (!take_user(item)) return false;
        return true;
    }
    bool take_user(element value) {
        std::string_view user;
        if (value.get(user) != simdjson::SUCCESS || !is_user_name(user))
            return wrong(
                "\"to\" must be the name of a user or a list of names, each 1 to 254 bytes "
                "without control characters and not beginning with '#' or '$'");
        if (users_.insert(user).second) found_.users.emplace_back(user);
        return true;
    }
    bool take_data(element, std::string_view raw) {
        found_.data = document_.without_newlines(raw);
        return found_.data.size() <= limits::publish_data_bytes ||
               too_much("\"data\" is longer than 65536 bytes: send it in parts, or a link to it");
    }
    bool take_wait(element value, std::string_view) {
        return (value.get(found_.wait) == simdjson::SUCCESS &&
                (found_.wait == "none" || found_.wait == "node" || found_.wait == "client")) ||
               wrong("\"wait\" must be \"none\", \"node\" or \"client\"");
    }
    bool take_qos(element value, std::string_view) {
        std::uint64_t qos = 0;
        if (value.get(qos) != simdjson::SUCCESS || qos > 1)
            return wrong("\"qos\" must be 0 (at most once) or 1 (repeated until acknowledged)");
        found_.at_least_once = qos == 1;
        return true;
    }
    bool take_key(element value, std::string_view) {
        if (value.get(found_.idempotency_key) != simdjson::SUCCESS ||
            found_.idempotency_key.empty())
            return wrong("\"idempotency_key\" must be a text of 1 to 64 bytes: leave it out if "
                         "repeats need not be recognised");
        return found_.idempotency_key.size() <= limits::idempotency_key_bytes ||
               too_much("\"idempotency_key\" is longer than 64 bytes: use for example a UUID");
    }

    JsonDocument& document_;
    SendBody& found_;
    std::array<bool, 5> seen_{};  ///< which of the members
    std::set<std::string_view> users_;  ///< those in found_, to see repetitions
};

constexpr std::array<SendReading::Member, 5> SendReading::members{
    {{"to", &SendReading::take_to, "\"to\" is given twice: put all users into one list"},
     {"data", &SendReading::take_data, "\"data\" is given twice: give one JSON value"},
     {"wait", &SendReading::take_wait, "\"wait\" is given twice: give it once"},
     {"qos", &SendReading::take_qos, "\"qos\" is given twice: give it once"},
     {"idempotency_key",
      &SendReading::take_key,
      "\"idempotency_key\" is given twice: give it once"}}};

}  // namespace

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
    PublishBody found{.valid = true};
    const bool read =
        for_each_member(document, body, [&](std::string_view name, element value, auto raw) {
            if (name == "data") found.data = document.without_newlines(raw);
            return name != "channel" || value.get(found.channel) == simdjson::SUCCESS;
        });
    return read ? found : PublishBody{};
}

SendBody read_send_body(JsonReader& reader, std::string_view body) {
    SendBody found{.users = {}, .wait = "none"};
    SendReading reading{reader.parts().document, found};
    if (!for_each_member(
            reader.parts().document,
            body,
            [&](auto name, element value, auto raw) { return reading.take(name, value, raw); }) &&
        found.fault.empty())
        found.fault = "the body is not a JSON object: write for example "
                      "{\"to\":\"bob\",\"data\":{\"text\":\"hi\"}}";
    if (found.fault.empty() && found.users.empty())
        found.fault = "\"to\" is missing: name a user, or a list of users";
    if (found.fault.empty() && found.data.empty())
        found.fault = "\"data\" is missing: give any JSON value but null";
    if (found.fault.empty() && found.users.size() * found.data.size() > limits::send_bytes) {
        found.over_limit = true;
        found.fault =
            "\"data\" for so many users is more than 4 MiB: send to them in several calls";
    }
    return found;
}

std::optional<MessageRef> read_ack_body(JsonReader& reader, std::string_view body) {
    std::string_view id;
    if (!reader.parts().parse(body) ||
        reader.parts().document.root()["id"].get(id) != simdjson::SUCCESS)
        return std::nullopt;
    return read_message_ref(id);
}

}  // namespace grapevine::proto
