#include "mesh/token_commands.hpp"

#include "mesh/client_text.hpp"
#include "mesh/session_presence.hpp"
#include "proto/hash.hpp"
#include "proto/names.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::mesh {
namespace {

using proto::CloseCode;
using proto::ErrorCode;
using proto::PayloadKind;
using proto::SubscriptionClaims;

// ---- until when

/// As clients are told it: SDKs refresh when these seconds are over.
std::uint32_t ttl_s(const std::optional<WallTime>& ends, WallTime now) {
    if (!ends) return 0;
    constexpr std::chrono::seconds longest{std::numeric_limits<std::int32_t>::max()};
    const auto left = std::chrono::ceil<std::chrono::seconds>(*ends - now);
    return static_cast<std::uint32_t>(std::clamp(left, std::chrono::seconds{1}, longest).count());
}

/// When it is over if it was not refreshed, on the clock that is never set.
Instant over_at(const Call& call, const std::optional<WallTime>& ends) {
    if (!ends) return never;
    return call.desk.now.steady + (*ends - call.desk.now.wall) + call.desk.config.refresh_within;
}

// ---- what is kept of it

void keep_terms(Call call, ConnectToken& token) {
    if (!token.info.bytes.empty() || token.ends || call.session.has_terms) {
        SessionTerms& terms = call.desk.registry.make_terms(call.session);
        terms.info = std::move(token.info.bytes);
        terms.ends = over_at(call, token.ends);
    }
    for (auto& [channel, claims] : token.subs)
        if (!claims.info.bytes.empty())
            call.desk.registry.make_terms(call.session)
                .subscriptions.push_back(
                    {.channel = channel, .info = std::move(claims.info.bytes)});
}

/// Of the command's channel. Gives the seconds until it must be refreshed; 0: never.
std::uint32_t keep_terms(Call call, SubscribeToken& token) {
    SessionTerms& terms = call.desk.registry.make_terms(call.session);
    SessionTerms::Subscription* kept = terms.find(call.command.channel);
    if (kept == nullptr) {
        kept = &terms.subscriptions.emplace_back();
        kept->channel = call.command.channel;
        kept->has_token = true;
    }
    kept->info = std::move(token.options.info.bytes);
    kept->ends = over_at(call, token.ends);
    call.desk.timing.changed(call.desk.registry, call.session);
    return ttl_s(token.ends, call.desk.now.wall);
}

// ---- connecting

void join_user(Call call, std::string_view user) {
    const std::uint64_t key = proto::user_key_of(call.desk.config.hash_key, user).value;
    call.desk.registry.users().join(call.session.user, slot_of(call.session.id), key, user);
    call.desk.output.changes.push_back(
        {.kind = proto::TableKind::users, .key = key, .by = 1, .session = call.session.id});
    if (call.desk.config.tells_names) call.desk.output.changes.back().name = user;
}

/// Leaves out those to which every session is subscribed. A code: one is not to be had.
std::optional<ErrorCode> choose_channels(const Call& call, ConnectToken& token) {
    for (auto each = token.subs.begin(); each != token.subs.end();) {
        const std::string_view channel = each->first;
        const bool is_personal = channel.front() == proto::personal_mark;
        if (channel == proto::system_channel || (is_personal && channel.substr(1) == token.user)) {
            each = token.subs.erase(each);
            continue;
        }
        if (is_personal || channel.front() == proto::system_mark)
            return ErrorCode::permission_denied;
        if (call.desk.namespaces.of(channel) == nullptr) return ErrorCode::unknown_channel;
        ++each;
    }
    if (token.subs.size() > call.desk.config.channels_max) return ErrorCode::limit_exceeded;
    return std::nullopt;
}

/// JSON clients cannot be told bytes that are no JSON.
std::string_view data_for(proto::Encoding encoding, const SubscriptionClaims& claims) {
    const bool fits = claims.data.kind == PayloadKind::json || encoding != proto::Encoding::json;
    return fits ? std::string_view{claims.data.bytes} : std::string_view{};
}

void reply_connected(Call call, const ConnectToken& token) {
    const ClientText client{call.session.client};
    std::string personal;
    std::vector<proto::ServerSubscription> subs;
    subs.reserve(2 + token.subs.size());
    subs.push_back({.channel = proto::system_channel});
    if (!token.user.empty()) {
        personal.append(1, proto::personal_mark).append(token.user);
        subs.push_back({.channel = personal});
    }
    for (const auto& [channel, claims] : token.subs)
        subs.push_back(
            {.channel = channel, .result = {.data = data_for(call.session.encoding, claims)}});
    const auto ping = std::chrono::ceil<std::chrono::seconds>(call.desk.config.ping_every);
    const proto::ConnectResult result{
        .client = client.view(),
        .version = call.desk.config.version,
        .session = client.view(),
        .node = call.desk.config.node_name,
        .subs = subs,
        .ttl_s = ttl_s(token.ends, call.desk.now.wall),
        .ping_s = static_cast<std::uint32_t>(ping.count()),
        .pong = true,
    };
    proto::append_connect(call.replies.text(), call.session.encoding, call.command.id, result);
}

void let_in(Call call, ConnectToken& token) {
    if (const auto refused = choose_channels(call, token)) return call.fail(*refused);
    reply_connected(call, token);
    if (!token.user.empty()) join_user(call, token.user);
    keep_terms(call, token);
    for (const auto& [channel, claims] : token.subs) {
        (void)call.desk.registry.subscribe(call.session, channel, call.desk.output);
        tell_joined(call, *call.desk.namespaces.of(channel), channel, &claims);
    }
    call.session.phase = Phase::connected;
    call.desk.timing.connected(call.desk.registry, call.session, call.desk.now);
    ++call.desk.registry.counters().connected;
}

}  // namespace

std::optional<CloseCode> connect(Call call) {
    Authenticator* const authenticator = call.desk.authenticator;
    ConnectToken token;
    if (authenticator == nullptr) {
        const bool readable = call.command.data_kind == PayloadKind::json;
        proto::ConnectUser as =
            readable ? read_connect_user(call.desk.json, call.command.data) : proto::ConnectUser{};
        if (!as.valid) {
            call.fail(ErrorCode::bad_request);
            return std::nullopt;
        }
        token.user = std::move(as.user);
    } else if (!call.command.token.empty() || !call.desk.config.allow_anonymous) {
        token = authenticator->connect_token(call.command.token, call.desk.now.wall);
    }
    switch (token.fault) {
    case TokenFault::none: let_in(call, token); return std::nullopt;
    case TokenFault::expired: call.fail(error_of(token.fault)); return std::nullopt;
    case TokenFault::invalid:
    case TokenFault::for_another: break;
    }
    return CloseCode::invalid_token;
}

std::optional<CloseCode> refresh(Call call) {
    Authenticator* const authenticator = call.desk.authenticator;
    if (authenticator == nullptr) {
        call.fail(ErrorCode::not_available);
        return std::nullopt;
    }
    ConnectToken token = authenticator->connect_token(call.command.token, call.desk.now.wall);
    // An error 109 would make SDKs give up for good; closed so, they connect with another token.
    if (token.fault == TokenFault::expired) return CloseCode::expired;
    if (token.fault != TokenFault::none || token.user != call.user())
        return CloseCode::invalid_token;
    token.subs.clear();  // those of the connect stay
    keep_terms(call, token);
    call.desk.timing.changed(call.desk.registry, call.session);
    const ClientText client{call.session.client};
    proto::append_refresh(
        call.replies.text(),
        call.session.encoding,
        call.command.id,
        {.client = client.view(),
         .version = call.desk.config.version,
         .ttl_s = ttl_s(token.ends, call.desk.now.wall)});
    return std::nullopt;
}

SubscribeToken subscribe_token(Call call) {
    const ClientText client{call.session.client};
    return call.desk.authenticator->subscribe_token(
        call.command.token,
        {.user = call.user(), .client = client.view(), .channel = call.command.channel},
        call.desk.now.wall);
}

void reply_subscribed(Call call, SubscribeToken& token) {
    const proto::SubscribeResult result{
        .ttl_s = keep_terms(call, token), .data = data_for(call.session.encoding, token.options)};
    proto::append_subscribe(call.replies.text(), call.session.encoding, call.command.id, result);
}

void sub_refresh(Call call) {
    if (call.desk.authenticator == nullptr) return call.fail(ErrorCode::not_available);
    const std::string_view channel = call.command.channel;
    SessionTerms* const terms = call.desk.registry.terms(call.session);
    const auto* const kept = terms != nullptr ? terms->find(channel) : nullptr;
    if (kept == nullptr || !kept->has_token) return call.fail(ErrorCode::permission_denied);
    if (call.command.token.empty()) return call.fail(ErrorCode::bad_request);
    SubscribeToken token = subscribe_token(call);
    if (token.fault == TokenFault::expired) {
        // Before the error, which would make SDKs give up for good; so they subscribe again.
        proto::append_unsubscribe(
            call.replies.text(), call.session.encoding, channel, proto::UnsubscribeCode::expired);
        call.desk.registry.unsubscribe(call.session, channel, call.desk.output);
        call.desk.timing.changed(call.desk.registry, call.session);
        ++call.desk.registry.counters().subscriptions_expired;
    }
    if (token.fault != TokenFault::none) return call.fail(error_of(token.fault));
    const std::uint32_t ttl = keep_terms(call, token);
    proto::append_sub_refresh(call.replies.text(), call.session.encoding, call.command.id, ttl);
}

}  // namespace grapevine::mesh
