// Any bytes as a message from a client, and as one from a node, in both encodings. What our
// Protobuf reader accepts, generated code must read as the same commands; and what was read can be
// written and read again in either encoding.
#include "proto/check.hpp"
#include "proto/client_codec.hpp"
#include "proto/json_reading.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"
#include "proto/wire.hpp"
#include "tests/support/client_equality.hpp"
#include "tests/support/generated_commands.hpp"

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <set>
#include <string>

namespace grapevine {
namespace {

using namespace proto;

/// Reads what is checked, apart from the command whose text is still in use.
ClientScratch& second_scratch() {
    static ClientScratch scratch;
    return scratch;
}

bool is_null(std::string_view json) {
    const std::size_t begin = json.find_first_not_of(" \t");
    return begin != std::string_view::npos && json.substr(begin, 4) == "null";
}

/// Whether an encoding can say this: JSON has no binary payloads, and reads null as nothing. A
/// command without id and request is a pong for both.
bool can_say(Encoding encoding, const Command& command) {
    if (command.id == 0 && command.kind == CommandKind::none) return false;
    return encoding == Encoding::protobuf ||
           (command.data_kind == PayloadKind::json && !is_null(command.data));
}

void check_reads_again(const Command& command) {
    for (const Encoding encoding : {Encoding::json, Encoding::protobuf}) {
        if (!can_say(encoding, command)) continue;
        std::string again;
        append_command(again, encoding, command);
        CommandReader reader{second_scratch(), encoding, again};
        Command copy;
        check(reader.next(copy) == CommandReader::Step::command, "what was written can be read");
        check(tests::same(copy, command), "what was written is read unchanged");
        check(reader.next(copy) == CommandReader::Step::end, "one command was written");
    }
}

void check_payload(std::string_view payload, const Command& command) {
    if (payload.empty()) return check(command.data.empty(), "no payload comes from nothing");
    std::string_view normal;
    const bool is_json = normalise_json(second_scratch(), payload, normal);
    check(
        is_json == (command.data_kind == PayloadKind::json),
        "the kind is decided by normalise_json");
    check(command.data == (is_json ? normal : payload), "a payload is kept, or normalised");
}

std::string_view payload_of(const client::wire::Command& command) {
    if (command.has_connect()) return command.connect().data();
    if (command.has_subscribe()) return command.subscribe().data();
    if (command.has_publish()) return command.publish().data();
    if (command.has_send()) return command.send().data();
    if (command.has_rpc()) return command.rpc().data();
    return {};
}

void check_same(std::string_view message, const Command& command) {
    client::wire::Command theirs;
    check(
        theirs.ParseFromArray(message.data(), static_cast<int>(message.size())),
        "generated code accepts it too");
    check_payload(payload_of(theirs), command);
    theirs.DiscardUnknownFields();
    // Fields of which ours keeps nothing, or another form.
    if (theirs.has_connect()) {
        theirs.mutable_connect()->clear_name();
        theirs.mutable_connect()->clear_version();
        theirs.mutable_connect()->set_data(std::string{command.data});
    }
    if (theirs.has_subscribe()) theirs.mutable_subscribe()->set_data(std::string{command.data});
    if (theirs.has_publish()) theirs.mutable_publish()->set_data(std::string{command.data});
    if (theirs.has_send()) theirs.mutable_send()->set_data(std::string{command.data});
    if (theirs.has_rpc()) theirs.mutable_rpc()->set_data(std::string{command.data});
    check(
        theirs.SerializeAsString() == tests::generated(command).SerializeAsString(),
        "generated code reads the same");
}

void check_commands(Encoding encoding, std::string_view message) {
    static ClientScratch scratch;
    CommandReader reader{scratch, encoding, message};
    wire::Reader bytes{message};
    Command command;
    while (reader.next(command) == CommandReader::Step::command) {
        if (encoding == Encoding::protobuf) {
            std::string_view body;
            check(bytes.bytes(body), "messages are where their lengths say");
            check_same(body, command);
        }
        check(
            encoding == Encoding::protobuf ||
                command.data.find_first_of("\r\n") == command.data.npos,
            "one line");
        check(
            is_utf8(command.channel) && is_utf8(command.method) && is_utf8(command.token),
            "names are text");
        check_reads_again(command);
    }
}

void check_replies(Encoding encoding, std::string_view message) {
    static ClientScratch scratch;
    ReplyReader reader{scratch, encoding, message};
    Reply reply;
    while (reader.next(reply) == ReplyReader::Step::reply) {
    }
}

/// A body from a peer, pushed in both encodings, is what clients read.
void check_publication(std::string_view body) {
    const std::optional<Publication> publication = read_publication(body);
    std::string message;
    const bool pushed = append_push(message, Encoding::protobuf, "c", PayloadKind::binary, body);
    check(pushed == publication.has_value(), "what can be read can be pushed");
    if (!publication) return;
    client::wire::Publication theirs;
    check(
        theirs.ParseFromArray(body.data(), static_cast<int>(body.size())),
        "generated code accepts it too");
    const auto tag = theirs.tags().find("message_id");
    check(
        publication->message_id == (tag == theirs.tags().end() ? "" : tag->second),
        "generated code reads the same tag");
    ReplyReader reader{second_scratch(), Encoding::protobuf, message};
    Reply reply;
    check(reader.next(reply) == ReplyReader::Step::reply, "a push is a reply");
    check(reply.publication == *publication, "a push carries its publication");

    std::string_view json;
    if (!normalise_json(second_scratch(), publication->data, json) || is_null(json)) return;
    const std::string data{json};
    std::string clean;
    const Publication expected{data, publication->info, publication->message_id};
    append_publication(clean, expected);
    message.clear();
    check(
        append_push(message, Encoding::json, "c", PayloadKind::json, clean),
        "JSON can be pushed as JSON");
    ReplyReader lines{second_scratch(), Encoding::json, message};
    check(lines.next(reply) == ReplyReader::Step::reply, "a push is one line");
    check(reply.publication == expected, "a push carries its publication");
    check(lines.next(reply) == ReplyReader::Step::end, "a push is only one line");
}

/// Whatever is accepted is within what its reader promises.
void check_bodies(std::string_view bytes) {
    static JsonReader reader;
    (void)read_ack_body(reader, bytes);
    const SendBody body = read_send_body(reader, bytes);
    if (!body.fault.empty()) return;
    check(
        !body.users.empty() && body.users.size() <= limits::users_per_send &&
            std::all_of(body.users.begin(), body.users.end(), is_user_name),
        "a send is for users");
    check(
        std::set<std::string>(body.users.begin(), body.users.end()).size() == body.users.size(),
        "each user once");
    std::string_view normal;
    check(
        normalise_json(second_scratch(), body.data, normal) && normal == body.data &&
            !is_null(body.data) && body.data.size() <= limits::publish_data_bytes,
        "a payload is one line of JSON");
    check(body.idempotency_key.size() <= limits::idempotency_key_bytes, "a key has its limit");
}

void check_text(std::string_view bytes) {
    std::string quoted;
    append_json_string(quoted, bytes);
    std::string_view normal;
    check(
        normalise_json(second_scratch(), quoted, normal) && normal == quoted,
        "any bytes become a JSON string");
}

}  // namespace
}  // namespace grapevine

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace grapevine;
    static google::protobuf::LogSilencer quiet;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    for (const Encoding encoding : {Encoding::json, Encoding::protobuf}) {
        check_commands(encoding, bytes);
        check_replies(encoding, bytes);
    }
    check_publication(bytes);
    check_bodies(bytes);
    check_text(bytes);
    return 0;
}
