/// One command of one session, and what all that run commands need: who asks, and how the answer is
/// written.
#pragma once

#include "mesh/session_commands.hpp"
#include "proto/hash.hpp"

#include <string_view>

namespace grapevine::mesh {

/// With everything it may touch.
struct Call {
    CommandDesk& desk;
    Session& session;
    const proto::Command& command;
    Replies& replies;

    /// Without an id (only a publish may have none) there is nobody to tell.
    void fail(proto::ErrorCode code) {
        ++desk.registry.counters().errors;
        if (command.id != 0)
            proto::append_error(replies.text(), session.encoding, command.id, code);
    }
    void succeed() {
        if (command.id != 0)
            proto::append_done(replies.text(), session.encoding, command.id, command.kind);
    }
    [[nodiscard]] Asker asker() const { return {.session = session.id, .command_id = command.id}; }
    /// As far as who it is decides.
    [[nodiscard]] bool is_given(const Right& right) const {
        return session.user.count != 0 ? right.clients : right.anonymous;
    }
    /// To a channel of any name.
    [[nodiscard]] bool is_subscribed(std::string_view channel) const {
        const std::uint64_t key = proto::channel_key_of(desk.config.hash_key, channel).value;
        return desk.registry.channels().has(session.channels, key, channel);
    }
    /// Empty: anonymous.
    [[nodiscard]] std::string_view user() const {
        return desk.registry.users().newest_name(session.user);
    }
};

}  // namespace grapevine::mesh
