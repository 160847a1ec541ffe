#include "mesh/sessions.hpp"
#include "proto/limits.hpp"
#include "tests/support/both_encodings.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace grapevine::tests {
namespace {

using proto::PayloadKind;
using proto::TableKind;
using proto::Target;
using Kind = proto::Reply::Kind;

class SessionCommandsInBothEncodings : public InBothEncodings {};
INSTANTIATE_TEST_SUITE_P(
    Encodings, SessionCommandsInBothEncodings, both_encodings(), encoding_name);

// ---- subscribe

TEST_P(SessionCommandsInBothEncodings, OnlyTheFirstAndTheLastSubscriberAreChanges) {
    Room room;
    const SessionId ann = room.join(0, "ann", GetParam());
    const SessionId bob = room.join(1, "bob", GetParam());
    room.says(ann, {a_subscribe("lobby", 7)});
    EXPECT_EQ(room.replies_to(ann).at(0).kind, Kind::subscribe);
    EXPECT_EQ(room.replies_to(ann).at(0).id, 7U);
    EXPECT_EQ(room.changed(TableKind::channels, "lobby"), 1);
    room.says(bob, {a_subscribe("lobby")});
    room.says(ann, {an_unsubscribe("lobby")});
    EXPECT_EQ(room.output.changes.size(), 1U);
    room.says(bob, {an_unsubscribe("lobby")});
    EXPECT_EQ(room.output.changes.size(), 2U);
    EXPECT_EQ(room.changed(TableKind::channels, "lobby"), 0);
}

TEST_P(SessionCommandsInBothEncodings, SubscribingTwiceIsAnError) {
    Room room;
    const SessionId ann = room.join(0, "ann", GetParam());
    room.says(ann, {a_subscribe("lobby")});
    room.output.clear();
    room.says(ann, {a_subscribe("lobby")});
    EXPECT_EQ(room.error_to(ann), code_of(ErrorCode::already_subscribed));
    EXPECT_TRUE(room.output.changes.empty());
}

TEST_P(SessionCommandsInBothEncodings, ServerSideChannelsCannotBeSubscribedOrLeft) {
    const std::vector<std::pair<std::string_view, ErrorCode>> expected{
        {"#alice", ErrorCode::already_subscribed},
        {"#bob", ErrorCode::permission_denied},
        {"#", ErrorCode::permission_denied},
        {"$system", ErrorCode::already_subscribed},
        {"$", ErrorCode::permission_denied},
        {"$systems", ErrorCode::permission_denied}};
    for (const auto& [channel, code] : expected) {
        Room room;
        const SessionId alice = room.join(0, "alice", GetParam());
        room.says(alice, {a_subscribe(channel)});
        EXPECT_EQ(room.error_to(alice), code_of(code)) << channel;
        room.output.clear();
        room.says(alice, {an_unsubscribe(channel)});
        EXPECT_EQ(room.error_to(alice), code_of(ErrorCode::permission_denied)) << channel;
        EXPECT_TRUE(room.output.changes.empty()) << channel;
    }
    Room room;
    const SessionId anonymous = room.join(0, "", GetParam());
    room.says(anonymous, {a_subscribe("#")});
    EXPECT_EQ(room.error_to(anonymous), code_of(ErrorCode::permission_denied));
}

TEST_P(SessionCommandsInBothEncodings, UnsubscribingFromWhereYouAreNotIsAResult) {
    Room room;
    const SessionId ann = room.join(0, "ann", GetParam());
    room.says(ann, {an_unsubscribe("lobby")});
    EXPECT_EQ(room.replies_to(ann).at(0).kind, Kind::unsubscribe);
    EXPECT_TRUE(room.output.changes.empty());
}

TEST_P(SessionCommandsInBothEncodings, ChannelNamesHaveALimit) {
    const std::size_t most = proto::limits::channel_name_bytes;
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, most - 1, most, most + 1}) {
        Room room;
        const SessionId ann = room.join(0, "ann", GetParam());
        const std::string name(length, 'c');
        const std::uint32_t expected =
            length == 0 || length > most ? code_of(ErrorCode::bad_request) : 0;
        for (const Command& command : {a_subscribe(name), a_publish(name), an_unsubscribe(name)}) {
            room.output.clear();
            room.says(ann, {command});
            EXPECT_EQ(room.error_to(ann), expected) << length;
        }
    }
}

TEST(SessionCommands, HostileNamesAreRefused) {
    // A name that is no UTF-8 may end the session already in the codec; it must never be accepted.
    for (const std::string_view name :
         {"a\nb", "\x01", "tab\there", "\xff\xfe", "\xc0\x80", "\xed\xa0\x80"}) {
        for (const CommandKind kind :
             {CommandKind::subscribe, CommandKind::unsubscribe, CommandKind::publish}) {
            Room room;
            const SessionId ann = room.join(0, "ann", Encoding::protobuf);
            Command command = a_command(kind, name);
            command.data = "{}";
            room.says(ann, {command});
            const bool refused = room.error_to(ann) == code_of(ErrorCode::bad_request);
            const bool ended = room.close_code_of(ann) == code_of(CloseCode::bad_request);
            EXPECT_TRUE(refused || ended) << name;
            EXPECT_TRUE(room.output.publishes.empty());
        }
    }
    Room room;
    const SessionId ann = room.join(0, "ann");
    room.says_bytes(ann, R"({"id":3,"subscribe":{"channel":"a\u0000b"}})");
    EXPECT_EQ(room.error_to(ann), code_of(ErrorCode::bad_request));
}

TEST_P(SessionCommandsInBothEncodings, ChannelsPerSessionHaveALimit) {
    Room room{{.channels_max = 3}};
    const SessionId ann = room.join(0, "ann", GetParam());
    room.says(ann, {a_subscribe("1"), a_subscribe("2"), a_subscribe("3")});
    for (const ReadReply& reply : room.replies_to(ann))
        EXPECT_EQ(reply.kind, Kind::subscribe);
    room.output.clear();
    room.says(ann, {a_subscribe("4")});
    EXPECT_EQ(room.error_to(ann), code_of(ErrorCode::limit_exceeded));
    room.output.clear();
    room.says(ann, {a_subscribe("3")});
    EXPECT_EQ(room.error_to(ann), code_of(ErrorCode::already_subscribed));
    room.says(ann, {an_unsubscribe("1")});
    room.output.clear();
    room.says(ann, {a_subscribe("4")});
    EXPECT_EQ(room.error_to(ann), 0U);
}

// ---- publish

TEST_P(SessionCommandsInBothEncodings, PublishSaysWhoWhereAndWhatInOneBuffer) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(alice, {a_publish("chat:lobby", R"({"text":"hi"})", 8)});

    ASSERT_EQ(room.output.publishes.size(), 1U);
    const mesh::Publish& publish = room.output.publishes[0];
    EXPECT_EQ(publish.target, Target::channel);
    EXPECT_EQ(publish.payload_kind, PayloadKind::json);
    EXPECT_EQ(publish.name(), "chat:lobby");
    EXPECT_EQ(publish.key, room.key_of("chat:lobby"));
    const auto publication = proto::read_publication(publish.body());
    ASSERT_TRUE(publication.has_value());
    EXPECT_EQ(publication->data, R"({"text":"hi"})");
    EXPECT_EQ(publication->info.user, "alice");
    EXPECT_EQ(publication->info.client, "01234567-89ab-cdef-0000-000000000000");
    EXPECT_EQ(room.replies_to(alice).at(0).kind, Kind::publish);
    EXPECT_EQ(room.replies_to(alice).at(0).id, 8U);
}

TEST_P(SessionCommandsInBothEncodings, PublishToAPersonalChannelReachesTheUser) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(alice, {a_publish("#bob")});
    ASSERT_EQ(room.output.publishes.size(), 1U);
    EXPECT_EQ(room.output.publishes[0].target, Target::user);
    EXPECT_EQ(room.output.publishes[0].name(), "bob");
    EXPECT_EQ(room.output.publishes[0].key, room.key_of("bob"));
}

TEST_P(SessionCommandsInBothEncodings, PublishIsRefusedWhereItMayNotGo) {
    const std::string too_long = "#" + std::string(proto::limits::user_name_bytes + 1, 'u');
    const std::vector<std::pair<std::string_view, ErrorCode>> expected{
        {"$system", ErrorCode::permission_denied},
        {"$x", ErrorCode::permission_denied},
        {"", ErrorCode::bad_request},
        {"#", ErrorCode::bad_request},
        {"##x", ErrorCode::bad_request},
        {"#$x", ErrorCode::bad_request},
        {too_long, ErrorCode::bad_request}};
    for (const auto& [channel, code] : expected) {
        Room room;
        const SessionId alice = room.join(0, "alice", GetParam());
        room.says(alice, {a_publish(channel)});
        EXPECT_EQ(room.error_to(alice), code_of(code)) << channel;
        EXPECT_TRUE(room.output.publishes.empty()) << channel;
    }
}

TEST_P(SessionCommandsInBothEncodings, PublishNeedsAPayload) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says_bytes(
        alice,
        GetParam() == Encoding::json ? std::string{R"({"id":4,"publish":{"channel":"lobby"}})"}
                                     : written(GetParam(), {a_publish("lobby", "")}));
    EXPECT_EQ(room.error_to(alice), code_of(ErrorCode::bad_request));
    EXPECT_TRUE(room.output.publishes.empty());
}

TEST(SessionCommands, ABinaryPayloadIsRefused) {
    Room room;
    const SessionId alice = room.join(0, "alice", Encoding::protobuf);
    for (const std::string_view data : {"{", "\xff\x01", "hello"}) {
        room.output.clear();
        room.says(alice, {a_publish("lobby", data)});
        EXPECT_EQ(room.error_to(alice), code_of(ErrorCode::bad_request)) << data;
        EXPECT_TRUE(room.output.publishes.empty());
    }
}

TEST_P(SessionCommandsInBothEncodings, RepliesToOneMessageLeaveTogetherAndInOrder) {
    Room room;
    const SessionId alice = room.open(0, GetParam());
    room.says(
        alice,
        {a_connect(R"({"user":"alice"})", 1),
         a_subscribe("lobby", 2),
         a_publish("lobby", "1", 3),
         a_publish("lobby", "2", 0),
         a_command(CommandKind::ping, "", 4)});
    ASSERT_EQ(room.output.sends.size(), 1U);
    std::vector<std::uint32_t> ids;
    for (const ReadReply& reply : room.replies_to(alice))
        ids.push_back(reply.id);
    EXPECT_EQ(ids, (std::vector<std::uint32_t>{1, 2, 3, 4}));
    EXPECT_EQ(room.output.publishes.size(), 2U);
    EXPECT_EQ(room.sessions.counters().commands, 5U);
}

// ---- rpc and the rest

TEST_P(SessionCommandsInBothEncodings, UserStatusIsAskedOfTheMeshAndAnswered) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(alice, {an_rpc("user_status", R"({"users":["bob","eve"]})", 6)});
    ASSERT_EQ(room.output.questions.size(), 1U);
    const mesh::Question& question = room.output.questions[0];
    EXPECT_EQ(question.kind, mesh::Question::Kind::user_status);
    EXPECT_EQ(question.asker.session, alice);
    EXPECT_EQ(question.users, (std::vector<std::string>{"bob", "eve"}));
    EXPECT_TRUE(room.output.sends.empty());

    room.happens(mesh::Answer{question.asker, proto::Bytes::copy_of(R"({"users":{}})"), {}});
    EXPECT_EQ(room.replies_to(alice).at(0).kind, Kind::rpc);
    EXPECT_EQ(room.replies_to(alice).at(0).id, 6U);
    EXPECT_EQ(room.replies_to(alice).at(0).data, R"({"users":{}})");
}

TEST_P(SessionCommandsInBothEncodings, ClusterIsAskedOfTheMesh) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(alice, {an_rpc("cluster", "", 6)});
    ASSERT_EQ(room.output.questions.size(), 1U);
    EXPECT_EQ(room.output.questions[0].kind, mesh::Question::Kind::cluster);
}

TEST_P(SessionCommandsInBothEncodings, UsersPerQueryHaveALimit) {
    const std::size_t most = proto::limits::users_per_query;
    for (const std::size_t count : {std::size_t{0}, most - 1, most, most + 1}) {
        Room room;
        const SessionId alice = room.join(0, "alice", GetParam());
        std::string data = R"({"users":[)";
        for (std::size_t user = 0; user < count; ++user)
            data += (user == 0 ? "\"u\"" : ",\"u\"");
        data += "]}";
        room.says(alice, {an_rpc("user_status", data)});
        EXPECT_EQ(room.output.questions.size(), count <= most ? 1U : 0U) << count;
        if (count > most) {
            EXPECT_EQ(room.error_to(alice), code_of(ErrorCode::limit_exceeded));
        }
    }
}

TEST_P(SessionCommandsInBothEncodings, BadQueriesAreErrors) {
    const std::vector<std::pair<Command, ErrorCode>> expected{
        {an_rpc("user_status", "7"), ErrorCode::bad_request},
        {an_rpc("user_status", "{}"), ErrorCode::bad_request},
        {an_rpc("user_status", R"({"users":"bob"})"), ErrorCode::bad_request},
        {an_rpc("user_status", R"({"users":[7]})"), ErrorCode::bad_request},
        {an_rpc("user_status", R"({"users":[""]})"), ErrorCode::bad_request},
        {an_rpc("user_status", R"({"users":["#bob"]})"), ErrorCode::bad_request},
        {an_rpc("dance"), ErrorCode::method_not_found},
        {an_rpc(""), ErrorCode::method_not_found},
        {a_command(CommandKind::presence), ErrorCode::permission_denied},
        {a_command(CommandKind::presence_stats), ErrorCode::permission_denied},
        {a_command(CommandKind::history), ErrorCode::not_available},
        {a_command(CommandKind::refresh), ErrorCode::not_available},
        {a_command(CommandKind::sub_refresh), ErrorCode::not_available}};
    for (const auto& [command, code] : expected) {
        Room room;
        const SessionId alice = room.join(0, "alice", GetParam());
        room.says(alice, {command});
        EXPECT_EQ(room.error_to(alice), code_of(code)) << command.method << ' ' << command.data;
        EXPECT_TRUE(room.output.questions.empty());
        EXPECT_EQ(room.sessions.counters().errors, 1U);
    }
}

TEST_P(SessionCommandsInBothEncodings, PingIsAnsweredAndSendIsNot) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(alice, {a_command(CommandKind::ping, "", 6)});
    ASSERT_EQ(room.replies_to(alice).size(), 1U);
    EXPECT_EQ(room.replies_to(alice)[0].id, 6U);
    room.output.clear();
    Command send = a_command(CommandKind::send, "", 0);
    send.data = "{}";
    room.says(alice, {send});
    EXPECT_TRUE(room.output.sends.empty());
    EXPECT_TRUE(room.output.closes.empty());
}

TEST(SessionCommands, AnAnswerForASessionThatIsGoneIsForgotten) {
    Room room;
    const SessionId alice = room.join(0, "alice");
    room.leaves(alice);
    room.output.clear();
    room.happens(
        mesh::Answer{{.session = alice, .command_id = 6}, proto::Bytes::copy_of("{}"), {}});
    EXPECT_TRUE(room.output.sends.empty());
}

}  // namespace
}  // namespace grapevine::tests
