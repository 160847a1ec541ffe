// Who may subscribe and publish, by the rules of a channel's namespace.
#include "tests/support/both_encodings.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace grapevine::tests {
namespace {

using mesh::NamespaceRules;
using mesh::Right;
using proto::PayloadKind;
using proto::Target;

/// One namespace for each kind of right, as `sub` and `pub` name it.
mesh::SessionsConfig strict() {
    mesh::SessionsConfig config;
    config.rules = {
        .has_no_namespaces = false,
        .without_namespace = {},
        .namespaces =
            {{.name = "clients", .subscribe = {.clients = true}, .publish = {.clients = true}},
             {.name = "anybody", .subscribe = Right::everybody(), .publish = Right::everybody()},
             {.name = "anonymous",
              .subscribe = {.anonymous = true},
              .publish = {.anonymous = true}},
             {.name = "room", .subscribe = Right::everybody(), .publish = {.subscribers = true}},
             {.name = "files",
              .subscribe = Right::everybody(),
              .publish = Right::everybody(),
              .takes_binary = true}},
        .publish_to_users = {.clients = true},
        .publish_to_all = {.clients = true}};
    return config;
}

class ChannelRights : public InBothEncodings {
protected:
    std::uint32_t error_of(SessionId id, const Command& command) {
        room.output.clear();
        room.says(id, {command});
        const std::uint32_t error = room.error_to(id);
        EXPECT_TRUE(error == 0 || (room.output.publishes.empty() && room.output.changes.empty()));
        room.drain(id);
        return error;
    }

    Room room{strict()};
    SessionId ann = room.join(0, "ann", GetParam());
    SessionId nobody = room.join(1, {}, GetParam());
};
INSTANTIATE_TEST_SUITE_P(Encodings, ChannelRights, both_encodings(), encoding_name);

constexpr std::uint32_t fine = 0;
constexpr std::uint32_t unknown = code_of(ErrorCode::unknown_channel);
constexpr std::uint32_t denied = code_of(ErrorCode::permission_denied);

TEST_P(ChannelRights, AnUnknownNamespaceIsAnUnknownChannel) {
    EXPECT_EQ(error_of(ann, a_subscribe("zoo:lions")), unknown);
    EXPECT_EQ(error_of(ann, a_publish("zoo:lions", "1")), unknown);
    EXPECT_EQ(error_of(ann, an_unsubscribe("zoo:lions")), fine) << "nobody is in it";
}

TEST_P(ChannelRights, WhoHasNoRightIsDenied) {
    EXPECT_EQ(error_of(ann, a_subscribe("lobby")), denied);
    EXPECT_EQ(error_of(nobody, a_subscribe("lobby")), denied);
    EXPECT_EQ(error_of(ann, a_publish("lobby", "1")), denied);
    EXPECT_EQ(error_of(nobody, a_publish("lobby", "1")), denied);
}

TEST_P(ChannelRights, RightsOfClientsAreNotThoseOfTheAnonymous) {
    for (const auto& [channel, for_ann, for_nobody] :
         {std::tuple{"clients:a", fine, denied},
          {"anybody:a", fine, fine},
          {"anonymous:a", denied, fine}}) {
        EXPECT_EQ(error_of(ann, a_subscribe(channel)), for_ann) << channel;
        EXPECT_EQ(error_of(ann, a_publish(channel, "1")), for_ann) << channel;
        EXPECT_EQ(error_of(nobody, a_subscribe(channel)), for_nobody) << channel;
        EXPECT_EQ(error_of(nobody, a_publish(channel, "1")), for_nobody) << channel;
    }
}

TEST_P(ChannelRights, SubscribersMayPublishForAsLongAsTheyAre) {
    EXPECT_EQ(error_of(nobody, a_publish("room:a", "1")), denied);
    EXPECT_EQ(error_of(nobody, a_subscribe("room:a")), fine);
    EXPECT_EQ(error_of(nobody, a_publish("room:a", "1")), fine);
    EXPECT_EQ(error_of(nobody, a_publish("room:b", "1")), denied) << "another one's channel";
    EXPECT_EQ(error_of(ann, a_publish("room:a", "1")), denied);
    EXPECT_EQ(error_of(nobody, an_unsubscribe("room:a")), fine);
    EXPECT_EQ(error_of(nobody, a_publish("room:a", "1")), denied);
}

TEST_P(ChannelRights, UsersAndEverybodyAreReachedByWhoMay) {
    EXPECT_EQ(error_of(nobody, a_publish("#bob", "1")), denied);
    EXPECT_EQ(error_of(nobody, a_publish("$system", "1")), denied);
    EXPECT_EQ(error_of(ann, a_publish("$systems", "1")), denied);
    EXPECT_EQ(error_of(ann, a_publish("#bob", "1")), fine);
    ASSERT_EQ(room.output.publishes.size(), 1U);
    EXPECT_EQ(room.output.publishes[0].target, Target::user);
    EXPECT_EQ(error_of(ann, a_publish("$system", "1")), fine);
    ASSERT_EQ(room.output.publishes.size(), 1U);
    EXPECT_EQ(room.output.publishes[0].target, Target::everybody);
    EXPECT_EQ(room.output.publishes[0].name(), "$system");
}

TEST(ChannelRightsOfBinary, AreForNamespacesThatTakeIt) {
    Room room{strict()};
    const SessionId ann = room.join(0, "ann", Encoding::protobuf);
    const std::string_view binary{"\x00\xff", 2};
    room.says(ann, {a_publish("anybody:a", binary)});
    EXPECT_EQ(room.error_to(ann), code_of(ErrorCode::bad_request));
    room.output.clear();
    room.says(ann, {a_publish("#bob", binary)});
    EXPECT_EQ(room.error_to(ann), code_of(ErrorCode::bad_request));
    room.output.clear();
    room.says(ann, {a_publish("files:a", binary)});
    EXPECT_EQ(room.error_to(ann), fine);
    ASSERT_EQ(room.output.publishes.size(), 1U);
    EXPECT_EQ(room.output.publishes[0].payload_kind, PayloadKind::binary);
    room.output.clear();
    room.says(ann, {a_publish("files:a", "{}")});
    ASSERT_EQ(room.output.publishes.size(), 1U);
    EXPECT_EQ(room.output.publishes[0].payload_kind, PayloadKind::json);
}

}  // namespace
}  // namespace grapevine::tests
