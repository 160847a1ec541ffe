/// The requests a client may send, as a table: both encodings read and write them by it. Internal
/// to the client codec.
#pragma once

#include "proto/client_frames.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace grapevine::proto {

/// One field of a request. Text is UTF-8 and a JSON string; a payload is any bytes and any JSON
/// value; a flag is true or false.
struct RequestField {
    enum class Type : std::uint8_t { text, payload, flag };

    std::uint32_t number = 0;  ///< 0: the request has no more fields
    std::string_view name;
    Type type = Type::text;
    /// Where it goes; none if it is only checked.
    std::string_view Command::*place = nullptr;
    bool Command::*flag = nullptr;  ///< likewise, of a flag
};

struct Request {
    CommandKind kind;
    std::uint32_t number;  ///< in Command
    std::string_view name;
    std::array<RequestField, 4> fields{};
};

inline constexpr RequestField channel_field{
    1, "channel", RequestField::Type::text, &Command::channel};

constexpr RequestField token_field(std::uint32_t number) {
    return {number, "token", RequestField::Type::text, &Command::token};
}
constexpr RequestField data_field(std::uint32_t number) {
    return {number, "data", RequestField::Type::payload, &Command::data};
}

/// Most frequent first: it is searched from the front.
inline constexpr std::array requests{
    Request{CommandKind::publish, 7, "publish", {channel_field, data_field(2)}},
    Request{
        CommandKind::rpc,
        13,
        "rpc",
        {data_field(1), RequestField{2, "method", RequestField::Type::text, &Command::method}}},
    Request{
        CommandKind::subscribe,
        5,
        "subscribe",
        {channel_field,
         token_field(2),
         data_field(8),
         RequestField{11, "join_leave", RequestField::Type::flag, nullptr, &Command::join_leave}}},
    Request{CommandKind::unsubscribe, 6, "unsubscribe", {channel_field}},
    Request{
        CommandKind::connect,
        4,
        "connect",
        {token_field(1), data_field(2), RequestField{4, "name"}, RequestField{5, "version"}}},
    Request{CommandKind::presence, 8, "presence", {channel_field}},
    Request{CommandKind::presence_stats, 9, "presence_stats", {channel_field}},
    Request{CommandKind::history, 10, "history", {channel_field}},
    Request{CommandKind::ping, 11, "ping"},
    Request{CommandKind::send, 12, "send", {data_field(1)}},
    Request{CommandKind::refresh, 14, "refresh", {token_field(1)}},
    Request{CommandKind::sub_refresh, 15, "sub_refresh", {channel_field, token_field(2)}},
};

constexpr const Request* request_of(CommandKind kind) {
    for (const Request& request : requests)
        if (request.kind == kind) return &request;
    return nullptr;
}
constexpr const Request* request_numbered(std::uint32_t number) {
    for (const Request& request : requests)
        if (request.number == number) return &request;
    return nullptr;
}
constexpr const Request* request_named(std::string_view name) {
    for (const Request& request : requests)
        if (request.name == name) return &request;
    return nullptr;
}

/// Field number of an empty result in Reply; its JSON name is that of the request. 0: it has none.
constexpr std::uint32_t result_number(CommandKind kind) {
    switch (kind) {
    case CommandKind::subscribe: return 6;
    case CommandKind::unsubscribe: return 7;
    case CommandKind::publish: return 8;
    case CommandKind::ping: return 12;
    default: return 0;
    }
}

}  // namespace grapevine::proto
