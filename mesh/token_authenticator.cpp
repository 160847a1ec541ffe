#include "mesh/token_authenticator.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

using proto::TokenClaims;

/// What is wrong with the time, if anything.
std::string_view fault_of_time(const TokenClaims& claims, WallTime now) {
    if (claims.expires && now >= *claims.expires) return "it has expired (\"exp\")";
    if (claims.ends && now >= *claims.ends)
        return "what it allows has ended already (\"expire_at\")";
    if (claims.begins && now + token_early_leeway < *claims.begins)
        return "it is not good yet (\"nbf\"); do the clocks of its maker and of this node differ?";
    return {};
}

template <class Token>
Token refused(TokenFault fault, std::string_view why) {
    Token token;
    token.fault = fault;
    token.why = why;
    return token;
}

std::string_view fault_of_bearer(const TokenClaims& claims, const TokenBearer& bearer) {
    if (claims.user != bearer.user) return "it is for another user (\"sub\")";
    if (claims.channel != bearer.channel) return "it is for another channel (\"channel\")";
    if (!claims.client.empty() && claims.client != bearer.client)
        return "it is for another client (\"client\")";
    return {};
}

}  // namespace

/// A token that is signed, well formed, and for us; or why not.
struct TokenAuthenticator::Judged {
    std::string_view why;
    TokenClaims claims;
};

TokenAuthenticator::TokenAuthenticator(TokenRules rules, Keys keys)
    : rules_(std::move(rules)), keys_(std::move(keys)) {}

TokenAuthenticator::Judged TokenAuthenticator::judge(std::string_view token) {
    const proto::OpenedToken opened = reader_.open(*keys_, token);
    if (!opened.fault.empty()) return {opened.fault, {}};
    proto::ReadClaims read = reader_.read(opened.claims);
    if (!read.fault.empty()) return {read.fault, {}};
    const std::vector<std::string>& audiences = read.claims.audiences;
    if (!rules_.audience.empty() &&
        std::find(audiences.begin(), audiences.end(), rules_.audience) == audiences.end())
        return {"it is for another audience (\"aud\") than --token-audience", {}};
    if (!rules_.issuer.empty() && read.claims.issuer != rules_.issuer)
        return {"it is of another issuer (\"iss\") than --token-issuer", {}};
    bool is_json = as_json(read.claims.options.info);
    for (auto& [channel, options] : read.claims.subs)
        is_json = is_json && as_json(options.info);
    if (!is_json) return {"a \"b64info\" in it is no JSON, but others may speak nothing else", {}};
    return {{}, std::move(read.claims)};
}

bool TokenAuthenticator::as_json(proto::TokenPayload& info) {
    if (info.kind == proto::PayloadKind::json) return true;
    std::string_view json;
    if (!proto::normalise_json(scratch_, info.bytes, json)) return false;
    info = {proto::PayloadKind::json, std::string{json}};
    return true;
}

ConnectToken TokenAuthenticator::connect_token(std::string_view token, WallTime now) {
    auto [why, claims] = judge(token);
    // Whoever may hear one channel must not become its user by that.
    if (why.empty() && claims.channel)
        why = "it is a subscription's token (\"channel\"), not a connection's";
    if (!why.empty()) return refused<ConnectToken>(TokenFault::invalid, why);
    why = fault_of_time(claims, now);
    if (!why.empty()) return refused<ConnectToken>(TokenFault::expired, why);
    ConnectToken accepted;
    accepted.user = std::move(claims.user);
    accepted.ends = claims.ends;
    accepted.info = std::move(claims.options.info);
    accepted.meta = std::move(claims.meta);
    accepted.subs = std::move(claims.subs);
    return accepted;
}

SubscribeToken TokenAuthenticator::subscribe_token(
    std::string_view token, const TokenBearer& bearer, WallTime now) {
    auto [why, claims] = judge(token);
    if (why.empty() && !claims.channel)
        why = "it is a connection's token, not a subscription's (\"channel\")";
    if (!why.empty()) return refused<SubscribeToken>(TokenFault::invalid, why);
    why = fault_of_bearer(claims, bearer);
    if (!why.empty()) return refused<SubscribeToken>(TokenFault::for_another, why);
    why = fault_of_time(claims, now);
    if (!why.empty()) return refused<SubscribeToken>(TokenFault::expired, why);
    SubscribeToken accepted;
    accepted.ends = claims.ends;
    accepted.options = std::move(claims.options);
    return accepted;
}

}  // namespace grapevine::mesh
