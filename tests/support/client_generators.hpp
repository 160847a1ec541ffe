/// Random commands and publications of the client protocol, with the text they point to.
#pragma once

#include "proto/client_frames.hpp"
#include "proto/client_requests.hpp"
#include "tests/support/text_generators.hpp"

#include <rapidcheck.h>

#include <string>

namespace grapevine::tests {

struct OwnedCommand {
    std::uint32_t id = 0;
    proto::CommandKind kind = proto::CommandKind::none;
    std::string channel;
    std::string method;
    std::string token;
    std::string data;
    proto::PayloadKind data_kind = proto::PayloadKind::json;
    bool join_leave = false;

    [[nodiscard]] proto::Command command() const {
        return {
            .id = id,
            .kind = kind,
            .channel = channel,
            .method = method,
            .token = token,
            .data = data,
            .data_kind = data_kind,
            .join_leave = join_leave};
    }
};

struct OwnedPublication {
    std::string data;
    std::string user;
    std::string client;
    std::string message_id;
    std::string conn_info;
    std::string chan_info;

    [[nodiscard]] proto::ClientInfo info() const { return {user, client, conn_info, chan_info}; }
    [[nodiscard]] proto::Publication publication() const { return {data, info(), message_id}; }
};

namespace gen {

/// A command with just the fields of its kind, so that it can be read back equal. Its payload is
/// JSON without newlines, or nothing.
inline rc::Gen<OwnedCommand> command() {
    return rc::gen::exec([] {
        OwnedCommand command;
        command.id = *number32();
        const proto::Request& request = *rc::gen::elementOf(proto::requests);
        command.kind = request.kind;
        for (const proto::RequestField& field : request.fields) {
            if (field.place == &proto::Command::channel) command.channel = *text(300);
            if (field.place == &proto::Command::method) command.method = *text(300);
            if (field.place == &proto::Command::token) command.token = *text(300);
            if (field.place == &proto::Command::data)
                command.data = *rc::gen::oneOf(json(), rc::gen::just(std::string{}));
            if (field.flag == &proto::Command::join_leave)
                command.join_leave = *rc::gen::arbitrary<bool>();
        }
        return command;
    });
}

inline rc::Gen<OwnedPublication> publication() {
    return rc::gen::exec([] {
        const auto maybe = [](rc::Gen<std::string> some) {
            return rc::gen::oneOf(std::move(some), rc::gen::just(std::string{}));
        };
        return OwnedPublication{
            *json(), *text(), *text(), *maybe(text()), *maybe(json()), *maybe(json())};
    });
}

}  // namespace gen
}  // namespace grapevine::tests
