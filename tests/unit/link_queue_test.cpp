#include "mesh/link_queue.hpp"
#include "proto/limits.hpp"

#include <gtest/gtest.h>

#include <string>

namespace grapevine::mesh {
namespace {

constexpr std::size_t flight = 1024 * 1024;

TEST(LinkQueue, SendsTheHigherClassFirstAndKeepsOrderInside) {
    LinkQueue queue;
    queue.append(FrameClass::snapshot, "s");
    queue.append(FrameClass::deltas, "d");
    queue.append(FrameClass::messages, "m1");
    queue.append(FrameClass::messages, "m2");
    queue.append(FrameClass::control, "c");
    EXPECT_EQ(queue.take(flight).view(), "c");
    EXPECT_EQ(queue.take(flight).view(), "m1m2") << "frames of a turn share a message";
    EXPECT_EQ(queue.take(flight).view(), "d");
    EXPECT_EQ(queue.take(flight).view(), "s");
    EXPECT_FALSE(queue.take(flight));
}

TEST(LinkQueue, WhatOneEncodedOthersTakeAsItIs) {
    const proto::Forward frame{
        .copy = 0,
        .target = proto::Target::channel,
        .name = "lobby",
        .payload_kind = proto::PayloadKind::json,
        .body = "{}",
        .known = {},
        .message_id = {}};
    LinkQueue one;
    LinkQueue other;
    one.append(FrameClass::messages, "before");
    const std::string_view encoded = one.append(FrameClass::messages, 20, frame);
    other.append(FrameClass::messages, encoded);
    std::string alone;
    proto::append_frame(alone, frame);
    EXPECT_EQ(other.take(flight).view(), alone);
    EXPECT_EQ(one.take(flight).view(), "before" + alone);
}

TEST(LinkQueue, ClosesAMessageAtItsBound) {
    LinkQueue queue;
    const std::string frame(10'000, 'x');
    for (int count = 0; count < 20; ++count)
        queue.append(FrameClass::messages, frame);
    std::size_t bytes = 0;
    while (const Bytes message = queue.take(flight)) {
        EXPECT_LE(message.size(), proto::limits::mesh_batch_bytes);
        bytes += message.size();
    }
    EXPECT_EQ(bytes, 200'000u);
}

TEST(LinkQueue, HandsOutNoMoreThanMayBeInFlight) {
    LinkQueue queue;
    for (int count = 0; count < 3; ++count)
        queue.append(FrameClass::messages, std::string(60'000, 'x'));
    EXPECT_TRUE(queue.take(100'000));
    EXPECT_TRUE(queue.take(100'000));
    EXPECT_FALSE(queue.take(100'000)) << "120,000 bytes are on their way";
    queue.drained(60'000);
    EXPECT_TRUE(queue.take(100'000));
    EXPECT_EQ(queue.waiting_bytes(), 0u);
}

}  // namespace
}  // namespace grapevine::mesh
