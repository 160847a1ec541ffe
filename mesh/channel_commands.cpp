#include "mesh/channel_commands.hpp"

#include "mesh/publish.hpp"
#include "mesh/session_info.hpp"
#include "mesh/session_presence.hpp"
#include "mesh/token_commands.hpp"
#include "proto/hash.hpp"
#include "proto/names.hpp"

#include <optional>

namespace grapevine::mesh {
namespace {

using proto::ErrorCode;
using proto::PayloadKind;

/// Channels that only the server subscribes sessions to: they are, or they may not.
ErrorCode why_not_subscribe(const Call& call, std::string_view marked) {
    const bool is_own = marked == proto::system_channel ||
                        (marked.front() == proto::personal_mark && call.session.user.count != 0 &&
                         marked.substr(1) == call.user());
    return is_own ? ErrorCode::already_subscribed : ErrorCode::permission_denied;
}

bool is_marked(std::string_view channel) {
    return channel.front() == proto::personal_mark || channel.front() == proto::system_mark;
}

/// What a publish is for and how; nothing to publish if `refusal` is set.
struct Addressed {
    std::optional<ErrorCode> refusal;
    Target target = Target::channel;
    std::string_view name;
    bool takes_binary = false;
};

Addressed to_user(const Call& call, std::string_view user) {
    if (!proto::is_user_name(user)) return {.refusal = ErrorCode::bad_request};
    if (!call.is_given(call.desk.namespaces.rules().publish_to_users))
        return {.refusal = ErrorCode::permission_denied};
    return {.target = Target::user, .name = user};
}

Addressed to_all(const Call& call, std::string_view marked) {
    if (marked != proto::system_channel ||
        !call.is_given(call.desk.namespaces.rules().publish_to_all))
        return {.refusal = ErrorCode::permission_denied};
    return {.target = Target::everybody, .name = marked};
}

Addressed to_channel(const Call& call, std::string_view channel) {
    const NamespaceRules* const rules = call.desk.namespaces.of(channel);
    if (rules == nullptr) return {.refusal = ErrorCode::unknown_channel};
    if (!call.is_given(rules->publish) &&
        !(rules->publish.subscribers && call.is_subscribed(channel)))
        return {.refusal = ErrorCode::permission_denied};
    return {.name = channel, .takes_binary = rules->takes_binary};
}

Addressed addressed(const Call& call) {
    const std::string_view channel = call.command.channel;
    if (channel.starts_with(proto::personal_mark)) return to_user(call, channel.substr(1));
    if (!proto::is_channel_name(channel)) return {.refusal = ErrorCode::bad_request};
    if (channel.front() == proto::system_mark) return to_all(call, channel);
    return to_channel(call, channel);
}

}  // namespace

void subscribe(Call call) {
    const std::string_view channel = call.command.channel;
    if (!proto::is_channel_name(channel)) return call.fail(ErrorCode::bad_request);
    if (is_marked(channel)) return call.fail(why_not_subscribe(call, channel));
    const NamespaceRules* const rules = call.desk.namespaces.of(channel);
    if (rules == nullptr) return call.fail(ErrorCode::unknown_channel);
    std::optional<SubscribeToken> token;
    if (call.desk.authenticator != nullptr && !call.command.token.empty()) {
        token = subscribe_token(call);
        if (token->fault != TokenFault::none) return call.fail(error_of(token->fault));
    } else if (!call.is_given(rules->subscribe)) {
        return call.fail(ErrorCode::permission_denied);
    }

    switch (call.desk.registry.subscribe(call.session, channel, call.desk.output)) {
    case SubscriberLists::Joined::already: return call.fail(ErrorCode::already_subscribed);
    case SubscriberLists::Joined::no_room: return call.fail(ErrorCode::limit_exceeded);
    case SubscriberLists::Joined::first:
    case SubscriberLists::Joined::another: break;
    }
    if (token)
        reply_subscribed(call, *token);
    else
        call.succeed();
    tell_joined(call, *rules, channel, token ? &token->options : nullptr);
}

void unsubscribe(Call call) {
    const std::string_view channel = call.command.channel;
    if (!proto::is_channel_name(channel)) return call.fail(ErrorCode::bad_request);
    if (is_marked(channel)) return call.fail(ErrorCode::permission_denied);
    call.desk.registry.unsubscribe(call.session, channel, call.desk.output);
    call.desk.timing.changed(call.desk.registry, call.session);
    call.succeed();
}

void publish(Call call) {
    const Addressed to = addressed(call);
    if (to.refusal) return call.fail(*to.refusal);
    const bool is_readable = call.command.data_kind == PayloadKind::json || to.takes_binary;
    if (call.command.data.empty() || !is_readable) return call.fail(ErrorCode::bad_request);

    const SessionInfo info{call.desk.registry, call.session, call.command.channel};
    call.desk.output.publishes.push_back(publish_of(
        to.target,
        to.name,
        call.command.data_kind,
        {.data = call.command.data, .info = info.view()},
        call.desk.config.hash_key));
    ++call.desk.registry.counters().publishes;
    call.succeed();
}

}  // namespace grapevine::mesh
