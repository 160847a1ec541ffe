#include "cli/bench/client.hpp"

#include "cli/client_connection.hpp"

#include <utility>

namespace grapevine::cli::bench {
namespace {

constexpr std::string_view protobuf_subprotocol = "centrifuge-protobuf";
/// Nodes ping every 25 s. Silence for longer than this means that nobody is there, whatever TCP
/// believes.
constexpr node::Duration silence_max = std::chrono::seconds{40};
/// Everything above is the id of a publish.
constexpr std::uint32_t connect_id = 1;
constexpr std::uint32_t subscribe_id = 2;

proto::CommandKind asked_with(std::uint32_t id) {
    if (id == connect_id) return proto::CommandKind::connect;
    return id == subscribe_id ? proto::CommandKind::subscribe : proto::CommandKind::publish;
}

}  // namespace

void Client::dial(const Target& target, const SocketAddress& source, Identity identity) {
    identity_ = std::move(identity);
    is_connected_ = false;
    const bool is_protobuf = context_.encoding == proto::Encoding::protobuf;
    connection_.dial(target, source, is_protobuf ? protobuf_subprotocol : std::string_view{});
}

void Client::opened() {
    std::string data;
    if (!identity_.user.empty()) {
        data = "{\"user\":";
        proto::append_json_string(data, identity_.user);
        data += '}';
    }
    proto::Command command;
    command.id = connect_id;
    command.kind = proto::CommandKind::connect;
    command.token = identity_.token;
    command.data = data;
    say(command);
}

void Client::subscribe(std::string_view channel) {
    proto::Command command;
    command.id = subscribe_id;
    command.kind = proto::CommandKind::subscribe;
    command.channel = channel;
    say(command);
}

void Client::say(const proto::Command& command) {
    std::string message;
    proto::append_command(message, context_.encoding, command);
    const bool is_json = context_.encoding == proto::Encoding::json;
    append_frame(
        connection_.outgoing(),
        is_json ? Opcode::text : Opcode::binary,
        message,
        connection_.key());
    connection_.send();
}

bool Client::received(std::string_view message) {
    heard_at_ = poller_.now();
    Replies replies(context_, message, message_hint_);
    for (;;) {
        switch (replies.next()) {
        case Replies::Kind::message: owner_.arrived(replies.stamp()); break;
        case Replies::Kind::damaged: owner_.damaged(); break;
        case Replies::Kind::done: owner_.accepted(); break;
        case Replies::Kind::other:
            if (!on_other(replies.reply())) return true;
            break;
        case Replies::Kind::end: return true;
        case Replies::Kind::malformed: return false;
        }
    }
}

bool Client::on_other(const proto::Reply& reply) {
    using Kind = proto::Reply::Kind;
    switch (reply.kind) {
    case Kind::ping: say({.kind = proto::CommandKind::pong}); break;
    case Kind::connect:
        is_connected_ = true;
        connection_.be_content();
        listen_on();
        owner_.connected();
        break;
    case Kind::subscribe: owner_.subscribed(); break;
    case Kind::publish: owner_.accepted(); break;
    case Kind::error: owner_.refused(asked_with(reply.id), words_of(reply)); break;
    case Kind::disconnect:
        connection_.abort("sent away by the node: " + words_of(reply));
        return false;
    case Kind::unsubscribe:
    case Kind::rpc:
    case Kind::publication:
    case Kind::other: break;
    }
    return connection_.is_open();
}

void Client::listen_on() {
    const node::Duration left = heard_at_ + silence_max - poller_.now();
    if (left <= node::Duration{0}) return connection_.abort("nothing heard for too long");
    silence_ = poller_.arm(left, node::TimerCall::to<&Client::listen_on>(this));
}

void Client::ended(std::string_view why) {
    poller_.disarm(silence_);
    owner_.ended(std::exchange(is_connected_, false), why);
}

}  // namespace grapevine::cli::bench
