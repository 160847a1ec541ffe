#include "mesh/session_presence.hpp"

#include "mesh/publish.hpp"
#include "mesh/session_info.hpp"
#include "proto/hash.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace grapevine::mesh {
namespace {

using proto::ErrorCode;

/// Of what was looked at: a crowd of one user is as much work as one of many.
std::size_t bytes_of(const LoopFound& found) {
    return found.clients.size() + found.count * sizeof(std::uint64_t);
}

/// Of what was found in this turn.
std::size_t found_bytes(const SessionsOutput& output) {
    std::size_t bytes = 0;
    for (const PresenceSaid& said : output.presence)
        if (const auto* found = std::get_if<LoopFound>(&said)) bytes += bytes_of(*found);
    return bytes;
}

std::string clients_of(
    SessionRegistry& registry,
    std::string_view channel,
    std::span<const SubscriberLists::Subscriber> subscribers,
    bool& is_cut) {
    std::string clients;
    for (const SubscriberLists::Subscriber& subscriber : subscribers) {
        const std::size_t before = clients.size();
        proto::append_present_client(
            clients, SessionInfo{registry, registry.at(subscriber.slot), channel}.view());
        if (clients.size() <= proto::limits::presence_bytes) continue;
        clients.resize(before);
        is_cut = true;
        break;
    }
    return clients;
}

std::vector<std::uint64_t> users_of(
    SessionRegistry& registry,
    proto::HashKey hash_key,
    std::span<const SubscriberLists::Subscriber> subscribers,
    bool& is_cut) {
    std::vector<std::uint64_t> users;
    users.reserve(subscribers.size());
    for (const SubscriberLists::Subscriber& subscriber : subscribers) {
        const Session& session = registry.at(subscriber.slot);
        const std::string_view user = registry.users().newest_name(session.user);
        users.push_back(proto::user_key_of(hash_key, user).value);
    }
    std::sort(users.begin(), users.end());
    users.erase(std::unique(users.begin(), users.end()), users.end());
    is_cut = users.size() > proto::limits::presence_users;
    if (is_cut) users.resize(proto::limits::presence_users);
    return users;
}

}  // namespace

void ask_who_is_present(Call call, QueryKind kind) {
    const std::string_view channel = call.command.channel;
    if (!proto::is_channel_name(channel)) return call.fail(ErrorCode::bad_request);
    // Everybody is where the server put him: that is what user_status is for.
    if (channel.front() == proto::personal_mark || channel.front() == proto::system_mark)
        return call.fail(ErrorCode::not_available);
    const NamespaceRules* const rules = call.desk.namespaces.of(channel);
    if (rules == nullptr) return call.fail(ErrorCode::unknown_channel);
    if (!rules->has_presence) return call.fail(ErrorCode::not_available);
    if (!call.is_given(rules->presence) &&
        !(rules->presence.subscribers && call.is_subscribed(channel)))
        return call.fail(ErrorCode::permission_denied);
    call.desk.output.presence.emplace_back(
        Inquiry{.asker = call.asker(), .kind = kind, .channel = std::string{channel}});
}

void tell_inquired(SessionRegistry& registry, const Inquired& inquired, SessionsOutput& output) {
    Session* const session = registry.find(inquired.asker.session);
    if (session == nullptr) return;
    const std::uint32_t id = inquired.asker.command_id;
    Replies replies;
    if (inquired.kind == QueryKind::presence)
        proto::append_presence(
            replies.text(), session->encoding, id, inquired.clients, inquired.is_incomplete);
    else
        proto::append_presence_stats(
            replies.text(), session->encoding, id, inquired.stats, inquired.is_incomplete);
    if (registry.reply(*session, replies.take(), output)) return;
    // It has not read earlier ones yet, and is not slow for that.
    Replies refusal;
    proto::append_error(refusal.text(), session->encoding, id, ErrorCode::too_many_requests);
    registry.reply_or_close(*session, refusal.take(), output);
}

void find_present(
    SessionRegistry& registry,
    proto::HashKey hash_key,
    const LoopQuery& query,
    SessionsOutput& output) {
    LoopFound found{.number = query.number, .clients = {}};
    const auto subscribers = registry.channels().find(query.key, query.channel);
    if (subscribers.empty()) {
        output.presence.emplace_back(std::move(found));
        return;
    }
    if (found_bytes(output) >= found_bytes_in_turn_max) {
        found.is_cut = true;
    } else if (query.kind == QueryKind::presence) {
        found.clients = clients_of(registry, query.channel, subscribers, found.is_cut);
    } else {
        found.count = subscribers.size();
        found.users = users_of(registry, hash_key, subscribers, found.is_cut);
    }
    output.presence.emplace_back(std::move(found));
}

void tell_joined(
    Call call,
    const NamespaceRules& rules,
    std::string_view channel,
    const proto::SubscriptionClaims* claims) {
    bool is_told_of = rules.tells_comings;
    bool watches = rules.tells_all;
    if (claims != nullptr) {
        is_told_of = claims->join_leave.value_or(is_told_of);
        watches = claims->force_push_join_leave.value_or(watches);
    }
    const bool may_watch =
        rules.tells_comings && (call.is_given(rules.presence) || rules.presence.subscribers);
    watches = watches || (call.command.join_leave && may_watch);
    if (!is_told_of && !watches) return;
    SessionRegistry& registry = call.desk.registry;
    registry.channels().mark_newest(
        call.session.channels, {.watches = watches, .is_told_of = is_told_of});
    if (!is_told_of) return;
    const std::uint64_t key = proto::channel_key_of(call.desk.config.hash_key, channel).value;
    tell_coming(registry, call.session, key, channel, proto::Coming::Way::join, call.desk.output);
}

void tell_coming(
    SessionRegistry& registry,
    const Session& session,
    std::uint64_t key,
    std::string_view channel,
    proto::Coming::Way way,
    SessionsOutput& output) {
    const SessionInfo info{registry, session, channel};
    output.publishes.push_back(coming_of(channel, key, {.way = way, .info = info.view()}));
}

}  // namespace grapevine::mesh
