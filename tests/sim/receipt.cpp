#include "tests/sim/receipt.hpp"

#include "proto/json_document.hpp"
#include "proto/limits.hpp"

#include <array>
#include <utility>

namespace grapevine::sim {

namespace {

using simdjson::dom::element;

constexpr std::array<std::pair<Fate, std::string_view>, 5> fates{{
    {Fate::written, "written"},
    {Fate::acked, "acked"},
    {Fate::not_connected, "not_connected"},
    {Fate::undeliverable, "undeliverable"},
    {Fate::unknown, "unknown"},
}};

std::optional<Fate> fate_named(std::string_view name) {
    for (const auto& [fate, text] : fates)
        if (text == name) return fate;
    return std::nullopt;
}

std::optional<Receipt> read_receipt(element value) {
    std::string_view state;
    if (value["state"].get_string().get(state) != simdjson::SUCCESS) return std::nullopt;
    const auto fate = fate_named(state);
    if (!fate) return std::nullopt;
    Receipt receipt{.fate = *fate, .sessions = 0, .nodes = {}};
    if (element sessions; value["sessions"].get(sessions) == simdjson::SUCCESS &&
                          sessions.get_uint64().get(receipt.sessions) != simdjson::SUCCESS)
        return std::nullopt;
    if (element nodes; value["nodes"].get(nodes) == simdjson::SUCCESS) {
        simdjson::dom::array names;
        if (nodes.get_array().get(names) != simdjson::SUCCESS) return std::nullopt;
        for (const element name : names) {
            std::string_view text;
            if (name.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
            receipt.nodes.emplace_back(text);
        }
    }
    if (std::string_view id; value["message_id"].get_string().get(id) == simdjson::SUCCESS)
        receipt.message_id = id;
    if (bool is = false; value["acknowledged"].get_bool().get(is) == simdjson::SUCCESS)
        receipt.acknowledged = is;
    if (receipt.acknowledged != (receipt.fate == Fate::acked)) return std::nullopt;
    return receipt;
}

std::string_view name_of(Wait wait) {
    switch (wait) {
    case Wait::none: return "none";
    case Wait::node: return "node";
    case Wait::client: return "client";
    }
    return {};
}

}  // namespace

std::string_view name_of(Fate fate) {
    for (const auto& [known, text] : fates)
        if (known == fate) return text;
    return {};
}

std::string text_of(const Receipt& receipt) {
    std::string text{name_of(receipt.fate)};
    text += " sessions=" + std::to_string(receipt.sessions) + " nodes=";
    for (const std::string& node : receipt.nodes)
        text += (text.back() == '=' ? "" : ",") + node;
    return text;
}

std::string send_request(const SendOrder& order, std::string_view payload) {
    std::string json = R"({"to":)";
    if (order.to.size() == 1) json += '"' + order.to.front() + '"';
    if (order.to.size() != 1) {
        json += '[';
        for (const std::string& user : order.to)
            json += (json.back() == '[' ? "\"" : ",\"") + user + '"';
        json += ']';
    }
    json += R"(,"data":)";
    json += payload;
    if (order.wait != Wait::none) json += R"(,"wait":")" + std::string{name_of(order.wait)} + '"';
    if (order.at_least_once) json += R"(,"qos":1)";
    if (!order.idempotency_key.empty())
        json += R"(,"idempotency_key":")" + order.idempotency_key + '"';
    return json + '}';
}

Wait wait_in(std::string_view request) {
    for (const Wait wait : {Wait::node, Wait::client})
        if (request.find(R"("wait":")" + std::string{name_of(wait)} + '"') !=
            std::string_view::npos)
            return wait;
    return Wait::none;
}

bool is_at_least_once(std::string_view request) {
    return request.find(R"("qos":1)") != std::string_view::npos;
}

std::optional<SendResult> read_send_result(std::string_view json) {
    proto::JsonDocument document{proto::limits::json_depth};
    simdjson::dom::object root;
    if (!document.parse(json) || document.root().get_object().get(root) != simdjson::SUCCESS)
        return std::nullopt;
    SendResult result;
    simdjson::dom::object users;
    if (root["users"].get_object().get(users) != simdjson::SUCCESS) return result;
    for (const auto& [user, value] : users) {
        const auto receipt = read_receipt(value);
        if (!receipt || !result.users.emplace(user, *receipt).second) return std::nullopt;
    }
    return result;
}

}  // namespace grapevine::sim
