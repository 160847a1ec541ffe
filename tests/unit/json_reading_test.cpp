#include "proto/json_reading.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace grapevine::proto {
namespace {

TEST(JsonReading, FindsTheUserOfAConnect) {
    JsonReader reader;
    for (const std::string_view data :
         {R"({"user":"alice"})",
          R"( { "other" : [1,{"user":"eve"}] , "user" : "alice" } )",
          R"({"user":"\u0061lice"})"}) {
        const ConnectUser as = read_connect_user(reader, data);
        EXPECT_TRUE(as.valid) << data;
        EXPECT_EQ(as.user, "alice") << data;
    }
    EXPECT_EQ(read_connect_user(reader, R"({"user":"日本"})").user, "日本");
}

TEST(JsonReading, TakesNothingElseForAUser) {
    JsonReader reader;
    for (const std::string_view data :
         {"{",
          "{}{}",
          "[]",
          "true",
          R"({"user":"a"} x)",
          R"({"user":{}})",
          R"({"user":1e3})",
          "{\"user\":\"\xff\"}",
          R"({"user":"a\u0000b"})",
          R"({"user":"#a"})"})
        EXPECT_FALSE(read_connect_user(reader, data).valid) << data;
    const std::string deep(limits::json_depth + 1, '[');
    EXPECT_FALSE(read_connect_user(reader, deep).valid);
    const std::string large = R"({"x":")" + std::string(limits::client_message_bytes, 'x') + "\"}";
    EXPECT_FALSE(read_connect_user(reader, large).valid);
    EXPECT_TRUE(read_connect_user(reader, "{}").valid);
}

TEST(JsonReading, ReplacesTheListOfUsers) {
    JsonReader reader;
    std::vector<std::string> users{"old"};
    EXPECT_EQ(read_user_list(reader, R"({"users":["a","b","a"]})", users), UserList::read);
    EXPECT_EQ(users, (std::vector<std::string>{"a", "b", "a"}));
    EXPECT_EQ(read_user_list(reader, R"({"users":[]})", users), UserList::read);
    EXPECT_TRUE(users.empty());
    for (const std::string_view data :
         {"", "null", "[]", R"({"users":{}})", R"({"users":["a",1]})"})
        EXPECT_EQ(read_user_list(reader, data, users), UserList::malformed) << data;
}

// ---- send

/// A list of `count` names, each used `each` times.
std::string list_of(std::size_t count, std::size_t each = 1) {
    std::string list = "[";
    for (std::size_t index = 0; index < count * each; ++index)
        list += (index == 0 ? "\"u" : ",\"u") + std::to_string(index / each) + '"';
    return list + ']';
}

std::string send_to(const std::string& to) {
    return R"({"to":)" + to + R"(,"data":1})";
}

TEST(SendBody, HasDefaultsForWhatIsNotGiven) {
    JsonReader reader;
    const SendBody body = read_send_body(reader, R"({"to":"bob","data":{"text":"hi"}})");
    EXPECT_EQ(body.fault, "");
    EXPECT_EQ(body.users, std::vector<std::string>{"bob"});
    EXPECT_EQ(body.data, R"({"text":"hi"})");
    EXPECT_EQ(body.wait, "none");
    EXPECT_FALSE(body.at_least_once);
    EXPECT_EQ(body.idempotency_key, "");
}

TEST(SendBody, TakesEveryMemberAndIgnoresOthers) {
    JsonReader reader;
    const SendBody body = read_send_body(
        reader,
        "{\"later\":{\"to\":[]},\"idempotency_key\":\"k\\u0031\",\n\"data\" :[1,\r\n 2] ,\"qos\":1,"
        "\"wait\":\"client\",\"to\":[\"bob\",\"eve\",\"bob\",\"ann\",\"\\u0065ve\"],\"later\":1}");
    EXPECT_EQ(body.fault, "");
    EXPECT_EQ(body.users, (std::vector<std::string>{"bob", "eve", "ann"}));
    EXPECT_EQ(body.data, "[1, 2]");
    EXPECT_EQ(body.wait, "client");
    EXPECT_TRUE(body.at_least_once);
    EXPECT_EQ(body.idempotency_key, "k1");
}

TEST(SendBody, NullCountsAsAbsent) {
    JsonReader reader;
    const SendBody body = read_send_body(
        reader, R"({"to":"bob","data":0,"wait":null,"qos":null,"idempotency_key":null})");
    EXPECT_EQ(body.fault, "");
    EXPECT_EQ(body.wait, "none");
    for (const std::string_view missing :
         {R"({"to":"bob","data":null})", R"({"to":null,"data":1})"})
        EXPECT_NE(read_send_body(reader, missing).fault.find("is missing"), missing.npos);
}

// Each fault names the field, so that whoever reads it knows where to look.
TEST(SendBody, FaultsNameTheField) {
    struct Case {
        std::string_view body;
        std::string_view named;
    };
    JsonReader reader;
    for (const Case& bad : std::initializer_list<Case>{
             {"", "object"},
             {"[]", "object"},
             {"null", "object"},
             {R"({"to":"bob","data":1)", "object"},
             {R"({"to":"bob","data":1} {})", "object"},
             {"{}", "\"to\""},
             {R"({"data":1})", "\"to\""},
             {R"({"to":[],"data":1})", "\"to\""},
             {R"({"to":7,"data":1})", "\"to\""},
             {R"({"to":{},"data":1})", "\"to\""},
             {R"({"to":"","data":1})", "\"to\""},
             {R"({"to":"#bob","data":1})", "\"to\""},
             {R"({"to":["bob","$system"],"data":1})", "\"to\""},
             {R"({"to":["bob",["eve"]],"data":1})", "\"to\""},
             {R"({"to":"b\nb","data":1})", "\"to\""},
             {R"({"to":"bob","to":"eve","data":1})", "\"to\""},
             {R"({"to":null,"to":"eve","data":1})", "\"to\""},
             {R"({"to":"bob"})", "\"data\""},
             {R"({"to":"bob","data":1,"data":2})", "\"data\""},
             {R"({"to":"bob","data":1,"wait":"forever"})", "\"wait\""},
             {R"({"to":"bob","data":1,"wait":1})", "\"wait\""},
             {R"({"to":"bob","data":1,"wait":"node","wait":"node"})", "\"wait\""},
             {R"({"to":"bob","data":1,"qos":2})", "\"qos\""},
             {R"({"to":"bob","data":1,"qos":-1})", "\"qos\""},
             {R"({"to":"bob","data":1,"qos":1.0})", "\"qos\""},
             {R"({"to":"bob","data":1,"qos":"1"})", "\"qos\""},
             {R"({"to":"bob","data":1,"qos":1,"qos":1})", "\"qos\""},
             {R"({"to":"bob","data":1,"idempotency_key":""})", "\"idempotency_key\""},
             {R"({"to":"bob","data":1,"idempotency_key":1})", "\"idempotency_key\""},
             {R"({"idempotency_key":"a","idempotency_key":"a"})", "\"idempotency_key\""}}) {
        const SendBody body = read_send_body(reader, bad.body);
        EXPECT_NE(body.fault.find(bad.named), std::string_view::npos) << bad.body << body.fault;
        EXPECT_FALSE(body.over_limit) << bad.body;
    }
}

TEST(SendBody, UsersHaveALimit) {
    JsonReader reader;
    const std::size_t most = limits::users_per_send;
    EXPECT_EQ(read_send_body(reader, send_to(list_of(most))).users.size(), most);
    EXPECT_EQ(read_send_body(reader, send_to(list_of(most / 2, 2))).users.size(), most / 2);
    // Listed counts, not only distinct, and a million is not looked at.
    for (const std::string& list :
         {list_of(most + 1),
          list_of(1, most + 1),
          "[7" + std::string(2 * 250'000, ' ') + "]",
          list_of(100'000)}) {
        const SendBody body = read_send_body(reader, send_to(list));
        EXPECT_NE(body.fault.find("\"to\""), std::string_view::npos);
        EXPECT_EQ(body.over_limit, list[1] != '7');
        EXPECT_TRUE(body.users.empty());
    }
    for (const std::size_t length :
         {std::size_t{1}, limits::user_name_bytes, limits::user_name_bytes + 1}) {
        const SendBody body = read_send_body(reader, send_to('"' + std::string(length, 'u') + '"'));
        EXPECT_EQ(body.fault.empty(), length <= limits::user_name_bytes) << length;
    }
}

TEST(SendBody, DataAndKeyHaveALimit) {
    JsonReader reader;
    const auto with_data = [&](std::size_t bytes) {
        return read_send_body(
            reader, R"({"to":"bob","data":")" + std::string(bytes - 2, 'x') + "\"}");
    };
    EXPECT_EQ(with_data(limits::publish_data_bytes).fault, "");
    EXPECT_TRUE(with_data(limits::publish_data_bytes + 1).over_limit);
    const auto with_key = [&](std::size_t bytes) {
        return read_send_body(
            reader,
            R"({"to":"bob","data":1,"idempotency_key":")" + std::string(bytes, 'x') + "\"}");
    };
    EXPECT_EQ(with_key(limits::idempotency_key_bytes).fault, "");
    EXPECT_TRUE(with_key(limits::idempotency_key_bytes + 1).over_limit);
    EXPECT_NE(with_key(limits::idempotency_key_bytes + 1).fault, "");
}

TEST(SendBody, DataForAllUsersHasALimit) {
    JsonReader reader;
    const std::size_t users = 128;
    const auto body = [&](std::size_t bytes) {
        std::string text = "{\"data\":\"" + std::string(bytes - 2, 'x') + "\",\"to\":[";
        for (std::size_t user = 0; user < users; ++user)
            text += (user == 0 ? "\"u" : ",\"u") + std::to_string(user) + '"';
        return text + "]}";
    };
    const std::size_t most = limits::send_bytes / users;
    EXPECT_TRUE(read_send_body(reader, body(most)).fault.empty());
    const SendBody over = read_send_body(reader, body(most + 1));
    EXPECT_FALSE(over.fault.empty());
    EXPECT_TRUE(over.over_limit);
}

TEST(AckBody, IsTheNameOfAMessage) {
    JsonReader reader;
    const MessageRef message{{0x0123456789abcdef}, {0xfedcba9876543210}};
    EXPECT_EQ(
        read_ack_body(reader, R"({"id":"0123456789abcdeffedcba9876543210","more":1})"), message);
    for (const std::string_view body :
         {"",
          "null",
          "[]",
          "{}",
          R"({"id":7})",
          R"({"id":""})",
          R"({"id":"0123456789abcdeffedcba987654321"})",
          R"({"id":"0123456789abcdeffedcba98765432100"})",
          R"({"id":"0123456789ABCDEFfedcba9876543210"})",
          R"({"id":"0123456789abcdefgedcba9876543210"})"})
        EXPECT_FALSE(read_ack_body(reader, body)) << body;
}

TEST(Names, AreTextWithinTheirLength) {
    EXPECT_TRUE(is_name("a", 1));
    EXPECT_TRUE(is_name("ab", 2));
    EXPECT_FALSE(is_name("abc", 2));
    EXPECT_FALSE(is_name("", 2));
    EXPECT_TRUE(is_name(" ", 1));
    EXPECT_FALSE(is_name("\x1f", 1));
    EXPECT_FALSE(is_name(std::string_view{"\0", 1}, 1));
    EXPECT_TRUE(is_name("é", 2));
    EXPECT_FALSE(is_name("\xc3", 2));
}

TEST(Names, OfUsersHaveNoMark) {
    EXPECT_TRUE(is_user_name("alice#1$"));
    EXPECT_FALSE(is_user_name("#alice"));
    EXPECT_FALSE(is_user_name("$alice"));
    EXPECT_TRUE(is_channel_name("#alice"));
}

}  // namespace
}  // namespace grapevine::proto
