#include "tests/support/edge_world.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace grapevine::tests {
namespace {

using How = node::Ending::How;

// ---------------------------------------------------------------- what is right

TEST(WebSocket, EchoesTextAndBinaryOfEverySizeClass) {
    EdgeWorld world;
    world.owner.echoes = true;
    RawClient client = world.open_socket();
    std::vector<std::string> sent;
    for (const std::size_t size : {0, 1, 125, 126, 127, 256, 1000, 65535, 65536}) {
        sent.emplace_back(size, static_cast<char>('a' + size % 26));
        client.send(frame(sent.back(), {.opcode = size % 2 == 0 ? 1U : 2U}));
        ASSERT_TRUE(world.until([&] { return frames_in(client.received()).size() == sent.size(); }))
            << size;
    }
    const auto seen = frames_in(client.received());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_EQ(seen[i].payload, sent[i]);
        EXPECT_EQ(seen[i].opcode, sent[i].size() % 2 == 0 ? 1U : 2U);
        EXPECT_FALSE(seen[i].masked);
        EXPECT_TRUE(seen[i].fin);
    }
}

TEST(WebSocket, JoinsFragmentsAndAnswersPingsBetweenThem) {
    EdgeWorld world;
    world.owner.echoes = true;
    RawClient client = world.open_socket();
    client.send(
        frame("gr\xc3", {.fin = false}) + frame("now?", {.opcode = 9}) +
        frame("\xbc", {.opcode = 0, .fin = false}) + frame("", {.opcode = 0, .fin = false}) +
        frame("n", {.opcode = 0}));
    ASSERT_TRUE(world.until([&] { return frames_in(client.received()).size() == 2; }));
    const auto seen = frames_in(client.received());
    EXPECT_EQ(seen[0].opcode, 10U);
    EXPECT_EQ(seen[0].payload, "now?");
    EXPECT_EQ(seen[1].payload, "gr\xc3\xbcn");
}

TEST(WebSocket, TakesFramesByteByByte) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    for (const char c : frame(std::string(300, 'x')) + frame("y", {.opcode = 2})) {
        client.send({&c, 1});
        world.loop.turn(0ms);
    }
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == 2; }));
    EXPECT_EQ(world.owner.messages[0], std::string(300, 'x'));
}

// Messages that come whole take a shorter way than those that come in pieces: whatever their
// length, where they are cut, and what else comes with them, they are the same and in order.
TEST(WebSocket, TakesWholeMessagesAndPiecesInAnyOrder) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    std::string bytes;
    std::vector<std::string> sent;
    for (std::size_t length = 0; length < 140; ++length) {
        std::string text(length, ' ');
        for (std::size_t at = 0; at < length; ++at)
            text[at] = static_cast<char>('a' + (length + at) % 26);
        if (length % 5 == 0) {
            bytes += frame(text.substr(0, length / 2), {.fin = false});
            if (length % 10 == 0) bytes += frame("ping", {.opcode = 9});
            bytes += frame(text.substr(length / 2), {.opcode = 0});
        } else {
            bytes += frame(text);
        }
        sent.push_back(text);
    }
    // In pieces whose ends fall anywhere, then all at once.
    constexpr std::size_t piece = 97;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        client.send(std::string_view{bytes}.substr(at, piece));
        world.loop.turn(1ms);
    }
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == sent.size(); }));
    EXPECT_EQ(world.owner.messages, sent);
    client.send(bytes);
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == 2 * sent.size(); }));
    EXPECT_TRUE(std::equal(sent.begin(), sent.end(), world.owner.messages.begin() + 140));
    EXPECT_TRUE(world.owner.closings.empty());
}

TEST(WebSocket, AnswersACloseWithTheSameCode) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    client.send(close_frame(4321, "done"));
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty() && client.has_ended(); }));
    EXPECT_EQ(close_code_in(client.received()), 4321U);
    EXPECT_EQ(world.owner.closings[0].how, How::closed_by_peer);
    EXPECT_EQ(world.owner.closings[0].code, 4321U);
    EXPECT_EQ(world.owner.closings[0].reason, "done");
    EXPECT_FALSE(client.was_reset());
    EXPECT_EQ(world.sockets.size(), 0U);
}

TEST(WebSocket, AnswersACloseWithoutACode) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    client.send(frame("", {.opcode = 8}));
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty() && client.has_ended(); }));
    EXPECT_EQ(close_code_in(client.received()), 1000U);
    EXPECT_EQ(world.owner.closings[0].how, How::closed_by_peer);
    EXPECT_EQ(world.owner.closings[0].code, 1005U);
}

// ---------------------------------------------------------------- what is wrong

struct WrongCase {
    std::string name;
    std::string bytes;
    unsigned code;
    How how = How::protocol_error;
};

void PrintTo(const WrongCase& wrong, std::ostream* out) {
    *out << wrong.name;
}

class Conformance : public testing::TestWithParam<WrongCase> {};

TEST_P(Conformance, ClosesWithTheCodeTheStandardNames) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    client.send(frame("before") + GetParam().bytes + frame("after"));
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty() && client.has_ended(); }));
    EXPECT_EQ(close_code_in(client.received()), GetParam().code);
    EXPECT_EQ(world.owner.closings[0].how, GetParam().how);
    EXPECT_EQ(world.owner.closings[0].code, GetParam().code);
    EXPECT_EQ(world.owner.messages, std::vector<std::string>{"before"});
    EXPECT_FALSE(client.was_reset());
    EXPECT_EQ(world.counters.protocol_errors, GetParam().how == How::protocol_error ? 1U : 0U);
    EXPECT_EQ(world.counters.oversize, GetParam().how == How::oversize ? 1U : 0U);
}

std::string bytes(std::initializer_list<unsigned> values) {
    std::string text;
    for (const unsigned value : values)
        text.push_back(static_cast<char>(value));
    return text;
}

const std::string key = "\x11\x22\x33\x44";

INSTANTIATE_TEST_SUITE_P(
    All,
    Conformance,
    testing::Values(
        WrongCase{"rsv1", frame("x", {.reserved = 0x40}), 1002},
        WrongCase{"rsv2", frame("x", {.reserved = 0x20}), 1002},
        WrongCase{"rsv3", frame("x", {.reserved = 0x10}), 1002},
        WrongCase{"rsv_on_ping", frame("x", {.opcode = 9, .reserved = 0x40}), 1002},
        WrongCase{"opcode_3", frame("x", {.opcode = 3}), 1002},
        WrongCase{"opcode_7", frame("x", {.opcode = 7}), 1002},
        WrongCase{"opcode_11", frame("x", {.opcode = 11}), 1002},
        WrongCase{"opcode_15", frame("x", {.opcode = 15}), 1002},
        WrongCase{"unmasked", frame("x", {.masked = false}), 1002},
        WrongCase{"fragmented_ping", frame("x", {.opcode = 9, .fin = false}), 1002},
        WrongCase{"long_ping", frame(std::string(126, 'x'), {.opcode = 9}), 1002},
        WrongCase{"long_close", frame(std::string(126, 'x'), {.opcode = 8}), 1002},
        WrongCase{"continuation_of_nothing", frame("x", {.opcode = 0}), 1002},
        WrongCase{"text_within_message", frame("x", {.fin = false}) + frame("y"), 1002},
        WrongCase{"length_5_in_16_bits", bytes({0x81, 0xfe, 0, 5}) + key + "xxxxx", 1002},
        WrongCase{
            "length_300_in_64_bits", bytes({0x81, 0xff, 0, 0, 0, 0, 0, 0, 1, 44}) + key, 1002},
        WrongCase{
            "length_with_top_bit", bytes({0x81, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0}) + key, 1002},
        WrongCase{"gigabyte", header(1 << 30), 3501, How::oversize},
        WrongCase{"exabyte", header(1ULL << 60), 3501, How::oversize},
        WrongCase{"one_over", header(65537), 3501, How::oversize},
        WrongCase{
            "over_in_fragments",
            frame(std::string(65536, 'x'), {.fin = false}) + header(1, {.opcode = 0}),
            3501,
            How::oversize},
        WrongCase{"bad_utf8", frame("\xc0\x80"), 1007},
        WrongCase{"surrogate", frame("\xed\xa0\x80"), 1007},
        WrongCase{"above_unicode", frame("\xf4\x90\x80\x80"), 1007},
        WrongCase{"utf8_cut_off", frame("a\xe2\x82"), 1007},
        WrongCase{
            "utf8_cut_off_in_fragments",
            frame("a\xe2", {.fin = false}) + frame("\x82", {.opcode = 0}),
            1007},
        WrongCase{
            "utf8_cut_off_after_lead",
            frame("a", {.fin = false}) + frame("\xf0", {.opcode = 0}),
            1007},
        WrongCase{
            "utf8_cut_off_then_empty",
            frame("a\xf0\x9f\x98", {.fin = false}) + frame("", {.opcode = 0}),
            1007},
        WrongCase{"close_of_one_byte", frame("x", {.opcode = 8}), 1002},
        WrongCase{"close_999", close_frame(999), 1002},
        WrongCase{"close_1004", close_frame(1004), 1002},
        WrongCase{"close_1005", close_frame(1005), 1002},
        WrongCase{"close_1006", close_frame(1006), 1002},
        WrongCase{"close_1015", close_frame(1015), 1002},
        WrongCase{"close_1016", close_frame(1016), 1002},
        WrongCase{"close_2999", close_frame(2999), 1002},
        WrongCase{"close_5000", close_frame(5000), 1002},
        WrongCase{"close_reason_not_utf8", close_frame(1000, "\xc3\x28"), 1002},
        WrongCase{"close_reason_cut_off", close_frame(1000, "\xc3"), 1002}),
    [](const auto& wrong) { return wrong.param.name; });

// A message of a gigabyte is refused by its header: no byte of it is waited for, and nothing is
// kept for it.
TEST(WebSocket, TakesMessagesAtTheLimitAndNotOneByteMore) {
    EdgeWorld world{{.socket = {.message_bytes_max = 100, .oversize_code = 4009}}};
    RawClient client = world.open_socket();
    client.send(
        frame(std::string(60, 'x'), {.fin = false}) + frame(std::string(40, 'x'), {.opcode = 0}));
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == 1; }));
    world.sockets.set_message_limit(world.owner.ids[0], 101);
    client.send(frame(std::string(101, 'y')));
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == 2; }));
    client.send(frame(std::string(102, 'z')));
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::oversize);
    EXPECT_EQ(close_code_in(client.received()), 4009U);
}

// A limit raised because of one frame holds for the next, though both came in one read.
TEST(WebSocket, AppliesANewLimitToTheNextFrame) {
    EdgeWorld world{{.socket = {.message_bytes_max = 100}}};
    world.owner.on_message = [&](node::SocketId id, std::string_view) {
        world.sockets.set_message_limit(id, 5000);
    };
    RawClient client = world.open_socket();
    client.send(frame("hello") + frame(std::string(4000, 'x')));
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == 2; }));
}

TEST(WebSocket, NoticesAPeerThatVanishes) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    client.close();
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::lost);
    EXPECT_EQ(world.owner.closings[0].code, 1006U);
    EXPECT_FALSE(
        world.sockets.send(world.owner.ids[0], proto::Bytes::copy_of("x"), node::FrameKind::text));
}

}  // namespace
}  // namespace grapevine::tests
