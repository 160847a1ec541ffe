/// What each command of a client does: to its session, to the groups, and what is said to Mesh.
/// Replies are collected, not sent: all of one message leave together.
#pragma once

#include "mesh/authenticator.hpp"
#include "mesh/session_registry.hpp"
#include "mesh/session_timing.hpp"
#include "proto/client_codec.hpp"
#include "proto/json_reading.hpp"

#include <optional>
#include <string>
#include <utility>

namespace grapevine::mesh {

/// The replies to one received message: one pooled buffer, taken when the first is written.
class Replies {
public:
    [[nodiscard]] std::string& text() {
        if (!bytes_) bytes_ = Bytes::with_capacity(reply_room_bytes);
        return bytes_.writable();
    }
    [[nodiscard]] bool any() const { return !bytes_.empty(); }
    [[nodiscard]] Bytes take() { return std::move(bytes_); }

private:
    /// A connect result, or a dozen of others. Every pooled buffer has as much anyway.
    static constexpr std::size_t reply_room_bytes = 256;
    Bytes bytes_;
};

/// What commands work on; all of it belongs to the machine.
struct CommandDesk {
    const SessionsConfig& config;
    const Namespaces& namespaces;
    SessionRegistry& registry;
    const SessionTiming& timing;
    Authenticator* authenticator;  ///< null: nobody is asked for a token
    proto::JsonReader& json;
    SessionsOutput& output;
    Now now;
};

/// Runs every command of one message. Nothing: the session goes on. A code: close it with that,
/// after the replies.
[[nodiscard]] std::optional<proto::CloseCode>
run_commands(CommandDesk& desk, Session& session, proto::CommandReader& reader, Replies& replies);

}  // namespace grapevine::mesh
