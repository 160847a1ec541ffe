#include "mesh/sessions.hpp"
#include "proto/limits.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/both_encodings.hpp"
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

std::string user_data(std::string_view user) {
    return R"({"user":")" + std::string{user} + "\"}";
}

class SessionsInBothEncodings : public InBothEncodings {};
INSTANTIATE_TEST_SUITE_P(Encodings, SessionsInBothEncodings, both_encodings(), encoding_name);

// ---- connect

TEST_P(SessionsInBothEncodings, ConnectTellsWhoYouAreAndWhatYouAreSubscribedTo) {
    Room room;
    const SessionId alice = room.open(0, GetParam());
    room.says(alice, {a_connect(R"({"user":"alice"})", 9)});

    const auto replies = room.replies_to(alice);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].kind, Kind::connect);
    EXPECT_EQ(replies[0].id, 9U);
    EXPECT_EQ(replies[0].client, "01234567-89ab-cdef-0000-000000000000");
    EXPECT_EQ(replies[0].node, "n1");
    EXPECT_NE(room.output.sends[0].message.view().find("#alice"), std::string_view::npos);
    EXPECT_NE(room.output.sends[0].message.view().find("$system"), std::string_view::npos);
    EXPECT_EQ(room.changed(TableKind::users, "alice"), 1);
    EXPECT_EQ(room.output.changes.size(), 1U);
    EXPECT_EQ(room.sessions.counters().connected, 1U);
}

TEST_P(SessionsInBothEncodings, ConnectWithoutAUserIsAnonymous) {
    for (const std::string_view data : {"", "null", "{}", R"({"name":"x"})"}) {
        Room room;
        const SessionId somebody = room.open(0, GetParam());
        room.says(somebody, {a_connect(data)});
        EXPECT_EQ(room.replies_to(somebody).at(0).kind, Kind::connect) << data;
        EXPECT_EQ(room.output.sends[0].message.view().find('#'), std::string_view::npos) << data;
        EXPECT_TRUE(room.output.changes.empty()) << data;
    }
}

TEST_P(SessionsInBothEncodings, ConnectWithABadUserIsAnErrorAndMayBeTriedAgain) {
    const std::string longest(proto::limits::user_name_bytes, 'u');
    const std::vector<std::string> refused{
        "[]",
        "7",
        R"("alice")",
        R"({"user":7})",
        R"({"user":null})",
        R"({"user":["alice"]})",
        user_data(""),
        user_data("#alice"),
        user_data("$alice"),
        user_data("a\\u0001b"),
        user_data("a\\nb"),
        user_data(longest + "u")};
    for (const std::string& data : refused) {
        Room room;
        const SessionId somebody = room.open(0, GetParam());
        room.says(somebody, {a_connect(data)});
        EXPECT_EQ(room.error_to(somebody), code_of(ErrorCode::bad_request)) << data;
        EXPECT_TRUE(room.output.closes.empty()) << data;
        room.output.clear();
        room.says(somebody, {a_connect(user_data("alice"), 2)});
        EXPECT_EQ(room.replies_to(somebody).at(0).kind, Kind::connect) << data;
    }
}

TEST_P(SessionsInBothEncodings, UserNamesHaveALimit) {
    for (const std::size_t length : {std::size_t{1}, proto::limits::user_name_bytes}) {
        Room room;
        const std::string name(length, 'u');
        const SessionId somebody = room.open(0, GetParam());
        room.says(somebody, {a_connect(user_data(name))});
        EXPECT_EQ(room.error_to(somebody), 0U) << length;
        EXPECT_EQ(room.changed(TableKind::users, name), 1) << length;
    }
}

TEST(Sessions, ConnectDataOfProtobufMustBeJson) {
    Room room;
    const SessionId somebody = room.open(0, Encoding::protobuf);
    room.says(somebody, {a_connect("\xff\x00garbage")});
    EXPECT_EQ(room.error_to(somebody), code_of(ErrorCode::bad_request));
    EXPECT_TRUE(room.output.closes.empty());
}

TEST_P(SessionsInBothEncodings, AnythingBeforeConnectEndsTheSession) {
    for (const Command& command :
         {a_subscribe(),
          an_unsubscribe(),
          a_publish(),
          an_rpc("cluster"),
          a_pong(),
          a_command(CommandKind::ping),
          a_command(CommandKind::send)}) {
        Room room;
        const SessionId somebody = room.open(0, GetParam());
        room.says(somebody, {command});
        EXPECT_EQ(room.close_code_of(somebody), code_of(CloseCode::bad_request));
        EXPECT_TRUE(room.output.publishes.empty());
        EXPECT_TRUE(room.output.changes.empty());
        EXPECT_EQ(room.sessions.counters().closed_bad_request, 1U);
        EXPECT_EQ(room.sessions.session_count(), 0U);
    }
}

TEST_P(SessionsInBothEncodings, ASecondConnectEndsTheSession) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(alice, {a_connect()});
    EXPECT_EQ(room.close_code_of(alice), code_of(CloseCode::bad_request));
    EXPECT_EQ(room.changed(TableKind::users, "alice"), -1);
}

TEST_P(SessionsInBothEncodings, MalformedBytesEndTheSessionAfterTheRepliesBefore) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    std::string bytes = written(GetParam(), {a_subscribe("lobby")});
    bytes += GetParam() == Encoding::json ? "\n{\"id\":" : "\x05\xff\xff";
    room.says_bytes(alice, bytes);
    EXPECT_EQ(room.replies_to(alice).at(0).kind, Kind::subscribe);
    EXPECT_EQ(room.close_code_of(alice), code_of(CloseCode::bad_request));
    EXPECT_EQ(room.changed(TableKind::channels, "lobby"), 0);
    EXPECT_EQ(room.output.changes.size(), 3U);
}

TEST_P(SessionsInBothEncodings, ACommandThatNobodyKnowsEndsTheSession) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says_bytes(
        alice,
        GetParam() == Encoding::json ? R"({"id":7,"dance":{}})" : std::string_view{"\x02\x08\x07"});
    EXPECT_EQ(room.close_code_of(alice), code_of(CloseCode::bad_request));
}

TEST_P(SessionsInBothEncodings, OnlyAPublishMayLackAnId) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(alice, {a_publish("lobby", "{}", 0), a_publish("", "{}", 0)});
    EXPECT_TRUE(room.output.sends.empty());
    EXPECT_EQ(room.output.publishes.size(), 1U);
    EXPECT_EQ(room.sessions.counters().errors, 1U);
    room.says(alice, {a_subscribe("lobby", 0)});
    EXPECT_EQ(room.close_code_of(alice), code_of(CloseCode::bad_request));
}

// ---- the end

TEST(Sessions, ShutdownClosesEverybodyAndWhoComesLater) {
    Room room;
    const SessionId alice = room.join(0, "alice");
    const SessionId waiting = room.open(1);
    room.output.clear();
    room.happens(mesh::ShutdownBegun{});
    EXPECT_EQ(room.close_code_of(alice), code_of(CloseCode::shutdown));
    EXPECT_EQ(room.close_code_of(waiting), code_of(CloseCode::shutdown));
    EXPECT_EQ(room.changed(TableKind::users, "alice"), -1);
    const SessionId late = room.open(2);
    EXPECT_EQ(room.close_code_of(late), code_of(CloseCode::shutdown));
    room.says(late, {a_connect()});
    EXPECT_TRUE(room.output.sends.empty());
    EXPECT_EQ(room.sessions.counters().closed_shutdown, 3U);
    EXPECT_EQ(room.sessions.session_count(), 0U);
    EXPECT_EQ(room.sessions.next_deadline(), mesh::never);
}

TEST(Sessions, WhoLeavesIsForgottenEntirely) {
    Room room;
    const SessionId alice = room.join(0, "alice");
    room.says(alice, {a_subscribe("lobby"), a_subscribe("attic")});
    room.output.clear();
    room.leaves(alice);
    EXPECT_EQ(room.changed(TableKind::users, "alice"), -1);
    EXPECT_EQ(room.changed(TableKind::channels, "lobby"), -1);
    EXPECT_EQ(room.changed(TableKind::channels, "attic"), -1);
    EXPECT_TRUE(room.output.closes.empty());
    EXPECT_EQ(room.sessions.counters().closed_by_client, 1U);
    room.leaves(alice);
    EXPECT_EQ(room.sessions.counters().closed_by_client, 1U);
    room.output.clear();
    room.deliver(Target::channel, "lobby", a_body());
    room.deliver(Target::everybody, "", a_body());
    EXPECT_TRUE(room.output.sends.empty());
}

// A slot is used again; what is still said about the session before must not hit the one after.
TEST(Sessions, AnEarlierLifeOfASlotIsAnotherSession) {
    Room room;
    const SessionId old = room.join(0, "alice");
    room.leaves(old);
    const SessionId young = room.open(0, Encoding::json, 2);
    room.says(young, {a_connect(R"({"user":"bob"})")});
    room.output.clear();
    const std::size_t queued = room.sessions.queued_bytes(young);
    room.happens(mesh::SessionDrained{old, 1});
    room.says(old, {a_publish()});
    room.happens(mesh::Answer{{.session = old, .command_id = 1}, proto::Bytes::copy_of("{}"), {}});
    room.leaves(old);
    EXPECT_EQ(room.sessions.session_count(), 1U);
    EXPECT_EQ(room.sessions.queued_bytes(young), queued);
    EXPECT_EQ(room.sessions.queued_bytes(old), 0U);
    EXPECT_TRUE(room.output.publishes.empty());
    EXPECT_TRUE(room.output.sends.empty());
}

TEST(Sessions, ASessionNobodyOpenedIsIgnored) {
    Room room;
    room.join(0, "alice");
    const SessionId stranger = session_id(77);
    room.happens(mesh::SessionReceived{stranger, "{}"});
    room.happens(mesh::SessionClosed{stranger});
    room.happens(mesh::SessionDrained{stranger, 5});
    EXPECT_TRUE(room.output.sends.empty());
    EXPECT_TRUE(room.output.closes.empty());
}

// ---- steady traffic

TEST_P(SessionsInBothEncodings, PublishingAllocatesNothing) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    const std::string message = written(GetParam(), {a_publish("chat:lobby", R"({"text":"hi"})")});
    const auto publish = [&] {
        room.sessions.on(mesh::SessionReceived{alice, message}, room.now, room.output);
        room.sessions.on(mesh::SessionDrained{alice, room.sessions.queued_bytes(alice)});
        room.output.clear();
    };
    publish();
    EXPECT_EQ(
        allocations_of([&] {
            for (int round = 0; round < 100; ++round)
                publish();
        }),
        0U);
    EXPECT_EQ(room.sessions.counters().publishes, 101U);
}

TEST_P(SessionsInBothEncodings, DeliveringAllocatesNothing) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    const std::string body = a_body();
    const mesh::Deliver to_alice{
        Target::user, PayloadKind::json, room.key_of("alice"), "alice", body};
    const auto deliver = [&] {
        room.sessions.on(to_alice, room.now, room.output);
        room.sessions.on(mesh::SessionDrained{alice, room.sessions.queued_bytes(alice)});
        room.output.clear();
    };
    deliver();
    EXPECT_EQ(
        allocations_of([&] {
            for (int round = 0; round < 100; ++round)
                deliver();
        }),
        0U);
    EXPECT_EQ(room.sessions.counters().delivered, 101U);
}

}  // namespace
}  // namespace grapevine::tests
