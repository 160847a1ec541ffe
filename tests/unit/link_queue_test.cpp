#include "mesh/link_queue.hpp"
#include "proto/limits.hpp"

#include <gtest/gtest.h>

#include <string>

namespace grapevine::mesh {
namespace {

void put(LinkQueue& queue, FrameClass of, std::string_view frame) {
    queue.open(of, frame.size()).append(frame);
    queue.appended(of);
}

constexpr std::size_t flight = 1024 * 1024;

TEST(LinkQueue, SendsTheHigherClassFirstAndKeepsOrderInside) {
    LinkQueue queue;
    put(queue, FrameClass::snapshot, "s");
    put(queue, FrameClass::deltas, "d");
    put(queue, FrameClass::messages, "m1");
    put(queue, FrameClass::messages, "m2");
    put(queue, FrameClass::control, "c");
    EXPECT_EQ(queue.take(flight).view(), "c");
    EXPECT_EQ(queue.take(flight).view(), "m1m2") << "frames of a turn share a message";
    EXPECT_EQ(queue.take(flight).view(), "d");
    EXPECT_EQ(queue.take(flight).view(), "s");
    EXPECT_FALSE(queue.take(flight));
}

TEST(LinkQueue, ClosesAMessageAtItsBound) {
    LinkQueue queue;
    const std::string frame(10'000, 'x');
    for (int count = 0; count < 20; ++count)
        put(queue, FrameClass::messages, frame);
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
        put(queue, FrameClass::messages, std::string(60'000, 'x'));
    EXPECT_TRUE(queue.take(100'000));
    EXPECT_TRUE(queue.take(100'000));
    EXPECT_FALSE(queue.take(100'000)) << "120,000 bytes are on their way";
    queue.drained(60'000);
    EXPECT_TRUE(queue.take(100'000));
    EXPECT_EQ(queue.waiting_bytes(), 0u);
}

}  // namespace
}  // namespace grapevine::mesh
