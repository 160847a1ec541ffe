#include "tests/support/edge_world.hpp"

#include <gtest/gtest.h>

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <thread>

namespace grapevine::tests {
namespace {

using node::TimerCall;
using node::TimerId;

struct Bell {
    node::Loop* loop = nullptr;
    int rings = 0;
    TimerId other{};
    void ring() { ++rings; }
    void ring_and_disarm_other() {
        ++rings;
        loop->disarm(other);
    }
    void ring_again() {
        ++rings;
        loop->arm(node::Duration{0}, TimerCall::to<&Bell::ring_again>(this));
    }
};

TEST(TimerWheel, GoesOffOnceNeverEarlyAndInOrder) {
    const node::Instant start{1'000'000'000us};
    node::TimerWheel wheel{start};
    Bell soon;
    Bell late;
    Bell far;
    wheel.arm(start + 1500us, TimerCall::to<&Bell::ring>(&soon));
    wheel.arm(start + 20ms, TimerCall::to<&Bell::ring>(&late));
    // Beyond one rotation of the wheel.
    wheel.arm(start + 10s, TimerCall::to<&Bell::ring>(&far));
    EXPECT_EQ(wheel.next(), start + 2ms);
    wheel.advance(start + 1999us);
    EXPECT_EQ(soon.rings, 0);
    wheel.advance(start + 2ms);
    EXPECT_EQ(soon.rings, 1);
    wheel.advance(start + 9s);
    EXPECT_EQ(late.rings, 1);
    EXPECT_EQ(far.rings, 0);
    EXPECT_EQ(wheel.size(), 1U);
    wheel.advance(start + 10s);
    EXPECT_EQ(far.rings, 1);
    EXPECT_EQ(soon.rings, 1);
    EXPECT_EQ(wheel.next(), std::nullopt);
}

TEST(TimerWheel, NeverSleepsPastATimerAndFindsEachInAFewLooks) {
    const node::Instant start{7'777'777us};
    for (const auto delay : {1ms, 5ms, 63ms, 64ms, 65ms, 4095ms, 4096ms, 4097ms, 60'000ms}) {
        node::TimerWheel wheel{start};
        Bell bell;
        const node::Instant deadline = start + delay;
        wheel.arm(deadline, TimerCall::to<&Bell::ring>(&bell));
        int looks = 0;
        node::Instant now = start;
        while (bell.rings == 0) {
            ASSERT_TRUE(wheel.next().has_value());
            ASSERT_GT(*wheel.next(), now);
            now = *wheel.next();
            wheel.advance(now);
            ++looks;
        }
        EXPECT_GE(now, deadline);
        EXPECT_LT(now, deadline + 1ms);
        EXPECT_LE(looks, 17);
    }
}

TEST(TimerWheel, ForgetsDisarmedTimersEvenAtTheSameTick) {
    node::Loop loop;
    const node::Instant start{0us};
    node::TimerWheel wheel{start};
    Bell bell;
    TimerId id = wheel.arm(start + 5ms, TimerCall::to<&Bell::ring>(&bell));
    EXPECT_TRUE(wheel.disarm(id));
    EXPECT_FALSE(wheel.disarm(id));
    TimerId reused = wheel.arm(start + 5ms, TimerCall::to<&Bell::ring>(&bell));
    EXPECT_NE(reused, id);
    wheel.advance(start + 10ms);
    EXPECT_EQ(bell.rings, 1);
    EXPECT_FALSE(wheel.disarm(reused));
}

TEST(Loop, RunsTimersAndLetsOneDisarmAnother) {
    node::Loop loop;
    Bell bell{.loop = &loop};
    Bell silenced;
    loop.arm(1ms, TimerCall::to<&Bell::ring_and_disarm_other>(&bell));
    bell.other = loop.arm(1ms, TimerCall::to<&Bell::ring>(&silenced));
    for (int i = 0; i < 1000 && bell.rings == 0; ++i)
        loop.turn(10ms);
    loop.turn(2ms);
    EXPECT_EQ(bell.rings, 1);
    EXPECT_EQ(silenced.rings, 0);
}

TEST(Loop, IsNotHeldByATimerThatArmsItself) {
    node::Loop loop;
    Bell bell{.loop = &loop};
    bell.ring_again();
    for (int i = 0; i < 5; ++i)
        loop.turn(5ms);
    EXPECT_GE(bell.rings, 2);
    EXPECT_LE(bell.rings, 6);
}

TEST(Loop, RunsEndTasksOnceInOrderAndThoseTheyAdd) {
    node::Loop loop;
    std::string order;
    loop.at_end_of_turn([&] {
        order += 'a';
        loop.at_end_of_turn([&order] { order += 'c'; });
    });
    loop.at_end_of_turn([&order] { order += 'b'; });
    loop.turn(0ms);
    EXPECT_EQ(order, "abc");
    loop.turn(0ms);
    EXPECT_EQ(order, "abc");
}

TEST(Loop, LeavesWhatIsReadyToTheNextTurnWhenOneIsToEnd) {
    node::Loop loop;
    std::string order;
    loop.post([&] {
        order += 'a';
        loop.let_turn_end();
        loop.at_end_of_turn([&order] { order += "| "; });
    });
    loop.post([&order] { order += 'b'; });
    loop.post([&order] { order += 'c'; });
    loop.turn(0ms);
    EXPECT_EQ(order, "a| ");
    loop.turn(0ms);
    EXPECT_EQ(order, "a| bc");
}

/// How many of 100 handlers, each a turn of its own, were heard before a timer that was due.
int heard_before_the_timer(std::chrono::milliseconds late) {
    struct Alarm {
        void ring() { heard = so_far; }
        int so_far = 0;
        int heard = -1;
    } alarm;
    node::Loop loop;
    (void)loop.arm(1ms, node::TimerCall::to<&Alarm::ring>(&alarm));
    for (int made = 0; made < 100; ++made)
        loop.post([&] {
            ++alarm.so_far;
            loop.let_turn_end();
        });
    std::this_thread::sleep_for(late);
    for (int turns = 0; turns < 200 && alarm.heard < 0; ++turns)
        loop.turn(0ms);
    return alarm.heard;
}

TEST(Loop, HearsAllThatWaitsBeforeItsTimersWhenItStoodStill) {
    EXPECT_LT(heard_before_the_timer(3ms), 100) << "short turns do not hold up timers for long";
    EXPECT_EQ(heard_before_the_timer(600ms), 100);
}

TEST(Loop, TakesWorkFromOtherThreadsAndStops) {
    node::Loop loop;
    int ran = 0;
    std::thread other{[&] {
        loop.post([&ran] { ++ran; });
        loop.stop();
    }};
    loop.run();
    other.join();
    EXPECT_EQ(ran, 1);
}

TEST(Acceptor, SaysWhatIsWrongWhenThePortIsTaken) {
    EdgeWorld world;
    try {
        const node::Acceptor second{
            world.loop, world.acceptor.local_endpoint(), world, world.counters};
        FAIL() << "two programs listen on one port";
    } catch (const node::CannotListen& problem) {
        EXPECT_NE(std::string_view{problem.what()}.find("already taken"), std::string_view::npos);
        EXPECT_NE(
            std::string_view{problem.what()}.find(std::to_string(world.port())),
            std::string_view::npos);
    }
}

TEST(Acceptor, SaysWhatIsWrongWithAnAddress) {
    EdgeWorld world;
    EXPECT_THROW(node::find_listen_endpoint({"no such name", 1}), node::CannotListen);
    EXPECT_THROW(
        node::Acceptor(
            world.loop, node::find_listen_endpoint({"192.0.2.1", 0}), world, world.counters),
        node::CannotListen);
    EXPECT_EQ(node::find_listen_endpoint({"localhost", 80}).port(), 80);
    EXPECT_TRUE(node::find_listen_endpoint({"::1", 80}).address().is_v6());
}

TEST(Acceptor, RefusesAfterClose) {
    EdgeWorld world;
    world.acceptor.close();
    EXPECT_FALSE(world.connect().is_connected());
}

// What every socket needs is set once, on the listener.
TEST(Acceptor, PassesItsOptionsOnToWhatItAccepts) {
    struct Keeper final : node::AcceptorOwner {
        explicit Keeper(node::Loop& its_loop) : loop(its_loop) {}
        void accepted(node::TcpSocket socket) override { sockets.push_back(std::move(socket)); }
        node::Loop& loop_of_next() override { return loop; }
        node::Loop& loop;
        std::vector<node::TcpSocket> sockets;
    };
    node::Loop loop;
    node::EdgeCounters counters;
    Keeper keeper{loop};
    const asio::ip::tcp::endpoint any{asio::ip::make_address("127.0.0.1"), 0};
    const node::Acceptor acceptor{loop, any, keeper, counters, {.kernel_unsent_max = 12345}};
    const RawClient client{acceptor.local_endpoint().port()};
    client.send("x");
    for (int i = 0; i < 100 && keeper.sockets.empty(); ++i)
        loop.turn(100ms);
    ASSERT_EQ(keeper.sockets.size(), 1U);
    const auto option = [&](int which) {
        int value = 0;
        socklen_t size = sizeof value;
        ::getsockopt(keeper.sockets[0].native_handle(), IPPROTO_TCP, which, &value, &size);
        return value;
    };
    EXPECT_NE(option(TCP_NODELAY), 0);
    EXPECT_EQ(option(TCP_NOTSENT_LOWAT), 12345);
}

TEST(Acceptor, LeavesCallersWhoSayNothingToTheKernel) {
    EdgeWorld world;
    const auto begun = std::chrono::steady_clock::now();
    const RawClient silent = world.connect();
    RawClient client = world.open_socket();
    EXPECT_TRUE(client.has("101 Switching Protocols"));
    // After a second the kernel hands over who is silent, too.
    const std::uint64_t accepted = world.counters.accepted;
    if (std::chrono::steady_clock::now() - begun < 800ms) EXPECT_EQ(accepted, 1U);
    silent.send("GET / HTTP/1.1\r\n");
    EXPECT_TRUE(world.until([&] { return world.counters.accepted == 2; }));
}

// Nothing is made that could wait: no visitor, no timer.
TEST(Front, AnswersAWholeHandshakeWhenItAccepts) {
    EdgeWorld world;
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < 100; ++i) {
        clients.push_back(world.connect());
        clients.back().send(handshake());
    }
    while (world.owner.ids.size() < clients.size()) {
        const std::uint64_t accepted = world.counters.accepted;
        world.loop.turn(1s);
        ASSERT_GT(world.counters.accepted, accepted);
        EXPECT_EQ(world.counters.accepted, world.owner.ids.size());
    }
    EXPECT_EQ(world.front.size(), 0U);
}

// Without a descriptor left, callers wait in the kernel and are served when there is one again.
TEST(Acceptor, PausesWhenDescriptorsRunOut) {
    EdgeWorld world;
    RawClient client = world.connect();
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    const bool has_paused = world.until([&] { return world.counters.accept_pauses >= 2; });
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_TRUE(has_paused);
    EXPECT_EQ(world.counters.accepted, 0U);
    client.send(handshake());
    EXPECT_TRUE(world.until([&] { return !world.owner.ids.empty(); }));
}

}  // namespace
}  // namespace grapevine::tests
