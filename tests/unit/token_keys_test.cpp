#include "proto/limits.hpp"
#include "proto/tokens/base64.hpp"
#include "proto/tokens/signing_key.hpp"
#include "proto/tokens/token_key.hpp"
#include "proto/tokens/token_reader.hpp"
#include "tests/support/token_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace grapevine::proto {
namespace {

using testing::HasSubstr;
namespace keys = tests::keys;

std::string key_set(std::string_view jwk) {
    return "{\"keys\":[" + std::string{jwk} + "]}";
}

/// What the only key of `json` makes of the token.
OpenedToken opened_with(std::string_view jwk, std::string_view token) {
    const TokenKeysRead read = read_token_key_set(key_set(jwk));
    EXPECT_EQ(read.fault, "");
    TokenReader reader;
    return reader.open(read.keys, token);
}

// ---- published tokens

constexpr std::string_view rfc7515_claims =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
constexpr std::string_view rfc7515_rsa = R"({"kty":"RSA","e":"AQAB","n":
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})";

TEST(TokenKeys, TokensOfRfc7515AreSignedByItsKeys) {
    const OpenedToken hs256 = opened_with(
        R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})",
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogI"
        "mh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_"
        "wW1gFWFOEjXk");
    EXPECT_EQ(hs256.fault, "");
    EXPECT_EQ(hs256.claims, rfc7515_claims);
    const OpenedToken rs256 = opened_with(
        rfc7515_rsa,
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
        "LmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh"
        "7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyW"
        "zO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZE"
        "Sc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGl"
        "UPQGe77Rw");
    EXPECT_EQ(rs256.fault, "");
    EXPECT_EQ(rs256.claims, rfc7515_claims);
    const OpenedToken es256 = opened_with(
        R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
        "LmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlS"
        "ApmWQxfKTUJqPP3-Kg6NU1Q");
    EXPECT_EQ(es256.fault, "");
    EXPECT_EQ(es256.claims, rfc7515_claims);
}

TEST(TokenKeys, TokensOfRfc8037AndRfc7520AreSignedByTheirKeys) {
    EXPECT_EQ(
        opened_with(
            R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
            "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
            .claims,
        "Example of Ed25519 signing");
    EXPECT_THAT(
        opened_with(
            R"({"kty":"oct","use":"sig","alg":"HS256","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"})",
            "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.SXTig"
            "JlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb25"
            "0byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpb"
            "mcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1M"
            "d7p0")
            .claims,
        HasSubstr("dangerous business, Frodo"));
}

// ---- what files may hold

TEST(TokenKeys, APemFileHasAKeyOrACertificate) {
    for (const auto& [pem, algorithm] :
         {std::pair{keys::rsa_public, TokenAlgorithm::rs256},
          {keys::rsa_public_pkcs1, TokenAlgorithm::rs256},
          {keys::p256_public, TokenAlgorithm::es256},
          {keys::p256_certificate, TokenAlgorithm::es256},
          {keys::ed25519_public, TokenAlgorithm::eddsa}}) {
        const TokenKeysRead read = read_token_pem(pem);
        EXPECT_EQ(read.fault, "") << pem;
        ASSERT_EQ(read.keys.size(), 1U) << pem;
        for (const auto& [each, name] : token_algorithms)
            EXPECT_EQ(read.keys[0].is_for(each), each == algorithm) << name << pem;
    }
}

TEST(TokenKeys, APemFileThatCannotBeUsedSaysWhatToDo) {
    const std::string two = std::string{keys::rsa_public} + std::string{keys::ed25519_public};
    const std::string broken =
        std::string{keys::ed25519_public}.replace(keys::ed25519_public.find('\n') + 3, 2, "!!");
    for (const auto& [pem, words] : {
             std::pair<std::string_view, std::string_view>{"", "should begin with"},
             {"secret", "should begin with"},
             {keys::rsa_private, "openssl pkey -in PRIVATE -pubout"},
             {keys::p256_private_sec1, "is a private key"},
             {keys::ed25519_private_locked, "is a private key"},
             {two, "has 2 PEM blocks"},
             {broken, "no public key that can be read"},
             {keys::rsa_1024_public, "an RSA key of 1024 bits, which is too weak: use one of 2048"},
             {keys::p384_public, "not of the curve P-256"},
             {keys::x25519_public, "another kind than RSA, P-256 or Ed25519"},
         }) {
        const TokenKeysRead read = read_token_pem(pem);
        EXPECT_THAT(read.fault, HasSubstr(std::string{words})) << pem;
        EXPECT_TRUE(read.keys.empty()) << pem;
    }
}

TEST(TokenKeys, ASecretMustNotBeGuessable) {
    EXPECT_THAT(
        read_token_secret(std::string(31, 's')).fault,
        HasSubstr("31 bytes, which can be guessed from one token: use 32 or more"));
    const TokenKeysRead read = read_token_secret(std::string(32, 's'));
    ASSERT_EQ(read.keys.size(), 1U);
    for (const auto& [each, name] : token_algorithms)
        EXPECT_EQ(read.keys[0].is_for(each), name.starts_with("HS")) << name;
}

constexpr std::string_view ed25519_jwk =
    R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

TEST(TokenKeys, AKeySetLeavesOutWhatIsNotForTokens) {
    for (const std::string_view jwk :
         {R"({"kty":"RSA","use":"enc","n":"AQ","e":"AQAB"})",
          R"({"kty":"RSA","alg":"RS384","n":"AQ","e":"AQAB"})",
          R"({"kty":"RSA","key_ops":["encrypt"],"n":"AQ","e":"AQAB"})",
          R"({"kty":"EC","crv":"P-521","x":"AQ","y":"AQ"})",
          R"({"kty":"OKP","crv":"X25519","x":"AQ"})",
          R"({"kty":"AKP","alg":"ML-DSA-44","pub":"AQ"})",
          R"({"kty":"rsa","n":"AQ","e":"AQAB"})"}) {
        EXPECT_THAT(read_token_key_set(key_set(jwk)).fault, HasSubstr("no key that signs tokens"));
        const TokenKeysRead read =
            read_token_key_set(key_set(std::string{jwk} + "," + std::string{ed25519_jwk}));
        EXPECT_EQ(read.fault, "") << jwk;
        EXPECT_EQ(read.keys.size(), 1U) << jwk;
    }
}

TEST(TokenKeys, AKeySetWithAKeyThatIsWrongIsRefusedAsAWhole) {
    const std::string weak_rsa =
        R"({"kty":"RSA","e":"AQAB","n":"zd7A8Nhs5u99RpXCer1vafR1UJ-uwxVwWj5BTvBJjSH2MUuzOL7WkHBdDWeprypwmkaWiAVVYk6N7QxFQO_b5toH0StM-6ORRUTp8ov14rYMEY-qFGm4cXl0C2ZUsVtlO4xiNIEDCxCbvXB6QKe1CFhgR3AF5f0r0JVY4q8OYj8"})";
    // With an exponent of 1 a text is its own signature.
    const std::string exponent_of_one =
        std::string{rfc7515_rsa}.replace(rfc7515_rsa.find("AQAB"), 4, "AQ");
    for (
        const auto& [jwk, words] : {
            std::pair<std::string_view, std::string_view>{weak_rsa, "1024 bits"},
            {exponent_of_one, "no honest key has"},
            {R"({"kty":"RSA","e":"AQAB"})", "make no key"},
            {R"({"kty":"RSA","n":"AQAB=","e":"AQAB"})", "make no key"},
            {R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"})",
             "make no key"},
            {R"({"kty":"EC","crv":"P-256","x":"f83O","y":"x_FE"})", "make no key"},
            {R"({"kty":"OKP","crv":"Ed25519","x":"11qY"})", "make no key"},
            {R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
             "private half"},
            {R"({"kty":"OKP","crv":"Ed25519","alg":"HS256","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
             "none of its \"kty\""},
            {R"({"kty":"oct","alg":"RS256","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"})",
             "pairs of keys"},
            {R"({"kty":"oct","k":"c2VjcmV0"})", "a secret of 6 bytes"},
            {R"({"kty":"oct","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG+Onbc6mxCcYg"})", "base64url"},
            {R"({"kty":"oct"})", "secret of 0 bytes"},
            {R"({"kty":"oct","kty":"RSA"})", "twice"},
            {R"({"kty":7})", "no object of texts"},
            {R"("oct")", "no object of texts"},
        }) {
        const TokenKeysRead read =
            read_token_key_set(key_set(std::string{ed25519_jwk} + "," + std::string{jwk}));
        EXPECT_THAT(read.fault, HasSubstr(std::string{words})) << jwk;
        EXPECT_THAT(read.fault, testing::StartsWith("key 2 ")) << jwk;
        EXPECT_TRUE(read.fault.empty() || read.keys.empty()) << jwk;
    }
    for (const std::string_view json :
         {"", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]", "{\"keys\":[]}"})
        EXPECT_NE(read_token_key_set(json).fault, "") << json;
}

TEST(TokenKeys, AKeySetHasABound) {
    const auto of = [](std::size_t count) {
        std::string jwks;
        for (std::size_t key = 0; key < count; ++key)
            jwks += (key == 0 ? "" : ",") + std::string{ed25519_jwk};
        return read_token_key_set(key_set(jwks));
    };
    EXPECT_EQ(of(limits::token_keys - 1).fault, "");
    EXPECT_EQ(of(limits::token_keys).keys.size(), limits::token_keys);
    EXPECT_THAT(of(limits::token_keys + 1).fault, HasSubstr("more than 16 keys"));
}

// ---- keys that sign

TEST(TokenKeys, WhatAPrivateKeySignsItsPublicKeyKnows) {
    TokenReader reader;
    for (const auto& [private_pem, public_pem] :
         {std::pair{keys::rsa_private, keys::rsa_public},
          {keys::p256_private, keys::p256_certificate},
          {keys::p256_private_sec1, keys::p256_public},
          {keys::ed25519_private, keys::ed25519_public}}) {
        const SigningKeyRead signer = read_signing_pem(private_pem);
        ASSERT_EQ(signer.fault, "");
        const std::string token = sign_token(*signer.key, "{}", "k\"1");
        EXPECT_EQ(reader.open(read_token_pem(public_pem).keys, token).claims, "{}") << token;
    }
}

TEST(TokenKeys, AKeyThatNodesRefuseSignsNothing) {
    EXPECT_THAT(read_signing_pem(keys::p384_private).fault, HasSubstr("not of the curve P-256"));
    for (const std::string_view pem :
         {keys::ed25519_private_locked, keys::ed25519_public, std::string_view{}})
        EXPECT_THAT(read_signing_pem(pem).fault, HasSubstr("no private key in PEM"));
    EXPECT_THAT(read_signing_secret("short").fault, HasSubstr("use 32 or more"));
}

TEST(Base64, BytesHaveOneSpelling) {
    for (const auto& [bytes, url, plain] :
         {std::tuple<std::string, std::string, std::string>{"", "", ""},
          {"f", "Zg", "Zg=="},
          {"fo", "Zm8", "Zm8="},
          {"foo", "Zm9v", "Zm9v"},
          {"\xfb\xff\xfe", "-__-", "+//+"}}) {
        std::string out;
        append_base64url(out, bytes);
        EXPECT_EQ(out, url);
        EXPECT_EQ(decode_base64url(url), bytes);
        EXPECT_EQ(decode_base64(plain), bytes);
    }
    for (const std::string_view text : {"Z", "Zg==", "Zh", "Zm9", "Zm9vZ", "Z g", "Zg\n", "+//+"})
        EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
    for (const std::string_view text :
         {"Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "-__-", "Zm\n="})
        EXPECT_EQ(decode_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace grapevine::proto
