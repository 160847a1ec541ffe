#include "tests/sim/network.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

/// A host that writes down what it hears.
class Listener : public Host {
public:
    explicit Listener(Scheduler& clock) : clock_(clock) {}

    void accepted(Socket socket, std::string_view, std::string) override {
        sockets.push_back(socket);
    }
    void opened(Socket socket) override { sockets.push_back(socket); }
    void dial_failed(Socket, mesh::DialFailure why) override { failures.push_back(why); }
    void received(Socket, const proto::Bytes& message) override {
        messages.emplace_back(message.view());
        last_message_at = clock_.time();
    }
    void drained(Socket, std::size_t bytes) override { drained_bytes += bytes; }
    void closed(Socket, std::uint16_t code) override {
        ++closes;
        close_code = code;
        closed_at = clock_.time();
        messages_at_close = messages.size();
    }

    std::vector<Socket> sockets;
    std::vector<mesh::DialFailure> failures;
    std::vector<std::string> messages;
    std::size_t drained_bytes = 0;
    int closes = 0;
    std::uint16_t close_code = 0;
    std::size_t messages_at_close = 0;
    Instant last_message_at;
    Instant closed_at;

private:
    Scheduler& clock_;
};

struct Two {
    explicit Two(std::uint64_t seed = 1, NetworkOptions options = {})
        : network(clock, mesh::Rng{seed}, options) {
        network.listen(b, "10.0.0.2:7000");
    }
    void connect() {
        network.dial(a, "10.0.0.2:7000");
        clock.run_for(100ms);
        ASSERT_EQ(ann.sockets.size(), 1u);
        ASSERT_EQ(bob.sockets.size(), 1u);
    }
    void ann_says(int from, int to) {
        for (int number = from; number < to; ++number)
            network.send(ann.sockets[0], proto::Bytes::copy_of(std::to_string(number)));
    }
    [[nodiscard]] static std::vector<std::string> numbers(int from, int to) {
        std::vector<std::string> texts;
        for (int number = from; number < to; ++number)
            texts.push_back(std::to_string(number));
        return texts;
    }

    Scheduler clock;
    Network network;
    Listener ann{clock};
    Listener bob{clock};
    HostId a = network.add_host(ann, "10.0.0.1");
    HostId b = network.add_host(bob, "10.0.0.2");
};

TEST(SchedulerOrder, IsByTimeThenByRequest) {
    Scheduler clock;
    std::string order;
    clock.in(2ms, [&] { order += "c"; });
    clock.in(1ms, [&] { order += "a"; });
    clock.in(1ms, [&] {
        order += "b";
        clock.in(0ms, [&] { order += "!"; });
    });
    clock.run_for(10ms);
    EXPECT_EQ(order, "ab!c");
    EXPECT_EQ(clock.time(), Instant{10ms});
}

TEST(Network, DeliversInOrderWithinLatency) {
    Two two;
    two.connect();
    two.ann_says(0, 100);
    two.clock.run_for(1ms);
    EXPECT_EQ(two.bob.messages, Two::numbers(0, 100));
    EXPECT_EQ(two.ann.drained_bytes, 10u + 2 * 90);
}

TEST(Network, SpikesDelayButNeverReorder) {
    Two two{
        1,
        NetworkOptions{
            .path = {.latency = {.least = 1ms, .most = 5ms, .spike_one_in = 3, .spike = 500ms}}}};
    two.network.dial(two.a, "10.0.0.2:7000");
    two.clock.run_for(2s);
    two.ann_says(0, 100);
    two.clock.run_for(10s);
    EXPECT_EQ(two.bob.messages, Two::numbers(0, 100));
}

TEST(Network, BandwidthSpacesMessagesAndDrainsAsTheyLeave) {
    Two two;
    two.connect();
    two.network.set_path(
        two.a, two.b, Path{.latency = {.least = 1ms, .most = 1ms}, .bytes_per_ms = 100});
    for (int number = 0; number < 10; ++number)
        two.network.send(two.ann.sockets[0], proto::Bytes::copy_of(std::string(1000, 'x')));
    two.clock.run_for(55ms);
    EXPECT_EQ(two.ann.drained_bytes, 5000u);
    EXPECT_EQ(two.bob.messages.size(), 5u);
    two.clock.run_for(1s);
    EXPECT_EQ(two.bob.messages.size(), 10u);
}

TEST(Network, RefusesWhereNobodyListensAndTimesOutWhereNobodyAnswers) {
    Two two;
    two.network.dial(two.a, "10.0.0.2:7001");
    two.clock.run_for(10ms);
    ASSERT_EQ(two.ann.failures.size(), 1u);
    EXPECT_EQ(two.ann.failures[0], mesh::DialFailure::refused);

    two.network.block(two.a, two.b);
    two.network.dial(two.a, "10.0.0.2:7000");
    two.clock.run_for(2900ms);
    EXPECT_EQ(two.ann.failures.size(), 1u);
    two.clock.run_for(200ms);
    ASSERT_EQ(two.ann.failures.size(), 2u);
    EXPECT_EQ(two.ann.failures[1], mesh::DialFailure::timeout);

    two.network.dial(two.a, "10.9.9.9:7000");
    two.clock.run_for(100ms);
    ASSERT_EQ(two.ann.failures.size(), 3u);
    EXPECT_EQ(two.ann.failures[2], mesh::DialFailure::unreachable);
}

TEST(Network, DialAgainstAnAsymmetricBlockLeavesTheAcceptorHalfOpenThenClosed) {
    Two two;
    two.network.block(two.b, two.a);
    two.network.dial(two.a, "10.0.0.2:7000");
    two.clock.run_for(1s);
    EXPECT_EQ(two.bob.sockets.size(), 1u);
    EXPECT_EQ(two.ann.sockets.size(), 0u);
    two.clock.run_for(3s);
    EXPECT_EQ(two.ann.failures.size(), 1u);
    EXPECT_EQ(two.bob.closes, 1);
}

TEST(Network, CloseDeliversWhatWasSentBefore) {
    Two two;
    two.connect();
    two.ann_says(0, 50);
    two.network.close(two.ann.sockets[0], 3001);
    two.ann_says(50, 60);
    two.clock.run_for(2s);
    EXPECT_EQ(two.bob.messages, Two::numbers(0, 50));
    EXPECT_EQ(two.bob.messages_at_close, 50u);
    EXPECT_EQ(two.bob.close_code, 3001);
    EXPECT_EQ(two.bob.closes, 1);
    EXPECT_EQ(two.ann.closes, 1);
    EXPECT_TRUE(two.network.connections().empty());
}

TEST(Network, CloseIsBoundedWhenTheOtherEndDoesNotRead) {
    Two two;
    two.connect();
    two.network.set_reading(two.bob.sockets[0], false);
    two.ann_says(0, 10);
    const Instant asked = two.clock.time();
    two.network.close(two.ann.sockets[0], 0, 1s);
    two.clock.run_for(5s);
    EXPECT_EQ(two.ann.closes, 1);
    EXPECT_EQ(two.ann.closed_at - asked, Duration{1s});
    EXPECT_EQ(two.bob.closes, 0);
}

// Over many seeds a break must lose all, some and none of what was under way, and always a suffix.
TEST(Network, BreakLosesASuffixAndTellsBothEnds) {
    std::set<std::size_t> received;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Two two{seed};
        two.connect();
        two.ann_says(0, 5);
        two.network.break_connection(two.network.connections()[0], 10ms, 300ms);
        two.ann_says(5, 10);
        two.clock.run_for(1s);
        EXPECT_EQ(two.bob.messages, Two::numbers(0, static_cast<int>(two.bob.messages.size())));
        EXPECT_LE(two.bob.messages.size(), 5u);
        EXPECT_EQ(two.ann.closes, 1);
        EXPECT_EQ(two.bob.closes, 1);
        EXPECT_LT(two.ann.closed_at, two.bob.closed_at);
        EXPECT_TRUE(two.network.connections().empty());
        received.insert(two.bob.messages.size());
    }
    EXPECT_EQ(received.size(), 6u);
}

TEST(Network, BreakMayNeverTellOneEnd) {
    Two two;
    two.connect();
    two.network.break_connection(two.network.connections()[0], std::nullopt, 10ms);
    two.clock.run_for(60s);
    EXPECT_EQ(two.bob.closes, 1);
    EXPECT_EQ(two.ann.closes, 0);
    two.ann_says(0, 10);
    two.clock.run_for(60s);
    EXPECT_EQ(two.ann.closes, 0);
    two.network.close(two.ann.sockets[0]);
    two.clock.run_for(2s);
    EXPECT_EQ(two.ann.closes, 1);
}

TEST(Network, StallDelaysEverythingAndTellsNobody) {
    Two two;
    two.connect();
    two.network.stall(two.network.connections()[0], Side::dialer, 2s);
    two.ann_says(0, 10);
    two.clock.run_for(1900ms);
    EXPECT_TRUE(two.bob.messages.empty());
    two.clock.run_for(200ms);
    EXPECT_EQ(two.bob.messages, Two::numbers(0, 10));
    EXPECT_EQ(two.ann.closes + two.bob.closes, 0);
}

TEST(Network, HalfOpenSwallowsOneDirectionOnly) {
    Two two;
    two.connect();
    two.network.blackhole(two.network.connections()[0], Side::dialer, 5s);
    two.ann_says(0, 10);
    two.network.send(two.bob.sockets[0], proto::Bytes::copy_of("back"));
    two.clock.run_for(4s);
    EXPECT_TRUE(two.bob.messages.empty());
    EXPECT_EQ(two.ann.messages, std::vector<std::string>{"back"});
    EXPECT_EQ(two.ann.closes, 0);
    two.clock.run_for(2s);
    EXPECT_EQ(two.ann.closes, 1);
    EXPECT_EQ(two.bob.closes, 0);
}

TEST(Network, ReaderThatStopsFillsTheWindowAndNoMore) {
    Two two{1, NetworkOptions{.window_bytes = 1000}};
    two.connect();
    two.network.set_reading(two.bob.sockets[0], false);
    for (int number = 0; number < 50; ++number)
        two.network.send(two.ann.sockets[0], proto::Bytes::copy_of(std::string(100, 'x')));
    two.clock.run_for(5s);
    EXPECT_EQ(two.ann.drained_bytes, 1000u);
    EXPECT_EQ(two.network.unsent_bytes(two.ann.sockets[0]), 4000u);
    two.network.set_reading(two.bob.sockets[0], true);
    two.clock.run_for(1s);
    EXPECT_EQ(two.ann.drained_bytes, 5000u);
    EXPECT_EQ(two.bob.messages.size(), 50u);
}

TEST(Network, OpenConnectionsSurviveAShortPartition) {
    Two two;
    two.connect();
    two.network.block(two.a, two.b);
    two.ann_says(0, 10);
    two.clock.run_for(2s);
    EXPECT_TRUE(two.bob.messages.empty());
    two.network.unblock_all();
    two.clock.run_for(1s);
    EXPECT_EQ(two.bob.messages, Two::numbers(0, 10));
}

TEST(Network, CrashLosesASuffixAndClosesTheOtherEnd) {
    Two two;
    two.connect();
    two.ann_says(0, 10);
    two.network.process_gone(two.a);
    two.clock.run_for(1s);
    EXPECT_EQ(two.ann.closes, 0);
    EXPECT_EQ(two.bob.closes, 1);
    EXPECT_EQ(two.bob.messages, Two::numbers(0, static_cast<int>(two.bob.messages.size())));
}

TEST(Network, LostHostIsSilentAndAnswersWithResetsWhenItIsBack) {
    Two two;
    two.connect();
    two.network.host_lost(two.a);
    two.network.send(two.bob.sockets[0], proto::Bytes::copy_of("hello?"));
    two.clock.run_for(60s);
    EXPECT_EQ(two.bob.closes, 0);
    two.network.host_back(two.a);
    two.clock.run_for(1s);
    EXPECT_EQ(two.bob.closes, 1);
}

TEST(Network, PausedHostAcceptsAndReadsOnlyAfterwards) {
    Two two;
    two.connect();
    two.network.set_paused(two.b, true);
    two.ann_says(0, 5);
    two.network.dial(two.a, "10.0.0.2:7000");
    two.clock.run_for(2s);
    EXPECT_TRUE(two.bob.messages.empty());
    EXPECT_EQ(two.ann.sockets.size(), 1u);
    two.network.set_paused(two.b, false);
    two.clock.run_for(100ms);
    EXPECT_EQ(two.bob.messages, Two::numbers(0, 5));
    EXPECT_EQ(two.ann.sockets.size(), 2u);
}

}  // namespace
}  // namespace grapevine::sim
