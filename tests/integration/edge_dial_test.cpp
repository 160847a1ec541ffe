#include "tests/support/edge_world.hpp"

#include <gtest/gtest.h>

#include <poll.h>

namespace grapevine::tests {
namespace {

using How = node::Ending::How;
using node::FrameKind;
using proto::Bytes;

/// Accepts connections and says what it is told to.
class FakeServer {
public:
    FakeServer() {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
        ::listen(fd_, 8);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
    }
    ~FakeServer() {
        if (peer_ >= 0) ::close(peer_);
        if (fd_ >= 0) ::close(fd_);
    }
    /// Everything the client sent so far.
    const std::string& received() {
        if (peer_ < 0) peer_ = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        char buffer[4096];
        for (ssize_t count = 0;
             peer_ >= 0 && (count = ::recv(peer_, buffer, sizeof buffer, 0)) > 0;)
            received_.append(buffer, static_cast<std::size_t>(count));
        return received_;
    }
    bool has_request() { return received().find("\r\n\r\n") != std::string::npos; }
    void send(std::string_view bytes) const {
        ::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    /// A connection waits to be accepted.
    [[nodiscard]] bool is_waited_for() const {
        pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
        return ::poll(&waiting, 1, 0) == 1;
    }
    void stop_listening() { ::close(std::exchange(fd_, -1)); }
    /// As a process ends that has not read everything.
    void reset() {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(peer_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        hang_up();
        received_.clear();
    }
    void hang_up() { ::close(std::exchange(peer_, -1)); }
    [[nodiscard]] std::string key() const {
        constexpr std::string_view name = "Sec-WebSocket-Key: ";
        const std::size_t at = received_.find(name) + name.size();
        return received_.substr(at, received_.find("\r\n", at) - at);
    }

    std::uint16_t port = 0;

private:
    int fd_ = -1;
    int peer_ = -1;
    std::string received_;
};

node::DialOptions to(std::uint16_t port) {
    return {.host = "127.0.0.1", .port = port, .path = "/echo"};
}

TEST(Dial, OpensAndExchangesMessages) {
    EdgeWorld world;
    RecordingOwner near{world.sockets};
    world.owner.echoes = true;
    node::DialOptions options = to(world.port());
    options.host = "localhost";
    options.subprotocol = "chat";
    options.token = 7;
    const node::SocketId id = world.sockets.dial(options, near);
    EXPECT_TRUE(near.ids.empty());
    ASSERT_TRUE(world.until([&] { return !near.ids.empty(); }));
    EXPECT_EQ(near.ids[0], id);
    EXPECT_EQ(near.tokens[0], 7U);
    EXPECT_EQ(near.subprotocols[0], "chat");
    EXPECT_EQ(world.sockets.remote_address(id), "127.0.0.1:" + std::to_string(world.port()));
    world.sockets.send(id, Bytes::copy_of("over there"), FrameKind::text);
    ASSERT_TRUE(world.until([&] { return !near.messages.empty(); }));
    EXPECT_EQ(near.messages[0], "over there");
    world.sockets.close(id, 1000, "done");
    ASSERT_TRUE(
        world.until([&] { return !near.closings.empty() && !world.owner.closings.empty(); }));
    EXPECT_EQ(near.closings[0].how, How::closed_by_us);
    EXPECT_EQ(world.owner.closings[0].how, How::closed_by_peer);
    EXPECT_EQ(world.owner.closings[0].code, 1000U);
    EXPECT_EQ(world.owner.closings[0].reason, "done");
}

TEST(Dial, HearsWhenTheServerCloses) {
    EdgeWorld world;
    RecordingOwner near{world.sockets};
    world.sockets.dial(to(world.port()), near);
    ASSERT_TRUE(world.until([&] { return !near.ids.empty() && !world.owner.ids.empty(); }));
    world.sockets.close(world.owner.ids[0], 3001, "shutdown");
    ASSERT_TRUE(
        world.until([&] { return !near.closings.empty() && !world.owner.closings.empty(); }));
    EXPECT_EQ(near.closings[0].how, How::closed_by_peer);
    EXPECT_EQ(near.closings[0].code, 3001U);
    EXPECT_EQ(near.closings[0].reason, "shutdown");
    EXPECT_EQ(world.owner.closings[0].how, How::closed_by_us);
    EXPECT_EQ(world.counters.close_timeouts, 0U);
}

// Between nodes a zero key lets everybody's frame be the same; towards others every frame has a key
// of its own.
TEST(Dial, MasksAsToldTo) {
    for (const auto masking : {node::Masking::zero_key, node::Masking::random_key}) {
        EdgeWorld world;
        FakeServer server;
        RecordingOwner near{world.sockets};
        node::DialOptions options = to(server.port);
        options.masking = masking;
        const node::SocketId id = world.sockets.dial(options, near);
        ASSERT_TRUE(world.until([&] { return server.has_request(); }));
        server.send(
            "HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: "
            "Upgrade\r\nSec-WebSocket-Accept: " +
            node::accept_for(server.key()) + "\r\n\r\n" + frame("early", {.masked = false}));
        ASSERT_TRUE(world.until([&] { return !near.messages.empty(); }));
        const Bytes payload = Bytes::copy_of(std::string(1000, 'p'));
        world.sockets.send(id, payload, FrameKind::binary);
        world.sockets.send(id, payload, FrameKind::binary);
        ASSERT_TRUE(world.until([&] { return frames_in(server.received()).size() == 2; }));
        for (const SeenFrame& seen : frames_in(server.received())) {
            EXPECT_TRUE(seen.masked);
            EXPECT_EQ(seen.payload, payload.view());
        }
        const std::string wire = server.received().substr(server.received().find("\r\n\r\n") + 4);
        const std::string first_key = wire.substr(4, 4);
        const std::string second_key = wire.substr(1008 + 4, 4);
        const bool is_zero = masking == node::Masking::zero_key;
        EXPECT_EQ(first_key == std::string(4, '\0'), is_zero);
        EXPECT_EQ(first_key == second_key, is_zero);
    }
}

TEST(Dial, RefusesMaskedFramesFromServers) {
    EdgeWorld world;
    FakeServer server;
    RecordingOwner near{world.sockets};
    world.sockets.dial(to(server.port), near);
    ASSERT_TRUE(world.until([&] { return server.has_request(); }));
    server.send(
        "HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        node::accept_for(server.key()) + "\r\n\r\n" + frame("masked"));
    ASSERT_TRUE(world.until([&] { return !near.closings.empty(); }));
    EXPECT_EQ(near.closings[0].how, How::protocol_error);
    EXPECT_EQ(close_code_in(server.received()), 1002U);
}

TEST(Dial, SaysThatNobodyListens) {
    EdgeWorld world;
    std::uint16_t port = 0;
    {
        const FakeServer gone;
        port = gone.port;
    }
    world.sockets.dial(to(port), world.owner);
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::not_listening);
    EXPECT_EQ(world.sockets.size(), 0U);
    EXPECT_EQ(world.counters.dials_failed, 1U);
}

// A process that is killed ends its connections before its listener: who dials in between gets into
// the listener's queue and is reset. That is no other answer than that nobody listens.
TEST(Dial, SaysThatNobodyListensAnyMore) {
    EdgeWorld world;
    FakeServer server;
    world.sockets.dial(to(server.port), world.owner);
    ASSERT_TRUE(world.until([&] { return server.is_waited_for(); }));
    server.stop_listening();
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::not_listening);
    EXPECT_EQ(world.counters.dials_failed, 1U);
}

TEST(Dial, AsksOnceMoreOnly) {
    EdgeWorld world;
    FakeServer server;
    world.sockets.dial(to(server.port), world.owner);
    for (int time = 1; time <= 2; ++time) {
        ASSERT_TRUE(world.until([&] { return server.has_request(); }));
        server.reset();
    }
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::lost);
}

TEST(Dial, SaysThatThereIsNoSuchName) {
    EdgeWorld world;
    node::DialOptions options = to(1);
    options.host = "no such name";
    world.sockets.dial(options, world.owner);
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::unresolved);
}

TEST(Dial, GivesUpOnSilence) {
    EdgeWorld world;
    FakeServer server;
    node::DialOptions options = to(server.port);
    options.timeout = 50ms;
    world.sockets.dial(options, world.owner);
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::timed_out);
    EXPECT_TRUE(world.owner.ids.empty());
}

TEST(Dial, SaysThatTheServerHungUp) {
    EdgeWorld world;
    FakeServer server;
    world.sockets.dial(to(server.port), world.owner);
    ASSERT_TRUE(world.until([&] { return server.has_request(); }));
    server.hang_up();
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::lost);
}

TEST(Dial, MayBeCancelledAndIsToldOnce) {
    EdgeWorld world;
    FakeServer server;
    const node::SocketId id = world.sockets.dial(to(server.port), world.owner);
    world.sockets.reset(id);
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    world.settle();
    EXPECT_EQ(world.owner.closings.size(), 1U);
    EXPECT_EQ(world.owner.closings[0].how, How::reset_by_us);
}

TEST(Dial, ReportsTheStatusOfARefusal) {
    EdgeWorld world;
    node::DialOptions options = to(world.port());
    options.path = "/nothing";
    RecordingOwner near{world.sockets};
    world.sockets.dial(options, near);
    ASSERT_TRUE(world.until([&] { return !near.closings.empty(); }));
    EXPECT_EQ(near.closings[0].how, How::refused);
    EXPECT_EQ(near.closings[0].code, 404U);
}

TEST(Dial, ChecksEveryPartOfTheAnswer) {
    const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    const std::string accept = "Sec-WebSocket-Accept: @\r\n";
    const std::string ok = "HTTP/1.1 101 Switching Protocols\r\n";
    const std::vector<std::string> wrong{
        "HTTP/1.1 200 OK\r\n" + upgrade + accept,
        "HTTP/1.0 101 Fine\r\n" + upgrade + accept,
        "SSH-2.0-OpenSSH\r\n",
        ok + "Upgrade: websocket\r\n" + accept,
        ok + "Connection: Upgrade\r\n" + accept,
        ok + upgrade,
        ok + upgrade + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
        ok + upgrade + accept + accept,
        ok + upgrade + accept + "Sec-WebSocket-Protocol: chat\r\n",
        ok + upgrade + accept + "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        ok + upgrade + accept + "no colon\r\n",
        ok + upgrade + accept + "X: " + std::string(9000, 'x') + "\r\n",
    };
    for (std::string answer : wrong) {
        EdgeWorld world;
        FakeServer server;
        world.sockets.dial(to(server.port), world.owner);
        ASSERT_TRUE(world.until([&] { return server.has_request(); }));
        for (std::size_t at = 0; (at = answer.find('@')) != std::string::npos;)
            answer.replace(at, 1, node::accept_for(server.key()));
        server.send(answer + "\r\n");
        ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); })) << answer;
        EXPECT_EQ(world.owner.closings[0].how, How::refused) << answer;
    }
}

}  // namespace
}  // namespace grapevine::tests
