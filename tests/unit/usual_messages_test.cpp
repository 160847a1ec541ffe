// The straight ways through the codecs, for what is usual: they must give what the general ways
// give, and leave to these whatever is not exactly usual.
#include "proto/ascii.hpp"
#include "proto/client_codec.hpp"
#include "proto/wire.hpp"
#include "tests/support/client_reading.hpp"

#include <gtest/gtest.h>

#include <string>

namespace grapevine::proto {
namespace {

using tests::Reading;

void expect_publish(const Reading& reading, std::uint32_t id, std::string_view data) {
    ASSERT_EQ(reading.step, CommandReader::Step::command);
    EXPECT_EQ(reading.command.kind, CommandKind::publish);
    EXPECT_EQ(reading.command.id, id);
    EXPECT_EQ(reading.command.channel, "#bob");
    EXPECT_EQ(reading.command.data, data);
}

TEST(UsualMessages, JsonPublishesAreReadWhateverTheirOrder) {
    for (const char* const message :
         {R"({"id":7,"publish":{"channel":"#bob","data":{"a":[1]}}})",
          R"({"id":7, "publish":{"channel":"#bob","data":{"a":[1]}}})",
          R"({"publish":{"channel":"#bob","data":{"a":[1]}},"id":7})",
          R"({"publish":{"data":{"a":[1]},"channel":"#bob"},"id":7})",
          R"({"id":7,"publish":{"channel":"#bob","data":{"a":[1]} } })",
          R"({"id":7,"publish":{"channel":"\u0023bob","data":{"a":[1]}}})"})
        expect_publish(Reading{Encoding::json, message}, 7, R"({"a":[1]})");
    expect_publish(
        Reading{Encoding::json, R"({"publish":{"channel":"#bob","data":"x"}})"}, 0, R"("x")");
}

TEST(UsualMessages, JsonThatOnlyBeginsAsUsualIsJudgedAsAWhole) {
    for (const char* const message :
         {R"({"publish":{"channel":"#bob","data":1}}})",
          R"({"publish":{"channel":"#bob","data":1})",
          R"({"publish":{"channel":"#bob","data":}})",
          R"({"publish":{"channel":"#bob,"data":1}})",
          R"({"id":01,"publish":{"channel":"#bob","data":1}})"})
        EXPECT_EQ((Reading{Encoding::json, message}.step), CommandReader::Step::malformed)
            << message;
    const Reading absent{Encoding::json, R"({"publish":{"channel":"#bob","data":null}})"};
    EXPECT_EQ(absent.step, CommandReader::Step::command);
    EXPECT_EQ(absent.command.data, "");
}

/// A publish with its fields in the order that is asked for.
std::string protobuf_publish(bool id_first, bool channel_first) {
    std::string message;
    wire::append_delimited(message, [&](auto& command) {
        if (id_first) command.varint(1, 300);
        command.message(7, [&](auto& publish) {
            if (channel_first) publish.bytes(1, "#bob");
            publish.bytes(2, "[1]");
            if (!channel_first) publish.bytes(1, "#bob");
        });
        if (!id_first) command.varint(1, 300);
    });
    return message;
}

TEST(UsualMessages, ProtobufPublishesAreReadWhateverTheirOrder) {
    for (const bool id_first : {true, false})
        for (const bool channel_first : {true, false}) {
            const std::string message = protobuf_publish(id_first, channel_first);
            expect_publish(Reading{Encoding::protobuf, message}, 300, "[1]");
        }
}

std::string json_push(std::string_view channel, const Publication& publication) {
    std::string body;
    append_publication(body, publication);
    std::string out;
    EXPECT_TRUE(append_push(out, Encoding::json, channel, PayloadKind::json, body));
    return out;
}

TEST(UsualMessages, JsonPushesAreTheSameForNamesThatAreNotPlain) {
    EXPECT_EQ(
        json_push("#bob", {"[1]", {"ann", "c-1"}}),
        R"({"push":{"channel":"#bob","pub":{"data":[1],"info":{"user":"ann","client":"c-1"}}}})");
    EXPECT_EQ(
        json_push("#b\"b", {"[1]", {"a\\n", "c\xc3\xa9"}}),
        "{\"push\":{\"channel\":\"#b\\\"b\",\"pub\":{\"data\":[1],\"info\":{\"user\":\"a\\\\n\","
        "\"client\":\"c\xc3\xa9\"}}}}");
    EXPECT_EQ(
        json_push("#bob", {"[1]", {"", "c-1"}}),
        R"({"push":{"channel":"#bob","pub":{"data":[1],"info":{"client":"c-1"}}}})");
}

TEST(UsualMessages, NamesOfAnyLengthFitTheirPush) {
    for (std::size_t bytes = 1; bytes <= 255; ++bytes) {
        const std::string name(bytes, 'n');
        EXPECT_EQ(
            json_push(name, {"1", {name, name}}),
            R"({"push":{"channel":")" + name + R"(","pub":{"data":1,"info":{"user":")" + name +
                R"(","client":")" + name + R"("}}}})");
    }
}

TEST(UsualMessages, PlainTextEndsWhereverSomethingElseStands) {
    for (std::size_t size = 0; size <= 100; ++size)
        for (std::size_t at = 0; at <= size; ++at)
            for (const char other : {'"', '\\', '\n', '\x1f', '\x80', '\xff'}) {
                std::string text(size, 'x');
                if (at < size) text[at] = other;
                const char* const begin = text.data();
                ASSERT_EQ(ascii::plain_bytes(begin, begin + size), at) << size;
            }
}

}  // namespace
}  // namespace grapevine::proto
