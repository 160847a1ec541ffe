#include "node/http_reader.hpp"
#include "node/plain_head.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace grapevine::tests {
namespace {

using node::HttpHead;
using node::HttpReader;

const std::string start = "GET /connection/websocket?cf_protocol=protobuf HTTP/1.1\r\n";
const std::string host = "Host: chat.example\r\n";
const std::string of_a_browser =
    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: a=b; c=\"d\"\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\tand more \xc3\xa9\r\n";

/// Everything that a head says, to compare and to print.
std::string text_of(const HttpHead& head) {
    std::string text;
    for (const std::string_view part : {head.method, head.target, head.path, head.query})
        text.append(part).append("|");
    text += std::to_string(head.minor) + (head.keep_alive ? " stays" : " goes") +
            (head.has_body ? " with a body\n" : "\n");
    for (const HttpHead::Field& field : head.fields)
        text.append(field.name).append("=").append(field.value).append("\n");
    return text;
}

std::size_t plain_size(const std::string& bytes) {
    HttpHead head;
    return node::read_plain_head(bytes, head);
}

TEST(PlainHead, IsWhatABrowserSends) {
    const std::string frames = "frames";
    const std::string bytes = start + host + of_a_browser + "\r\n" + frames;
    HttpHead head;
    head.fields = {{"left", "over"}};
    EXPECT_EQ(node::read_plain_head(bytes, head), bytes.size() - frames.size());
    EXPECT_EQ(head.path, "/connection/websocket");
    EXPECT_EQ(head.query, "cf_protocol=protobuf");
    EXPECT_EQ(head.fields.size(), 7U);
    EXPECT_EQ(head.header("USER-AGENT"), "Mozilla/5.0 (X11; Linux x86_64)\tand more \xc3\xa9");
}

TEST(PlainHead, IsNothingThatHasToBeWeighed) {
    for (const char* const line :
         {"Content-Length: 0\r\n",
          "Transfer-Encoding: chunked\r\n",
          "Connection: close\r\n",
          "Proxy-Connection: close\r\n",
          "Host: another\r\n",
          "X : a\r\n",
          "X: a\r\n b\r\n",
          "X: a\nY: b\r\n",
          "X: a\rb\r\n",
          "X: a\x01\r\n",
          "X: a\x7f\r\n",
          "X\r\n",
          ": a\r\n"})
        EXPECT_EQ(plain_size(start + host + line + "\r\n"), 0U) << line;
    for (const char* const odd :
         {"POST / HTTP/1.1\r\n",
          "GET / HTTP/1.0\r\n",
          "GET /\r\n",
          "GET * HTTP/1.1\r\n",
          "GET http://a/ HTTP/1.1\r\n",
          "GET /a#b HTTP/1.1\r\n",
          "GET /\xc3\xa9 HTTP/1.1\r\n",
          "GET /  HTTP/1.1\r\n",
          "\r\nGET / HTTP/1.1\r\n"})
        EXPECT_EQ(plain_size(std::string{odd} + host + "\r\n"), 0U) << odd;
    EXPECT_EQ(plain_size(start + "\r\n"), 0U);
    const std::string long_line = "X: " + std::string(8192, 'x') + "\r\n";
    EXPECT_EQ(plain_size(start + host + long_line + "\r\n"), 0U);
}

TEST(PlainHead, IsWholeOrNone) {
    const std::string bytes = start + host + of_a_browser + "\r\n";
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_EQ(plain_size(bytes.substr(0, size)), 0U) << size;
}

/// Heads near those that are plain: lines right and wrong, and then a few bytes changed.
std::string near_plain() {
    static const std::vector<std::string> lines = {
        host,
        of_a_browser,
        "Connection: Upgrade\r\n",
        "connection:keep-alive,Upgrade\r\n",
        "Upgrade: h2c\r\n",
        "Content-Length: 0\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Proxy-Connection: close\r\n",
        "Empty:\r\n",
        "Spaces: \t a\t b \t\r\n",
        "!#$%&'*+-.^_`|~09azAZ: x\r\n",
        "Origin: http://chat.example\r\n"};
    std::string bytes = start + host;
    const auto count = *rc::gen::inRange<std::size_t>(0, 6);
    for (std::size_t i = 0; i < count; ++i)
        bytes += *rc::gen::elementOf(lines);
    bytes += "\r\n";
    const auto changes = *rc::gen::weightedElement<std::size_t>({{3, 0}, {3, 1}, {1, 2}, {1, 3}});
    const std::string odd_bytes{"\r\n\t :,/#?a\x01\x7f\x80\xff\0", 15};
    for (std::size_t i = 0; i < changes; ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        const char byte = *rc::gen::elementOf(odd_bytes);
        switch (*rc::gen::inRange(0, 3)) {
        case 0: bytes[at] = byte; break;
        case 1: bytes.insert(at, 1, byte); break;
        default: bytes.erase(at, 1); break;
        }
    }
    return bytes + "frames";
}

// There is one meaning of a head, whichever of the two reads it.
RC_GTEST_PROP(PlainHead, MeansWhatTheReaderMakesOfIt, ()) {
    const std::string bytes = near_plain();
    HttpHead head;
    const std::size_t size = node::read_plain_head(bytes, head);
    RC_CLASSIFY(size != 0, "plain");
    if (size == 0) return;
    HttpReader reader;
    RC_ASSERT(reader.read(bytes) == size);
    RC_ASSERT(reader.state() == HttpReader::State::has_head);
    RC_ASSERT(text_of(head) == text_of(reader.head()));
}

}  // namespace
}  // namespace grapevine::tests
