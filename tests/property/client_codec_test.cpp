#include "proto/client_codec.hpp"
#include "proto/wire.hpp"
#include "tests/support/client_equality.hpp"
#include "tests/support/client_generators.hpp"
#include "tests/support/exact_bytes.hpp"
#include "tests/support/generated_commands.hpp"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace grapevine::proto {
namespace {

using tests::OwnedCommand;
using tests::OwnedPublication;

constexpr Encoding both_encodings[] = {Encoding::json, Encoding::protobuf};

std::string delimited(const google::protobuf::MessageLite& message) {
    const std::string body = message.SerializeAsString();
    std::string out;
    for (std::size_t size = body.size();; size >>= 7) {
        const bool last = size < 0x80;
        out += static_cast<char>(last ? size : size | 0x80);
        if (last) return out + body;
    }
}

client::wire::ClientInfo generated(const ClientInfo& info) {
    client::wire::ClientInfo out;
    out.set_user(std::string{info.user});
    out.set_client(std::string{info.client});
    out.set_conn_info(std::string{info.conn_info});
    out.set_chan_info(std::string{info.chan_info});
    return out;
}

client::wire::Publication generated(const OwnedPublication& publication) {
    client::wire::Publication out;
    out.set_data(publication.data);
    if (!publication.message_id.empty())
        (*out.mutable_tags())["message_id"] = publication.message_id;
    if (publication.info() != ClientInfo{}) *out.mutable_info() = generated(publication.info());
    return out;
}

std::string written(Encoding encoding, const Command& command) {
    std::string out;
    append_command(out, encoding, command);
    return out;
}

/// Asserts that `message` holds exactly this command.
void assert_reads(Encoding encoding, const std::string& message, const Command& expected) {
    static ClientScratch scratch;
    CommandReader reader{scratch, encoding, message};
    Command command;
    RC_ASSERT(reader.next(command) == CommandReader::Step::command);
    RC_ASSERT(tests::same(command, expected));
    RC_ASSERT(reader.next(command) == CommandReader::Step::end);
}

/// Asserts that `message` holds exactly one reply, and gives it to `look`.
template <class Look>
void assert_reply(Encoding encoding, const std::string& message, Look look) {
    static ClientScratch scratch;
    ReplyReader reader{scratch, encoding, message};
    Reply reply;
    RC_ASSERT(reader.next(reply) == ReplyReader::Step::reply);
    look(reply);
    RC_ASSERT(reader.next(reply) == ReplyReader::Step::end);
}

/// The one reply that generated code finds in a Protobuf message.
client::wire::Reply parsed(std::string_view message) {
    wire::Reader in{message};
    std::string_view body;
    RC_ASSERT(in.bytes(body));
    RC_ASSERT(in.done());
    client::wire::Reply reply;
    RC_ASSERT(reply.ParseFromArray(body.data(), static_cast<int>(body.size())));
    RC_ASSERT(reply.GetReflection()->GetUnknownFields(reply).empty());
    return reply;
}

RC_GTEST_PROP(ClientCodec, CommandsReadBackInBothEncodings, ()) {
    const OwnedCommand owned = *tests::gen::command();
    for (const Encoding encoding : both_encodings)
        assert_reads(encoding, written(encoding, owned.command()), owned.command());
}

RC_GTEST_PROP(ClientCodec, CommandsAreThoseOfGeneratedCode, ()) {
    const OwnedCommand owned = *tests::gen::command();
    RC_ASSERT(
        written(Encoding::protobuf, owned.command()) ==
        delimited(tests::generated(owned.command())));
}

RC_GTEST_PROP(ClientCodec, BinaryPayloadsStayAsTheyAre, ()) {
    OwnedCommand owned{.id = 1, .kind = CommandKind::publish, .channel = "c"};
    owned.data = '\xff' + *tests::gen::bytes(1000);
    owned.data_kind = PayloadKind::binary;
    assert_reads(Encoding::protobuf, written(Encoding::protobuf, owned.command()), owned.command());
}

RC_GTEST_PROP(ClientCodec, NewlinesInPayloadsDisappearInBothEncodings, ()) {
    const std::string data = *tests::gen::json(true);
    std::string expected = data;
    std::erase_if(expected, [](char character) { return character == '\n' || character == '\r'; });
    OwnedCommand owned{.id = 1, .kind = CommandKind::publish, .channel = "c", .data = data};
    const std::string message = written(Encoding::protobuf, owned.command());
    owned.data = expected;
    assert_reads(Encoding::protobuf, message, owned.command());

    // Within a line of JSON only carriage returns are left to disappear.
    std::string line = data;
    std::erase(line, '\n');
    assert_reads(
        Encoding::json,
        R"({"id":1,"publish":{"channel":"c","data":)" + line + "}}",
        owned.command());
}

RC_GTEST_PROP(ClientCodec, SeveralCommandsInOneMessageKeepTheirOrder, ()) {
    const auto commands = *rc::gen::container<std::vector<OwnedCommand>>(tests::gen::command());
    ClientScratch scratch;
    for (const Encoding encoding : both_encodings) {
        std::string message;
        for (const OwnedCommand& owned : commands)
            append_command(message, encoding, owned.command());
        CommandReader reader{scratch, encoding, message};
        Command command;
        for (const OwnedCommand& owned : commands) {
            RC_ASSERT(reader.next(command) == CommandReader::Step::command);
            RC_ASSERT(tests::same(command, owned.command()));
        }
        RC_ASSERT(reader.next(command) == CommandReader::Step::end);
    }
}

RC_GTEST_PROP(ClientCodec, CutAnywhereNothingIsMadeUp, ()) {
    const OwnedCommand owned = *tests::gen::command();
    ClientScratch scratch;
    for (const Encoding encoding : both_encodings) {
        const std::string message = written(encoding, owned.command());
        for (std::size_t size = 0; size < message.size(); ++size) {
            const tests::ExactBytes cut{std::string_view{message}.substr(0, size)};
            CommandReader reader{scratch, encoding, cut.view()};
            Command command;
            RC_ASSERT(
                reader.next(command) ==
                (size == 0 ? CommandReader::Step::end : CommandReader::Step::malformed));
        }
    }
}

RC_GTEST_PROP(ClientCodec, WhateverItAcceptsItCanWriteAndReadAgain, ()) {
    const OwnedCommand owned = *tests::gen::command();
    ClientScratch scratch;
    ClientScratch other;
    for (const Encoding encoding : both_encodings) {
        std::string message = written(encoding, owned.command());
        for (const std::size_t at :
             *rc::gen::container<std::vector<std::size_t>>(rc::gen::arbitrary<std::size_t>()))
            message[at % message.size()] = *rc::gen::arbitrary<char>();
        const tests::ExactBytes damaged{message};
        CommandReader reader{scratch, encoding, damaged.view()};
        Command command;
        while (reader.next(command) == CommandReader::Step::command) {
            const std::string again = written(encoding, command);
            CommandReader second{other, encoding, again};
            Command copy;
            RC_ASSERT(second.next(copy) == CommandReader::Step::command);
            if (command.id != 0 || command.kind != CommandKind::none)
                RC_ASSERT(tests::same(copy, command));
        }
    }
}

RC_GTEST_PROP(ClientCodec, PublicationsAreThoseOfGeneratedCode, ()) {
    const OwnedPublication owned = *tests::gen::publication();
    std::string body;
    append_publication(body, owned.publication());
    RC_ASSERT(body == generated(owned).SerializeAsString());
    RC_ASSERT(read_publication(body) == owned.publication());

    client::wire::Publication richer = generated(owned);
    (*richer.mutable_tags())["key"] = "value";
    const std::string richer_body = richer.SerializeAsString();
    RC_ASSERT(read_publication(richer_body) == owned.publication());
}

RC_GTEST_PROP(ClientCodec, PushesReadBackInBothEncodings, ()) {
    const OwnedPublication owned = *tests::gen::publication();
    const std::string channel = *tests::gen::text(255);
    std::string body;
    append_publication(body, owned.publication());
    for (const Encoding encoding : both_encodings) {
        std::string message;
        RC_ASSERT(append_push(message, encoding, channel, PayloadKind::json, body));
        assert_reply(encoding, message, [&](const Reply& reply) {
            RC_ASSERT(reply.kind == Reply::Kind::publication);
            RC_ASSERT(reply.id == 0U);
            RC_ASSERT(reply.channel == channel);
            RC_ASSERT(reply.publication == owned.publication());
        });
    }
    client::wire::Reply push;
    push.mutable_push()->set_channel(channel);
    *push.mutable_push()->mutable_pub() = generated(owned);
    std::string message;
    RC_ASSERT(append_push(message, Encoding::protobuf, channel, PayloadKind::binary, body));
    RC_ASSERT(message == delimited(push));
}

RC_GTEST_PROP(ClientCodec, ConnectResultsReadBackInBothEncodings, ()) {
    const auto subs = *rc::gen::container<std::set<std::string>>(tests::gen::text());
    const std::string data = *tests::gen::json();
    std::vector<ServerSubscription> channels;
    for (const std::string& channel : subs)
        channels.push_back(
            {channel, {*tests::gen::number32(), *rc::gen::element<std::string_view>("", data)}});
    const std::string client = *tests::gen::text();
    const std::string node = *tests::gen::text();
    const std::uint32_t id = *tests::gen::number32();
    const ConnectResult result{
        .client = client,
        .version = "1",
        .session = "s",
        .node = node,
        .subs = channels,
        .ttl_s = *tests::gen::number32(),
        .ping_s = *tests::gen::number32(),
        .pong = *rc::gen::arbitrary<bool>()};
    for (const Encoding encoding : both_encodings) {
        std::string message;
        append_connect(message, encoding, id, result);
        assert_reply(encoding, message, [&](const Reply& reply) {
            RC_ASSERT(reply.kind == Reply::Kind::connect);
            RC_ASSERT(reply.id == id);
            RC_ASSERT(reply.client == client);
            RC_ASSERT(reply.node == node);
            RC_ASSERT(reply.ttl_s == result.ttl_s);
            RC_ASSERT(reply.subs == channels);
        });
    }
    std::string message;
    append_connect(message, Encoding::protobuf, id, result);
    const client::wire::Reply reply = parsed(message);
    RC_ASSERT(reply.id() == id);
    RC_ASSERT(reply.connect().client() == client);
    RC_ASSERT(reply.connect().version() == "1");
    RC_ASSERT(reply.connect().session() == "s");
    RC_ASSERT(reply.connect().node() == node);
    RC_ASSERT(reply.connect().ping() == result.ping_s);
    RC_ASSERT(reply.connect().pong() == result.pong);
    RC_ASSERT(reply.connect().ttl() == result.ttl_s);
    RC_ASSERT(reply.connect().expires() == (result.ttl_s != 0));
    RC_ASSERT(reply.connect().subs().size() == subs.size());
    for (const ServerSubscription& sub : channels) {
        const auto told = reply.connect().subs().at(std::string{sub.channel});
        RC_ASSERT(told.expires() == (sub.result.ttl_s != 0));
        RC_ASSERT(told.ttl() == sub.result.ttl_s);
        RC_ASSERT(told.data() == sub.result.data);
    }
}

RC_GTEST_PROP(ClientCodec, WhatExpiresReadsBackInBothEncodings, ()) {
    const std::uint32_t id = *tests::gen::number32();
    const std::uint32_t ttl_s = *tests::gen::number32();
    const std::string data = *tests::gen::json();
    const std::string channel = *tests::gen::text(255);
    for (const Encoding encoding : both_encodings) {
        const auto reads = [&](const std::string& message, Reply::Kind kind) {
            assert_reply(encoding, message, [&](const Reply& reply) {
                RC_ASSERT(reply.kind == kind);
                RC_ASSERT(reply.id == id);
                RC_ASSERT(reply.ttl_s == ttl_s);
                RC_ASSERT(reply.data == (kind == Reply::Kind::subscribe ? data : ""));
            });
        };
        std::string subscribe;
        append_subscribe(subscribe, encoding, id, {.ttl_s = ttl_s, .data = data});
        reads(subscribe, Reply::Kind::subscribe);
        std::string refresh;
        append_refresh(refresh, encoding, id, {.client = "c", .version = "v", .ttl_s = ttl_s});
        reads(refresh, Reply::Kind::refresh);
        std::string sub_refresh;
        append_sub_refresh(sub_refresh, encoding, id, ttl_s);
        reads(sub_refresh, Reply::Kind::sub_refresh);
        std::string unsubscribe;
        append_unsubscribe(unsubscribe, encoding, channel, UnsubscribeCode::expired);
        assert_reply(encoding, unsubscribe, [&](const Reply& reply) {
            RC_ASSERT(reply.kind == Reply::Kind::unsubscribed);
            RC_ASSERT(reply.id == 0U);
            RC_ASSERT(reply.channel == channel);
            RC_ASSERT(reply.code == static_cast<std::uint32_t>(UnsubscribeCode::expired));
            RC_ASSERT(reply.text == text_of(UnsubscribeCode::expired));
        });
    }
    client::wire::Reply subscribe;
    subscribe.set_id(id);
    subscribe.mutable_subscribe()->set_expires(ttl_s != 0);
    subscribe.mutable_subscribe()->set_ttl(ttl_s);
    subscribe.mutable_subscribe()->set_data(data);
    client::wire::Reply refresh;
    refresh.set_id(id);
    refresh.mutable_refresh()->set_client("c");
    refresh.mutable_refresh()->set_version("v");
    refresh.mutable_refresh()->set_expires(ttl_s != 0);
    refresh.mutable_refresh()->set_ttl(ttl_s);
    client::wire::Reply sub_refresh;
    sub_refresh.set_id(id);
    sub_refresh.mutable_sub_refresh()->set_expires(ttl_s != 0);
    sub_refresh.mutable_sub_refresh()->set_ttl(ttl_s);
    client::wire::Reply unsubscribe;
    unsubscribe.mutable_push()->set_channel(channel);
    unsubscribe.mutable_push()->mutable_unsubscribe()->set_code(2501);
    unsubscribe.mutable_push()->mutable_unsubscribe()->set_reason("subscription expired");
    std::string message;
    append_subscribe(message, Encoding::protobuf, id, {.ttl_s = ttl_s, .data = data});
    append_refresh(
        message, Encoding::protobuf, id, {.client = "c", .version = "v", .ttl_s = ttl_s});
    append_sub_refresh(message, Encoding::protobuf, id, ttl_s);
    append_unsubscribe(message, Encoding::protobuf, channel, UnsubscribeCode::expired);
    RC_ASSERT(
        message == delimited(subscribe) + delimited(refresh) + delimited(sub_refresh) +
                       delimited(unsubscribe));
}

RC_GTEST_PROP(ClientCodec, WhoIsPresentReadsBackInBothEncodings, ()) {
    const std::uint32_t id = *tests::gen::number32();
    const bool is_incomplete = *rc::gen::arbitrary<bool>();
    const auto owned =
        *rc::gen::container<std::vector<OwnedPublication>>(tests::gen::publication());
    std::string entries;
    std::vector<ClientInfo> expected;
    client::wire::Reply generated_reply;
    generated_reply.set_id(id);
    auto& result = *generated_reply.mutable_presence();
    result.set_incomplete(is_incomplete);
    for (const OwnedPublication& one : owned) {
        append_present_client(entries, one.info());
        expected.push_back(one.info());
        (*result.mutable_presence())[one.client] = generated(one.info());
    }
    std::vector<ClientInfo> visited;
    RC_ASSERT(
        for_each_present_client(entries, [&](const ClientInfo& info) { visited.push_back(info); }));
    RC_ASSERT(visited == expected);
    for (const Encoding encoding : both_encodings) {
        std::string message;
        append_presence(message, encoding, id, entries, is_incomplete);
        assert_reply(encoding, message, [&](const Reply& reply) {
            RC_ASSERT(reply.kind == Reply::Kind::presence);
            RC_ASSERT(reply.id == id);
            RC_ASSERT(reply.incomplete == is_incomplete);
            RC_ASSERT(reply.presence == expected);
        });
    }
    std::string message;
    append_presence(message, Encoding::protobuf, id, entries, is_incomplete);
    RC_ASSERT(google::protobuf::util::MessageDifferencer::Equals(parsed(message), generated_reply));
}

RC_GTEST_PROP(ClientCodec, WhoIsPresentCutAnywhereIsMalformed, ()) {
    const OwnedPublication owned = *tests::gen::publication();
    std::string entry;
    append_present_client(entry, owned.info());
    for (std::size_t size = 1; size < entry.size(); ++size) {
        const tests::ExactBytes cut{std::string_view{entry}.substr(0, size)};
        RC_ASSERT(!for_each_present_client(cut.view(), [](const ClientInfo&) {}));
    }
}

RC_GTEST_PROP(ClientCodec, WhoComesAndGoesReadsBackInBothEncodings, ()) {
    const OwnedPublication owned = *tests::gen::publication();
    const std::string channel = *tests::gen::text();
    const Coming coming{
        .way = *rc::gen::element(Coming::Way::join, Coming::Way::leave), .info = owned.info()};
    std::string body;
    append_coming(body, coming);
    RC_ASSERT(read_coming(body) == coming);
    for (const Encoding encoding : both_encodings) {
        std::string message;
        RC_ASSERT(append_coming_push(message, encoding, channel, body));
        assert_reply(encoding, message, [&](const Reply& reply) {
            RC_ASSERT(reply.kind == Reply::Kind::coming);
            RC_ASSERT(reply.channel == channel);
            RC_ASSERT(reply.coming == coming);
        });
    }
    client::wire::Reply generated_reply;
    generated_reply.mutable_push()->set_channel(channel);
    if (coming.way == Coming::Way::join)
        *generated_reply.mutable_push()->mutable_join()->mutable_info() = generated(coming.info);
    else
        *generated_reply.mutable_push()->mutable_leave()->mutable_info() = generated(coming.info);
    std::string message;
    RC_ASSERT(append_coming_push(message, Encoding::protobuf, channel, body));
    RC_ASSERT(google::protobuf::util::MessageDifferencer::Equals(parsed(message), generated_reply));
}

RC_GTEST_PROP(ClientCodec, WhoComesAndGoesCutAnywhereIsMalformed, ()) {
    const OwnedPublication owned = *tests::gen::publication();
    std::string body;
    append_coming(body, {.way = Coming::Way::leave, .info = owned.info()});
    for (std::size_t size = 0; size < body.size(); ++size) {
        const tests::ExactBytes cut{std::string_view{body}.substr(0, size)};
        std::string message;
        for (const Encoding encoding : both_encodings)
            RC_ASSERT(!append_coming_push(message, encoding, "c", cut.view()));
        RC_ASSERT(message.empty());
    }
}

RC_GTEST_PROP(ClientCodec, HowManyArePresentReadsBackInBothEncodings, ()) {
    const std::uint32_t id = *tests::gen::number32();
    const PresenceStats stats{*tests::gen::number32(), *tests::gen::number32()};
    const bool is_incomplete = *rc::gen::arbitrary<bool>();
    for (const Encoding encoding : both_encodings) {
        std::string message;
        append_presence_stats(message, encoding, id, stats, is_incomplete);
        assert_reply(encoding, message, [&](const Reply& reply) {
            RC_ASSERT(reply.kind == Reply::Kind::presence_stats);
            RC_ASSERT(reply.id == id);
            RC_ASSERT(reply.presence_stats == stats);
            RC_ASSERT(reply.incomplete == is_incomplete);
        });
    }
    client::wire::Reply reply;
    reply.set_id(id);
    reply.mutable_presence_stats()->set_num_clients(stats.clients);
    reply.mutable_presence_stats()->set_num_users(stats.users);
    reply.mutable_presence_stats()->set_incomplete(is_incomplete);
    std::string message;
    append_presence_stats(message, Encoding::protobuf, id, stats, is_incomplete);
    RC_ASSERT(message == delimited(reply));
}

RC_GTEST_PROP(ClientCodec, ErrorsAndResultsAreThoseOfGeneratedCodeAndReadBack, ()) {
    const std::uint32_t id = *tests::gen::number32();
    const auto code = static_cast<ErrorCode>(*rc::gen::inRange(100, 113));
    const auto close = *rc::gen::element(
        CloseCode::shutdown, CloseCode::slow, CloseCode::stale, CloseCode::bad_request);
    const std::string data = *tests::gen::json();
    for (const Encoding encoding : both_encodings) {
        std::string message;
        append_error(message, encoding, id, code);
        assert_reply(encoding, message, [&](const Reply& reply) {
            RC_ASSERT(reply.kind == Reply::Kind::error);
            RC_ASSERT(reply.id == id);
            RC_ASSERT(reply.code == static_cast<std::uint32_t>(code));
            RC_ASSERT(reply.text == text_of(code));
            RC_ASSERT(reply.temporary == is_temporary(code));
        });
        message.clear();
        append_rpc(message, encoding, id, data);
        assert_reply(encoding, message, [&](const Reply& reply) {
            RC_ASSERT(reply.kind == Reply::Kind::rpc);
            RC_ASSERT(reply.data == data);
        });
        message.clear();
        append_disconnect(message, encoding, close);
        assert_reply(encoding, message, [&](const Reply& reply) {
            RC_ASSERT(reply.kind == Reply::Kind::disconnect);
            RC_ASSERT(reply.code == static_cast<std::uint32_t>(close));
            RC_ASSERT(reply.text == text_of(close));
        });
    }
    client::wire::Reply error;
    error.set_id(id);
    error.mutable_error()->set_code(static_cast<std::uint32_t>(code));
    error.mutable_error()->set_message(std::string{text_of(code)});
    error.mutable_error()->set_temporary(is_temporary(code));
    client::wire::Reply rpc;
    rpc.set_id(id);
    rpc.mutable_rpc()->set_data(data);
    client::wire::Reply disconnect;
    auto& details = *disconnect.mutable_push()->mutable_disconnect();
    details.set_code(static_cast<std::uint32_t>(close));
    details.set_reason(std::string{text_of(close)});
    details.set_reconnect(close == CloseCode::shutdown || close == CloseCode::slow);
    client::wire::Reply done;
    done.set_id(id);
    done.mutable_unsubscribe();

    std::string message;
    append_error(message, Encoding::protobuf, id, code);
    append_rpc(message, Encoding::protobuf, id, data);
    append_disconnect(message, Encoding::protobuf, close);
    append_done(message, Encoding::protobuf, id, CommandKind::unsubscribe);
    RC_ASSERT(
        message == delimited(error) + delimited(rpc) + delimited(disconnect) + delimited(done));
}

RC_GTEST_PROP(ClientCodec, RepliesCutAnywhereAreMalformed, ()) {
    const OwnedPublication owned = *tests::gen::publication();
    std::string body;
    append_publication(body, owned.publication());
    ClientScratch scratch;
    for (const Encoding encoding : both_encodings) {
        std::string message;
        append_push(message, encoding, "channel", PayloadKind::json, body);
        for (std::size_t size = 1; size < message.size(); ++size) {
            const tests::ExactBytes cut{std::string_view{message}.substr(0, size)};
            ReplyReader reader{scratch, encoding, cut.view()};
            Reply reply;
            RC_ASSERT(reader.next(reply) == ReplyReader::Step::malformed);
        }
    }
}

RC_GTEST_PROP(JsonText, NormalisedJsonHasNoNewlinesAndMeansTheSame, ()) {
    const std::string text = *tests::gen::json(true);
    std::string expected = text;
    std::erase_if(expected, [](char character) { return character == '\n' || character == '\r'; });
    static ClientScratch scratch;
    std::string_view out;
    RC_ASSERT(normalise_json(scratch, text, out));
    RC_ASSERT(out == expected);
    RC_ASSERT((out.data() == text.data()) == (text == expected));
}

RC_GTEST_PROP(JsonText, AnyBytesBecomeAValidString, ()) {
    const std::string text = *tests::gen::bytes(1000);
    std::string quoted;
    append_json_string(quoted, text);
    static ClientScratch scratch;
    std::string_view out;
    RC_ASSERT(normalise_json(scratch, quoted, out));
    RC_ASSERT(out == quoted);
}

}  // namespace
}  // namespace grapevine::proto
