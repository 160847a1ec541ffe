// The file of --config: what it may say, and what is said of every mistake in it.
#include "cli/rules_file.hpp"
#include "cli/usage_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace grapevine::cli {
namespace {

using mesh::ChannelRules;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(const std::string& text) {
    try {
        (void)parse_rules(text, "f.toml");
    } catch (const UsageError& error) {
        return error.what();
    }
    return "taken";
}

TEST(RulesFile, AllowsWhatItSaysAndNothingElse) {
    const ChannelRules rules = parse_rules(
        R"([channel.without_namespace]
allow_subscribe_for_anonymous = true

[[channel.namespaces]]
name = "chat"
allow_subscribe_for_client = true
allow_publish_for_subscriber = true

[[channel.namespaces]]
name = "files"
payload = "any"

[[channel.namespaces]]
name = "room"
presence = true
allow_presence_for_subscriber = true
allow_presence_for_anonymous = true
join_leave = true
force_push_join_leave = true

[channel.users]
allow_publish_for_client = true
)",
        "f.toml");
    const ChannelRules expected{
        .has_no_namespaces = false,
        .without_namespace = {.name = {}, .subscribe = {.anonymous = true}},
        .namespaces =
            {{.name = "chat", .subscribe = {.clients = true}, .publish = {.subscribers = true}},
             {.name = "files", .takes_binary = true},
             {.name = "room",
              .has_presence = true,
              .presence = {.anonymous = true, .subscribers = true},
              .tells_comings = true,
              .tells_all = true}},
        .publish_to_users = {.clients = true},
        .publish_to_all = {}};
    EXPECT_EQ(rules, expected);
}

TEST(RulesFile, OfNothingAllowsNothing) {
    const ChannelRules rules = parse_rules("", "f.toml");
    EXPECT_FALSE(rules.has_no_namespaces);
    EXPECT_EQ(parse_rules("channel.namespaces = []", "f.toml"), rules);
    EXPECT_EQ(rules.without_namespace, mesh::NamespaceRules{});
    EXPECT_EQ(rules.publish_to_users, mesh::Right{});
}

TEST(RulesFile, IsWrittenAsItIsRead) {
    ChannelRules rules;
    rules.has_no_namespaces = false;
    rules.namespaces = {
        {.name = "a", .publish = {.subscribers = true}, .takes_binary = true},
        {.name = "b.c-d_e",
         .has_presence = true,
         .presence = {.clients = true},
         .tells_comings = true,
         .tells_all = true}};
    rules.publish_to_all = {.clients = true, .anonymous = true};
    EXPECT_EQ(parse_rules(toml_of(rules), "f.toml"), rules);
}

TEST(RulesFile, MistakesAreNamedWithTheirPlace) {
    EXPECT_THAT(refusal("[channel"), StartsWith("f.toml:1:9: this is not TOML: "));
    EXPECT_THAT(
        refusal("\n[chanel]\n"),
        AllOf(
            StartsWith("f.toml:2:2: there is no 'chanel' at the top"), HasSubstr("only channel")));
    EXPECT_THAT(refusal("channel = 1"), HasSubstr("'channel' is a table"));
    EXPECT_THAT(
        refusal("[channel.namespace]"),
        AllOf(HasSubstr("no 'namespace' in [channel]"), HasSubstr("namespaces")));
    EXPECT_THAT(refusal("[channel.namespaces]"), HasSubstr("[[channel.namespaces]]"));
    EXPECT_THAT(refusal("channel.namespaces = [1]"), HasSubstr("[[channel.namespaces]]"));
    EXPECT_THAT(
        refusal("[channel.without_namespace]\nallow_publish = true"),
        AllOf(StartsWith("f.toml:2:1"), HasSubstr("allow_publish_for_client")));
    EXPECT_THAT(
        refusal("[channel.without_namespace]\nallow_publish_for_client = \"true\""),
        AllOf(StartsWith("f.toml:2:"), HasSubstr("true or false, without quotes")));
    EXPECT_THAT(
        refusal("[channel.without_namespace]\npayload = \"binary\""),
        HasSubstr("payload is \"json\" or \"any\""));
    EXPECT_THAT(
        refusal("[channel.without_namespace]\nforce_push_join_leave = true"),
        HasSubstr("needs join_leave = true"));
    EXPECT_THAT(refusal("[channel.without_namespace]\nname = \"x\""), HasSubstr("no 'name'"));
    EXPECT_THAT(
        refusal("[channel.users]\nallow_subscribe_for_client = true"),
        HasSubstr("only allow_publish_for_client"));
}

TEST(RulesFile, NamespacesHaveNamesOfTheirOwn) {
    const auto named = [](const std::string& name) {
        return "[[channel.namespaces]]\nname = \"" + name + "\"\n";
    };
    EXPECT_EQ(refusal(named(std::string(128, 'a'))), "taken");
    EXPECT_THAT(refusal(named(std::string(129, 'a'))), HasSubstr("1 to 128 letters"));
    for (const char* const name : {"", "#a", "$a", "a:b", "a b", "\u00e4"})
        EXPECT_THAT(refusal(named(name)), HasSubstr("1 to 128 letters")) << name;
    EXPECT_THAT(refusal("[[channel.namespaces]]\nname = 1"), HasSubstr("1 to 128 letters"));
    EXPECT_THAT(refusal("[[channel.namespaces]]\n"), HasSubstr("needs a name"));
    EXPECT_THAT(refusal(named("a") + named("b") + named("a")), HasSubstr("two namespaces 'a'"));
    std::string many;
    for (std::size_t made = 0; made < mesh::namespaces_max; ++made)
        many += named("n" + std::to_string(made));
    EXPECT_EQ(refusal(many), "taken");
    EXPECT_THAT(refusal(many + named("one")), HasSubstr("more than 1000 namespaces"));
}

TEST(RulesFile, ThatIsNoneIsRefused) {
    EXPECT_THROW((void)read_rules("/nowhere"), UsageError);
    EXPECT_THROW((void)read_rules("/"), UsageError);
    EXPECT_THROW((void)read_rules("/dev/zero"), UsageError);
}

}  // namespace
}  // namespace grapevine::cli
