#include "mesh/session_commands.hpp"

#include "mesh/channel_commands.hpp"
#include "mesh/client_text.hpp"
#include "mesh/send_request.hpp"
#include "mesh/session_presence.hpp"
#include "mesh/token_commands.hpp"

#include <array>
#include <utility>

namespace grapevine::mesh {
namespace {

using proto::CloseCode;
using proto::Command;
using proto::CommandKind;
using proto::ErrorCode;
using proto::PayloadKind;

/// Answered when Mesh has answered, as all questions are: Sessions::on(Answer).
void ask(Call call, Question::Kind kind, std::vector<std::string> users = {}) {
    call.desk.output.questions.push_back(
        {.kind = kind, .asker = call.asker(), .users = std::move(users)});
}

void ask_user_status(Call call) {
    std::vector<std::string> users;
    switch (read_user_list(call.desk.json, call.command.data, users)) {
    case proto::UserList::malformed: return call.fail(ErrorCode::bad_request);
    case proto::UserList::too_many: return call.fail(ErrorCode::limit_exceeded);
    case proto::UserList::read: break;
    }
    ask(call, Question::Kind::user_status, std::move(users));
}

/// Answered with a receipt, when Mesh has it.
void send_to_users(Call call) {
    if (!call.is_given(call.desk.namespaces.rules().publish_to_users))
        return call.fail(ErrorCode::permission_denied);
    proto::SendBody body = read_send_body(call.desk.json, call.command.data);
    if (!body.fault.empty())
        return call.fail(body.over_limit ? ErrorCode::limit_exceeded : ErrorCode::bad_request);
    const ClientText client{call.session.client};
    SendToUsers send = send_request(std::move(body));
    send.asker = call.asker();
    send.user = call.user();
    send.client = client.view();
    send.info = call.desk.registry.conn_info(call.session);
    send.after = call.desk.output.publishes.size();
    call.desk.output.sends_to_users.push_back(std::move(send));
}

void acknowledge(Call call) {
    const std::optional<proto::MessageRef> message =
        read_ack_body(call.desk.json, call.command.data);
    if (!message || call.user().empty()) return call.fail(ErrorCode::bad_request);
    call.desk.output.acknowledges.push_back(
        {.message = *message, .user = std::string{call.user()}});
    proto::append_rpc(call.replies.text(), call.session.encoding, call.command.id, "{}");
}

void ask_cluster(Call call) {
    ask(call, Question::Kind::cluster);
}

struct Method {
    std::string_view name;
    void (*run)(Call call);
};
constexpr std::array methods{
    Method{"send", send_to_users},
    Method{"ack", acknowledge},
    Method{"user_status", ask_user_status},
    Method{"cluster", ask_cluster},
};

void rpc(Call call) {
    for (const Method& method : methods) {
        if (method.name != call.command.method) continue;
        if (call.command.data_kind != PayloadKind::json) return call.fail(ErrorCode::bad_request);
        return method.run(call);
    }
    call.fail(ErrorCode::method_not_found);
}

bool may_lack_id(CommandKind kind) {
    return kind == CommandKind::publish || kind == CommandKind::send || kind == CommandKind::pong;
}

std::optional<CloseCode>
run_command(CommandDesk& desk, Session& session, const Command& command, Replies& replies) {
    ++desk.registry.counters().commands;
    const bool is_first = session.phase == Phase::waiting;
    if (is_first != (command.kind == CommandKind::connect)) return CloseCode::bad_request;
    // Nobody could tell what its reply answers.
    if (command.id == 0 && !may_lack_id(command.kind)) return CloseCode::bad_request;

    Call call{desk, session, command, replies};
    switch (command.kind) {
    case CommandKind::pong: desk.timing.pong(desk.registry, session); break;
    case CommandKind::connect: return connect(call);
    case CommandKind::subscribe: subscribe(call); break;
    case CommandKind::unsubscribe: unsubscribe(call); break;
    case CommandKind::publish: publish(call); break;
    case CommandKind::rpc: rpc(call); break;
    case CommandKind::refresh: return refresh(call);
    case CommandKind::sub_refresh: sub_refresh(call); break;
    case CommandKind::ping: call.succeed(); break;
    case CommandKind::send: break;  // has no reply, and nobody here listens
    case CommandKind::presence: ask_who_is_present(call, QueryKind::presence); break;
    case CommandKind::presence_stats: ask_who_is_present(call, QueryKind::presence_stats); break;
    case CommandKind::history: call.fail(ErrorCode::not_available); break;
    case CommandKind::none: return CloseCode::bad_request;
    }
    return std::nullopt;
}

}  // namespace

std::optional<CloseCode>
run_commands(CommandDesk& desk, Session& session, proto::CommandReader& reader, Replies& replies) {
    Command command;
    while (true) {
        switch (reader.next(command)) {
        case proto::CommandReader::Step::malformed: return CloseCode::bad_request;
        case proto::CommandReader::Step::end: return std::nullopt;
        case proto::CommandReader::Step::command:
            if (const auto ends = run_command(desk, session, command, replies)) return ends;
            break;
        }
    }
}

}  // namespace grapevine::mesh
