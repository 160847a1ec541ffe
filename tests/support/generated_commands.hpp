/// Commands as the code generated from client.proto holds them: what our codec is held against.
#pragma once

#include "proto/client_frames.hpp"

#include <string>

#include "client.pb.h"

namespace grapevine::tests {

/// The generated twin of a command.
inline client::wire::Command generated(const proto::Command& command) {
    using proto::CommandKind;
    const std::string channel{command.channel};
    const std::string method{command.method};
    const std::string token{command.token};
    const std::string data{command.data};
    client::wire::Command out;
    out.set_id(command.id);
    switch (command.kind) {
    case CommandKind::connect:
        out.mutable_connect()->set_token(token);
        out.mutable_connect()->set_data(data);
        break;
    case CommandKind::subscribe:
        out.mutable_subscribe()->set_channel(channel);
        out.mutable_subscribe()->set_token(token);
        out.mutable_subscribe()->set_data(data);
        out.mutable_subscribe()->set_join_leave(command.join_leave);
        break;
    case CommandKind::unsubscribe: out.mutable_unsubscribe()->set_channel(channel); break;
    case CommandKind::publish:
        out.mutable_publish()->set_channel(channel);
        out.mutable_publish()->set_data(data);
        break;
    case CommandKind::presence: out.mutable_presence()->set_channel(channel); break;
    case CommandKind::presence_stats: out.mutable_presence_stats()->set_channel(channel); break;
    case CommandKind::history: out.mutable_history()->set_channel(channel); break;
    case CommandKind::ping: out.mutable_ping(); break;
    case CommandKind::send: out.mutable_send()->set_data(data); break;
    case CommandKind::rpc:
        out.mutable_rpc()->set_data(data);
        out.mutable_rpc()->set_method(method);
        break;
    case CommandKind::refresh: out.mutable_refresh()->set_token(token); break;
    case CommandKind::sub_refresh:
        out.mutable_sub_refresh()->set_channel(channel);
        out.mutable_sub_refresh()->set_token(token);
        break;
    case CommandKind::pong:
    case CommandKind::none: break;
    }
    return out;
}

}  // namespace grapevine::tests
