/// Judges tokens by keys and rules that it is given: whether they are signed, for whom they are,
/// and until when they are good. docs/tokens.md says it for those who make them.
#pragma once

#include "mesh/authenticator.hpp"
#include "proto/client_codec.hpp"
#include "proto/tokens/token_reader.hpp"

#include <memory>
#include <string>

namespace grapevine::mesh {

/// A token may be shown so long before its `nbf`: clocks of its maker and of ours differ. There is
/// no such grace after `exp`: a client whose token ends too early only asks for another.
inline constexpr std::chrono::seconds token_early_leeway{30};

struct TokenRules {
    std::string audience;  ///< one of `aud` must be it. Empty: any, or none
    std::string issuer;  ///< `iss` must be it. Empty: any, or none
};

class TokenAuthenticator final : public Authenticator {
public:
    using Keys = std::shared_ptr<const proto::TokenKeys>;

    /// `keys`: never null. They may be shared with other loops: nobody changes them.
    TokenAuthenticator(TokenRules rules, Keys keys);
    /// Other keys from now on. What was accepted by the old ones stays so.
    void use(Keys keys) { keys_ = std::move(keys); }

    ConnectToken connect_token(std::string_view token, WallTime now) override;
    SubscribeToken
    subscribe_token(std::string_view token, const TokenBearer& bearer, WallTime now) override;

private:
    struct Judged;
    Judged judge(std::string_view token);
    /// What others see of a session must be JSON, also if it came as bytes.
    bool as_json(proto::TokenPayload& info);

    TokenRules rules_;
    Keys keys_;
    proto::TokenReader reader_;
    proto::ClientScratch scratch_;
};

}  // namespace grapevine::mesh
