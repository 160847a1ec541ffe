#include "mesh/sessions.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace grapevine::tests {
namespace {

using proto::PayloadKind;
using proto::TableKind;
using proto::Target;
using Kind = proto::Reply::Kind;

// ---- deliver

TEST(SessionDelivery, EachSubscriberGetsThePublicationOnceInItsEncoding) {
    Room room;
    std::vector<SessionId> in;
    for (std::uint32_t slot = 0; slot < 4; ++slot) {
        in.push_back(room.join(slot, "", slot % 2 == 0 ? Encoding::json : Encoding::protobuf));
        room.says(in.back(), {a_subscribe("lobby")});
    }
    const SessionId outside = room.join(4);
    room.output.clear();
    room.deliver(Target::channel, "lobby", a_body(R"({"n":7})"));

    for (const SessionId session : in) {
        const auto replies = room.replies_to(session);
        ASSERT_EQ(replies.size(), 1U);
        EXPECT_EQ(replies[0].kind, Kind::publication);
        EXPECT_EQ(replies[0].channel, "lobby");
        EXPECT_EQ(replies[0].data, R"({"n":7})");
        EXPECT_EQ(replies[0].user, "bob");
    }
    EXPECT_TRUE(room.replies_to(outside).empty());
    EXPECT_TRUE(room.output.sends[0].message.same_as(room.output.sends[2].message));
    EXPECT_TRUE(room.output.sends[1].message.same_as(room.output.sends[3].message));
    EXPECT_EQ(room.sessions.counters().delivered, 4U);
}

TEST(SessionDelivery, EverySessionOfAUserGetsWhatIsForTheUser) {
    Room room;
    const SessionId one = room.join(0, "alice");
    const SessionId two = room.join(1, "alice", Encoding::protobuf);
    const SessionId bob = room.join(2, "bob");
    room.deliver(Target::user, "alice", a_body());
    for (const SessionId session : {one, two}) {
        ASSERT_EQ(room.replies_to(session).size(), 1U);
        EXPECT_EQ(room.replies_to(session)[0].channel, "#alice");
    }
    EXPECT_TRUE(room.replies_to(bob).empty());
}

TEST(SessionDelivery, EverybodyConnectedGetsWhatIsForEverybody) {
    Room room;
    const SessionId alice = room.join(0, "alice");
    const SessionId anonymous = room.join(1, "", Encoding::protobuf);
    const SessionId waiting = room.open(2);
    room.deliver(Target::everybody, "", a_body());
    EXPECT_EQ(room.replies_to(alice).at(0).channel, "$system");
    EXPECT_EQ(room.replies_to(anonymous).at(0).channel, "$system");
    EXPECT_TRUE(room.replies_to(waiting).empty());
}

// The same hash with another name, as a collision would have it.
TEST(SessionDelivery, ADeliveryWithTheHashOfAnotherNameReachesNobody) {
    Room room;
    const SessionId alice = room.join(0, "alice");
    room.says(alice, {a_subscribe("lobby")});
    room.output.clear();
    const std::string body = a_body();
    room.happens(
        mesh::Deliver{Target::user, PayloadKind::json, room.key_of("alice"), "mallory", body});
    room.happens(
        mesh::Deliver{Target::channel, PayloadKind::json, room.key_of("lobby"), "attic", body});
    EXPECT_TRUE(room.output.sends.empty());
    EXPECT_EQ(room.sessions.counters().not_here, 2U);
}

TEST(SessionDelivery, ABinaryPayloadSkipsJsonSessions) {
    Room room;
    const SessionId json = room.join(0, "alice");
    const SessionId protobuf = room.join(1, "alice", Encoding::protobuf);
    room.deliver(Target::user, "alice", a_body("\xff\x01"), PayloadKind::binary);
    EXPECT_TRUE(room.replies_to(json).empty());
    EXPECT_EQ(room.replies_to(protobuf).at(0).data, "\xff\x01");
    EXPECT_EQ(room.sessions.counters().binary_skipped, 1U);
    EXPECT_EQ(room.sessions.counters().bodies_rejected, 0U);
}

TEST(SessionDelivery, ABodyThatCannotBeReadHarmsNobody) {
    Room room;
    const SessionId json = room.join(0, "alice");
    const SessionId protobuf = room.join(1, "alice", Encoding::protobuf);
    room.deliver(Target::user, "alice", "\x22\x7f");
    EXPECT_TRUE(room.output.sends.empty());
    EXPECT_TRUE(room.output.closes.empty());
    EXPECT_EQ(room.sessions.counters().bodies_rejected, 1U);
    room.deliver(Target::user, "alice", a_body());
    EXPECT_EQ(room.replies_to(json).size(), 1U);
    EXPECT_EQ(room.replies_to(protobuf).size(), 1U);
}

// ---- budget

TEST(SessionDelivery, ASessionOverItsBudgetIsClosedAndTheOthersAreNot) {
    const std::string body = a_body();
    Room probe;
    const SessionId measured = probe.join(0, "alice");
    probe.deliver(Target::user, "alice", body);
    const std::size_t size = probe.sessions.queued_bytes(measured);
    ASSERT_GT(size, 0U);

    // The connect result is larger than a push, so the budget must hold that as well.
    constexpr std::size_t pushes = 10;
    Room room{{.queue_bytes_max = size * pushes}};
    const SessionId slow = room.join(0, "alice");
    const SessionId other = room.join(1, "alice");
    room.says(slow, {a_subscribe("lobby", 0x7fff)});
    room.drain(slow);
    for (std::size_t push = 0; push < pushes; ++push) {
        room.output.clear();
        room.deliver(Target::user, "alice", body);
        EXPECT_EQ(room.replies_to(slow).size(), 1U);
        room.drain(other);
    }
    EXPECT_EQ(room.sessions.queued_bytes(slow), size * pushes);
    EXPECT_TRUE(room.output.closes.empty());

    room.output.clear();
    room.deliver(Target::user, "alice", body);
    EXPECT_EQ(room.close_code_of(slow), code_of(CloseCode::slow));
    EXPECT_TRUE(room.replies_to(slow).empty());
    EXPECT_EQ(room.replies_to(other).size(), 1U);
    EXPECT_EQ(room.changed(TableKind::users, "alice"), -1);
    EXPECT_EQ(room.changed(TableKind::channels, "lobby"), -1);
    EXPECT_EQ(room.sessions.counters().closed_slow, 1U);

    room.output.clear();
    room.deliver(Target::user, "alice", body);
    room.happens(mesh::SessionDrained{slow, 1'000'000});
    room.leaves(slow);
    EXPECT_TRUE(room.replies_to(slow).empty());
    EXPECT_TRUE(room.output.closes.empty());
    EXPECT_EQ(room.sessions.counters().closed_slow, 1U);
    EXPECT_EQ(room.sessions.counters().closed_by_client, 0U);
}

TEST(SessionDelivery, DrainedBytesAreRoomAgain) {
    Room room;
    const SessionId alice = room.join(0, "alice");
    room.deliver(Target::user, "alice", a_body());
    const std::size_t queued = room.sessions.queued_bytes(alice);
    room.happens(mesh::SessionDrained{alice, 1});
    EXPECT_EQ(room.sessions.queued_bytes(alice), queued - 1);
    room.happens(mesh::SessionDrained{alice, queued - 1});
    EXPECT_EQ(room.sessions.queued_bytes(alice), 0U);
}

TEST(SessionDeliveryDeathTest, DrainingMoreThanWasSentIsOurBug) {
    Room room;
    const SessionId alice = room.join(0, "alice");
    EXPECT_DEATH(room.happens(mesh::SessionDrained{alice, 1}), "no more is drained than was sent");
}

// ---- memory of all queues

std::size_t queue_bytes(const Room& room) {
    return room.sessions.all_queued_bytes();
}

TEST(SessionDelivery, ManyWhoDoNotReadAreClosedBeforeTheirQueuesFillTheMemory) {
    constexpr std::size_t memory = 64 * 1024;
    Room room{{.all_queues_bytes_max = memory}};
    constexpr std::uint32_t deaf = 200;
    for (std::uint32_t slot = 0; slot < deaf; ++slot)
        room.join(slot, "deaf" + std::to_string(slot));
    const SessionId reader = room.join(deaf, "reader");
    room.drain(reader);
    const std::string body = a_body(R"({"text":")" + std::string(1000, 'x') + R"("})");
    for (int round = 0; round < 20; ++round) {
        for (std::uint32_t slot = 0; slot < deaf; ++slot)
            room.deliver(Target::user, "deaf" + std::to_string(slot), body);
        room.output.clear();
        room.deliver(Target::user, "reader", body);
        EXPECT_EQ(room.replies_to(reader).size(), 1U) << "who reads is not disturbed";
        room.drain(reader);
        // One message each of those who had nothing queued.
        EXPECT_LE(queue_bytes(room), memory + deaf * (body.size() + 200));
    }
    EXPECT_LE(queue_bytes(room), memory);
    EXPECT_GT(room.sessions.counters().closed_slow, deaf / 2);
}

// Whatever one turn brings: nobody could have read it before the turn ends.
TEST(SessionDelivery, ABurstOfOneTurnClosesNobodyWhoKeepsUp) {
    Room room{{.all_queues_bytes_max = 256 * 1024}};
    std::vector<SessionId> sessions;
    for (std::uint32_t slot = 0; slot < 100; ++slot) {
        sessions.push_back(
            room.join(slot, {}, slot % 2 == 0 ? Encoding::json : Encoding::protobuf));
        room.says(sessions.back(), {a_subscribe("den")});
        room.drain(sessions.back());
    }
    const std::string body = a_body("1");
    for (int turn = 0; turn < 3; ++turn) {
        room.output.clear();
        for (int word = 0; word < 300; ++word)
            room.deliver(Target::channel, "den", body);
        EXPECT_TRUE(room.output.closes.empty());
        for (const SessionId session : sessions)
            room.drain(session);
        EXPECT_EQ(queue_bytes(room), 0U);
    }
    // Who has read nothing since is not of those who keep up.
    room.output.clear();
    for (int word = 0; word < 300; ++word)
        room.deliver(Target::channel, "den", body);
    room.output.clear();
    room.deliver(Target::channel, "den", body);
    EXPECT_FALSE(room.output.closes.empty());
}

TEST(SessionDelivery, AMessageThatManyShareTakesItsMemoryOnce) {
    Room room{{.all_queues_bytes_max = 256 * 1024}};
    constexpr std::uint32_t many = 1000;
    for (std::uint32_t slot = 0; slot < many; ++slot) {
        const SessionId session = room.join(slot);
        room.says(session, {a_subscribe("lobby")});
        room.drain(session);
    }
    ASSERT_EQ(queue_bytes(room), 0U);
    room.output.clear();
    room.deliver(Target::channel, "lobby", a_body("\"" + std::string(60'000, 'x') + "\""));
    EXPECT_EQ(room.output.sends.size(), many);
    EXPECT_TRUE(room.output.closes.empty());
    EXPECT_LE(queue_bytes(room), 60'000 + 200 + many * 64);
}

TEST(SessionDelivery, MemoryIsFreeAgainAsItDrainsAndWhenASessionEnds) {
    Room room;
    const SessionId ann = room.join(0, "ann");
    const SessionId bob = room.join(1, "bob");
    room.deliver(Target::user, "ann", a_body("\"" + std::string(10'000, 'x') + "\""));
    room.deliver(Target::user, "bob", a_body("\"" + std::string(10'000, 'x') + "\""));
    const std::size_t both = queue_bytes(room);
    EXPECT_GE(both, 20'000U);
    room.happens(mesh::SessionDrained{ann, 5'000});
    EXPECT_NEAR(static_cast<double>(queue_bytes(room)), static_cast<double>(both) - 5'000, 300);
    room.drain(ann);
    EXPECT_NEAR(static_cast<double>(queue_bytes(room)), static_cast<double>(both) / 2, 200);
    room.leaves(bob);
    EXPECT_EQ(queue_bytes(room), 0U);
}

TEST(SessionDelivery, RepliesCountAgainstTheBudgetToo) {
    Room room{{.queue_bytes_max = 8}};
    const SessionId alice = room.open(0);
    room.says(alice, {a_connect()});
    EXPECT_TRUE(room.output.sends.empty());
    EXPECT_EQ(room.close_code_of(alice), code_of(CloseCode::slow));
}

TEST(SessionDelivery, ManySlowSessionsOfOneChannelAreClosedInOneWalk) {
    Room room{{.queue_bytes_max = 400}};
    std::vector<SessionId> sessions;
    for (std::uint32_t slot = 0; slot < 9; ++slot) {
        sessions.push_back(room.join(slot));
        room.says(sessions.back(), {a_subscribe("lobby")});
        if (slot % 3 != 0) room.drain(sessions.back());
    }
    room.output.clear();
    const std::string data = '"' + std::string(270, 'x') + '"';
    room.deliver(Target::channel, "lobby", a_body(data));
    const std::size_t first_sends = room.output.sends.size();
    room.deliver(Target::channel, "lobby", a_body(data));
    EXPECT_EQ(room.output.closes.size(), sessions.size());
    EXPECT_EQ(room.output.sends.size(), first_sends);
    EXPECT_EQ(room.changed(TableKind::channels, "lobby"), -1);
}

}  // namespace
}  // namespace grapevine::tests
