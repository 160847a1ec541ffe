#include "proto/json_reading.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"

#include <gtest/gtest.h>

#include <string>

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
