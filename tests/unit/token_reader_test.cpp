#include "proto/limits.hpp"
#include "proto/tokens/base64.hpp"
#include "proto/tokens/numeric_date.hpp"
#include "proto/tokens/signing_key.hpp"
#include "proto/tokens/token_reader.hpp"
#include "tests/support/token_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace grapevine::proto {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

const std::string token_secret = "a secret of thirty-two bytes ...";

/// Tokens with one secret.
struct Opening {
    SigningKey signer{token_secret, TokenAlgorithm::hs256};
    TokenKeys keys = read_token_secret(token_secret).keys;
    TokenReader reader;

    std::string_view fault(std::string_view token) { return reader.open(keys, token).fault; }
    std::string_view fault_with(std::string_view header) {
        return fault(sign_token_as(signer, header, "{}"));
    }
};

TEST(TokenReader, OpensWhatIsSigned) {
    Opening opening;
    const OpenedToken opened =
        opening.reader.open(opening.keys, sign_token(opening.signer, R"({"sub":"alice"})"));
    EXPECT_EQ(opened.fault, "");
    EXPECT_EQ(opened.claims, R"({"sub":"alice"})");
    EXPECT_EQ(opening.fault_with(R"({"alg":"HS256"})"), "");
    EXPECT_EQ(opening.fault_with(R"({"alg":"HS256","typ":"at+jwt","x5t":"AQ"})"), "");
    EXPECT_EQ(opening.fault_with("{\"\\u0061lg\":\n\"HS256\"}"), "");
    for (const TokenAlgorithm algorithm : {TokenAlgorithm::hs384, TokenAlgorithm::hs512})
        EXPECT_EQ(opening.fault(sign_token({token_secret, algorithm}, "{}")), "");
}

TEST(TokenReader, RefusesWhatIsNotThreeParts) {
    Opening opening;
    const std::string token = sign_token(opening.signer, "{}");
    const std::size_t last = token.rfind('.');
    for (const std::string& wrong : {
             std::string{},
             std::string{".."},
             std::string{"..."},
             token.substr(0, last),
             token.substr(0, last + 1),
             "." + token.substr(token.find('.') + 1),
             token + ".",
             token + "." + token,
             "." + token,
         })
        EXPECT_THAT(std::string{opening.fault(wrong)}, HasSubstr("three parts")) << wrong;
    for (const std::string& wrong :
         {token + "=", token + "\n", " " + token, token + "A", token.substr(0, token.size() - 3)})
        EXPECT_NE(opening.fault(wrong), "") << wrong;
}

/// The last digit of a signature of 32 bytes has two bits that mean nothing.
TEST(TokenReader, RefusesASecondSpellingOfASignature) {
    Opening opening;
    std::string token = sign_token(opening.signer, "{}");
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int bits = 1; bits < 4; ++bits) {
        std::string other = token;
        other.back() = alphabet[alphabet.find(token.back()) + static_cast<std::size_t>(bits)];
        EXPECT_THAT(std::string{opening.fault(other)}, HasSubstr("no base64url"));
    }
}

TEST(TokenReader, RefusesHeadersThatAskForOtherRules) {
    Opening opening;
    for (const std::string_view header :
         {R"({"alg":"none"})",
          R"({"alg":"None"})",
          R"({"alg":""})",
          R"({"alg":null})",
          R"({"alg":["HS256"]})",
          R"({"alg":"hs256"})",
          R"({"alg":"HS256 "})",
          R"({"alg":"HS257"})",
          R"({"alg":"RS256"})",
          R"({"alg":"ES256"})",
          R"({"alg":"EdDSA"})",
          R"({"typ":"JWT"})",
          "{}",
          "[]",
          "\"HS256\"",
          "{\"alg\":\"HS256\"",
          "{\"alg\":\"HS256\"}{}",
          R"({"alg":"HS256","alg":"HS256"})",
          R"({"alg":"none","alg":"HS256"})",
          R"({"alg":"HS256","\u0061lg":"none"})",
          R"({"alg":"HS256","kid":1})",
          R"({"alg":"HS256","kid":"\ud800"})",
          R"({"alg":"HS256","crit":[]})",
          R"({"alg":"HS256","crit":["b64"],"b64":false})",
          R"({"alg":"HS256","jwk":{"kty":"oct","k":"AQ"}})",
          R"({"alg":"HS256","jku":"https://example.com/keys"})",
          R"({"alg":"HS256","x5u":"https://example.com/keys"})",
          R"({"alg":"HS256","x5c":[]})"})
        EXPECT_NE(opening.fault_with(header), "") << header;
    // Unsigned, in all the ways that have been tried on others.
    for (const std::string_view header : {R"({"alg":"none"})", R"({"alg":"HS256"})"}) {
        std::string token = sign_token_as(opening.signer, header, "{}");
        token.resize(token.rfind('.') + 1);
        EXPECT_NE(opening.fault(token), "") << token;
        EXPECT_NE(opening.fault(token + "AA"), "") << token;
    }
}

TEST(TokenReader, APublicKeyIsNoSecret) {
    TokenReader reader;
    for (const std::string_view pem :
         {tests::keys::rsa_public, tests::keys::p256_public, tests::keys::ed25519_public}) {
        const TokenKeys keys = read_token_pem(pem).keys;
        const SigningKey forger{std::string{pem}, TokenAlgorithm::hs256};
        EXPECT_EQ(
            reader.open(keys, sign_token(forger, "{}")).fault,
            "no key here is for the algorithm of its header");
        for (const std::string_view header :
             {R"({"alg":"RS256"})", R"({"alg":"ES256"})", R"({"alg":"EdDSA"})"})
            EXPECT_NE(reader.open(keys, sign_token_as(forger, header, "{}")).fault, "") << header;
    }
}

TEST(TokenReader, EachFormOfAnEs256SignatureButTheRightOneIsRefused) {
    TokenReader reader;
    const TokenKeys keys = read_token_pem(tests::keys::p256_public).keys;
    const SigningKey signer = *read_signing_pem(tests::keys::p256_private).key;
    const std::string token = sign_token(signer, "{}");
    EXPECT_EQ(reader.open(keys, token).fault, "");
    const std::string unsigned_part = token.substr(0, token.rfind('.') + 1);
    const std::string right = *decode_base64url(token.substr(unsigned_part.size()));
    for (const std::string& wrong :
         {std::string(64, '\0'),
          std::string(64, '\xff'),
          right.substr(0, 63),
          right + std::string(1, '\0'),
          right.substr(32) + right.substr(0, 32),
          std::string("\x30\x06\x02\x01\x01\x02\x01\x01", 8)}) {
        std::string forged = unsigned_part;
        append_base64url(forged, wrong);
        EXPECT_NE(reader.open(keys, forged).fault, "") << forged;
    }
}

TEST(TokenReader, ANameOfAKeyMeansThatKey) {
    TokenReader reader;
    const std::string other_secret = "another secret of thirty-two byt";
    TokenKeys keys;
    keys.emplace_back("one", token_secret, TokenAlgorithms{TokenAlgorithm::hs256});
    keys.emplace_back("two", other_secret, TokenAlgorithms{TokenAlgorithm::hs256});
    const SigningKey one{token_secret, TokenAlgorithm::hs256};
    const auto fault = [&](std::string_view name) {
        return reader.open(keys, sign_token(one, "{}", name)).fault;
    };
    EXPECT_EQ(fault("one"), "");
    EXPECT_EQ(fault(""), "");
    EXPECT_EQ(fault("two"), "its signature is of another key, or of another text");
    EXPECT_EQ(fault("three"), "no key here has the name that its header gives (\"kid\")");
    // A key of a set is for what it says, and for nothing else that its secret could make.
    EXPECT_EQ(
        reader.open(keys, sign_token({token_secret, TokenAlgorithm::hs512}, "{}")).fault,
        "no key here is for the algorithm of its header");
    EXPECT_NE(reader.open({}, sign_token(one, "{}")).fault, "");
}

TEST(TokenReader, ATokenHasABound) {
    Opening opening;
    const auto of_size = [&](std::size_t size) {
        std::string claims = "{}";
        std::string token;
        claims.append(size / 4 * 3 - 100, ' ');
        do {
            claims += ' ';
            token = sign_token(opening.signer, claims);
        } while (token.size() < size);
        return token;
    };
    const std::string largest = of_size(limits::token_bytes - 1);
    ASSERT_LE(largest.size(), limits::token_bytes);
    EXPECT_EQ(opening.fault(largest), "");
    EXPECT_EQ(opening.fault(of_size(limits::token_bytes + 1)), "it is longer than a token may be");
}

// ---- claims

struct TokenReading {
    TokenReader reader;

    TokenClaims claims(std::string_view json) {
        ReadClaims read = reader.read(json);
        EXPECT_EQ(read.fault, "") << json;
        return std::move(read.claims);
    }
    std::string fault(std::string_view json) { return std::string{reader.read(json).fault}; }
};

std::chrono::sys_seconds at_second(std::int64_t second) {
    return std::chrono::sys_seconds{std::chrono::seconds{second}};
}

TEST(TokenClaims, OfAConnectionAreRead) {
    TokenReading reading;
    const TokenClaims claims = reading.claims(R"({
        "iat": 1, "jti": "7", "sub": "alice", "exp": 1700000000, "nbf": 1600000000.5,
        "iss": "shop", "aud": ["web", "app"], "info": {"name":
            "Alice"}, "meta": {"a":
        1}, "channels": ["news", "chat:lobby"],
        "subs": {"chat:lobby": {"info": [1,
            2], "b64data": "+//+", "override": {"presence": {"value": true}, "join_leave": {}}},
            "#alice": null},
        "unknown": {"sub": 1}})");
    EXPECT_EQ(claims.user, "alice");
    EXPECT_EQ(claims.expires, at_second(1700000000));
    EXPECT_EQ(claims.ends, at_second(1700000000));
    EXPECT_EQ(claims.begins, at_second(1600000000));
    EXPECT_EQ(claims.issuer, "shop");
    EXPECT_THAT(claims.audiences, testing::ElementsAre("web", "app"));
    EXPECT_EQ(claims.options.info.kind, PayloadKind::json);
    EXPECT_EQ(claims.options.info.bytes.find('\n'), std::string::npos);
    EXPECT_THAT(claims.options.info.bytes, testing::MatchesRegex("\\{\"name\": *\"Alice\"\\}"));
    EXPECT_THAT(claims.meta, testing::MatchesRegex("\\{\"a\": *1\\}"));
    EXPECT_FALSE(claims.channel);
    const SubscriptionClaims lobby{
        .info = {PayloadKind::json, "[1,            2]"},
        .data = {PayloadKind::binary, "\xfb\xff\xfe"},
        .presence = true,
        .join_leave = false};
    EXPECT_THAT(
        claims.subs,
        UnorderedElementsAre(
            Pair("news", SubscriptionClaims{}),
            Pair("chat:lobby", lobby),
            Pair("#alice", SubscriptionClaims{})));
}

TEST(TokenClaims, OfASubscriptionAreRead) {
    TokenReading reading;
    const TokenClaims claims = reading.claims(
        R"({"b64info":"AAE=","info":{"not":"this"},"channel":"news","client":"c-1","exp":7,"expire_at":0,"data":1})");
    EXPECT_EQ(claims.user, "");
    EXPECT_EQ(claims.channel, "news");
    EXPECT_EQ(claims.client, "c-1");
    EXPECT_EQ(claims.expires, at_second(7));
    EXPECT_FALSE(claims.ends);
    EXPECT_EQ(claims.options.info, (TokenPayload{PayloadKind::binary, std::string{"\0\1", 2}}));
    EXPECT_EQ(claims.options.data, (TokenPayload{PayloadKind::json, "1"}));
    EXPECT_EQ(
        reading.claims(R"({"info":1,"b64info":"AAE="})").options.info.kind, PayloadKind::binary);
    EXPECT_EQ(reading.claims(R"({"expire_at":9})").ends, at_second(9));
}

TEST(TokenClaims, NullIsAsNothing) {
    TokenReading reading;
    const TokenClaims claims = reading.claims(
        R"({"sub":null,"exp":null,"info":null,"b64info":"","subs":null,"channels":null,"channel":null,"override":null,"aud":null,"expire_at":null})");
    EXPECT_EQ(claims.user, "");
    EXPECT_FALSE(claims.expires || claims.ends || claims.channel);
    EXPECT_TRUE(claims.subs.empty() && claims.audiences.empty());
    EXPECT_EQ(claims.options, SubscriptionClaims{});
}

TEST(TokenClaims, WhatIsWrongIsNamed) {
    TokenReading reading;
    const std::string long_user = R"({"sub":")" + std::string(255, 'a') + "\"}";
    const std::string long_channel = R"({"channels":[")" + std::string(256, 'a') + "\"]}";
    for (const auto& [json, words] : {
             std::pair<std::string_view, std::string_view>{"", "no JSON object"},
             {"[]", "no JSON object"},
             {"{\"sub\":\"a\"", "no JSON object"},
             {"{\"sub\":\"\xff\"}", "no JSON object"},
             {R"({"sub":"\ud800"})", "no JSON object"},
             {R"({"sub":"a","sub":"a"})", "a claim twice"},
             {R"({"sub":"a","s\u0075b":"b"})", "a claim twice"},
             {R"({"sub":7})", "\"sub\" is no text"},
             {R"({"sub":"#alice"})", "no name of a user"},
             {R"({"sub":"a\u0000b"})", "no name of a user"},
             {long_user, "no name of a user"},
             {R"({"exp":"1700000000"})", "no number of seconds"},
             {R"({"exp":1700000000000})", "no number of seconds"},
             {R"({"nbf":true})", "no number of seconds"},
             {R"({"iat":{}})", "no number of seconds"},
             {R"({"expire_at":[]})", "no number of seconds"},
             {R"({"iss":1})", "is something else"},
             {R"({"aud":1})", "is something else"},
             {R"({"aud":["a",1]})", "is something else"},
             {R"({"b64info":1})", "is something else"},
             {R"({"b64info":"AAE"})", "no base64 with padding"},
             {R"({"b64data":"-__-"})", "no base64 with padding"},
             {R"({"meta":"text"})", "\"meta\" is no JSON object"},
             {R"({"channel":""})", "no name of 1 to 255 bytes"},
             {R"({"channel":["a"]})", "no name of 1 to 255 bytes"},
             {R"({"client":1})", "is something else"},
             {R"({"channels":"a"})", "\"channels\" is no list"},
             {R"({"channels":[1]})", "no name of 1 to 255 bytes"},
             {R"({"channels":[""]})", "no name of 1 to 255 bytes"},
             {long_channel, "no name of 1 to 255 bytes"},
             {R"({"subs":[]})", "\"subs\" is no JSON object"},
             {R"({"subs":{"a":1}})", "is not like"},
             {R"({"subs":{"":{}}})", "no name of 1 to 255 bytes"},
             {R"({"subs":{"a":{},"a":{}}})", "a channel twice"},
             {R"({"subs":{"a":{"info":1,"info":1}}})", "says something twice"},
             {R"({"subs":{"a":{"override":{"presence":true}}}})", "\"override\""},
             {R"({"subs":{"a":{"override":{"presence":{"value":1}}}}})", "\"override\""},
             {R"({"override":{"presence":{},"presence":{}}})", "\"override\""},
             {R"({"override":[]})", "\"override\""},
         })
        EXPECT_THAT(reading.fault(json), HasSubstr(std::string{words})) << json;
}

TEST(TokenClaims, HaveBounds) {
    TokenReading reading;
    const auto channels = [](std::size_t listed, std::size_t described) {
        std::string json = R"({"channels":["c0")";
        for (std::size_t channel = 1; channel < listed; ++channel)
            json += ",\"c" + std::to_string(channel) + "\"";
        json += R"(],"subs":{"c0":{})";
        for (std::size_t channel = 1; channel < described; ++channel)
            json += ",\"s" + std::to_string(channel) + "\":{}";
        return json + "}}";
    };
    const std::size_t most = limits::channels_per_session;
    EXPECT_EQ(reading.claims(channels(most, 1)).subs.size(), most);
    EXPECT_EQ(reading.claims(channels(most - 7, 8)).subs.size(), most);
    EXPECT_THAT(reading.fault(channels(most + 1, 1)), HasSubstr("more than 128 channels"));
    EXPECT_THAT(reading.fault(channels(most, 2)), HasSubstr("more than 128 channels"));

    const auto info = [](std::size_t bytes) {
        return R"({"info":")" + std::string(bytes - 2, 'i') + "\"}";
    };
    EXPECT_EQ(reading.claims(info(limits::token_info_bytes)).options.info.bytes.size(), 4096U);
    EXPECT_THAT(reading.fault(info(limits::token_info_bytes + 1)), HasSubstr("longer than 4096"));
    const auto bytes = [](std::size_t blocks, std::string_view rest) {
        std::string text;
        while (blocks-- > 0)
            text += "AAAA";
        return R"({"subs":{"a":{"b64info":")" + text + std::string{rest} + "\"}}}";
    };
    EXPECT_EQ(reading.fault(bytes(1365, "AA==")), "");
    EXPECT_THAT(reading.fault(bytes(1365, "AAA=")), HasSubstr("longer than 4096"));

    const std::string deep = std::string(70, '[') + std::string(70, ']');
    EXPECT_THAT(reading.fault(R"({"info":)" + deep + "}"), HasSubstr("no JSON object"));
    const std::string name(limits::channel_name_bytes, 'c');
    EXPECT_EQ(reading.claims(R"({"channel":")" + name + "\"}").channel, name);
    const std::string user(limits::user_name_bytes, 'u');
    EXPECT_EQ(reading.claims(R"({"sub":")" + user + "\"}").user, user);
}

TEST(NumericDate, IsReadWithoutFloatingPoint) {
    for (const auto& [text, second] : {
             std::pair<std::string_view, std::int64_t>{"0", 0},
             {"-0", 0},
             {"-1700000000", 0},
             {"1", 1},
             {"1.999", 1},
             {"0.5", 0},
             {"1700000000", 1700000000},
             {"1700000000.0", 1700000000},
             {"1.7e9", 1700000000},
             {"1.7E+09", 1700000000},
             {"17000000005e-1", 1700000000},
             {"0.0000000017e18", 1700000000},
             {"1e-99999999999999999999", 0},
             {"0e99999999999999999999", 0},
             {"253402300799", 253402300799},
         })
        EXPECT_EQ(read_numeric_date(text), at_second(second)) << text;
    for (const std::string_view text :
         {"253402300800",
          "1e12",
          "1e99999999999999999999",
          "18446744073709551616",
          "\"1\"",
          "true",
          "[1]",
          "{}"})
        EXPECT_EQ(read_numeric_date(text), std::nullopt) << text;
}

}  // namespace
}  // namespace grapevine::proto
