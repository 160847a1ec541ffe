/// One listener with everything behind it, on one loop and one port of 127.0.0.1, and clients that
/// can say anything.
#pragma once

#include "node/acceptor.hpp"
#include "node/front.hpp"
#include "node/http_connection.hpp"
#include "node/loop.hpp"
#include "node/transport/handshake.hpp"
#include "node/transport/web_socket.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <functional>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace grapevine::tests {

using namespace std::chrono_literals;

/// A client made of a bare descriptor: it sends bytes, right or wrong, and keeps what comes back.
/// Never blocks.
class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0) {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (receive_buffer_bytes > 0)
            ::setsockopt(
                fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        is_connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    RawClient(RawClient&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)),
          is_connected_(other.is_connected_),
          received_(std::move(other.received_)) {}
    ~RawClient() { close(); }

    [[nodiscard]] bool is_connected() const { return is_connected_; }
    /// How much the kernel took.
    std::size_t send(std::string_view bytes) const {
        const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    void finish_writing() const { ::shutdown(fd_, SHUT_WR); }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    /// Everything that came so far.
    std::string& received() {
        char buffer[64 * 1024];
        for (;;) {
            const ssize_t count = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
            if (count > 0) {
                received_.append(buffer, static_cast<std::size_t>(count));
                continue;
            }
            if (count == 0) has_ended_ = true;
            if (count < 0 && errno != EAGAIN && errno != EINTR) was_reset_ = true;
            return received_;
        }
    }
    /// Reads and forgets.
    void discard(std::vector<char>& sink) const {
        while (::recv(fd_, sink.data(), sink.size(), MSG_DONTWAIT) > 0) {
        }
    }
    bool has(std::string_view text) { return received().find(text) != std::string::npos; }
    bool has_ended() {
        received();
        return has_ended_ || was_reset_;
    }
    bool was_reset() {
        received();
        return was_reset_;
    }

private:
    int fd_ = -1;
    bool is_connected_ = false;
    bool has_ended_ = false;
    bool was_reset_ = false;
    std::string received_;
};

// ---------------------------------------------------------------- frames

struct FrameParts {
    unsigned opcode = 1;
    bool fin = true;
    bool masked = true;
    /// RSV1 to RSV3 as in the first byte.
    unsigned reserved = 0;
};

inline std::string header(std::uint64_t length, FrameParts parts = {}) {
    std::string text;
    text.push_back(static_cast<char>((parts.fin ? 0x80 : 0) | parts.reserved | parts.opcode));
    const unsigned mask = parts.masked ? 0x80 : 0;
    const int bytes = length <= 125 ? 0 : length <= 0xffff ? 2 : 8;
    text.push_back(static_cast<char>(mask | (bytes == 0 ? length : bytes == 2 ? 126 : 127)));
    for (int i = bytes - 1; i >= 0; --i)
        text.push_back(static_cast<char>(length >> (8 * i)));
    if (parts.masked) text += "\x11\x22\x33\x44";
    return text;
}

inline std::string frame(std::string_view payload, FrameParts parts = {}) {
    constexpr char key[] = {0x11, 0x22, 0x33, 0x44};
    std::string text = header(payload.size(), parts);
    for (std::size_t i = 0; i < payload.size(); ++i)
        text.push_back(parts.masked ? static_cast<char>(payload[i] ^ key[i % 4]) : payload[i]);
    return text;
}

inline std::string close_frame(unsigned code, std::string_view reason = {}, bool masked = true) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
    payload += reason;
    return frame(payload, {.opcode = 8, .masked = masked});
}

struct SeenFrame {
    unsigned opcode = 0;
    bool fin = false;
    bool masked = false;
    std::string payload;

    [[nodiscard]] unsigned close_code() const {
        if (payload.size() < 2) return 1005;
        return static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8 |
               static_cast<unsigned char>(payload[1]);
    }
};

/// Complete frames at the start of `bytes`, after an HTTP head if there is one.
inline std::vector<SeenFrame> frames_in(std::string_view bytes) {
    if (bytes.starts_with("HTTP/") || bytes.starts_with("GET ")) {
        const std::size_t end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos) return {};
        bytes.remove_prefix(end + 4);
    }
    std::vector<SeenFrame> frames;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    while (bytes.size() >= 2) {
        std::uint64_t length = byte(1) & 0x7fU;
        std::size_t at = 2;
        const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (bytes.size() < at + more) break;
        if (more > 0) length = 0;
        for (std::size_t i = 0; i < more; ++i)
            length = length << 8 | byte(at++);
        const bool masked = (byte(1) & 0x80) != 0;
        const std::size_t key = at;
        if (masked) at += 4;
        if (bytes.size() < at + length) break;
        SeenFrame seen{
            .opcode = byte(0) & 0xfU,
            .fin = (byte(0) & 0x80) != 0,
            .masked = masked,
            .payload = {}};
        for (std::size_t i = 0; i < length; ++i)
            seen.payload.push_back(
                masked ? static_cast<char>(bytes[at + i] ^ bytes[key + i % 4]) : bytes[at + i]);
        frames.push_back(std::move(seen));
        bytes.remove_prefix(at + length);
    }
    return frames;
}

/// Code of the close frame that came, if one did.
inline std::optional<unsigned> close_code_in(std::string_view bytes) {
    for (const SeenFrame& seen : frames_in(bytes))
        if (seen.opcode == 8) return seen.close_code();
    return std::nullopt;
}

inline constexpr std::string_view sample_key = "dGhlIHNhbXBsZSBub25jZQ==";

inline std::string handshake(std::string_view path = "/echo", std::string_view more = {}) {
    std::string text = "GET ";
    text.append(path).append(
        " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    text.append("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ")
        .append(sample_key)
        .append("\r\n");
    return text.append(more).append("\r\n");
}

// ---------------------------------------------------------------- owners

/// Keeps everything it hears; echoes when told to.
class RecordingOwner : public node::SocketOwner {
public:
    struct Closed {
        node::SocketId id;
        node::Ending::How how;
        unsigned code;
        std::string reason;
    };

    explicit RecordingOwner(node::WebSockets& sockets) : sockets_(sockets) {}

    void opened(node::SocketId id, const node::Opening& opening) override {
        ids.push_back(id);
        tokens.push_back(opening.token);
        subprotocols.emplace_back(opening.subprotocol);
    }
    void received(node::SocketId id, const proto::Bytes& payload, node::FrameKind kind) override {
        messages.emplace_back(payload.view());
        kinds.push_back(kind);
        if (echoes) sockets_.send(id, payload, kind);
        if (on_message) on_message(id, payload.view());
    }
    void drained(node::SocketId, std::size_t bytes) override {
        drained_bytes += bytes;
        ++drained_reports;
    }
    void closed(node::SocketId id, const node::Ending& ending) override {
        closings.push_back({id, ending.how, ending.code, std::string{ending.reason}});
    }

    bool echoes = false;
    std::function<void(node::SocketId, std::string_view)> on_message;
    std::vector<node::SocketId> ids;
    std::vector<std::uint64_t> tokens;
    std::vector<std::string> subprotocols;
    std::vector<std::string> messages;
    std::vector<node::FrameKind> kinds;
    std::vector<Closed> closings;
    std::size_t drained_bytes = 0;
    std::size_t drained_reports = 0;

private:
    node::WebSockets& sockets_;
};

struct SeenRequest {
    node::RequestId id;
    std::string method;
    std::string path;
    std::string body;
};

class EdgeWorld : public node::Router, public node::AcceptorOwner {
public:
    struct Options {
        node::FrontOptions front{};
        node::HttpOptions http{};
        node::SocketOptions socket{};
    };

    EdgeWorld() : EdgeWorld(Options{}) {}
    explicit EdgeWorld(Options options)
        : socket_options(options.socket),
          sockets(loop, counters),
          http(loop, counters, options.http),
          front(loop, sockets, http, *this, counters, options.front),
          acceptor(
              loop,
              {asio::ip::address_v4::loopback(), 0},
              *this,
              counters,
              {.waits_for_words = true}),  // as clients are met
          owner(sockets) {}

    [[nodiscard]] std::uint16_t port() const { return acceptor.local_endpoint().port(); }
    RawClient connect(int receive_buffer_bytes = 0) {
        return RawClient{port(), receive_buffer_bytes};
    }

    /// Turns until the condition holds. False after a limit that no healthy run comes near.
    bool until(const std::function<bool()>& condition, std::chrono::milliseconds limit = 20s) {
        const auto deadline = node::steady_now() + limit;
        while (!condition()) {
            if (node::steady_now() > deadline) return false;
            loop.turn(2ms);
        }
        return true;
    }
    /// A few turns: what is on its way arrives.
    void settle() {
        for (int i = 0; i < 10; ++i)
            loop.turn(1ms);
    }

    /// A web socket after its handshake; its id is the owner's last.
    RawClient open_socket(int receive_buffer_bytes = 0) {
        RawClient client = connect(receive_buffer_bytes);
        const std::size_t before = owner.ids.size();
        client.send(handshake());
        until([&] { return owner.ids.size() > before && client.has("\r\n\r\n"); });
        return client;
    }

    // ---- Router
    node::UpgradeAnswer upgrade(const node::HttpHead& head) override {
        if (head.path != "/echo")
            return node::RejectUpgrade{.status = 404, .text = "no such socket"};
        node::AcceptUpgrade answer{
            .owner = &owner, .subprotocol = {}, .socket = socket_options, .token = next_token++};
        for (const std::string_view offered : head.list("sec-websocket-protocol"))
            if (offered == "chat") answer.subprotocol = offered;
        return answer;
    }
    void requested(node::RequestId id, const node::Request& request) override {
        requests.push_back(
            {id,
             std::string{request.head.method},
             std::string{request.head.path},
             std::string{request.body}});
        if (request.head.path == "/later") return;
        if (request.head.path == "/large") {
            http.answer(id, {.body = std::string(8 * 1024 * 1024, 'x')});
            return;
        }
        http.answer(
            id, {.body = std::string{request.head.path} + "|" + std::string{request.body} + "\n"});
    }
    void abandoned(node::RequestId id) override { left.push_back(id); }

    // ---- AcceptorOwner
    void accepted(node::TcpSocket socket) override { front.adopt(std::move(socket)); }
    node::Loop& loop_of_next() override { return loop; }

    node::SocketOptions socket_options;
    node::EdgeCounters counters;
    node::Loop loop;
    node::WebSockets sockets;
    node::HttpConnections http;
    node::Front front;
    node::Acceptor acceptor;
    RecordingOwner owner;
    std::uint64_t next_token = 100;
    std::vector<SeenRequest> requests;
    std::vector<node::RequestId> left;
};

}  // namespace grapevine::tests
