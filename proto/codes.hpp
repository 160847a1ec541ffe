/// The numbers clients see: errors in replies and close codes. As published for the Centrifuge
/// protocol (centrifugal.dev, "Error and disconnect codes"), so that SDKs react as they do there.
#pragma once

#include <cstdint>
#include <string_view>

namespace grapevine::proto {

enum class ErrorCode : std::uint16_t {
    internal = 100,
    unauthorized = 101,
    unknown_channel = 102,
    permission_denied = 103,
    method_not_found = 104,
    already_subscribed = 105,
    limit_exceeded = 106,
    bad_request = 107,
    not_available = 108,
    token_expired = 109,
    expired = 110,
    too_many_requests = 111,
    unrecoverable_position = 112,
};

/// 3000 to 3499: the client reconnects. 3500 to 3999: it does not.
enum class CloseCode : std::uint16_t {
    normal = 1000,
    connection_closed = 3000,
    shutdown = 3001,
    server_error = 3004,
    expired = 3005,
    subscription_expired = 3006,
    slow = 3008,
    write_error = 3009,
    insufficient_state = 3010,
    force_reconnect = 3011,
    no_pong = 3012,
    too_many_requests = 3013,
    invalid_token = 3500,
    bad_request = 3501,
    stale = 3502,
    force_no_reconnect = 3503,
    connection_limit = 3504,
    channel_limit = 3505,
    inappropriate_protocol = 3506,
    permission_denied = 3507,
    not_available = 3508,
    too_many_errors = 3509,
};

/// Why a node ended one subscription. From 2500 on the client subscribes again.
enum class UnsubscribeCode : std::uint16_t {
    by_server = 2000,
    insufficient_state = 2500,
    expired = 2501,
};

/// Whether a client may try the same again ("temporary" on the wire).
constexpr bool is_temporary(ErrorCode code) {
    return code == ErrorCode::internal || code == ErrorCode::too_many_requests;
}

/// Plain words for people: SDKs read JSON in a close reason as advice.
std::string_view text_of(ErrorCode code);
std::string_view text_of(CloseCode code);
std::string_view text_of(UnsubscribeCode code);

}  // namespace grapevine::proto
