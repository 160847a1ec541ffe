/// What a token says, read and within the limits; whether it counts is for others to decide. One
/// value for both kinds: of a connection (`channels`, `subs`, `meta`) and of a subscription
/// (`channel`, `client`). docs/tokens.md says what each claim means.
#pragma once

#include "proto/mesh_frames.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace grapevine::proto {

/// JSON on one line, or any bytes.
struct TokenPayload {
    PayloadKind kind = PayloadKind::json;
    std::string bytes;  ///< empty: there is none

    friend bool operator==(const TokenPayload&, const TokenPayload&) = default;
};

/// What a token says of one subscription.
struct SubscriptionClaims {
    TokenPayload info;  ///< of the session in this channel; limits::token_info_bytes at most
    TokenPayload data;  ///< for the client, when it is told of the subscription
    /// Instead of what the channel's namespace says; none: as it says.
    std::optional<bool> presence;
    std::optional<bool> join_leave;
    std::optional<bool> force_push_join_leave;
    std::optional<bool> force_positioning;
    std::optional<bool> force_recovery;

    friend bool operator==(const SubscriptionClaims&, const SubscriptionClaims&) = default;
};

struct TokenClaims {
    std::string user;  ///< `sub`. Empty: nobody in particular
    std::string issuer;  ///< `iss`
    std::vector<std::string> audiences;  ///< `aud`
    std::optional<std::chrono::sys_seconds> expires;  ///< `exp`: the token counts until then
    std::optional<std::chrono::sys_seconds> begins;  ///< `nbf`: and not before
    /// When what it allows ends: `expire_at` (0: never), else as `expires`.
    std::optional<std::chrono::sys_seconds> ends;

    SubscriptionClaims options;  ///< those of the token itself: `info`, `data`, `override`
    std::string meta;  ///< JSON for back ends, which no client is shown
    /// Channels to subscribe a session to, limits::channels_per_session at most: `channels`, and
    /// `subs` with what it says of each.
    std::map<std::string, SubscriptionClaims> subs;

    std::optional<std::string> channel;  ///< of a subscription's token
    std::string client;  ///< the only session that may use it. Empty: any of the user
};

}  // namespace grapevine::proto
