#include "mesh/sessions.hpp"
#include "tests/support/both_encodings.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace grapevine::tests {
namespace {

using namespace std::chrono_literals;
using proto::TableKind;
using Kind = proto::Reply::Kind;

constexpr mesh::Duration tick = 1us;

class SessionTimingInBothEncodings : public InBothEncodings {};
INSTANTIATE_TEST_SUITE_P(Encodings, SessionTimingInBothEncodings, both_encodings(), encoding_name);

TEST_P(SessionTimingInBothEncodings, WhoDoesNotConnectIsStale) {
    Room room;
    const SessionId somebody = room.open(0, GetParam());
    EXPECT_EQ(room.sessions.next_deadline(), room.now.steady + 10s);
    room.pass(10s - tick);
    EXPECT_TRUE(room.output.closes.empty());
    room.pass(tick);
    EXPECT_EQ(room.close_code_of(somebody), code_of(CloseCode::stale));
    EXPECT_EQ(room.sessions.counters().closed_stale, 1U);
    EXPECT_EQ(room.sessions.next_deadline(), mesh::never);
}

TEST(SessionTiming, AFailedConnectDoesNotBuyTime) {
    Room room;
    const SessionId somebody = room.open(0);
    room.pass(9s);
    room.says(somebody, {a_connect("7")});
    room.pass(1s);
    EXPECT_EQ(room.close_code_of(somebody), code_of(CloseCode::stale));
}

/// Turns the clock to the next ping of the only session and forgets it.
void until_ping(Room& room, SessionId session) {
    for (int tries = 0; room.output.sends.empty(); ++tries) {
        ASSERT_LT(tries, 3);
        room.pass(room.sessions.next_deadline() - room.now.steady);
    }
    ASSERT_EQ(room.replies_to(session).at(0).kind, Kind::ping);
    room.drain(session);
    room.output.clear();
}

TEST_P(SessionTimingInBothEncodings, APingIsSentEachIntervalWhileItIsAnswered) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    const mesh::Instant connected = room.now.steady;
    until_ping(room, alice);
    EXPECT_GE(room.now.steady, connected + 12s);
    EXPECT_LE(room.now.steady, connected + 25s);
    for (int round = 0; round < 3; ++round) {
        const mesh::Instant pinged = room.now.steady;
        room.pass(10s - tick);
        room.says(alice, {a_pong()});
        EXPECT_TRUE(room.output.sends.empty());
        room.pass(15s);
        EXPECT_TRUE(room.output.sends.empty());
        until_ping(room, alice);
        EXPECT_EQ(room.now.steady, pinged + 25s);
    }
    EXPECT_TRUE(room.output.closes.empty());
}

TEST_P(SessionTimingInBothEncodings, WhoDoesNotAnswerAPingIsClosed) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    until_ping(room, alice);
    room.says(alice, {a_command(CommandKind::ping)});
    room.pass(10s - tick);
    EXPECT_TRUE(room.output.closes.empty());
    room.pass(tick);
    EXPECT_EQ(room.close_code_of(alice), code_of(CloseCode::no_pong));
    EXPECT_EQ(room.changed(TableKind::users, "alice"), -1);
    EXPECT_EQ(room.sessions.counters().closed_no_pong, 1U);
}

TEST(SessionTiming, AnUnaskedPongChangesNothing) {
    Room room;
    const SessionId alice = room.join(0, "alice");
    const mesh::Instant connected = room.now.steady;
    room.pass(5s);
    room.says(alice, {a_pong()});
    until_ping(room, alice);
    EXPECT_LE(room.now.steady, connected + 25s);
    EXPECT_TRUE(room.output.closes.empty());
}

TEST(SessionTiming, SessionsThatConnectTogetherAreNotPingedTogether) {
    Room room;
    for (std::uint32_t slot = 0; slot < 100; ++slot)
        room.join(slot);
    std::set<mesh::Instant> times;
    const mesh::Instant end = room.now.steady + 25s;
    while (room.sessions.next_deadline() <= end) {
        room.pass(room.sessions.next_deadline() - room.now.steady);
        if (!room.output.sends.empty()) times.insert(room.now.steady);
        for (const mesh::SendToSession& send : std::vector{room.output.sends})
            room.says(send.session, {a_pong()});
        room.output.clear();
    }
    EXPECT_GT(times.size(), 90U);
    EXPECT_EQ(room.sessions.session_count(), 100U);
}

TEST(SessionTiming, TheIntervalIsToldInWholeSecondsNeverShorter) {
    Room room{{.ping_every = 2500ms, .pong_within = 1s}};
    const SessionId alice = room.open(0);
    room.says(alice, {a_connect()});
    EXPECT_NE(room.output.sends[0].message.view().find(R"("ping":3)"), std::string_view::npos);
}

}  // namespace
}  // namespace grapevine::tests
