// Which rules are those of a channel, by its name alone.
#include "mesh/namespaces.hpp"

#include <gtest/gtest.h>

namespace grapevine::mesh {
namespace {

ChannelRules some_rules() {
    return {
        .has_no_namespaces = false,
        .without_namespace = {.name = {}, .takes_binary = true},
        .namespaces = {{.name = "news"}, {.name = "chat"}, {.name = "c"}}};
}

std::string name_of_rules(const Namespaces& namespaces, std::string_view channel) {
    const NamespaceRules* const found = namespaces.of(channel);
    return found == nullptr ? "unknown" : "'" + found->name + "'";
}

TEST(Namespaces, AreWhatIsBeforeTheFirstColon) {
    const Namespaces namespaces{some_rules()};
    EXPECT_EQ(name_of_rules(namespaces, "chat:lobby"), "'chat'");
    EXPECT_EQ(name_of_rules(namespaces, "news:chat:lobby"), "'news'");
    EXPECT_EQ(name_of_rules(namespaces, "c:"), "'c'");
    EXPECT_EQ(name_of_rules(namespaces, "chat"), "''") << "a channel, not a namespace";
    EXPECT_EQ(name_of_rules(namespaces, "lobby"), "''");
}

TEST(Namespaces, ThatNobodyWroteDownAreUnknown) {
    const Namespaces namespaces{some_rules()};
    for (const char* const channel :
         {"cha:lobby", "chats:lobby", "CHAT:lobby", ":lobby", "zoo:", ":"})
        EXPECT_EQ(name_of_rules(namespaces, channel), "unknown") << channel;
}

TEST(Namespaces, AreNotLookedForWhereThereAreNone) {
    const Namespaces namespaces{ChannelRules{}};
    EXPECT_EQ(name_of_rules(namespaces, "chat:lobby"), "''");
    EXPECT_EQ(name_of_rules(namespaces, ":"), "''");
    EXPECT_TRUE(namespaces.of("chat:lobby")->subscribe.anonymous);
    EXPECT_TRUE(namespaces.of("chat:lobby")->publish.clients);
}

}  // namespace
}  // namespace grapevine::mesh
