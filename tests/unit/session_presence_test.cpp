// Who may ask who is there, what a loop answers, and who hears who comes and goes.
#include "mesh/session_presence.hpp"
#include "proto/limits.hpp"
#include "tests/support/both_encodings.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace grapevine::tests {
namespace {

using mesh::Inquired;
using mesh::Inquiry;
using mesh::LoopFound;
using mesh::LoopQuery;
using mesh::QueryKind;
using mesh::Right;
using proto::Target;
using Kind = proto::Reply::Kind;

mesh::SessionsConfig ruled() {
    mesh::SessionsConfig config;
    config.rules = {
        .has_no_namespaces = false,
        .without_namespace = {.name = {}, .subscribe = Right::everybody()},
        .namespaces = {
            {.name = "members",
             .subscribe = Right::everybody(),
             .has_presence = true,
             .presence = {.subscribers = true}},
            {.name = "users",
             .subscribe = Right::everybody(),
             .has_presence = true,
             .presence = {.clients = true},
             .tells_comings = true},
            {.name = "told",
             .subscribe = Right::everybody(),
             .tells_comings = true,
             .tells_all = true}}};
    return config;
}

class SessionPresence : public InBothEncodings {
protected:
    std::uint32_t error_of(SessionId id, const Command& command) {
        room.output.clear();
        room.says(id, {command});
        const std::vector<ReadReply> replies = room.replies_to(id);
        const std::uint32_t error = replies.empty() ? 0 : replies.front().code;
        room.drain(id);
        return error;
    }
    static Command presence(std::string_view channel) {
        return a_command(CommandKind::presence, channel, 6);
    }
    /// As its own node's Mesh does: what it said of comings, to its watchers.
    void tell_comings() {
        const std::vector<mesh::Publish> publishes = std::exchange(room.output.publishes, {});
        for (const mesh::Publish& publish : publishes) {
            ASSERT_EQ(publish.target, Target::watchers);
            EXPECT_EQ(publish.key, room.key_of(publish.name()));
            room.deliver(Target::watchers, publish.name(), publish.body());
        }
    }
    /// Who came or went, as one session heard it.
    std::string heard_by(SessionId id) {
        std::string heard;
        for (const ReadReply& reply : room.replies_to(id))
            if (reply.kind == Kind::coming)
                heard += reply.way + " " + reply.user + " " + reply.channel + "; ";
        room.drain(id);
        return heard;
    }

    Room room{ruled()};
    SessionId ann = room.join(0, "ann", GetParam());
    SessionId nobody = room.join(1, {}, GetParam());
};
INSTANTIATE_TEST_SUITE_P(Encodings, SessionPresence, both_encodings(), encoding_name);

TEST_P(SessionPresence, IsForThoseWhoMayAsk) {
    EXPECT_EQ(error_of(ann, presence("lobby")), code_of(ErrorCode::not_available));
    EXPECT_EQ(error_of(ann, presence("zoo:a")), code_of(ErrorCode::unknown_channel));
    EXPECT_EQ(error_of(ann, presence("#ann")), code_of(ErrorCode::not_available));
    EXPECT_EQ(error_of(ann, presence("$system")), code_of(ErrorCode::not_available));
    EXPECT_EQ(error_of(ann, presence("")), code_of(ErrorCode::bad_request));
    EXPECT_EQ(error_of(ann, presence("members:a")), code_of(ErrorCode::permission_denied));
    EXPECT_EQ(error_of(nobody, presence("users:a")), code_of(ErrorCode::permission_denied));
    EXPECT_TRUE(room.output.presence.empty());
    EXPECT_EQ(error_of(ann, presence("users:a")), 0U);
    ASSERT_EQ(room.output.presence.size(), 1U);
    EXPECT_EQ(error_of(nobody, a_subscribe("members:a")), 0U);
    EXPECT_EQ(error_of(nobody, a_command(CommandKind::presence_stats, "members:a", 6)), 0U);
    ASSERT_EQ(room.output.presence.size(), 1U);
    const Inquiry& inquiry = std::get<Inquiry>(room.output.presence.front());
    EXPECT_EQ(inquiry.kind, QueryKind::presence_stats);
    EXPECT_EQ(inquiry.channel, "members:a");
    EXPECT_EQ(inquiry.asker.session, nobody);
    EXPECT_EQ(inquiry.asker.command_id, 6U);
}

TEST_P(SessionPresence, OfALoopIsItsSubscribers) {
    room.says(ann, {a_subscribe("members:a")});
    room.says(nobody, {a_subscribe("members:a")});
    room.output.clear();
    const std::uint64_t key = room.key_of("members:a");
    room.happens(
        LoopQuery{.number = 9, .kind = QueryKind::presence, .key = key, .channel = "members:a"});
    room.happens(LoopQuery{
        .number = 10, .kind = QueryKind::presence_stats, .key = key, .channel = "members:a"});
    room.happens(
        LoopQuery{.number = 11, .kind = QueryKind::presence, .key = key, .channel = "members:b"});
    ASSERT_EQ(room.output.presence.size(), 3U);
    const auto& clients = std::get<LoopFound>(room.output.presence[0]);
    EXPECT_EQ(clients.number, 9U);
    std::vector<std::string> users;
    EXPECT_TRUE(proto::for_each_present_client(clients.clients, [&](const proto::ClientInfo& info) {
        users.emplace_back(info.user);
        EXPECT_EQ(info.client.size(), 36U);
    }));
    EXPECT_EQ(users, (std::vector<std::string>{"ann", ""}));
    const auto& stats = std::get<LoopFound>(room.output.presence[1]);
    EXPECT_EQ(stats.count, 2U);
    EXPECT_EQ(stats.users.size(), 2U);
    const auto& none = std::get<LoopFound>(room.output.presence[2]);
    EXPECT_TRUE(none.clients.empty()) << "another channel of the same hash";
    EXPECT_FALSE(none.is_cut);
}

TEST_P(SessionPresence, OfMoreThanATurnMayTakeIsCut) {
    const std::string user(proto::limits::user_name_bytes, 'u');
    std::uint32_t slot = 2;
    const auto crowd = [&](std::size_t bytes) {
        for (std::size_t told = 0; told < bytes; told += user.size() + 80)
            room.says(room.join(slot++, user, GetParam()), {a_subscribe("members:a")});
    };
    crowd(proto::limits::presence_bytes + 1000);
    room.output.clear();
    const LoopQuery query{
        .number = 9,
        .kind = QueryKind::presence,
        .key = room.key_of("members:a"),
        .channel = "members:a"};
    std::size_t bytes = 0;
    std::size_t asked = 0;
    for (bool found = true; found && asked < 100; ++asked) {
        room.sessions.handle(query, room.now, room.output);
        const auto& last = std::get<LoopFound>(room.output.presence.back());
        EXPECT_TRUE(last.is_cut);
        EXPECT_LE(last.clients.size(), proto::limits::presence_bytes);
        bytes += last.clients.size();
        found = !last.clients.empty();
    }
    EXPECT_GE(bytes, mesh::found_bytes_in_turn_max);
    EXPECT_LE(bytes, mesh::found_bytes_in_turn_max + proto::limits::presence_bytes);
}

TEST_P(SessionPresence, IsToldToWhoAsked) {
    std::string clients;
    proto::append_present_client(clients, {.user = "bob", .client = "c-1"});
    const mesh::Asker asker{.session = ann, .command_id = 6};
    room.happens(Inquired{
        .asker = asker, .kind = QueryKind::presence, .clients = clients, .is_incomplete = true});
    room.happens(Inquired{
        .asker = asker,
        .kind = QueryKind::presence_stats,
        .clients = {},
        .stats = {.clients = 3, .users = 2}});
    const std::vector<ReadReply> replies = room.replies_to(ann);
    ASSERT_EQ(replies.size(), 2U);
    EXPECT_EQ(replies[0].kind, Kind::presence);
    EXPECT_EQ(replies[0].id, 6U);
    EXPECT_EQ(replies[0].present, std::vector<std::string>{"bob"});
    EXPECT_TRUE(replies[0].incomplete);
    EXPECT_EQ(replies[1].kind, Kind::presence_stats);
    EXPECT_EQ(replies[1].stats, (proto::PresenceStats{.clients = 3, .users = 2}));
    EXPECT_FALSE(replies[1].incomplete);
    room.output.clear();
    room.leaves(ann);
    room.happens(Inquired{.asker = asker, .kind = QueryKind::presence, .clients = clients});
    EXPECT_TRUE(room.output.sends.empty()) << "who asked has gone";
}

// Two such answers do not fit its queue: it has only not read the first yet.
TEST_P(SessionPresence, OfWhichThereIsNoRoomForTheAnswerIsRefusedForNow) {
    std::string clients;
    const std::string name(200, 'n');
    while (clients.size() < proto::limits::presence_bytes)
        proto::append_present_client(clients, {.user = name, .client = "c-1"});
    const Inquired answer{
        .asker = {.session = ann, .command_id = 6},
        .kind = QueryKind::presence,
        .clients = clients};
    room.happens(answer);
    room.happens(answer);
    const std::vector<ReadReply> replies = room.replies_to(ann);
    ASSERT_EQ(replies.size(), 2U);
    EXPECT_EQ(replies[0].kind, Kind::presence);
    EXPECT_EQ(replies[1].code, code_of(ErrorCode::too_many_requests));
    EXPECT_EQ(room.close_code_of(ann), 0U);
}

TEST_P(SessionPresence, ComingsAreHeardByWhoAskedForThem) {
    const SessionId bob = room.join(2, "bob", GetParam());
    const SessionId eve = room.join(3, "eve", GetParam());
    room.says(ann, {a_watch("users:a")});
    tell_comings();
    EXPECT_EQ(heard_by(ann), "join ann users:a; ") << "its own too, as SDKs know it";
    room.output.clear();
    room.says(eve, {a_subscribe("users:a")});
    room.says(bob, {a_watch("users:a")});
    tell_comings();
    EXPECT_EQ(heard_by(ann), "join eve users:a; join bob users:a; ");
    EXPECT_EQ(heard_by(eve), "") << "it did not ask";
    room.output.clear();
    room.says(bob, {an_unsubscribe("users:a")});
    tell_comings();
    EXPECT_EQ(heard_by(ann), "leave bob users:a; ");
    EXPECT_EQ(heard_by(bob), "") << "it is not there any more";
    room.output.clear();
    room.leaves(eve);
    tell_comings();
    EXPECT_EQ(heard_by(ann), "leave eve users:a; ");
}

TEST_P(SessionPresence, ComingsAreNotToldWhereNobodyMayHearThem) {
    room.says(ann, {a_watch("members:a")});
    EXPECT_TRUE(room.output.publishes.empty()) << "its namespace tells none";
    room.says(nobody, {a_watch("users:a")});
    tell_comings();
    EXPECT_EQ(heard_by(nobody), "") << "it may not ask who is there either";
}

TEST_P(SessionPresence, ComingsAreToldToAllIfTheNamespaceSaysSo) {
    room.says(nobody, {a_subscribe("told:a")});
    room.says(ann, {a_subscribe("told:a"), an_unsubscribe("told:a"), an_unsubscribe("told:a", 8)});
    tell_comings();
    EXPECT_EQ(heard_by(nobody), "join  told:a; join ann told:a; leave ann told:a; ");
}

TEST_P(SessionPresence, OfWhoIsClosedEndsEverywhere) {
    room.says(nobody, {a_subscribe("told:a"), a_subscribe("users:a", 3), a_subscribe("lobby", 4)});
    room.output.clear();
    room.happens(mesh::ShutdownBegun{});
    std::vector<std::string> left;
    for (const mesh::Publish& publish : room.output.publishes) {
        const auto coming = proto::read_coming(publish.body());
        ASSERT_TRUE(coming);
        EXPECT_EQ(coming->way, proto::Coming::Way::leave);
        left.emplace_back(publish.name());
    }
    EXPECT_EQ(left, (std::vector<std::string>{"users:a", "told:a"}));
}

}  // namespace
}  // namespace grapevine::tests
