#include "cli/bench/own_dialect.hpp"

#include "cli/client_connection.hpp"

namespace grapevine::cli::bench {
namespace {

constexpr std::string_view protobuf_subprotocol = "centrifuge-protobuf";
/// Nodes ping every 25 s.
constexpr node::Duration node_silence_max = std::chrono::seconds{40};
/// Everything above is the id of a publish.
constexpr std::uint32_t connect_id = 1;
constexpr std::uint32_t subscribe_id = 2;

proto::CommandKind asked_with(std::uint32_t id) {
    if (id == connect_id) return proto::CommandKind::connect;
    return id == subscribe_id ? proto::CommandKind::subscribe : proto::CommandKind::publish;
}

}  // namespace

OwnDialect::OwnDialect(const DialectSpec& spec)
    : context_{spec.encoding, spec.payload_bytes, stamp_mark(spec.run), {}}, run_(spec.run) {}

std::string_view OwnDialect::subprotocol() const {
    return context_.encoding == proto::Encoding::protobuf ? protobuf_subprotocol : "";
}

Opcode OwnDialect::opcode() const {
    return context_.encoding == proto::Encoding::json ? Opcode::text : Opcode::binary;
}

node::Duration OwnDialect::silence_max() const {
    return node_silence_max;
}

std::string OwnDialect::text_of(const proto::Command& command) const {
    std::string message;
    proto::append_command(message, context_.encoding, command);
    return message;
}

std::string OwnDialect::connect(const Identity& identity) const {
    std::string data;
    if (!identity.user.empty()) {
        data = "{\"user\":";
        proto::append_json_string(data, identity.user);
        data += '}';
    }
    proto::Command command;
    command.id = connect_id;
    command.kind = proto::CommandKind::connect;
    command.token = identity.token;
    command.data = data;
    return text_of(command);
}

std::string OwnDialect::subscribe(std::string_view channel) const {
    proto::Command command;
    command.id = subscribe_id;
    command.kind = proto::CommandKind::subscribe;
    command.channel = channel;
    return text_of(command);
}

PublishText OwnDialect::publish(const PublishSpec& spec) const {
    const std::string payload =
        stamped_payload({.run = run_, .stream = spec.stream}, context_.payload_bytes);
    proto::Command command;
    command.kind = proto::CommandKind::publish;
    command.id = spec.is_answered ? PublishFrame::probe_id : 0;
    command.channel = spec.channel;
    command.data = payload;
    return {
        .message = text_of(command),
        .opcode = opcode(),
        .is_answered = spec.is_answered,
        .encoding = context_.encoding};
}

bool OwnDialect::read(std::string_view message, ReadState& state, Hearer& hearer) {
    Replies replies(context_, message, state.hint);
    for (;;) {
        switch (replies.next()) {
        case Replies::Kind::message: hearer.owner.arrived(replies.stamp()); break;
        case Replies::Kind::damaged: hearer.owner.damaged(); break;
        case Replies::Kind::done: hearer.owner.accepted(); break;
        case Replies::Kind::other:
            on_other(replies.reply(), hearer);
            if (!hearer.is_open()) return true;
            break;
        case Replies::Kind::end: return true;
        case Replies::Kind::malformed: return false;
        }
    }
}

void OwnDialect::on_other(const proto::Reply& reply, Hearer& hearer) const {
    using Kind = proto::Reply::Kind;
    switch (reply.kind) {
    case Kind::ping: hearer.say(text_of({.kind = proto::CommandKind::pong})); break;
    case Kind::connect: hearer.taken(); break;
    case Kind::subscribe: hearer.subscribed(); break;
    case Kind::publish: hearer.owner.accepted(); break;
    case Kind::error: hearer.owner.refused(asked_with(reply.id), words_of(reply)); break;
    case Kind::disconnect: hearer.sent_away("sent away by the node: " + words_of(reply)); break;
    case Kind::unsubscribe:
    case Kind::rpc:
    case Kind::refresh:
    case Kind::sub_refresh:
    case Kind::unsubscribed:
    case Kind::publication:
    case Kind::presence:
    case Kind::presence_stats:
    case Kind::coming:
    case Kind::other: break;
    }
}

std::unique_ptr<Dialect> make_own_dialect(const DialectSpec& spec) {
    return std::make_unique<OwnDialect>(spec);
}

}  // namespace grapevine::cli::bench
