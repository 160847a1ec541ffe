/// What the client machine asks when a client shows a token, and what it is told. Who answers knows
/// keys and rules; the machine knows neither, nor what a token looks like.
#pragma once

#include "mesh/now.hpp"
#include "proto/codes.hpp"
#include "proto/tokens/claims.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace grapevine::mesh {

enum class TokenFault : std::uint8_t {
    none,
    invalid,  ///< forged, malformed, of another kind, or for another audience
    expired,  ///< or not good yet: the client should get itself a new one
    for_another,  ///< another user, channel or client than the one that shows it
};

/// A connection's token, on `connect` and `refresh`. On a `refresh` the caller looks whether it is
/// still the same user.
struct ConnectToken {
    TokenFault fault = TokenFault::none;
    std::string_view why;  ///< of a fault, for an operator; static text. Never for the client
    std::string user;  ///< empty: nobody in particular, if that is allowed
    std::optional<WallTime> ends;  ///< when the connection has to be refreshed; none: never
    proto::TokenPayload info;  ///< for others to see: in publications, presence, joins
    std::string meta;  ///< JSON for back ends only
    /// To subscribe it to, with what is special about each. Names are ones that a channel may have;
    /// some may be personal, or unknown here.
    std::map<std::string, proto::SubscriptionClaims> subs;
};

/// Who shows a subscription's token, and for what.
struct TokenBearer {
    std::string_view user;
    std::string_view client;  ///< its id as text, as the client was told on connect
    std::string_view channel;
};
/// A subscription's token, on `subscribe` and `sub_refresh`.
struct SubscribeToken {
    TokenFault fault = TokenFault::none;
    std::string_view why;  ///< as in ConnectToken
    std::optional<WallTime> ends;  ///< when the subscription has to be refreshed; none: never
    proto::SubscriptionClaims options;
};

/// Belongs to one loop, as the machine that asks it.
class Authenticator {
public:
    Authenticator() = default;
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;
    virtual ~Authenticator() = default;

    virtual ConnectToken connect_token(std::string_view token, WallTime now) = 0;
    virtual SubscribeToken
    subscribe_token(std::string_view token, const TokenBearer& bearer, WallTime now) = 0;
};

/// What a client is told. A connection with a token that is not expired but faulty is closed with
/// CloseCode::invalid_token: it would be so each time.
constexpr proto::ErrorCode error_of(TokenFault fault) {
    return fault == TokenFault::expired ? proto::ErrorCode::token_expired
                                        : proto::ErrorCode::permission_denied;
}

}  // namespace grapevine::mesh
