/// What connections and messages cost in memory. Skipped under sanitizers, which keep their own
/// books.
#include "tests/support/allocation_count.hpp"
#include "tests/support/edge_world.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <new>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace grapevine::tests {
namespace {

std::size_t heap_bytes() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/// Counts and echoes; keeps nothing.
class PlainEcho : public node::SocketOwner {
public:
    explicit PlainEcho(node::WebSockets& its_sockets) : sockets(its_sockets) {}
    void opened(node::SocketId id, const node::Opening&) override { ids.push_back(id); }
    void received(node::SocketId id, const proto::Bytes& payload, node::FrameKind kind) override {
        ++messages;
        sockets.send(id, payload, kind);
    }
    void closed(node::SocketId, const node::Ending&) override {}

    node::WebSockets& sockets;
    std::vector<node::SocketId> ids;
    std::size_t messages = 0;
};

class MemoryWorld : public EdgeWorld {
public:
    node::UpgradeAnswer upgrade(const node::HttpHead&) override {
        return node::AcceptUpgrade{
            .owner = &echo, .subprotocol = {}, .socket = socket_options, .token = 0};
    }
    RawClient open(std::string_view headers = {}) {
        RawClient client = connect();
        client.send(handshake("/echo", headers));
        const std::size_t wanted = echo.ids.size() + 1;
        until([&] { return echo.ids.size() == wanted; });
        return client;
    }

    PlainEcho echo{sockets};
};

constexpr std::size_t connection_count = 4000;

// What docs/memory.md allows the edge for a connection: just opened, and after its first message.
constexpr std::size_t idle_bytes_max = 1900;
constexpr std::size_t active_bytes_max = 2100;

// An idle connection costs what its parts cost, whatever headers it came with, and gives it back.
TEST(Memory, IdleConnectionsAreSmall) {
    MemoryWorld world;
    const std::string headers = "Cookie: " + std::string(1000, 'c') + "\r\n";
    world.echo.ids.reserve(connection_count + 1);
    std::vector<RawClient> clients;
    clients.reserve(connection_count + 1);
    clients.push_back(world.open(headers));
    const std::size_t before = heap_bytes();
    for (std::size_t i = 0; i < connection_count; ++i)
        clients.push_back(world.open(headers));
    const std::size_t each = (heap_bytes() - before) / connection_count;
    std::printf("idle_connection_bytes=%zu\n", each);
    RecordProperty("idle_connection_bytes", static_cast<int>(each));
    EXPECT_LE(each, idle_bytes_max);

    for (RawClient& client : clients)
        client.send(frame(std::string(128, 'm')));
    ASSERT_TRUE(world.until([&] { return world.echo.messages == clients.size(); }));
    world.settle();
    const std::size_t active = (heap_bytes() - before) / connection_count;
    std::printf("connection_bytes_after_one_message=%zu\n", active);
    EXPECT_LE(active, active_bytes_max);

    clients.clear();
    ASSERT_TRUE(world.until([&] { return world.sockets.size() == 0; }));
    EXPECT_LT(heap_bytes(), before + connection_count * 500);
}

/// Heap of one more connection that came with these headers.
std::size_t bytes_of_a_connection(std::string_view headers) {
    constexpr std::size_t count = 1024;  // lists of that length are full: no room for more to count
    MemoryWorld world;
    world.echo.ids.reserve(2 * count);
    std::vector<RawClient> clients;
    clients.reserve(2 * count);
    while (clients.size() < count)
        clients.push_back(world.open(headers));
    const std::size_t before = heap_bytes();
    while (clients.size() < 2 * count)
        clients.push_back(world.open(headers));
    return (heap_bytes() - before) / count;
}

// Nothing of the request outlives the handshake.
TEST(Memory, TheHandshakeIsForgotten) {
    const std::string headers =
        "Cookie: " + std::string(6000, 'c') + "\r\nUser-Agent: " + std::string(1000, 'u') + "\r\n";
    const std::size_t without = bytes_of_a_connection({});
    EXPECT_LE(bytes_of_a_connection(headers), without + 8);
}

/// Echoes rounds of `per_round` messages; allocations per message once everything is warm.
double allocations_per_echo(std::size_t payload_bytes, std::size_t per_round) {
    MemoryWorld world;
    const RawClient client = world.open();
    std::string round;
    for (std::size_t i = 0; i < per_round; ++i)
        round += frame(std::string(payload_bytes, 'm'));
    std::vector<char> sink(1 << 20);
    const auto run = [&](int rounds) {
        for (int i = 0; i < rounds; ++i) {
            const std::size_t wanted = world.echo.messages + per_round;
            client.send(round);
            while (world.echo.messages < wanted)
                world.loop.turn(1ms);
            world.loop.turn(0ms);
            client.discard(sink);
        }
    };
    run(50);
    const std::size_t made = allocations_of([&] { run(200); });
    return static_cast<double>(made) / (200.0 * static_cast<double>(per_round));
}

TEST(Memory, EchoingAllocatesNothingInSteadyState) {
    EXPECT_EQ(allocations_per_echo(128, 1), 0);
    EXPECT_EQ(allocations_per_echo(128, 50), 0);
    EXPECT_EQ(allocations_per_echo(20'000, 3), 0);
}

TEST(Memory, FanOutAllocatesNothingInSteadyState) {
    MemoryWorld world;
    std::vector<RawClient> clients;
    for (int i = 0; i < 100; ++i)
        clients.push_back(world.open());
    std::vector<char> sink(1 << 20);
    const auto run = [&](int rounds) {
        for (int i = 0; i < rounds; ++i) {
            const proto::Bytes shared = proto::Bytes::copy_of("the same for all");
            for (const node::SocketId id : world.echo.ids)
                world.sockets.send(id, shared, node::FrameKind::text);
            world.loop.turn(0ms);
            for (const RawClient& client : clients)
                client.discard(sink);
        }
    };
    run(20);
    EXPECT_EQ(allocations_of([&] { run(100); }), 0U);
}

// A header that announces much makes us hold nothing.
TEST(Memory, AnnouncedGigabytesCostNothing) {
    MemoryWorld world;
    std::vector<RawClient> clients;
    for (int i = 0; i < 50; ++i)
        clients.push_back(world.open());
    const std::size_t before = heap_bytes();
    for (RawClient& client : clients)
        client.send(header(1ULL << 30));
    ASSERT_TRUE(world.until([&] { return world.counters.oversize == clients.size(); }));
    EXPECT_LT(heap_bytes(), before + 1024 * 1024);
}

}  // namespace
}  // namespace grapevine::tests

#endif
