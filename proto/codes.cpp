#include "proto/codes.hpp"

namespace grapevine::proto {

std::string_view text_of(ErrorCode code) {
    switch (code) {
    case ErrorCode::internal: return "internal server error";
    case ErrorCode::unauthorized: return "unauthorized";
    case ErrorCode::unknown_channel: return "unknown channel";
    case ErrorCode::permission_denied: return "permission denied";
    case ErrorCode::method_not_found: return "method not found";
    case ErrorCode::already_subscribed: return "already subscribed";
    case ErrorCode::limit_exceeded: return "limit exceeded";
    case ErrorCode::bad_request: return "bad request";
    case ErrorCode::not_available: return "not available";
    case ErrorCode::token_expired: return "token expired";
    case ErrorCode::expired: return "expired";
    case ErrorCode::too_many_requests: return "too many requests";
    case ErrorCode::unrecoverable_position: return "unrecoverable position";
    }
    return "unknown error";
}

std::string_view text_of(CloseCode code) {
    switch (code) {
    case CloseCode::normal: return "closed";
    case CloseCode::connection_closed: return "connection closed";
    case CloseCode::shutdown: return "shutdown";
    case CloseCode::server_error: return "internal server error";
    case CloseCode::expired: return "connection expired";
    case CloseCode::subscription_expired: return "subscription expired";
    case CloseCode::slow: return "slow";
    case CloseCode::write_error: return "write error";
    case CloseCode::insufficient_state: return "insufficient state";
    case CloseCode::force_reconnect: return "force reconnect";
    case CloseCode::no_pong: return "no pong";
    case CloseCode::too_many_requests: return "too many requests";
    case CloseCode::invalid_token: return "invalid token";
    case CloseCode::bad_request: return "bad request";
    case CloseCode::stale: return "stale";
    case CloseCode::force_no_reconnect: return "force disconnect";
    case CloseCode::connection_limit: return "connection limit";
    case CloseCode::channel_limit: return "channel limit";
    case CloseCode::inappropriate_protocol: return "inappropriate protocol";
    case CloseCode::permission_denied: return "permission denied";
    case CloseCode::not_available: return "not available";
    case CloseCode::too_many_errors: return "too many errors";
    }
    return "unknown reason";
}

std::string_view text_of(UnsubscribeCode code) {
    switch (code) {
    case UnsubscribeCode::by_server: return "server unsubscribe";
    case UnsubscribeCode::insufficient_state: return "insufficient state";
    case UnsubscribeCode::expired: return "subscription expired";
    }
    return "unknown reason";
}

}  // namespace grapevine::proto
