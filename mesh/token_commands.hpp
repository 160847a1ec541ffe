/// Commands that show a token: to connect, to refresh, and to subscribe where only a token lets one
/// in. docs/tokens.md says what becomes of each token.
#pragma once

#include "mesh/authenticator.hpp"
#include "mesh/command_call.hpp"

#include <optional>

namespace grapevine::mesh {

/// A code: close the session with it.
[[nodiscard]] std::optional<proto::CloseCode> connect(Call call);
[[nodiscard]] std::optional<proto::CloseCode> refresh(Call call);
void sub_refresh(Call call);

/// What the command's token, which must not be empty, says of the session in the command's channel.
[[nodiscard]] SubscribeToken subscribe_token(Call call);
/// The session is in the channel by this token: keeps what it says, and answers the command.
void reply_subscribed(Call call, SubscribeToken& token);

}  // namespace grapevine::mesh
