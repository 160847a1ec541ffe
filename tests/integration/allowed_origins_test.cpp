#include "node/origin.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace grapevine::node {
namespace {

bool allows(const AllowedOrigins& origins, const std::vector<std::string>& from) {
    HttpHead head;
    head.fields.push_back({"Host", "chat.example:8000"});
    for (const std::string& origin : from)
        head.fields.push_back({"Origin", origin});
    return origins.allow(head);
}

TEST(AllowedOrigins, WhoIsNoPageAndPagesOfTheHostItselfAlwaysMay) {
    for (const AllowedOrigins& origins :
         {AllowedOrigins{}, AllowedOrigins::any(), AllowedOrigins{{"https://a.example"}}}) {
        EXPECT_TRUE(allows(origins, {}));
        EXPECT_TRUE(allows(origins, {"http://Chat.example:8000"}));
    }
    EXPECT_FALSE(allows({}, {"http://chat.example"})) << "another port is another origin";
    EXPECT_FALSE(allows({}, {"null"}));
    EXPECT_TRUE(allows(AllowedOrigins::any(), {"null"}));
}

TEST(AllowedOrigins, AnOriginIsComparedAsAWholeAndInAnyCase) {
    const AllowedOrigins origins{{"https://a.example", "http://b.example:8080"}};
    for (const char* const origin :
         {"https://a.example", "HTTPS://A.Example", "http://b.example:8080"})
        EXPECT_TRUE(allows(origins, {origin})) << origin;
    for (const char* const origin :
         {"http://a.example",
          "https://a.example:444",
          "https://a.example.evil.net",
          "https://evil.net/https://a.example",
          "http://b.example",
          ""})
        EXPECT_FALSE(allows(origins, {origin})) << origin;
    EXPECT_FALSE(allows(origins, {"https://a.example", "https://a.example"})) << "which is it?";
}

TEST(AllowedOrigins, AStarStandsForPartsOfNames) {
    const AllowedOrigins origins{{"https://*.a.example", "http://localhost:*"}};
    for (const char* const origin :
         {"https://x.a.example", "https://x.y.A.example", "http://localhost:5173"})
        EXPECT_TRUE(allows(origins, {origin})) << origin;
    for (const char* const origin :
         {"https://a.example",
          "https://.a.example",
          "https://xa.example",
          "https://evil.net/.a.example",
          "https://evil.net:1.a.example",
          "https://evil.net@x.a.example",
          "http://localhost:",
          "http://localhost"})
        EXPECT_FALSE(allows(origins, {origin})) << origin;
}

TEST(AllowedOrigins, WhatIsNoOriginIsNoPattern) {
    for (const char* const text :
         {"*",
          "https://a.example",
          "https://*.a.example",
          "http://localhost:*",
          "https://[::1]:8443",
          "app://localhost"})
        EXPECT_TRUE(AllowedOrigins::is_pattern(text)) << text;
    for (const char* const text :
         {"",
          "a.example",
          "https://",
          "://a.example",
          "https://a.example/",
          "https://a.example/chat",
          "https://*.*.example",
          "*://a.example",
          "https://a b"})
        EXPECT_FALSE(AllowedOrigins::is_pattern(text)) << text;
}

}  // namespace
}  // namespace grapevine::node
