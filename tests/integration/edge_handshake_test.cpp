#include "tests/support/edge_world.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace grapevine::tests {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
}

const std::string key_line = "Sec-WebSocket-Key: " + std::string{sample_key} + "\r\n";

struct HandshakeCase {
    std::string name;
    std::string request;
    std::string status;
};

void PrintTo(const HandshakeCase& tried, std::ostream* out) {
    *out << tried.name;
}

class Handshake : public testing::TestWithParam<HandshakeCase> {};

// What RFC 6455 section 4.2.1 demands is demanded, and what it allows is allowed.
TEST_P(Handshake, IsAnsweredAsTheStandardSays) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(GetParam().request);
    ASSERT_TRUE(world.until([&] { return client.has("\r\n\r\n"); })) << client.received();
    EXPECT_EQ(client.received().substr(0, 12), "HTTP/1.1 " + GetParam().status)
        << client.received();
    if (GetParam().status == "101") {
        EXPECT_TRUE(client.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        EXPECT_EQ(world.owner.ids.size(), 1U);
    } else {
        EXPECT_TRUE(world.until([&] { return client.has_ended(); }));
        EXPECT_FALSE(client.was_reset());
        EXPECT_EQ(world.owner.ids.size(), 0U);
    }
    if (GetParam().status == "426") {
        EXPECT_TRUE(client.has("Sec-WebSocket-Version: 13\r\n"));
    }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Handshake,
    testing::Values(
        HandshakeCase{"correct", handshake(), "101"},
        HandshakeCase{
            "other_case", replaced(handshake(), "Upgrade: websocket", "UPGRADE: WebSocket"), "101"},
        HandshakeCase{
            "connection_list",
            replaced(handshake(), "Connection: Upgrade", "Connection: keep-alive, upgrade"),
            "101"},
        HandshakeCase{
            "long_headers",
            handshake("/echo", "Cookie: " + std::string(7000, 'c') + "\r\n"),
            "101"},
        HandshakeCase{"absolute_target", handshake("http://localhost/echo"), "101"},
        HandshakeCase{"other_path", handshake("/nothing"), "404"},
        HandshakeCase{"post", replaced(handshake(), "GET", "POST"), "400"},
        HandshakeCase{"http_1_0", replaced(handshake(), "HTTP/1.1", "HTTP/1.0"), "400"},
        HandshakeCase{"http_2_0", replaced(handshake(), "HTTP/1.1", "HTTP/2.0"), "505"},
        HandshakeCase{"no_host", replaced(handshake(), "Host: localhost\r\n", ""), "400"},
        HandshakeCase{"two_hosts", handshake("/echo", "Host: other\r\n"), "400"},
        HandshakeCase{"no_connection", replaced(handshake(), "Connection: Upgrade\r\n", ""), "400"},
        HandshakeCase{
            "connection_close",
            replaced(handshake(), "Connection: Upgrade", "Connection: close"),
            "400"},
        HandshakeCase{
            "no_version", replaced(handshake(), "Sec-WebSocket-Version: 13\r\n", ""), "426"},
        HandshakeCase{"version_8", replaced(handshake(), "Version: 13", "Version: 8"), "426"},
        HandshakeCase{
            "version_13abc", replaced(handshake(), "Version: 13", "Version: 13abc"), "426"},
        HandshakeCase{"two_versions", handshake("/echo", "Sec-WebSocket-Version: 13\r\n"), "426"},
        HandshakeCase{"no_key", replaced(handshake(), key_line, ""), "400"},
        HandshakeCase{"short_key", replaced(handshake(), sample_key, "dGhlIHNhbXBsZQ=="), "400"},
        HandshakeCase{
            "long_key", replaced(handshake(), sample_key, "dGhlIHNhbXBsZSBub25jZSEhISE="), "400"},
        HandshakeCase{
            "key_of_17_bytes",
            replaced(handshake(), sample_key, "dGhlIHNhbXBsZSBub25jZXg="),
            "400"},
        HandshakeCase{
            "key_not_base64", replaced(handshake(), sample_key, "dGhlIHNhbXBsZSBub25j*Q=="), "400"},
        HandshakeCase{
            "key_with_stray_bits",
            replaced(handshake(), sample_key, "dGhlIHNhbXBsZSBub25jZR=="),
            "400"},
        HandshakeCase{"two_keys", handshake("/echo", key_line), "400"},
        HandshakeCase{"body", handshake("/echo", "Content-Length: 3\r\n"), "400"},
        HandshakeCase{"folded_line", handshake("/echo", "X: a\r\n b\r\n"), "400"},
        HandshakeCase{"space_before_colon", handshake("/echo", "X-A : a\r\n"), "400"},
        HandshakeCase{"control_character", handshake("/echo", "X: a\x01\r\n"), "400"},
        HandshakeCase{"bare_line_feeds", replaced(handshake(), "\r\nHost", "\nHost"), "400"},
        HandshakeCase{
            "head_too_large",
            handshake("/echo", "Cookie: " + std::string(9000, 'c') + "\r\n"),
            "431"},
        HandshakeCase{"garbage", "\x16\x03\x01\x02 garbage\r\n\r\n", "400"},
        HandshakeCase{"unknown_method", replaced(handshake(), "GET", "BREW"), "501"}),
    [](const auto& tried) { return tried.param.name; });

TEST(Front, EchoesTheChosenSubprotocolAndTheToken) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(handshake("/echo", "Sec-WebSocket-Protocol: other, chat\r\n"));
    ASSERT_TRUE(world.until([&] { return client.has("\r\n\r\n"); }));
    EXPECT_TRUE(client.has("Sec-WebSocket-Protocol: chat\r\n"));
    EXPECT_EQ(world.owner.subprotocols, std::vector<std::string>{"chat"});
    EXPECT_EQ(world.owner.tokens, std::vector<std::uint64_t>{100});
    EXPECT_EQ(world.sockets.token(world.owner.ids[0]), 100U);
}

// The head may come byte by byte, and frames may come with it.
TEST(Front, ReadsHeadsInAnyPiecesAndKeepsWhatFollows) {
    EdgeWorld world;
    RawClient client = world.connect();
    const std::string text = handshake();
    for (const char c : text.substr(0, text.size() - 1)) {
        client.send({&c, 1});
        world.loop.turn(0ms);
    }
    EXPECT_EQ(world.front.size(), 1U);
    client.send("\n" + frame("at once"));
    ASSERT_TRUE(world.until([&] { return !world.owner.messages.empty(); }));
    EXPECT_EQ(world.owner.messages[0], "at once");
    EXPECT_EQ(world.front.size(), 0U);
}

TEST(Front, ClosesThoseWhoAreTooSlowWithTheirHead) {
    EdgeWorld world{{.front = {.head = 50ms}}};
    RawClient silent = world.connect();
    RawClient half = world.connect();
    half.send("GET /echo HTTP/1.1\r\nHost: lo");
    ASSERT_TRUE(world.until([&] { return silent.has_ended() && half.has_ended(); }));
    EXPECT_TRUE(half.has("HTTP/1.1 408"));
    EXPECT_EQ(world.counters.head_timeouts, 2U);
    EXPECT_EQ(world.front.size(), 0U);
}

TEST(Front, ForgetsThoseWhoLeaveDuringTheirHead) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send("GET /echo HT");
    world.settle();
    EXPECT_EQ(world.front.size(), 1U);
    client.close();
    ASSERT_TRUE(world.until([&] { return world.front.size() == 0; }));
    EXPECT_EQ(world.counters.head_abandoned, 1U);
}

TEST(Front, MayBeDestroyedWhileClientsAreInside) {
    auto world = std::make_unique<EdgeWorld>();
    RawClient half = world->connect();
    half.send("GET /echo HT");
    RawClient open = world->open_socket();
    RawClient waiting = world->connect();
    waiting.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    open.send(frame("on its way"));
    ASSERT_TRUE(world->until([&] { return !world->requests.empty(); }));
    world.reset();
    EXPECT_TRUE(half.has_ended());
    EXPECT_TRUE(open.has_ended());
    EXPECT_TRUE(waiting.has_ended());
}

}  // namespace
}  // namespace grapevine::tests
