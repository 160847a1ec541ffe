#include "proto/client_codec.hpp"

#include "proto/client_encodings.hpp"
#include "proto/client_scratch.hpp"
#include "proto/limits.hpp"
#include "proto/wire.hpp"

#include <algorithm>

namespace grapevine::proto {
namespace {

/// The next line that is not blank; empty at the end.
std::string_view take_line(std::string_view& rest) {
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const bool is_blank =
            line.empty() ||
            (line.front() != '{' && line.find_first_not_of(" \t\r") == std::string_view::npos);
        if (!is_blank) return line;
    }
    return {};
}

/// The next message of a stream in which each is preceded by its length.
bool take_delimited(std::string_view& rest, std::string_view& message) {
    wire::Reader in{rest};
    if (!in.bytes(message)) return false;
    rest = in.rest();
    return true;
}

enum class Taken : std::uint8_t { message, end, malformed };

/// The next of the messages that `rest` holds.
Taken take_message(Encoding encoding, std::string_view& rest, std::string_view& message) {
    if (encoding == Encoding::json) {
        message = take_line(rest);
        return message.empty() ? Taken::end : Taken::message;
    }
    if (rest.empty()) return Taken::end;
    return take_delimited(rest, message) ? Taken::message : Taken::malformed;
}

}  // namespace

ClientScratch::ClientScratch() : parts_(std::make_unique<Parts>()) {}
ClientScratch::~ClientScratch() = default;

CommandReader::CommandReader(ClientScratch& scratch, Encoding encoding, std::string_view message)
    : scratch_(scratch), encoding_(encoding), rest_(message) {}

CommandReader::Step CommandReader::next(Command& command) {
    std::string_view message;
    switch (take_message(encoding_, rest_, message)) {
    case Taken::end: return Step::end;
    case Taken::malformed: return Step::malformed;
    case Taken::message: break;
    }
    if (++commands_ > limits::client_commands_per_message) return Step::malformed;
    const bool read = encoding_ == Encoding::json
                          ? client_json::read_command(scratch_, message, command)
                          : client_protobuf::read_command(scratch_, message, command);
    return read ? Step::command : Step::malformed;
}

ReplyReader::ReplyReader(ClientScratch& scratch, Encoding encoding, std::string_view message)
    : scratch_(scratch), encoding_(encoding), rest_(message) {}

ReplyReader::Step ReplyReader::next(Reply& reply) {
    std::string_view message;
    switch (take_message(encoding_, rest_, message)) {
    case Taken::end: return Step::end;
    case Taken::malformed: return Step::malformed;
    case Taken::message: break;
    }
    const bool read = encoding_ == Encoding::json
                          ? client_json::read_reply(scratch_, message, reply)
                          : client_protobuf::read_reply(message, reply);
    return read ? Step::reply : Step::malformed;
}

void append_error(std::string& out, Encoding encoding, std::uint32_t id, ErrorCode code) {
    if (encoding == Encoding::json)
        client_json::append_error(out, id, code);
    else
        client_protobuf::append_error(out, id, code);
}

void append_connect(
    std::string& out, Encoding encoding, std::uint32_t id, const ConnectResult& result) {
    if (encoding == Encoding::json)
        client_json::append_connect(out, id, result);
    else
        client_protobuf::append_connect(out, id, result);
}

void append_subscribe(
    std::string& out, Encoding encoding, std::uint32_t id, const SubscribeResult& result) {
    if (encoding == Encoding::json)
        client_json::append_subscribe(out, id, result);
    else
        client_protobuf::append_subscribe(out, id, result);
}

void append_refresh(
    std::string& out, Encoding encoding, std::uint32_t id, const RefreshResult& result) {
    if (encoding == Encoding::json)
        client_json::append_refresh(out, id, result);
    else
        client_protobuf::append_refresh(out, id, result);
}

void append_sub_refresh(
    std::string& out, Encoding encoding, std::uint32_t id, std::uint32_t ttl_s) {
    if (encoding == Encoding::json)
        client_json::append_sub_refresh(out, id, ttl_s);
    else
        client_protobuf::append_sub_refresh(out, id, ttl_s);
}

void append_done(std::string& out, Encoding encoding, std::uint32_t id, CommandKind kind) {
    if (encoding == Encoding::json)
        client_json::append_done(out, id, kind);
    else
        client_protobuf::append_done(out, id, kind);
}

void append_rpc(std::string& out, Encoding encoding, std::uint32_t id, std::string_view data) {
    if (encoding == Encoding::json)
        client_json::append_rpc(out, id, data);
    else
        client_protobuf::append_rpc(out, id, data);
}

void append_presence(
    std::string& out,
    Encoding encoding,
    std::uint32_t id,
    std::string_view entries,
    bool is_incomplete) {
    if (encoding == Encoding::json)
        client_json::append_presence(out, id, entries, is_incomplete);
    else
        client_protobuf::append_presence(out, id, entries, is_incomplete);
}

void append_presence_stats(
    std::string& out,
    Encoding encoding,
    std::uint32_t id,
    const PresenceStats& stats,
    bool is_incomplete) {
    if (encoding == Encoding::json)
        client_json::append_presence_stats(out, id, stats, is_incomplete);
    else
        client_protobuf::append_presence_stats(out, id, stats, is_incomplete);
}

void append_presence_result(std::string& out, std::string_view entries, bool is_incomplete) {
    client_json::append_presence_result(out, entries, is_incomplete);
}

void append_presence_stats_result(
    std::string& out, const PresenceStats& stats, bool is_incomplete) {
    client_json::append_presence_stats_result(out, stats, is_incomplete);
}

bool append_push(
    std::string& out,
    Encoding encoding,
    std::string_view channel,
    PayloadKind kind,
    std::string_view body) {
    if (encoding == Encoding::json) return client_json::append_push(out, channel, kind, body);
    if (!read_publication(body)) return false;
    client_protobuf::append_push(out, channel, body);
    return true;
}

void append_unsubscribe(
    std::string& out, Encoding encoding, std::string_view channel, UnsubscribeCode code) {
    if (encoding == Encoding::json)
        client_json::append_unsubscribe(out, channel, code);
    else
        client_protobuf::append_unsubscribe(out, channel, code);
}

bool append_coming_push(
    std::string& out, Encoding encoding, std::string_view channel, std::string_view body) {
    if (encoding == Encoding::json) return client_json::append_coming_push(out, channel, body);
    if (!read_coming(body)) return false;
    client_protobuf::append_coming_push(out, channel, body);
    return true;
}

void append_disconnect(std::string& out, Encoding encoding, CloseCode code) {
    if (encoding == Encoding::json)
        client_json::append_disconnect(out, code);
    else
        client_protobuf::append_disconnect(out, code);
}

void append_ping(std::string& out, Encoding encoding) {
    if (encoding == Encoding::json)
        client_json::append_ping(out);
    else
        client_protobuf::append_ping(out);
}

void append_messages(std::string& out, Encoding encoding, std::string_view messages) {
    // Protobuf messages begin with their lengths.
    if (encoding == Encoding::json && !out.empty()) out += '\n';
    out += messages;
}

void append_command(std::string& out, Encoding encoding, const Command& command) {
    if (encoding == Encoding::json)
        client_json::append_command(out, command);
    else
        client_protobuf::append_command(out, command);
}

}  // namespace grapevine::proto
