#include "tests/support/edge_world.hpp"

#include <gtest/gtest.h>

namespace grapevine::tests {
namespace {

using How = node::Ending::How;
using node::FrameKind;
using proto::Bytes;

std::size_t count_frames(RawClient& client) {
    return frames_in(client.received()).size();
}

// ---------------------------------------------------------------- turns

// What is said during a turn leaves in one system call, in order.
TEST(WebSocketFlow, WritesAllMessagesOfATurnAtOnce) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    world.settle();
    const auto writes = world.counters.writes;
    for (int i = 0; i < 20; ++i)
        world.sockets.send(world.owner.ids[0], Bytes::copy_of(std::to_string(i)), FrameKind::text);
    EXPECT_EQ(world.counters.writes, writes);
    ASSERT_TRUE(world.until([&] { return count_frames(client) == 20; }));
    EXPECT_EQ(world.counters.writes, writes + 1);
    for (std::size_t i = 0; i < 20; ++i)
        EXPECT_EQ(frames_in(client.received())[i].payload, std::to_string(i));
    EXPECT_EQ(world.owner.drained_reports, 1U);
    EXPECT_EQ(world.owner.drained_bytes, 30U);
    EXPECT_EQ(world.sockets.buffered_bytes(world.owner.ids[0]), 0U);
}

TEST(WebSocketFlow, SharesOneMessageAmongAllReceivers) {
    EdgeWorld world;
    std::vector<RawClient> clients;
    for (int i = 0; i < 100; ++i)
        clients.push_back(world.open_socket());
    const Bytes shared = Bytes::copy_of(std::string(200, 'f'));
    for (const node::SocketId id : world.owner.ids)
        ASSERT_TRUE(world.sockets.send(id, shared, FrameKind::text));
    ASSERT_TRUE(world.until([&] {
        return std::all_of(clients.begin(), clients.end(), [](RawClient& client) {
            return count_frames(client) == 1;
        });
    }));
    for (RawClient& client : clients)
        EXPECT_EQ(frames_in(client.received())[0].payload, shared.view());
    EXPECT_EQ(world.counters.messages_out, 100U);
}

TEST(WebSocketFlow, EmptyPayloadsAreMessagesToo) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    world.sockets.send(world.owner.ids[0], Bytes{}, FrameKind::binary);
    ASSERT_TRUE(world.until([&] { return count_frames(client) == 1; }));
    EXPECT_EQ(frames_in(client.received())[0].opcode, 2U);
}

// ---------------------------------------------------------------- slow readers

/// Queues until the kernel is full and `bytes` more wait with us.
void fill(EdgeWorld& world, node::SocketId id, std::size_t bytes) {
    const Bytes block = Bytes::copy_of(std::string(16 * 1024, 'b'));
    while (world.sockets.buffered_bytes(id) < bytes) {
        for (int i = 0; i < 64; ++i)
            world.sockets.send(id, block, FrameKind::binary);
        world.loop.turn(0ms);
    }
}

// One that does not read costs its own queue; the others do not notice.
TEST(SlowReader, DoesNotDisturbTheOthers) {
    EdgeWorld world;
    RawClient slow = world.open_socket(4096);
    RawClient quick = world.open_socket();
    fill(world, world.owner.ids[0], 1024 * 1024);
    world.sockets.send(world.owner.ids[1], Bytes::copy_of("hello"), FrameKind::text);
    ASSERT_TRUE(world.until([&] { return count_frames(quick) == 1; }));
    EXPECT_GE(world.sockets.buffered_bytes(world.owner.ids[0]), 1024U * 1024);
    EXPECT_GT(world.counters.writes_full, 0U);

    // When it reads again, everything comes, in order.
    ASSERT_TRUE(world.until([&] {
        slow.received();
        return world.sockets.buffered_bytes(world.owner.ids[0]) == 0;
    }));
    EXPECT_EQ(world.owner.drained_bytes % (16 * 1024), 5U);
}

TEST(SlowReader, IsResetWhenItDoesNotTakeTheCode) {
    EdgeWorld world;
    RawClient slow = world.open_socket(4096);
    const node::SocketId id = world.owner.ids[0];
    fill(world, id, 1024 * 1024);
    world.sockets.close(id, proto::CloseCode::slow, node::Queued::discard);
    EXPECT_LT(world.sockets.buffered_bytes(id), 32U * 1024);
    EXPECT_FALSE(world.sockets.send(id, Bytes::copy_of("late"), FrameKind::text));
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::reset_by_us);
    EXPECT_EQ(world.counters.resets, 1U);
    EXPECT_EQ(world.counters.slow_closed, 0U);
    ASSERT_TRUE(world.until([&] { return slow.has_ended(); }));
    EXPECT_TRUE(slow.was_reset());
}

TEST(SlowReader, IsToldWhenItReadsInTime) {
    EdgeWorld world;
    RawClient slow = world.open_socket(4096);
    const node::SocketId id = world.owner.ids[0];
    fill(world, id, 1024 * 1024);
    world.sockets.close(id, proto::CloseCode::slow, node::Queued::discard);
    ASSERT_TRUE(world.until([&] { return close_code_in(slow.received()).has_value(); }));
    EXPECT_EQ(close_code_in(slow.received()), 3008U);
    slow.send(close_frame(3008));
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::closed_by_us);
    EXPECT_EQ(world.owner.closings[0].code, 3008U);
    EXPECT_EQ(world.counters.slow_closed, 1U);
    EXPECT_EQ(world.counters.resets, 0U);
}

// ---------------------------------------------------------------- closing

TEST(WebSocketClose, SendsWhatWasQueuedFirst) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    const node::SocketId id = world.owner.ids[0];
    for (int i = 0; i < 200; ++i)
        world.sockets.send(id, Bytes::copy_of("m"), FrameKind::text);
    world.sockets.close(id, 3501, "bad request");
    ASSERT_TRUE(world.until([&] { return count_frames(client) == 201; }));
    EXPECT_EQ(frames_in(client.received()).back().payload.substr(2), "bad request");
    EXPECT_TRUE(world.owner.closings.empty());
    client.send(frame("ignored") + close_frame(3501));
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty() && client.has_ended(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::closed_by_us);
    EXPECT_EQ(world.owner.closings[0].code, 3501U);
    EXPECT_TRUE(world.owner.messages.empty());
    EXPECT_FALSE(client.was_reset());
}

TEST(WebSocketClose, DoesNotWaitLongForAnAnswer) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    const auto begin = node::steady_now();
    world.sockets.close(world.owner.ids[0], 3000, "");
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty() && client.has_ended(); }));
    EXPECT_GT(node::steady_now() - begin, 900ms);
    EXPECT_EQ(world.owner.closings[0].how, How::closed_by_us);
    EXPECT_EQ(world.counters.close_timeouts, 1U);
}

TEST(WebSocketClose, CutsLongReasonsBetweenCharacters) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    std::string reason = "x";
    while (reason.size() < 200)
        reason += "\xe2\x82\xac";
    world.sockets.close(world.owner.ids[0], 3000, reason);
    ASSERT_TRUE(world.until([&] { return count_frames(client) == 1; }));
    EXPECT_EQ(frames_in(client.received())[0].payload.size(), 2U + 121U);
}

TEST(WebSocketClose, ResetTellsTheOwnerOnceAtTheEndOfTheTurn) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    const node::SocketId id = world.owner.ids[0];
    world.sockets.reset(id);
    world.sockets.reset(id);
    world.sockets.close(id, 3000, "");
    EXPECT_FALSE(world.sockets.is_open(id));
    EXPECT_TRUE(world.owner.closings.empty());
    ASSERT_TRUE(world.until([&] { return client.was_reset() && !world.owner.closings.empty(); }));
    world.settle();
    EXPECT_EQ(world.owner.closings.size(), 1U);
}

// An old id never means a new connection.
TEST(WebSocketClose, DoesNotReuseIds) {
    EdgeWorld world;
    std::vector<node::SocketId> ids;
    for (int i = 0; i < 5; ++i) {
        RawClient client = world.open_socket();
        const node::SocketId id = world.owner.ids.back();
        EXPECT_EQ(std::count(ids.begin(), ids.end(), id), 0);
        for (const node::SocketId old : ids)
            EXPECT_FALSE(world.sockets.is_open(old));
        ids.push_back(id);
        client.close();
        ASSERT_TRUE(world.until([&] { return world.sockets.size() == 0; }));
    }
    EXPECT_EQ(node::slot_of(ids.front()), node::slot_of(ids.back()));
}

TEST(WebSocketClose, MayComeFromInsideACallback) {
    EdgeWorld world;
    world.owner.on_message = [&](node::SocketId id, std::string_view text) {
        text == "reset" ? world.sockets.reset(id) : world.sockets.close(id, 3501, "no");
    };
    RawClient first = world.open_socket();
    RawClient second = world.open_socket();
    first.send(frame("reset") + frame("more") + frame("and more"));
    second.send(frame("close") + frame("more"));
    ASSERT_TRUE(world.until(
        [&] { return first.has_ended() && close_code_in(second.received()) == 3501U; }));
    EXPECT_EQ(world.owner.messages.size(), 2U);
}

// ---------------------------------------------------------------- pausing

TEST(WebSocketPause, HoldsBackEverythingUntilResumed) {
    EdgeWorld world;
    world.owner.on_message = [&](node::SocketId id, std::string_view) {
        world.sockets.pause_reading(id);
    };
    RawClient client = world.open_socket();
    const node::SocketId id = world.owner.ids[0];
    client.send(frame("1") + frame("2") + frame("3"));
    world.settle();
    EXPECT_EQ(world.owner.messages.size(), 1U);
    world.sockets.resume_reading(id);
    EXPECT_EQ(world.owner.messages.size(), 1U) << "not from inside the call";
    world.settle();
    EXPECT_EQ(world.owner.messages.size(), 2U);
    client.send(frame("4"));
    world.owner.on_message = nullptr;
    world.sockets.resume_reading(id);
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == 4; }));
    EXPECT_EQ(world.owner.messages.back(), "4");
}

TEST(WebSocketPause, BoundsWhatIsKept) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    world.sockets.pause_reading(world.owner.ids[0]);
    const std::string block = frame(std::string(60'000, 'x'));
    std::size_t sent = 0;
    // Until neither side's kernel takes more for a while.
    for (int idle = 0; idle < 50;) {
        const std::size_t taken = client.send(std::string_view{block}.substr(sent % block.size()));
        sent += taken;
        idle = taken == 0 ? idle + 1 : 0;
        world.loop.turn(0ms);
    }
    EXPECT_LE(world.counters.bytes_in, 256U * 1024);
    world.sockets.resume_reading(world.owner.ids[0]);
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == sent / block.size(); }));
}

TEST(WebSocketPause, DoesNotStopAClose) {
    EdgeWorld world;
    RawClient client = world.open_socket();
    const node::SocketId id = world.owner.ids[0];
    world.sockets.pause_reading(id);
    client.send(frame("unread"));
    world.settle();
    world.sockets.close(id, 3000, "");
    ASSERT_TRUE(world.until([&] { return close_code_in(client.received()).has_value(); }));
    client.send(close_frame(3000));
    ASSERT_TRUE(world.until([&] { return !world.owner.closings.empty(); }));
    EXPECT_EQ(world.owner.closings[0].how, How::closed_by_us);
    EXPECT_TRUE(world.owner.messages.empty());
}

}  // namespace
}  // namespace grapevine::tests
