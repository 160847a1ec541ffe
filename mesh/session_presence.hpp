/// Who is subscribed to a channel: the commands that ask, what this loop's sessions answer, and
/// what subscribers hear when somebody comes or goes.
#pragma once

#include "mesh/command_call.hpp"
#include "mesh/exchange.hpp"
#include "mesh/session_registry.hpp"

#include <cstddef>
#include <string_view>

namespace grapevine::mesh {

/// What all answers of one turn may take. More is not looked for: whoever asks that much at once is
/// told that it is incomplete.
inline constexpr std::size_t found_bytes_in_turn_max = 4 * 1024 * 1024;

/// Answered when Mesh has the answer: tell_inquired().
void ask_who_is_present(Call call, QueryKind kind);
void tell_inquired(SessionRegistry& registry, const Inquired& inquired, SessionsOutput& output);

/// Adds the answer to `output`.
void find_present(
    SessionRegistry& registry,
    proto::HashKey hash_key,
    const LoopQuery& query,
    SessionsOutput& output);

/// It has just been subscribed to this channel. Subscribers hear that, and it hears of others from
/// now on, as the rules say, or its token instead of them (`claims`; null: there is none).
void tell_joined(
    Call call,
    const NamespaceRules& rules,
    std::string_view channel,
    const proto::SubscriptionClaims* claims);

/// To those of the channel's subscribers, wherever they are, who hear that.
void tell_coming(
    SessionRegistry& registry,
    const Session& session,
    std::uint64_t key,
    std::string_view channel,
    proto::Coming::Way way,
    SessionsOutput& output);

}  // namespace grapevine::mesh
