#include "mesh/token_authenticator.hpp"
#include "proto/tokens/signing_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace grapevine::mesh {
namespace {

using testing::HasSubstr;

constexpr std::string_view shared_secret = "a secret that makers and checkers share";
constexpr WallTime noon{std::chrono::seconds{1'700'000'000}};

struct Judging {
    proto::SigningKey maker = *proto::read_signing_secret(shared_secret).key;
    TokenAuthenticator authenticator;

    explicit Judging(TokenRules rules = {})
        : authenticator(
              std::move(rules),
              std::make_shared<const proto::TokenKeys>(
                  proto::read_token_secret(shared_secret).keys)) {}

    ConnectToken connect(std::string_view claims, WallTime now = noon) {
        return authenticator.connect_token(sign_token(maker, claims), now);
    }
    SubscribeToken
    subscribe(std::string_view claims, const TokenBearer& bearer = {"alice", "c-1", "news"}) {
        return authenticator.subscribe_token(sign_token(maker, claims), bearer, noon);
    }
};

TEST(TokenAuthenticator, SaysWhoConnects) {
    Judging judging;
    const ConnectToken token = judging.connect(
        R"({"sub":"alice","exp":1700000001,"info":{"a":1},"meta":{"b":2},"channels":["news"]})");
    EXPECT_EQ(token.fault, TokenFault::none);
    EXPECT_EQ(token.user, "alice");
    EXPECT_EQ(token.ends, noon + 1s);
    EXPECT_EQ(token.info.bytes, R"({"a":1})");
    EXPECT_EQ(token.meta, R"({"b":2})");
    EXPECT_EQ(token.subs.count("news"), 1U);
    const ConnectToken anonymous = judging.connect("{}");
    EXPECT_EQ(anonymous.fault, TokenFault::none);
    EXPECT_EQ(anonymous.user, "");
    EXPECT_FALSE(anonymous.ends);
}

TEST(TokenAuthenticator, WhatOthersAreShownIsJsonHoweverItCame) {
    Judging judging;
    // {"a":\n1} and "\0\1"
    const ConnectToken token = judging.connect(
        R"({"b64info":"eyJhIjoKMX0=","subs":{"news":{"b64info":"eyJhIjoKMX0=","b64data":"AAE="}}})");
    EXPECT_EQ(token.info, (proto::TokenPayload{proto::PayloadKind::json, R"({"a":1})"}));
    EXPECT_EQ(token.subs.at("news").info, token.info);
    EXPECT_EQ(token.subs.at("news").data.kind, proto::PayloadKind::binary) << "for its holder only";
    for (const char* const claims :
         {R"({"b64info":"AAE="})", R"({"subs":{"news":{"b64info":"AAE="}}})"}) {
        const ConnectToken refused = judging.connect(claims);
        EXPECT_EQ(refused.fault, TokenFault::invalid);
        EXPECT_THAT(std::string{refused.why}, HasSubstr("no JSON"));
    }
}

TEST(TokenAuthenticator, ATokenCountsUntilItsLastMoment) {
    Judging judging;
    const std::string_view claims = R"({"sub":"alice","nbf":1699999000,"exp":1700000000})";
    EXPECT_EQ(judging.connect(claims, noon - 1us).fault, TokenFault::none);
    EXPECT_EQ(judging.connect(claims, noon).fault, TokenFault::expired);
    const WallTime begin = noon - 1000s;
    EXPECT_EQ(judging.connect(claims, begin - token_early_leeway).fault, TokenFault::none);
    EXPECT_EQ(judging.connect(claims, begin - token_early_leeway - 1us).fault, TokenFault::expired);
    EXPECT_THAT(std::string{judging.connect(claims).why}, HasSubstr("\"exp\""));
}

TEST(TokenAuthenticator, AConnectionMayEndAtAnotherTimeThanItsToken) {
    Judging judging;
    EXPECT_EQ(judging.connect(R"({"exp":1700000001,"expire_at":1700000009})").ends, noon + 9s);
    const ConnectToken forever = judging.connect(R"({"exp":1700000001,"expire_at":0})");
    EXPECT_EQ(forever.fault, TokenFault::none);
    EXPECT_FALSE(forever.ends);
    EXPECT_EQ(judging.connect(R"({"exp":1700000000,"expire_at":0})").fault, TokenFault::expired);
    EXPECT_EQ(
        judging.connect(R"({"exp":1700000009,"expire_at":1700000000})").fault, TokenFault::expired);
}

TEST(TokenAuthenticator, WhatIsForgedOrMalformedIsInvalid) {
    Judging judging;
    EXPECT_EQ(judging.authenticator.connect_token("", noon).fault, TokenFault::invalid);
    EXPECT_EQ(judging.connect(R"({"sub":7})").fault, TokenFault::invalid);
    const proto::SigningKey stranger =
        *proto::read_signing_secret("a secret of somebody else entirely").key;
    // Also when it has expired: it says nothing that is true.
    for (const std::string_view claims : {R"({"sub":"alice"})", R"({"sub":"alice","exp":1})"}) {
        const ConnectToken token =
            judging.authenticator.connect_token(sign_token(stranger, claims), noon);
        EXPECT_EQ(token.fault, TokenFault::invalid);
        EXPECT_EQ(token.user, "");
        EXPECT_NE(token.why, "");
    }
}

TEST(TokenAuthenticator, AudienceAndIssuerCountWhenTheyAreAskedFor) {
    Judging any;
    EXPECT_EQ(any.connect(R"({"aud":"web","iss":"shop"})").fault, TokenFault::none);
    Judging strict{{.audience = "web", .issuer = "shop"}};
    for (const std::string_view claims :
         {R"({"aud":"web","iss":"shop"})", R"({"aud":["app","web"],"iss":"shop"})"})
        EXPECT_EQ(strict.connect(claims).fault, TokenFault::none) << claims;
    for (const std::string_view claims :
         {R"({"iss":"shop"})",
          R"({"aud":"app","iss":"shop"})",
          R"({"aud":[],"iss":"shop"})",
          R"({"aud":"web"})",
          R"({"aud":"web","iss":"Shop"})",
          R"({"aud":"web","iss":"evil","exp":1})"}) {
        EXPECT_EQ(strict.connect(claims).fault, TokenFault::invalid) << claims;
        EXPECT_NE(strict.subscribe(claims).fault, TokenFault::none) << claims;
    }
    EXPECT_THAT(std::string{strict.connect("{}").why}, HasSubstr("--token-audience"));
}

TEST(TokenAuthenticator, ASubscriptionIsForOneUserOneChannelAndPerhapsOneClient) {
    Judging judging;
    const SubscribeToken token = judging.subscribe(
        R"({"sub":"alice","channel":"news","client":"c-1","exp":1700000060,"info":1,"override":{"presence":{"value":false}}})");
    EXPECT_EQ(token.fault, TokenFault::none);
    EXPECT_EQ(token.ends, noon + 60s);
    EXPECT_EQ(token.options.info.bytes, "1");
    EXPECT_EQ(token.options.presence, false);
    EXPECT_EQ(judging.subscribe(R"({"sub":"alice","channel":"news"})").fault, TokenFault::none);
    EXPECT_EQ(
        judging.subscribe(R"({"channel":"news"})", {"", "c-1", "news"}).fault, TokenFault::none);
    for (const std::string_view claims :
         {R"({"sub":"bob","channel":"news"})",
          R"({"channel":"news"})",
          R"({"sub":"alice","channel":"new"})",
          R"({"sub":"alice","channel":"news","client":"c-2"})",
          R"({"sub":"bob","channel":"news","exp":1})"}) {
        EXPECT_EQ(judging.subscribe(claims).fault, TokenFault::for_another) << claims;
        EXPECT_EQ(error_of(judging.subscribe(claims).fault), proto::ErrorCode::permission_denied);
    }
    const TokenFault late = judging.subscribe(R"({"sub":"alice","channel":"news","exp":1})").fault;
    EXPECT_EQ(late, TokenFault::expired);
    EXPECT_EQ(error_of(late), proto::ErrorCode::token_expired);
}

TEST(TokenAuthenticator, TokensOfOneKindAreNoneOfTheOther) {
    Judging judging;
    EXPECT_EQ(judging.connect(R"({"sub":"alice","channel":"news"})").fault, TokenFault::invalid);
    EXPECT_EQ(judging.subscribe(R"({"sub":"alice"})").fault, TokenFault::invalid);
    EXPECT_EQ(
        judging.subscribe(R"({"sub":"alice","channels":["news"]})").fault, TokenFault::invalid);
}

TEST(TokenAuthenticator, OtherKeysCountFromNowOn) {
    Judging judging;
    const proto::SigningKey fresh =
        *proto::read_signing_secret("the secret of the next month ...").key;
    const std::string old_token = sign_token(judging.maker, "{}");
    const std::string new_token = sign_token(fresh, "{}");
    EXPECT_EQ(judging.authenticator.connect_token(new_token, noon).fault, TokenFault::invalid);
    judging.authenticator.use(std::make_shared<const proto::TokenKeys>(
        proto::read_token_secret("the secret of the next month ...").keys));
    EXPECT_EQ(judging.authenticator.connect_token(new_token, noon).fault, TokenFault::none);
    EXPECT_EQ(judging.authenticator.connect_token(old_token, noon).fault, TokenFault::invalid);
}

}  // namespace
}  // namespace grapevine::mesh
