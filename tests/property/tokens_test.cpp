#include "mesh/token_authenticator.hpp"
#include "proto/client_codec.hpp"
#include "proto/tokens/base64.hpp"
#include "proto/tokens/signing_key.hpp"
#include "tests/support/text_generators.hpp"
#include "tests/support/token_keys.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace grapevine::proto {
namespace {

/// Who signs with one algorithm, and what knows these signatures.
struct TokenMaker {
    SigningKey key;
    TokenKeys keys;
};

const std::vector<TokenMaker>& token_makers() {
    static const std::vector<TokenMaker> makers = [] {
        const std::string secret = "a secret for tokens that are made in tests";
        std::vector<TokenMaker> all;
        for (const TokenAlgorithm algorithm :
             {TokenAlgorithm::hs256, TokenAlgorithm::hs384, TokenAlgorithm::hs512})
            all.push_back(
                {*read_signing_secret(secret, algorithm).key, read_token_secret(secret).keys});
        namespace keys = tests::keys;
        for (const auto& [private_pem, public_pem] :
             {std::pair{keys::rsa_private, keys::rsa_public},
              {keys::p256_private, keys::p256_public},
              {keys::ed25519_private, keys::ed25519_public}})
            all.push_back({*read_signing_pem(private_pem).key, read_token_pem(public_pem).keys});
        return all;
    }();
    return makers;
}

const TokenMaker& any_token_maker() {
    return token_makers()[*rc::gen::inRange<std::size_t>(0, token_makers().size())];
}

std::string as_json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

/// That users and channels may have.
rc::Gen<std::string> token_name() {
    return rc::gen::map(tests::gen::text(), [](std::string text) {
        for (char& each : text)
            if (static_cast<unsigned char>(each) < 0x20) each = '.';
        return "n" + text;
    });
}

RC_GTEST_PROP(Tokens, WithAnyByteChangedAreRefused, ()) {
    const TokenMaker& maker = any_token_maker();
    std::string token = sign_token(maker.key, "{\"sub\":" + as_json(*token_name()) + "}");
    TokenReader reader;
    RC_ASSERT(reader.open(maker.keys, token).fault.empty());
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, token.size());
    const char other = *rc::gen::suchThat(
        rc::gen::oneOf(
            rc::gen::arbitrary<char>(),
            rc::gen::elementOf(
                std::string{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.="})),
        [&](char each) { return each != token[at]; });
    token[at] = other;
    RC_ASSERT(!reader.open(maker.keys, token).fault.empty());
}

RC_GTEST_PROP(Tokens, CutOrGrownAnywhereAreRefused, ()) {
    const TokenMaker& maker = any_token_maker();
    const std::string token = sign_token(maker.key, R"({"sub":"alice"})");
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, token.size());
    const std::size_t size = *rc::gen::inRange<std::size_t>(1, token.size() - at + 1);
    TokenReader reader;
    RC_ASSERT(!reader.open(maker.keys, std::string{token}.erase(at, size)).fault.empty());
    const std::string more = *rc::gen::nonEmpty(tests::gen::bytes());
    RC_ASSERT(!reader.open(maker.keys, std::string{token}.insert(at, more)).fault.empty());
}

RC_GTEST_PROP(Tokens, OfOneAreNotTakenByAnother, ()) {
    const TokenMaker& maker = any_token_maker();
    const TokenMaker& other = any_token_maker();
    TokenReader reader;
    const bool is_taken = reader.open(other.keys, sign_token(maker.key, "{}")).fault.empty();
    const auto is_secret = [](TokenAlgorithm algorithm) {
        return TokenAlgorithms::all_of_secrets().has(algorithm);
    };
    RC_ASSERT(
        is_taken == (&maker == &other ||
                     (is_secret(maker.key.algorithm()) && is_secret(other.key.algorithm()))));
}

RC_GTEST_PROP(Tokens, SayWhatTheirClaimsSaidInAnyOrder, ()) {
    const TokenMaker& maker = any_token_maker();
    const std::string user = *token_name();
    const std::string info = *rc::gen::suchThat(
        tests::gen::json(true), [](const std::string& json) { return json != "null"; });
    const std::string bytes = *tests::gen::bytes();
    const auto second = *rc::gen::inRange<std::int64_t>(0, 253402300800);
    const auto listed = *rc::gen::container<std::vector<std::string>>(token_name());
    const auto described = *rc::gen::resize(
        8,
        rc::gen::container<std::map<std::string, std::string>>(
            token_name(), tests::gen::json(false, 1)));
    std::vector<std::string> members{
        "\"sub\":" + as_json(user),
        "\"info\":" + info,
        "\"exp\":" + std::to_string(second),
        "\"jti\":" + as_json(bytes)};
    std::string channels;
    for (const std::string& channel : listed)
        channels += (channels.empty() ? "" : ",") + as_json(channel);
    std::string subs;
    for (const auto& [channel, channel_info] : described)
        subs += (subs.empty() ? "" : ",") + as_json(channel) + ":{\"info\":" + channel_info + "}";
    members.push_back("\"channels\":[" + channels + "]");
    members.push_back("\"subs\":{" + subs + "}");
    std::string claims;
    while (!members.empty()) {
        const auto at =
            *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(members.size()));
        claims += (claims.empty() ? "{" : ",") + members[static_cast<std::size_t>(at)];
        members.erase(members.begin() + at);
    }
    claims += "}";

    TokenReader reader;
    const OpenedToken opened = reader.open(maker.keys, sign_token(maker.key, claims));
    RC_ASSERT(opened.claims == claims);
    const ReadClaims read = reader.read(opened.claims);
    RC_ASSERT(read.fault.empty());
    RC_ASSERT(read.claims.user == user);
    RC_ASSERT(read.claims.expires == std::chrono::sys_seconds{std::chrono::seconds{second}});
    RC_ASSERT(read.claims.options.info.bytes.find_first_of("\r\n") == std::string::npos);
    ClientScratch scratch;
    std::string_view normal;
    RC_ASSERT(normalise_json(scratch, info, normal));
    RC_ASSERT(read.claims.options.info.bytes == normal);
    std::map<std::string, std::string> expected{described};
    for (const std::string& channel : listed)
        expected.try_emplace(channel);
    RC_ASSERT(read.claims.subs.size() == expected.size());
    for (const auto& [channel, options] : read.claims.subs) {
        const std::string& said = expected.at(channel);
        RC_ASSERT(options.info.bytes == (said == "null" ? "" : said));
    }
}

RC_GTEST_PROP(Tokens, BytesAreTheSameAfterBase64, ()) {
    const std::string bytes = *tests::gen::bytes();
    std::string text;
    append_base64url(text, bytes);
    RC_ASSERT(decode_base64url(text) == bytes);
}

/// Whatever is decoded has been spelled in the only way there is.
RC_GTEST_PROP(Tokens, Base64HasOneSpelling, ()) {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string{"AQgwZ_-4=+/ "}));
    if (const auto bytes = decode_base64url(text)) {
        std::string again;
        append_base64url(again, *bytes);
        RC_ASSERT(again == text);
    }
}

}  // namespace
}  // namespace grapevine::proto
