#include "proto/client_codec.hpp"
#include "proto/limits.hpp"
#include "proto/wire.hpp"
#include "tests/support/client_reading.hpp"

#include <gtest/gtest.h>

namespace grapevine::proto {
namespace {

using tests::Reading;
using Step = CommandReader::Step;

Step json_step(std::string_view message) {
    return Reading{Encoding::json, message}.step;
}
Step protobuf_step(std::string_view message) {
    return Reading{Encoding::protobuf, message}.step;
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

std::string publish_json(const std::string& data) {
    return R"({"id":1,"publish":{"channel":"c","data":)" + data + "}}";
}

std::string publish_protobuf(std::string_view data) {
    std::string out;
    append_command(
        out,
        Encoding::protobuf,
        {.id = 1, .kind = CommandKind::publish, .channel = "c", .data = data});
    return out;
}

TEST(JsonCommand, TakesWhatTheJavaScriptSdkSends) {
    Reading connect{
        Encoding::json,
        R"({"id":1,"connect":{"token":"t","data":{"a": 1},"name":"js","version":"5"}})"};
    ASSERT_EQ(connect.step, Step::command);
    EXPECT_EQ(connect.command.kind, CommandKind::connect);
    EXPECT_EQ(connect.command.token, "t");
    EXPECT_EQ(connect.command.data, R"({"a": 1})");
    Reading subscribe{
        Encoding::json,
        R"({"id":2,"subscribe":{"channel":"news","recoverable":true,"flag":1,"tf":{"key":"x"}}})"};
    ASSERT_EQ(subscribe.step, Step::command);
    EXPECT_EQ(subscribe.command.kind, CommandKind::subscribe);
    EXPECT_EQ(subscribe.command.channel, "news");
    Reading send{Encoding::json, R"({"send":{"data":[1]}})"};
    EXPECT_EQ(send.command.kind, CommandKind::send);
    EXPECT_EQ(send.command.id, 0U);
}

TEST(JsonCommand, MembersMayComeInAnyOrderWithAnySpace) {
    Reading reading{
        Encoding::json,
        "\t { \"other\" : [ { \"a\" : \"}\\\"\" } ] , \"publish\" : { \"data\" : \"x]\\\\\" , "
        "\"tags\" : {} ,"
        " \"channel\" : \"c\\u0021\" } , \"id\" : 7 } \r"};
    ASSERT_EQ(reading.step, Step::command);
    EXPECT_EQ(reading.command.id, 7U);
    EXPECT_EQ(reading.command.channel, "c!");
    EXPECT_EQ(reading.command.data, R"("x]\\")");
}

TEST(JsonCommand, LinesAreCommandsAndBlankLinesAreNothing) {
    Reading reading{Encoding::json, "\n\r\n{}\n \n{\"id\":1,\"ping\":{}}\n"};
    ASSERT_EQ(reading.step, Step::command);
    EXPECT_EQ(reading.command.kind, CommandKind::pong);
    ASSERT_EQ(reading.reader.next(reading.command), Step::command);
    EXPECT_EQ(reading.command.kind, CommandKind::ping);
    EXPECT_EQ(reading.reader.next(reading.command), Step::end);
    EXPECT_EQ(json_step(""), Step::end);
}

TEST(JsonCommand, IsMalformedUnlessALineIsOneWholeObject) {
    for (const char* const line :
         {"{",
          "}",
          "[]",
          "1",
          "null",
          "\"x\"",
          "{} {}",
          "{},",
          "{\"id\":1,}",
          "{\"id\" 1}",
          "{'id':1}",
          "x",
          "{\"publish\":\n{}}",
          "{\"id\":01}",
          "{\"id\":1}}",
          "\xef\xbb\xbf{}",
          "{\"a\":\"\xff\"}",
          "{\"a\":\"\t\"}",
          "{\"a\":\"\\x\"}",
          "{\"a\":tru}",
          "{\"a\":1e400}"})
        EXPECT_EQ(json_step(line), Step::malformed) << line;
    EXPECT_EQ(json_step(std::string_view{"{\0}", 3}), Step::malformed);
}

TEST(JsonCommand, IsMalformedIfAKnownMemberHasAnotherType) {
    for (const char* const line :
         {R"({"id":"1"})",
          R"({"id":-1})",
          R"({"id":1.0})",
          R"({"id":4294967296})",
          R"({"publish":[]})",
          R"({"publish":"x"})",
          R"({"publish":{"channel":1}})",
          R"({"rpc":{"method":{}}})"})
        EXPECT_EQ(json_step(line), Step::malformed) << line;
    EXPECT_EQ(Reading(Encoding::json, R"({"id":4294967295})").command.id, 4294967295U);
}

TEST(JsonCommand, NullCountsAsAbsent) {
    Reading reading{
        Encoding::json,
        R"({"id":null,"connect":null,"publish":{"channel":null,"data":null},"rpc":null})"};
    ASSERT_EQ(reading.step, Step::command);
    EXPECT_EQ(reading.command.kind, CommandKind::publish);
    EXPECT_EQ(reading.command.data, "");
    EXPECT_EQ(Reading(Encoding::json, R"({"id":5})").command.kind, CommandKind::none);
    EXPECT_EQ(Reading(Encoding::json, R"({"unheard_of":{}})").command.kind, CommandKind::none);
}

TEST(JsonCommand, HasOneRequest) {
    EXPECT_EQ(json_step(R"({"id":1,"ping":{},"rpc":{}})"), Step::malformed);
    EXPECT_EQ(json_step(R"({"id":1,"ping":{},"ping":{}})"), Step::malformed);
}

// Half of an emoji, cut by JavaScript: no text in UTF-8, but no reason to lose a connection either.
TEST(JsonCommand, HalfSurrogatesBecomeReplacementCharacters) {
    Reading reading{
        Encoding::json,
        R"({"id":1,"publish":{"channel":"\udf47","data":["\ud83c","\udf47!","\ud83c\udf47","\\ud83c","\ud83c\ud83c\udf47"]}})"};
    ASSERT_EQ(reading.step, Step::command);
    EXPECT_EQ(reading.command.channel, "\xef\xbf\xbd");
    EXPECT_EQ(
        reading.command.data,
        R"(["\ufffd","\ufffd!","\ud83c\udf47","\\ud83c","\ufffd\ud83c\udf47"])");
}

TEST(ProtobufCommand, AZeroLengthIsAPong) {
    Reading reading{Encoding::protobuf, std::string_view{"\0", 1}};
    EXPECT_EQ(reading.step, Step::command);
    EXPECT_EQ(reading.command.kind, CommandKind::pong);
    EXPECT_EQ(protobuf_step(""), Step::end);
}

TEST(ProtobufCommand, IsMalformedIfLengthsOrTypesAreWrong) {
    EXPECT_EQ(protobuf_step("\x05\x08\x01"), Step::malformed) << "longer than the message";
    EXPECT_EQ(protobuf_step("\x02\x0a\x00"), Step::malformed);
    EXPECT_EQ(protobuf_step("\x02\x08\x81"), Step::malformed) << "id cut off";
    EXPECT_EQ(protobuf_step("\x02\x38\x01"), Step::malformed) << "publish as a number";
    EXPECT_EQ(protobuf_step("\x04\x3a\x03\x0a\x01"), Step::malformed) << "publish cut off";
    EXPECT_EQ(protobuf_step("\x05\x3a\x03\x0a\x01\xff"), Step::malformed)
        << "a channel that is not UTF-8";
    EXPECT_EQ(protobuf_step(std::string_view{"\x04\x5a\x00\x5a\x00", 5}), Step::malformed)
        << "two requests";
    EXPECT_EQ(protobuf_step("\x03\xf8\x7f\x01"), Step::command) << "an unknown field";
    EXPECT_EQ(protobuf_step("\x80\x80\x80\x80\x80\x01"), Step::malformed);
}

TEST(ProtobufCommand, PayloadsThatAreNotJsonAreBinary) {
    for (const char* const data : {"x", "\xff", "{", "{} {}", "\xef\xbb\xbf{}", "1 2"}) {
        const std::string message = publish_protobuf(data);
        const Reading reading{Encoding::protobuf, message};
        ASSERT_EQ(reading.step, Step::command);
        EXPECT_EQ(reading.command.data_kind, PayloadKind::binary) << data;
        EXPECT_EQ(reading.command.data, data);
    }
    const std::string message = publish_protobuf("{\n\"a\":\r\n1}");
    const Reading reading{Encoding::protobuf, message};
    EXPECT_EQ(reading.command.data_kind, PayloadKind::json);
    EXPECT_EQ(reading.command.data, "{\"a\":1}");
}

TEST(ClientLimits, CommandsInOneMessage) {
    for (const Encoding encoding : {Encoding::json, Encoding::protobuf})
        for (const std::size_t extra : {0, 1}) {
            std::string message;
            for (std::size_t count = 0; count < limits::client_commands_per_message + extra;
                 ++count)
                append_ping(message, encoding);
            Reading reading{encoding, message};
            std::size_t commands = 0;
            for (; reading.step == Step::command; ++commands)
                reading.step = reading.reader.next(reading.command);
            EXPECT_EQ(commands, limits::client_commands_per_message);
            EXPECT_EQ(reading.step, extra == 0 ? Step::end : Step::malformed);
        }
}

TEST(ClientLimits, JsonDepthIsThatOfThePayloadWhereverItStands) {
    ClientScratch scratch;
    std::string_view out;
    EXPECT_TRUE(normalise_json(scratch, nested(limits::json_depth), out));
    EXPECT_FALSE(normalise_json(scratch, nested(limits::json_depth + 1), out));
    EXPECT_EQ(json_step(publish_json(nested(limits::json_depth))), Step::command);
    EXPECT_EQ(json_step(publish_json(nested(limits::json_depth + 1))), Step::malformed);

    std::string body;
    const std::string deepest = nested(limits::json_depth);
    append_publication(body, {deepest, {}});
    std::string message;
    ASSERT_TRUE(append_push(message, Encoding::json, "c", PayloadKind::json, body));
    ReplyReader reader{scratch, Encoding::json, message};
    Reply reply;
    ASSERT_EQ(reader.next(reply), ReplyReader::Step::reply);
    EXPECT_EQ(reply.publication.data, deepest);
}

TEST(ClientLimits, PayloadsAsLargeAsAMessageAllows) {
    const std::string data = '"' + std::string(limits::client_message_bytes, 'x') + '"';
    const std::string line = publish_json(data);
    const Reading reading{Encoding::json, line};
    ASSERT_EQ(reading.step, Step::command);
    EXPECT_EQ(reading.command.data, data);
}

TEST(JsonReplies, AreTheLinesThatSdksExpect) {
    std::string out;
    const ServerSubscription subs[] = {
        {"#bob"}, {"$system"}, {"news", {.ttl_s = 9, .data = "[1]"}}};
    append_connect(
        out,
        Encoding::json,
        1,
        {.client = "c\"1",
         .version = "v",
         .session = "s",
         .node = "n",
         .subs = subs,
         .ttl_s = 60,
         .ping_s = 25,
         .pong = true});
    append_error(out, Encoding::json, 2, ErrorCode::permission_denied);
    append_error(out, Encoding::json, 3, ErrorCode::too_many_requests);
    append_done(out, Encoding::json, 4, CommandKind::subscribe);
    append_subscribe(out, Encoding::json, 6, {.ttl_s = 7, .data = R"({"a":1})"});
    append_refresh(out, Encoding::json, 8, {.client = "c", .version = "v", .ttl_s = 9});
    append_sub_refresh(out, Encoding::json, 10, 11);
    append_sub_refresh(out, Encoding::json, 12, 0);
    append_unsubscribe(out, Encoding::json, "a\"b", UnsubscribeCode::expired);
    append_rpc(out, Encoding::json, 5, R"({"users":{}})");
    append_disconnect(out, Encoding::json, CloseCode::shutdown);
    append_disconnect(out, Encoding::json, CloseCode::bad_request);
    append_ping(out, Encoding::json);
    EXPECT_EQ(
        out,
        R"({"id":1,"connect":{"client":"c\"1","version":"v","expires":true,"ttl":60,"subs":{"#bob":{},"$system":{},"news":{"expires":true,"ttl":9,"data":[1]}},"ping":25,"pong":true,"session":"s","node":"n"}})"
        "\n"
        R"({"id":2,"error":{"code":103,"message":"permission denied"}})"
        "\n"
        R"({"id":3,"error":{"code":111,"message":"too many requests","temporary":true}})"
        "\n"
        R"({"id":4,"subscribe":{}})"
        "\n"
        R"({"id":6,"subscribe":{"expires":true,"ttl":7,"data":{"a":1}}})"
        "\n"
        R"({"id":8,"refresh":{"client":"c","version":"v","expires":true,"ttl":9}})"
        "\n"
        R"({"id":10,"sub_refresh":{"expires":true,"ttl":11}})"
        "\n"
        R"({"id":12,"sub_refresh":{}})"
        "\n"
        R"({"push":{"channel":"a\"b","unsubscribe":{"code":2501,"reason":"subscription expired"}}})"
        "\n"
        R"({"id":5,"rpc":{"data":{"users":{}}}})"
        "\n"
        R"({"push":{"disconnect":{"code":3001,"reason":"shutdown","reconnect":true}}})"
        "\n"
        R"({"push":{"disconnect":{"code":3501,"reason":"bad request"}}})"
        "\n"
        "{}");
}

TEST(JsonPush, CarriesThePayloadRawAndTheSenderOnlyIfKnown) {
    std::string body;
    std::string out;
    append_publication(body, {"[1, 2]", {}});
    EXPECT_TRUE(append_push(out, Encoding::json, "c", PayloadKind::json, body));
    body.clear();
    append_publication(body, {"3", {"al\"ice", ""}});
    EXPECT_TRUE(append_push(out, Encoding::json, "#bob", PayloadKind::json, body));
    EXPECT_EQ(
        out,
        R"({"push":{"channel":"c","pub":{"data":[1, 2]}}})"
        "\n"
        R"({"push":{"channel":"#bob","pub":{"data":3,"info":{"user":"al\"ice"}}}})");
}

TEST(JsonPush, NamesAMessageThatIsToBeAcknowledged) {
    std::string body;
    append_publication(body, {"1", {"alice", ""}, "ab\"c"});
    std::string out;
    EXPECT_TRUE(append_push(out, Encoding::json, "#bob", PayloadKind::json, body));
    EXPECT_EQ(
        out,
        R"({"push":{"channel":"#bob","pub":{"data":1,"info":{"user":"alice"},"tags":{"message_id":"ab\"c"}}}})");
    out.clear();
    body.clear();
    append_publication(body, {"1", {}, "7"});
    EXPECT_TRUE(append_push(out, Encoding::json, "#bob", PayloadKind::json, body));
    EXPECT_EQ(out, R"({"push":{"channel":"#bob","pub":{"data":1,"tags":{"message_id":"7"}}}})");
}

TEST(JsonReplies, OtherTagsOfAPublicationAreSkipped) {
    ClientScratch scratch;
    Reply reply;
    const auto id_of = [&](std::string_view tags) {
        const std::string line =
            R"({"push":{"channel":"c","pub":{"data":1,"tags":)" + std::string{tags} + "}}}";
        ReplyReader reader{scratch, Encoding::json, line};
        return reader.next(reply) == ReplyReader::Step::reply
                   ? std::string{reply.publication.message_id}
                   : "malformed";
    };
    EXPECT_EQ(id_of(R"({"a":"b","message_id":"7","z":["x"]})"), "7");
    EXPECT_EQ(id_of(R"({"message_id":null})"), "");
    EXPECT_EQ(id_of("null"), "");
    EXPECT_EQ(id_of(R"({"message_id":7})"), "malformed");
    EXPECT_EQ(id_of("[]"), "malformed");
}

/// A body with one more field behind its payload: an entry of the map of tags, or what claims so.
std::string tagged(std::string_view entry) {
    std::string body;
    append_publication(body, {"1", {}});
    wire::append_message(body, [&](auto& publication) { publication.present_bytes(7, entry); });
    return body;
}

TEST(Publications, HaveTheLastOfTheirMessageIds) {
    const std::string body = tagged("\x0a\x0amessage_id\x12\x01"
                                    "1");
    EXPECT_EQ(read_publication(body)->message_id, "1");
    // Value first, and fields that no entry has.
    const std::string twice = body + tagged("\x12\x01"
                                            "2"
                                            "\x0a\x0amessage_id\x1a\x01"
                                            "x");
    EXPECT_EQ(read_publication(twice)->message_id, "2");
    EXPECT_EQ(read_publication(body + tagged("\x0a\x01k\x12\x01v"))->message_id, "1");
    EXPECT_EQ(read_publication(body + tagged("\x0a\x0amessage_id"))->message_id, "");
    EXPECT_EQ(read_publication(body + tagged(""))->message_id, "1");
}

TEST(Publications, AreUnreadableIfATagIsMalformed) {
    for (const std::string_view entry :
         {"\x0a\x0bmessage_id",  // cut
          "\x0a",
          "\x08\x01",  // a number for a key
          "\x0a\x01k\x10\x01",  // a number for a value
          "\x0a\x01\xff",  // no UTF-8
          "\x0a\x01k\x12\x01\xff",
          "\x0a\x01k\x0b"})  // a group
        EXPECT_FALSE(read_publication(tagged(entry))) << testing::PrintToString(entry);
    std::string number;
    wire::append_message(number, [](auto& publication) { publication.varint(7, 1); });
    EXPECT_FALSE(read_publication(number));
}

TEST(Push, AppendsNothingIfItCannotBeWritten) {
    std::string body;
    append_publication(body, {"{}", {"alice", "1"}});
    const std::string cut = body.substr(0, body.size() - 1);
    std::string out = "before";
    EXPECT_FALSE(append_push(out, Encoding::json, "c", PayloadKind::json, cut));
    EXPECT_FALSE(append_push(out, Encoding::protobuf, "c", PayloadKind::json, cut));
    EXPECT_FALSE(append_push(out, Encoding::json, "c", PayloadKind::binary, body));
    EXPECT_FALSE(append_push(out, Encoding::json, "c", PayloadKind::json, ""))
        << "no payload is no JSON";
    EXPECT_EQ(out, "before");
}

TEST(Replies, AWrongKindOfResultIsOurBug) {
    std::string out;
    EXPECT_DEATH(append_done(out, Encoding::json, 1, CommandKind::connect), "empty results");
    EXPECT_DEATH(append_done(out, Encoding::protobuf, 1, CommandKind::rpc), "empty results");
}

TEST(JsonString, EscapesWhatJsonDemandsAndRepairsWhatIsNoText) {
    const auto quoted = [](std::string_view text) {
        std::string out;
        append_json_string(out, text);
        return out;
    };
    EXPECT_EQ(quoted(""), R"("")");
    EXPECT_EQ(quoted("a\"b\\c/"), R"("a\"b\\c/")");
    EXPECT_EQ(quoted("\n\r\t\x01\x1f\x7f"), "\"\\n\\r\\t\\u0001\\u001f\x7f\"");
    EXPECT_EQ(quoted(std::string_view{"\0", 1}), R"("\u0000")");
    EXPECT_EQ(quoted("\xc3\xa9\xf0\x9f\x8d\x87"), "\"\xc3\xa9\xf0\x9f\x8d\x87\"");
    EXPECT_EQ(quoted("a\xff"), "\"a\xef\xbf\xbd\"");
    EXPECT_EQ(quoted("\xc3"), "\"\xef\xbf\xbd\"");
    EXPECT_EQ(quoted("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"") << "an overlong form";
    EXPECT_EQ(quoted("\xed\xa0\x80").size(), 2U + 9U) << "a surrogate";
}

TEST(Utf8, AcceptsOnlyWhatRfc3629Allows) {
    for (const char* const text :
         {"",
          "a",
          "\xc2\x80",
          "\xdf\xbf",
          "\xe0\xa0\x80",
          "\xed\x9f\xbf",
          "\xf0\x90\x80\x80",
          "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (const char* const text :
         {"\x80",
          "\xc1\xbf",
          "\xc2",
          "\xe0\x9f\xbf",
          "\xed\xa0\x80",
          "\xe2\x82",
          "\xf0\x8f\xbf\xbf",
          "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80"})
        EXPECT_FALSE(is_utf8(text));
}

TEST(NormaliseJson, RefusesWhatIsNoSingleValue) {
    ClientScratch scratch;
    std::string_view out;
    for (const char* const text :
         {"", " ", "\n", "{}{}", "1,", "[1", "\"a\nb\"", "nul", "+1", ".5", "'a'", "/**/1"})
        EXPECT_FALSE(normalise_json(scratch, text, out)) << text;
    for (const char* const text : {"1", "-0", "\"\"", "null", "{ }", "[1e-5]"}) {
        EXPECT_TRUE(normalise_json(scratch, text, out)) << text;
        EXPECT_EQ(out, text);
    }
}

TEST(NormaliseJson, GivesTheValueWithoutTheSpaceAroundIt) {
    ClientScratch scratch;
    std::string_view out;
    for (const char* const text : {" 7 ", "7\n", "\r\n\t7", "7 "}) {
        EXPECT_TRUE(normalise_json(scratch, text, out));
        EXPECT_EQ(out, "7");
    }
}

TEST(Codes, TemporaryErrorsAndWordsWithoutBraces) {
    EXPECT_TRUE(is_temporary(ErrorCode::internal));
    EXPECT_TRUE(is_temporary(ErrorCode::too_many_requests));
    EXPECT_FALSE(is_temporary(ErrorCode::permission_denied));
    for (int code = 3000; code < 3520; ++code) {
        const std::string_view text = text_of(static_cast<CloseCode>(code));
        EXPECT_FALSE(text.empty());
        EXPECT_LE(text.size(), 123U) << "the most a close frame can carry";
        EXPECT_NE(text.front(), '{') << "SDKs read JSON there as advice";
    }
    EXPECT_EQ(text_of(ErrorCode::bad_request), "bad request");
}

}  // namespace
}  // namespace grapevine::proto
