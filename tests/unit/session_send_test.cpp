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
using Kind = proto::Reply::Kind;

constexpr std::string_view bob_says_hi = R"({"to":"bob","data":{"text":"hi"}})";
constexpr std::string_view an_ack = R"({"id":"0123456789abcdeffedcba9876543210"})";

class SessionSendInBothEncodings : public InBothEncodings {};
INSTANTIATE_TEST_SUITE_P(Encodings, SessionSendInBothEncodings, both_encodings(), encoding_name);

class SessionAckInBothEncodings : public InBothEncodings {};
INSTANTIATE_TEST_SUITE_P(Encodings, SessionAckInBothEncodings, both_encodings(), encoding_name);

std::string list_of(std::size_t users) {
    std::string list;
    for (std::size_t user = 0; user < users; ++user)
        list += (user == 0 ? "\"u" : ",\"u") + std::to_string(user) + '"';
    return '[' + list + ']';
}

// ---- send

TEST_P(SessionSendInBothEncodings, SaysToWhomWhatAndHow) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(
        alice,
        {an_rpc(
            "send",
            R"({"to":["bob","eve","bob"],"data":{"text":"hi"},"wait":"client","qos":1,"idempotency_key":"k1"})",
            9)});

    ASSERT_EQ(room.output.sends_to_users.size(), 1U);
    const mesh::SendToUsers& send = room.output.sends_to_users[0];
    EXPECT_EQ(send.asker.session, alice);
    EXPECT_EQ(send.asker.command_id, 9U);
    EXPECT_EQ(send.asker.request, 0U);
    EXPECT_EQ(send.wait, mesh::Wait::client);
    EXPECT_TRUE(send.at_least_once);
    EXPECT_EQ(send.payload_kind, PayloadKind::json);
    EXPECT_EQ(send.users, (std::vector<std::string>{"bob", "eve"}));
    EXPECT_EQ(send.data, R"({"text":"hi"})");
    EXPECT_EQ(send.user, "alice");
    EXPECT_EQ(send.client, "01234567-89ab-cdef-0000-000000000000");
    EXPECT_EQ(send.idempotency_key, "k1");
    EXPECT_TRUE(room.output.sends.empty()) << "answered when Mesh has answered";
}

TEST_P(SessionSendInBothEncodings, WaitsForNothingUnlessToldTo) {
    for (const auto& [words, wait] : std::vector<std::pair<std::string, mesh::Wait>>{
             {"", mesh::Wait::none},
             {R"(,"wait":"none")", mesh::Wait::none},
             {R"(,"wait":"node")", mesh::Wait::node},
             {R"(,"wait":"client")", mesh::Wait::client}}) {
        Room room;
        const SessionId alice = room.join(0, "alice", GetParam());
        const std::string data = R"({"to":"bob","data":1)" + words + "}";
        room.says(alice, {an_rpc("send", data)});
        ASSERT_EQ(room.output.sends_to_users.size(), 1U);
        EXPECT_EQ(room.output.sends_to_users[0].wait, wait) << words;
        EXPECT_FALSE(room.output.sends_to_users[0].at_least_once);
        EXPECT_EQ(room.output.sends_to_users[0].idempotency_key, "");
    }
}

TEST_P(SessionSendInBothEncodings, TheReceiptIsTheReply) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(alice, {an_rpc("send", bob_says_hi, 6)});
    const mesh::Asker asker = room.output.sends_to_users.at(0).asker;
    constexpr std::string_view receipt =
        R"({"users":{"bob":{"state":"written","sessions":1,"nodes":["n3"]}}})";
    room.happens(mesh::Answer{asker, proto::Bytes::copy_of(receipt), {}});
    ASSERT_EQ(room.replies_to(alice).size(), 1U);
    EXPECT_EQ(room.replies_to(alice)[0].kind, Kind::rpc);
    EXPECT_EQ(room.replies_to(alice)[0].id, 6U);
    EXPECT_EQ(room.replies_to(alice)[0].data, receipt);

    room.output.clear();
    room.happens(mesh::Answer{asker, {}, ErrorCode::too_many_requests});
    EXPECT_EQ(room.error_to(alice), code_of(ErrorCode::too_many_requests));
}

// What one client says in one message stays in that order.
TEST_P(SessionSendInBothEncodings, KeepsItsPlaceAmongPublications) {
    Room room;
    const SessionId alice = room.join(0, "alice", GetParam());
    room.says(
        alice,
        {an_rpc("send", bob_says_hi, 1),
         a_publish("#bob", "1", 2),
         a_publish("#bob", "2", 3),
         an_rpc("send", bob_says_hi, 4),
         an_rpc("send", bob_says_hi, 5),
         a_publish("#bob", "3", 6)});
    ASSERT_EQ(room.output.publishes.size(), 3U);
    std::vector<std::size_t> after;
    for (const mesh::SendToUsers& send : room.output.sends_to_users)
        after.push_back(send.after);
    EXPECT_EQ(after, (std::vector<std::size_t>{0, 2, 2}));
}

TEST_P(SessionSendInBothEncodings, AnAnonymousSessionMaySend) {
    Room room;
    const SessionId anonymous = room.join(0, "", GetParam());
    room.says(anonymous, {an_rpc("send", bob_says_hi)});
    ASSERT_EQ(room.output.sends_to_users.size(), 1U);
    EXPECT_EQ(room.output.sends_to_users[0].user, "");
    EXPECT_NE(room.output.sends_to_users[0].client, "");
}

TEST_P(SessionSendInBothEncodings, WhatIsWrongIsABadRequest) {
    for (const std::string_view data :
         {"7",
          "[]",
          "{}",
          R"({"to":"bob"})",
          R"({"to":[],"data":1})",
          R"({"to":"#bob","data":1})",
          R"({"to":"bob","data":1,"wait":"long"})",
          R"({"to":"bob","data":1,"qos":2})",
          R"({"to":"bob","to":"eve","data":1})",
          R"({"to":"bob","data":1,"idempotency_key":""})"}) {
        Room room;
        const SessionId alice = room.join(0, "alice", GetParam());
        room.says(alice, {an_rpc("send", data)});
        EXPECT_EQ(room.error_to(alice), code_of(ErrorCode::bad_request)) << data;
        EXPECT_TRUE(room.output.sends_to_users.empty()) << data;
        EXPECT_EQ(room.sessions.counters().errors, 1U);
    }
}

TEST_P(SessionSendInBothEncodings, UsersHaveALimit) {
    const std::size_t most = proto::limits::users_per_send;
    for (const std::size_t count : {most - 1, most, most + 1}) {
        Room room;
        const SessionId alice = room.join(0, "alice", GetParam());
        const std::string data = R"({"to":)" + list_of(count) + R"(,"data":1})";
        room.says(alice, {an_rpc("send", data)});
        EXPECT_EQ(room.output.sends_to_users.size(), count <= most ? 1U : 0U) << count;
        if (count > most) {
            EXPECT_EQ(room.error_to(alice), code_of(ErrorCode::limit_exceeded));
        }
    }
}

TEST(SessionSend, WhatIsNoJsonIsABadRequest) {
    for (const std::string_view method : {"send", "ack"}) {
        Room room;
        const SessionId alice = room.join(0, "alice", Encoding::protobuf);
        room.says(alice, {an_rpc(method, "\xff\x01")});
        EXPECT_EQ(room.error_to(alice), code_of(ErrorCode::bad_request));
        EXPECT_TRUE(room.output.sends_to_users.empty());
        EXPECT_TRUE(room.output.acknowledges.empty());
    }
}

// ---- ack

TEST_P(SessionAckInBothEncodings, IsToldToMeshAndAnsweredAtOnce) {
    Room room;
    const SessionId bob = room.join(0, "bob", GetParam());
    room.says(bob, {an_rpc("ack", an_ack, 8)});
    ASSERT_EQ(room.output.acknowledges.size(), 1U);
    EXPECT_EQ(room.output.acknowledges[0].user, "bob");
    EXPECT_EQ(room.output.acknowledges[0].message.node.value, 0x0123456789abcdefU);
    EXPECT_EQ(room.output.acknowledges[0].message.message.value, 0xfedcba9876543210U);
    ASSERT_EQ(room.replies_to(bob).size(), 1U);
    EXPECT_EQ(room.replies_to(bob)[0].kind, Kind::rpc);
    EXPECT_EQ(room.replies_to(bob)[0].id, 8U);
    EXPECT_EQ(room.replies_to(bob)[0].data, "{}");
}

TEST_P(SessionAckInBothEncodings, AnonymousSessionsHaveNothingToAcknowledge) {
    Room room;
    const SessionId anonymous = room.join(0, "", GetParam());
    room.says(anonymous, {an_rpc("ack", an_ack)});
    EXPECT_EQ(room.error_to(anonymous), code_of(ErrorCode::bad_request));
    EXPECT_TRUE(room.output.acknowledges.empty());
}

TEST_P(SessionAckInBothEncodings, AnythingButTheNameOfAMessageIsABadRequest) {
    for (const std::string_view data :
         {"{}",
          "7",
          R"({"id":7})",
          R"({"id":""})",
          R"({"id":"0123456789abcdeffedcba987654321G"})"}) {
        Room room;
        const SessionId bob = room.join(0, "bob", GetParam());
        room.says(bob, {an_rpc("ack", data)});
        EXPECT_EQ(room.error_to(bob), code_of(ErrorCode::bad_request)) << data;
        EXPECT_TRUE(room.output.acknowledges.empty()) << data;
    }
}

}  // namespace
}  // namespace grapevine::tests
