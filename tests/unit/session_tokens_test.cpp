// Who may come, stay and subscribe by a token, with the authenticator that a node has.
#include "mesh/token_authenticator.hpp"
#include "proto/tokens/signing_key.hpp"
#include "tests/support/both_encodings.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::tests {
namespace {

using namespace std::chrono_literals;
using proto::TableKind;
using proto::Target;
using Kind = proto::Reply::Kind;
using Subs = std::map<std::string, std::string>;

constexpr std::string_view rooms_secret = "a secret that only the back end knows";
constexpr std::int64_t noon_s = 1'700'000'000;

/// A token that ends so many seconds after noon, and says more.
std::string a_token(const std::string& more, std::int64_t ends_s = 0) {
    static const proto::SigningKey maker = *proto::read_signing_secret(rooms_secret).key;
    const std::string end = ends_s == 0 ? "" : R"(,"exp":)" + std::to_string(noon_s + ends_s);
    return sign_token(maker, "{" + more + end + "}");
}
std::string of_alice(std::int64_t ends_s = 0) {
    return a_token(R"("sub":"alice")", ends_s);
}

/// At noon, in a node that asks for tokens.
struct Guarded {
    explicit Guarded(mesh::SessionsConfig config = {}) : room(std::move(config), &authenticator) {
        room.now.wall = mesh::WallTime{std::chrono::seconds{noon_s}};
    }

    void shows(SessionId id, Command command, const std::string& token) {
        command.token = token;
        room.says(id, {command});
    }
    /// Opened, and connected with this token; what that said is forgotten.
    SessionId join(std::uint32_t slot, const std::string& token, Encoding encoding) {
        const SessionId id = room.open(slot, encoding);
        shows(id, a_connect(), token);
        forget(id);
        return id;
    }
    void forget(SessionId id) {
        room.drain(id);
        room.output.clear();
    }
    /// Answers pings until so much has passed.
    void live(SessionId id, mesh::Duration time) {
        for (const mesh::Instant end = room.now.steady + time; room.now.steady < end;) {
            room.pass(std::min<mesh::Duration>(1s, end - room.now.steady));
            for (const ReadReply& reply : room.replies_to(id)) {
                if (reply.kind == Kind::ping) room.says(id, {a_pong()});
                if (reply.kind != Kind::ping) seen.push_back(reply);
            }
            for (const mesh::CloseSession& close : room.output.closes)
                closed[close.session] = static_cast<std::uint32_t>(close.code);
            forget(id);
        }
    }

    mesh::TokenAuthenticator authenticator{
        {}, std::make_shared<const proto::TokenKeys>(proto::read_token_secret(rooms_secret).keys)};
    Room room;
    std::vector<ReadReply> seen;  ///< what came while it lived, but for pings
    std::map<SessionId, std::uint32_t> closed;
};

class SessionTokensInBothEncodings : public InBothEncodings {};
INSTANTIATE_TEST_SUITE_P(Encodings, SessionTokensInBothEncodings, both_encodings(), encoding_name);

// ---- connect

TEST_P(SessionTokensInBothEncodings, TheTokenSaysWhoConnectsAndTheClientDoesNot) {
    Guarded guarded;
    const SessionId alice = guarded.room.open(0, GetParam());
    guarded.shows(alice, a_connect(R"({"user":"root"})"), of_alice());
    const ReadReply reply = guarded.room.replies_to(alice).at(0);
    EXPECT_EQ(reply.kind, Kind::connect);
    EXPECT_EQ(reply.subs, (Subs{{"#alice", ""}, {"$system", ""}}));
    EXPECT_EQ(reply.ttl_s, 0U) << "it counts for ever";
    EXPECT_EQ(guarded.room.changed(TableKind::users, "alice"), 1);
    EXPECT_EQ(guarded.room.changed(TableKind::users, "root"), 0);
}

TEST_P(SessionTokensInBothEncodings, ABadTokenOrNoneClosesForGood) {
    for (const std::string& token :
         {std::string{}, std::string{"hello"}, of_alice() + "x", a_token(R"("channel":"lobby")")}) {
        Guarded guarded;
        const SessionId somebody = guarded.room.open(0, GetParam());
        guarded.shows(somebody, a_connect(R"({"user":"alice"})"), token);
        EXPECT_EQ(guarded.room.close_code_of(somebody), code_of(CloseCode::invalid_token));
        EXPECT_TRUE(guarded.room.output.sends.empty()) << "and says nothing else";
        EXPECT_TRUE(guarded.room.output.changes.empty());
        EXPECT_EQ(guarded.room.sessions.counters().closed_invalid_token, 1U);
    }
}

TEST_P(SessionTokensInBothEncodings, WhoIsNobodyInParticularComesWithoutATokenWhereThatIsAllowed) {
    Guarded guarded{{.allow_anonymous = true}};
    const SessionId nobody = guarded.room.open(0, GetParam());
    guarded.room.says(nobody, {a_connect(R"({"user":"root"})")});
    EXPECT_EQ(guarded.room.replies_to(nobody).at(0).subs, (Subs{{"$system", ""}}));
    EXPECT_TRUE(guarded.room.output.changes.empty());
    const SessionId forger = guarded.room.open(1, GetParam());
    guarded.shows(forger, a_connect(), "x");
    EXPECT_EQ(guarded.room.close_code_of(forger), code_of(CloseCode::invalid_token));
}

TEST_P(SessionTokensInBothEncodings, AnExpiredTokenIsAnErrorAndTheNextOneIsTaken) {
    Guarded guarded;
    const SessionId alice = guarded.room.open(0, GetParam());
    guarded.shows(alice, a_connect(), of_alice(-1));
    EXPECT_EQ(guarded.room.error_to(alice), code_of(ErrorCode::token_expired));
    guarded.forget(alice);
    guarded.shows(alice, a_connect(), of_alice(60));
    EXPECT_EQ(guarded.room.replies_to(alice).at(0).ttl_s, 60U);
    Guarded waiting;
    const SessionId idle = waiting.room.open(0, GetParam());
    waiting.shows(idle, a_connect(), of_alice(-1));
    waiting.room.pass(10s);
    EXPECT_EQ(waiting.room.close_code_of(idle), code_of(CloseCode::stale));
}

// ---- until when

TEST_P(SessionTokensInBothEncodings, WhoDoesNotRefreshIsClosedAfterTheGrace) {
    Guarded guarded;
    const SessionId alice = guarded.join(0, of_alice(60), GetParam());
    guarded.live(alice, 85s - 1us);
    EXPECT_TRUE(guarded.closed.empty());
    guarded.room.pass(1us);
    EXPECT_EQ(guarded.room.close_code_of(alice), code_of(CloseCode::expired));
    EXPECT_EQ(guarded.room.sessions.counters().closed_expired, 1U);
    EXPECT_EQ(guarded.room.changed(TableKind::users, "alice"), -1);
    EXPECT_EQ(guarded.room.sessions.next_deadline(), mesh::never);
}

TEST_P(SessionTokensInBothEncodings, WhoRefreshesStaysAndIsPingedAsEver) {
    Guarded guarded;
    const SessionId alice = guarded.join(0, of_alice(60), GetParam());
    for (std::int64_t minute = 1; minute <= 5; ++minute) {
        guarded.live(alice, 1min);
        guarded.shows(alice, a_command(CommandKind::refresh, {}), of_alice(60 * minute + 60));
        const ReadReply reply = guarded.room.replies_to(alice).at(0);
        EXPECT_EQ(reply.kind, Kind::refresh);
        EXPECT_EQ(reply.ttl_s, 60U);
        guarded.forget(alice);
    }
    guarded.shows(alice, a_command(CommandKind::refresh, {}), of_alice());
    EXPECT_EQ(guarded.room.replies_to(alice).at(0).ttl_s, 0U);
    guarded.forget(alice);
    guarded.live(alice, 10min);
    EXPECT_TRUE(guarded.closed.empty());
    guarded.room.pass(25s);
    guarded.room.pass(10s);
    EXPECT_EQ(guarded.room.close_code_of(alice), code_of(CloseCode::no_pong));
}

TEST_P(SessionTokensInBothEncodings, ATokenThatIsNotItsOwnDoesNotRefreshASession) {
    const std::vector<std::pair<std::string, CloseCode>> expected{
        {a_token(R"("sub":"bob")", 60), CloseCode::invalid_token},
        {"", CloseCode::invalid_token},
        {of_alice(60) + "x", CloseCode::invalid_token},
        // Not an error: SDKs would give up for good. Closed so, they come back with another.
        {of_alice(-1), CloseCode::expired}};
    for (const auto& [token, code] : expected) {
        Guarded guarded;
        const SessionId alice = guarded.join(0, of_alice(60), GetParam());
        guarded.shows(alice, a_command(CommandKind::refresh, {}), token);
        EXPECT_EQ(guarded.room.close_code_of(alice), code_of(code)) << token;
    }
    Room open;
    const SessionId ann = open.join(0, "ann", GetParam());
    open.says(ann, {a_command(CommandKind::refresh, {})});
    EXPECT_EQ(open.error_to(ann), code_of(ErrorCode::not_available)) << "nobody was asked for one";
}

// ---- what others see

TEST_P(SessionTokensInBothEncodings, WhatATokenSaysOfAUserIsInWhatHePublishes) {
    Guarded guarded;
    const SessionId alice =
        guarded.join(0, a_token(R"("sub":"alice","info":{"name":"Alice"})"), GetParam());
    guarded.room.says(alice, {a_publish("lobby"), a_publish("#bob")});
    guarded.room.says(alice, {an_rpc("send", R"({"to":"bob","data":1})")});
    ASSERT_EQ(guarded.room.output.publishes.size(), 2U);
    for (const mesh::Publish& publish : guarded.room.output.publishes) {
        const proto::ClientInfo info = proto::read_publication(publish.body())->info;
        EXPECT_EQ(info.user, "alice");
        EXPECT_EQ(info.conn_info, R"({"name":"Alice"})");
        EXPECT_EQ(info.chan_info, "");
    }
    EXPECT_EQ(guarded.room.output.sends_to_users.at(0).info, R"({"name":"Alice"})");
    guarded.forget(alice);
    guarded.shows(
        alice, a_command(CommandKind::refresh, {}), a_token(R"("sub":"alice","info":[2])"));
    guarded.room.says(alice, {a_publish("lobby")});
    EXPECT_EQ(
        proto::read_publication(guarded.room.output.publishes.at(0).body())->info.conn_info, "[2]");
}

TEST_P(SessionTokensInBothEncodings, WhatItSaysOfOneChannelIsOnlyThere) {
    Guarded guarded;
    const SessionId alice = guarded.join(
        0, a_token(R"("sub":"alice","subs":{"news":{"info":{"role":"editor"}}})"), GetParam());
    guarded.shows(
        alice, a_subscribe("den"), a_token(R"("sub":"alice","channel":"den","info":[7])"));
    guarded.room.says(alice, {a_publish("news"), a_publish("den"), a_publish("lobby")});
    const auto chan_info = [&](std::size_t at) {
        const mesh::Publish& publish = guarded.room.output.publishes.at(at);
        return std::string{proto::read_publication(publish.body())->info.chan_info};
    };
    EXPECT_EQ(chan_info(0), R"({"role":"editor"})");
    EXPECT_EQ(chan_info(1), "[7]");
    EXPECT_EQ(chan_info(2), "");
    guarded.room.says(alice, {an_unsubscribe("den"), a_subscribe("den"), a_publish("den")});
    EXPECT_EQ(chan_info(3), "") << "that was another subscription";
}

// ---- channels of the connect

TEST_P(SessionTokensInBothEncodings, TheNodeSubscribesToTheChannelsOfTheToken) {
    Guarded guarded{{.rules = {.without_namespace = {}}}};
    const SessionId alice = guarded.room.open(0, GetParam());
    guarded.shows(
        alice,
        a_connect(),
        a_token(R"("sub":"alice","channels":["den","#alice","$system"],)"
                R"("subs":{"news":{"data":{"a":1}}})"));
    EXPECT_EQ(
        guarded.room.replies_to(alice).at(0).subs,
        (Subs{{"#alice", ""}, {"$system", ""}, {"den", ""}, {"news", R"({"a":1})"}}));
    EXPECT_EQ(guarded.room.changed(TableKind::channels, "den"), 1);
    guarded.forget(alice);
    guarded.room.deliver(Target::channel, "news", a_body());
    EXPECT_EQ(guarded.room.replies_to(alice).at(0).channel, "news");
    guarded.forget(alice);
    guarded.room.says(alice, {a_subscribe("den")});
    EXPECT_EQ(guarded.room.error_to(alice), code_of(ErrorCode::permission_denied))
        << "it is the token that let her in";
    guarded.forget(alice);
    guarded.room.says(alice, {an_unsubscribe("den")});
    EXPECT_EQ(guarded.room.replies_to(alice).at(0).kind, Kind::unsubscribe);
    EXPECT_EQ(guarded.room.changed(TableKind::channels, "den"), -1);
}

TEST_P(SessionTokensInBothEncodings, ChannelsThatAreNotToBeHadAreAnErrorOfTheConnect) {
    const std::vector<std::pair<std::string, ErrorCode>> expected{
        {R"(["#bob"])", ErrorCode::permission_denied},
        {R"(["$other"])", ErrorCode::permission_denied},
        {R"(["zoo:lions"])", ErrorCode::unknown_channel},
        {R"(["a","b","c"])", ErrorCode::limit_exceeded}};
    for (const auto& [channels, code] : expected) {
        Guarded guarded{{.channels_max = 2, .rules = {.has_no_namespaces = false}}};
        const SessionId alice = guarded.room.open(0, GetParam());
        guarded.shows(alice, a_connect(), a_token(R"("sub":"alice","channels":)" + channels));
        EXPECT_EQ(guarded.room.error_to(alice), code_of(code)) << channels;
        EXPECT_TRUE(guarded.room.output.changes.empty()) << "she is not here";
    }
}

TEST(SessionTokens, DataThatIsNoJsonIsOnlyForClientsThatTakeBytes) {
    const std::string token = a_token(R"("sub":"alice","subs":{"news":{"b64data":"AAE="}})");
    for (const Encoding encoding : {Encoding::json, Encoding::protobuf}) {
        Guarded guarded;
        const SessionId alice = guarded.room.open(0, encoding);
        guarded.shows(alice, a_connect(), token);
        const std::string expected =
            encoding == Encoding::json ? std::string{} : std::string{"\0\1", 2};
        EXPECT_EQ(guarded.room.replies_to(alice).at(0).subs.at("news"), expected);
    }
}

// ---- subscribe

/// Where nobody may subscribe without a token.
mesh::SessionsConfig closed_doors() {
    return {.rules = {.without_namespace = {}}};
}
std::string to_den(std::int64_t ends_s = 0, const std::string& more = "") {
    return a_token(R"("sub":"alice","channel":"den")" + more, ends_s);
}

TEST_P(SessionTokensInBothEncodings, ATokenLetsInWhereNobodyElseMaySubscribe) {
    Guarded guarded{closed_doors()};
    const SessionId alice = guarded.join(0, of_alice(), GetParam());
    guarded.room.says(alice, {a_subscribe("den")});
    EXPECT_EQ(guarded.room.error_to(alice), code_of(ErrorCode::permission_denied));
    guarded.forget(alice);
    guarded.shows(alice, a_subscribe("den"), to_den(60, R"(,"data":{"a":1})"));
    const ReadReply reply = guarded.room.replies_to(alice).at(0);
    EXPECT_EQ(reply.kind, Kind::subscribe);
    EXPECT_EQ(reply.ttl_s, 60U);
    EXPECT_EQ(reply.data, R"({"a":1})");
    EXPECT_EQ(guarded.room.changed(TableKind::channels, "den"), 1);
    guarded.forget(alice);
    guarded.shows(alice, a_subscribe("den"), to_den());
    EXPECT_EQ(guarded.room.error_to(alice), code_of(ErrorCode::already_subscribed));
    guarded.forget(alice);
    guarded.live(alice, 84s);
    EXPECT_TRUE(guarded.seen.empty()) << "what was refused changed nothing";
    guarded.live(alice, 1s);
    EXPECT_EQ(guarded.seen.size(), 1U);
}

TEST_P(SessionTokensInBothEncodings, ATokenForAnotherSubscriptionIsRefused) {
    const std::vector<std::pair<std::string, ErrorCode>> expected{
        {a_token(R"("sub":"bob","channel":"den")"), ErrorCode::permission_denied},
        {a_token(R"("sub":"alice","channel":"attic")"), ErrorCode::permission_denied},
        {a_token(R"("sub":"alice","channel":"den","client":"c-9")"), ErrorCode::permission_denied},
        {of_alice(), ErrorCode::permission_denied},
        {"hello", ErrorCode::permission_denied},
        {to_den(-1), ErrorCode::token_expired}};
    for (const auto& [token, code] : expected) {
        Guarded guarded;  // also where she would need none: what she shows must be good
        const SessionId alice = guarded.join(0, of_alice(), GetParam());
        guarded.shows(alice, a_subscribe("den"), token);
        EXPECT_EQ(guarded.room.error_to(alice), code_of(code)) << token;
        EXPECT_TRUE(guarded.room.output.changes.empty()) << token;
    }
}

TEST_P(SessionTokensInBothEncodings, ASubscriptionThatIsNotRefreshedEndsAndTheSessionGoesOn) {
    Guarded guarded{closed_doors()};
    const SessionId alice = guarded.join(0, of_alice(), GetParam());
    guarded.shows(alice, a_subscribe("den"), to_den(60));
    guarded.forget(alice);
    guarded.live(alice, 85s - 1us);
    EXPECT_TRUE(guarded.seen.empty());
    guarded.room.pass(1us);
    const std::vector<ReadReply> told = guarded.room.replies_to(alice);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].kind, Kind::unsubscribed);
    EXPECT_EQ(told[0].channel, "den");
    EXPECT_EQ(told[0].code, 2501U);
    EXPECT_EQ(guarded.room.changed(TableKind::channels, "den"), -1);
    EXPECT_EQ(guarded.room.sessions.counters().subscriptions_expired, 1U);
    guarded.forget(alice);
    guarded.live(alice, 5min);
    EXPECT_TRUE(guarded.seen.empty() && guarded.closed.empty());
    guarded.room.deliver(Target::channel, "den", a_body());
    EXPECT_TRUE(guarded.room.replies_to(alice).empty());
}

TEST_P(SessionTokensInBothEncodings, WhoIsPutOutOfAChannelIsNamedAsWhenHeCame) {
    mesh::SessionsConfig config = closed_doors();
    config.rules.without_namespace.tells_comings = true;
    Guarded guarded{config};
    const SessionId alice = guarded.join(0, of_alice(), GetParam());
    guarded.shows(
        alice,
        a_subscribe("den"),
        a_token(R"("sub":"alice","channel":"den","info":{"role":"host"})", 60));
    guarded.forget(alice);
    guarded.live(alice, 85s - 1us);
    guarded.room.pass(1us);
    ASSERT_EQ(guarded.room.output.publishes.size(), 1U);
    const auto left = proto::read_coming(guarded.room.output.publishes.front().body());
    ASSERT_TRUE(left.has_value());
    EXPECT_EQ(left->way, proto::Coming::Way::leave);
    EXPECT_EQ(left->info.chan_info, R"({"role":"host"})");
}

TEST_P(SessionTokensInBothEncodings, ASubscriptionThatIsRefreshedGoesOn) {
    Guarded guarded{closed_doors()};
    const SessionId alice = guarded.join(0, of_alice(), GetParam());
    guarded.shows(alice, a_subscribe("den"), to_den(60, R"(,"info":[1])"));
    guarded.forget(alice);
    guarded.live(alice, 1min);
    guarded.shows(alice, a_command(CommandKind::sub_refresh, "den"), to_den(120, R"(,"info":[2])"));
    const ReadReply reply = guarded.room.replies_to(alice).at(0);
    EXPECT_EQ(reply.kind, Kind::sub_refresh);
    EXPECT_EQ(reply.ttl_s, 60U);
    guarded.forget(alice);
    guarded.live(alice, 84s);
    EXPECT_TRUE(guarded.seen.empty());
    guarded.live(alice, 1s);
    EXPECT_EQ(guarded.seen.size(), 1U) << "25 seconds after the end of the second";
}

TEST_P(SessionTokensInBothEncodings, WhatIsRefreshedMustBeASubscriptionByToken) {
    Guarded guarded;
    const SessionId alice =
        guarded.join(0, a_token(R"("sub":"alice","subs":{"news":{"info":1}})"), GetParam());
    guarded.room.says(alice, {a_subscribe("lobby")});
    guarded.shows(alice, a_subscribe("den"), to_den(60));
    guarded.forget(alice);
    const auto refused = [&](std::string_view channel, const std::string& token) {
        guarded.shows(alice, a_command(CommandKind::sub_refresh, channel), token);
        const std::uint32_t code = guarded.room.error_to(alice);
        guarded.forget(alice);
        return code;
    };
    for (const char* const channel : {"lobby", "news", "attic", ""})
        EXPECT_EQ(refused(channel, to_den()), code_of(ErrorCode::permission_denied)) << channel;
    EXPECT_EQ(refused("den", ""), code_of(ErrorCode::bad_request));
    EXPECT_EQ(refused("den", of_alice()), code_of(ErrorCode::permission_denied));
    guarded.live(alice, 84s);
    EXPECT_TRUE(guarded.seen.empty()) << "it goes on as it was";
}

// SDKs that hear of the error alone would give up the subscription for good.
TEST_P(SessionTokensInBothEncodings, WhoRefreshesTooLateIsToldToSubscribeAgain) {
    Guarded guarded{closed_doors()};
    const SessionId alice = guarded.join(0, of_alice(), GetParam());
    guarded.shows(alice, a_subscribe("den"), to_den(60));
    guarded.forget(alice);
    guarded.live(alice, 70s);
    guarded.shows(alice, a_command(CommandKind::sub_refresh, "den"), to_den(60));
    const std::vector<ReadReply> told = guarded.room.replies_to(alice);
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].kind, Kind::unsubscribed);
    EXPECT_EQ(told[0].code, 2501U);
    EXPECT_EQ(told[1].code, code_of(ErrorCode::token_expired));
    EXPECT_EQ(guarded.room.changed(TableKind::channels, "den"), -1);
}

}  // namespace
}  // namespace grapevine::tests
