#include "cli/client_connection.hpp"

#include "cli/terminal.hpp"
#include "proto/codes.hpp"
#include "proto/limits.hpp"

#include <chrono>
#include <utility>

namespace grapevine::cli {
namespace {

using namespace std::chrono_literals;

/// Nodes ping every 25 s. Silence for longer than this means that nobody is there, whatever TCP
/// believes.
constexpr node::Duration silence_max = 40s;

/// Whether the server wants us to stay away (client-protocol.md).
constexpr bool is_final(std::uint16_t code) {
    return code >= 3500 && code < 4000;
}

std::string words_of(const node::Ending& ending) {
    using How = node::Ending::How;
    const std::string number = std::to_string(ending.code);
    switch (ending.how) {
    case How::closed_by_peer:
        return "closed with " + number +
               (ending.reason.empty() ? "" : " " + printable(ending.reason));
    case How::closed_by_us: return "closed";
    case How::reset_by_us: return "reset";
    case How::lost: return "connection lost";
    case How::protocol_error: return "not WebSocket (" + number + ")";
    case How::oversize: return "message too large";
    case How::unresolved: return "no address for this host";
    case How::not_listening: return "nobody listens there";
    case How::unreachable: return "there is no way to that host";
    case How::timed_out: return "no answer in time";
    case How::refused: return "answered HTTP " + number + ", not a client listener's address";
    }
    return "gone";
}

}  // namespace

std::string words_of(const proto::Reply& error) {
    return printable(error.text) + " (" + std::to_string(error.code) + ")";
}

ClientConnection::ClientConnection(node::Loop& loop, ConnectionOwner& owner, Identity identity)
    : loop_(loop), owner_(owner), identity_(std::move(identity)) {}

void ClientConnection::dial(const ClientUrl& url) {
    why_gone_.clear();
    node::DialOptions options;
    options.host = url.host;
    options.port = url.port;
    options.path = url.path;
    options.socket.message_bytes_max = proto::limits::session_queue_bytes;
    options.socket.report_drained = false;
    socket_ = sockets_.dial(std::move(options), *this);
}

std::optional<std::uint32_t> ClientConnection::ask(proto::Command command) {
    command.id = last_id_ + 1;
    proto::Bytes message =
        proto::Bytes::with_capacity(command.data.size() + command.token.size() + 64);
    proto::append_command(message.writable(), proto::Encoding::json, command);
    if (message.size() > proto::limits::client_message_bytes) return std::nullopt;
    sockets_.send(socket_, message, node::FrameKind::text);
    return ++last_id_;
}

void ClientConnection::close() {
    sockets_.close(socket_, static_cast<std::uint16_t>(proto::CloseCode::normal), "");
}

void ClientConnection::reset() {
    sockets_.reset(socket_);
}

void ClientConnection::opened(node::SocketId, const node::Opening&) {
    listen_on();
    std::string data;
    if (!identity_.user.empty()) {
        data = "{\"user\":";
        proto::append_json_string(data, identity_.user);
        data += '}';
    }
    proto::Command command;
    command.kind = proto::CommandKind::connect;
    command.data = data;
    command.token = identity_.token;
    connect_id_ = ask(command);
}

void ClientConnection::received(node::SocketId, const proto::Bytes& payload, node::FrameKind) {
    listen_on();
    using Step = proto::ReplyReader::Step;
    proto::ReplyReader reader(scratch_, proto::Encoding::json, payload.view());
    proto::Reply reply;
    Step step = reader.next(reply);
    while (step == Step::reply) {
        on_reply(reply);
        step = reader.next(reply);
    }
    if (step == Step::malformed) give_up("it says what is not the client protocol");
}

void ClientConnection::on_reply(const proto::Reply& reply) {
    if (reply.kind == proto::Reply::Kind::ping) {
        sockets_.send(socket_, proto::Bytes::copy_of("{}"), node::FrameKind::text);
    } else if (connect_id_ && reply.id == connect_id_) {
        connect_id_.reset();
        if (reply.kind == proto::Reply::Kind::error)
            owner_.refused(reply);
        else
            owner_.connected(reply.node);
    } else {
        owner_.replied(reply);
    }
}

void ClientConnection::listen_on() {
    loop_.disarm(silence_);
    silence_ = loop_.arm(silence_max, node::TimerCall::to<&ClientConnection::on_silence>(this));
}

void ClientConnection::on_silence() {
    give_up("nothing heard for too long");
}

void ClientConnection::give_up(std::string_view why) {
    why_gone_ = why;
    reset();
}

void ClientConnection::closed(node::SocketId, const node::Ending& ending) {
    loop_.disarm(silence_);
    connect_id_.reset();
    owner_.ended(
        {.words = why_gone_.empty() ? words_of(ending) : why_gone_,
         .is_final = ending.how == node::Ending::How::closed_by_peer && is_final(ending.code)});
}

}  // namespace grapevine::cli
