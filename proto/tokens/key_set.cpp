#include "proto/limits.hpp"
#include "proto/tokens/base64.hpp"
#include "proto/tokens/json_members.hpp"
#include "proto/tokens/openssl.hpp"
#include "proto/tokens/token_key.hpp"

#include <algorithm>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

namespace grapevine::proto {
namespace {

using simdjson::dom::element;

/// The members of a key that matter here. Views into what was parsed.
struct Jwk {
    std::string_view kty, use, alg, kid, crv, n, e, x, y, k, d;
    bool may_verify = true;  ///< as far as `key_ops` says
};

struct JwkMember {
    std::string_view name;
    std::string_view Jwk::*place;
};
constexpr std::array jwk_members{
    JwkMember{"kty", &Jwk::kty},
    JwkMember{"use", &Jwk::use},
    JwkMember{"alg", &Jwk::alg},
    JwkMember{"kid", &Jwk::kid},
    JwkMember{"crv", &Jwk::crv},
    JwkMember{"n", &Jwk::n},
    JwkMember{"e", &Jwk::e},
    JwkMember{"x", &Jwk::x},
    JwkMember{"y", &Jwk::y},
    JwkMember{"k", &Jwk::k},
    JwkMember{"d", &Jwk::d}};

bool take_operations(element value, Jwk& jwk) {
    simdjson::dom::array operations;
    if (value.get(operations) != simdjson::SUCCESS) return false;
    jwk.may_verify = std::any_of(operations.begin(), operations.end(), [](element each) {
        std::string_view operation;
        return each.get(operation) == simdjson::SUCCESS && operation == "verify";
    });
    return true;
}

/// False: it is no object, says something twice, or says something else than text.
bool read_jwk(element value, Jwk& jwk) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return false;
    std::set<std::string_view> names;
    for (const auto member : object) {
        if (!names.insert(member.key).second) return false;
        if (member.key == "key_ops" && !take_operations(member.value, jwk)) return false;
        for (const auto& [name, place] : jwk_members)
            if (member.key == name && member.value.get(jwk.*place) != simdjson::SUCCESS)
                return false;
    }
    return true;
}

/// Of this type of OpenSSL's, with these values; none if they make no such key.
class KeyBuilder {
public:
    void text(const char* name, std::string_view value) {
        is_good_ = is_good_ && OSSL_PARAM_BLD_push_utf8_string(
                                   build_.get(), name, value.data(), value.size()) == 1;
    }
    void octets(const char* name, const std::string& value) {
        octets_ = value;
        is_good_ = is_good_ && OSSL_PARAM_BLD_push_octet_string(
                                   build_.get(), name, octets_.data(), octets_.size()) == 1;
    }
    void number(const char* name, std::string_view value) {
        numbers_.emplace_back(
            BN_bin2bn(openssl::bytes_of(value), static_cast<int>(value.size()), nullptr));
        is_good_ = is_good_ && numbers_.back() != nullptr &&
                   OSSL_PARAM_BLD_push_BN(build_.get(), name, numbers_.back().get()) == 1;
    }
    openssl::Key key(const char* type) {
        const std::unique_ptr<OSSL_PARAM, openssl::Release<OSSL_PARAM_free>> parameters{
            is_good_ ? OSSL_PARAM_BLD_to_param(build_.get()) : nullptr};
        const openssl::KeyContext context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
        EVP_PKEY* key = nullptr;
        if (parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1)
            EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get());
        return openssl::Key{key};
    }

private:
    std::unique_ptr<OSSL_PARAM_BLD, openssl::Release<OSSL_PARAM_BLD_free>> build_{
        OSSL_PARAM_BLD_new()};
    bool is_good_ = build_ != nullptr;
    std::string octets_;
    std::vector<openssl::Number> numbers_;
};

openssl::Key rsa_key(const Jwk& jwk) {
    const auto n = decode_base64url(jwk.n);
    const auto e = decode_base64url(jwk.e);
    // Larger than any that is let through: not worth an attempt.
    if (!n || !e || n->empty() || e->empty() || n->size() > 2 * limits::rsa_key_bits_max / 8)
        return {};
    KeyBuilder builder;
    builder.number(OSSL_PKEY_PARAM_RSA_N, *n);
    builder.number(OSSL_PKEY_PARAM_RSA_E, *e);
    return builder.key("RSA");
}

openssl::Key p256_key(const Jwk& jwk) {
    const auto x = decode_base64url(jwk.x);
    const auto y = decode_base64url(jwk.y);
    if (!x || !y || x->size() != openssl::p256_bytes || y->size() != openssl::p256_bytes) return {};
    KeyBuilder builder;
    builder.text(OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1");
    builder.octets(OSSL_PKEY_PARAM_PUB_KEY, "\x04" + *x + *y);
    return builder.key("EC");
}

openssl::Key ed25519_key(const Jwk& jwk) {
    const auto x = decode_base64url(jwk.x);
    if (!x) return {};
    return openssl::Key{
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, openssl::bytes_of(*x), x->size())};
}

/// Whether the numbers are what they should be: a point of the curve, an exponent that is none
/// of 1.
bool is_sound(EVP_PKEY* key) {
    const openssl::KeyContext context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
    return context && EVP_PKEY_public_check(context.get()) == 1;
}

std::string take_secret(const Jwk& jwk, TokenKeys& keys) {
    const auto algorithm = token_algorithm_of(jwk.alg);
    const TokenAlgorithms algorithms =
        algorithm ? TokenAlgorithms{*algorithm} : TokenAlgorithms::all_of_secrets();
    if (algorithm && !TokenAlgorithms::all_of_secrets().has(*algorithm))
        return "has a secret, but its \"alg\" is one for pairs of keys";
    const auto secret = decode_base64url(jwk.k);
    if (!secret) return "has no \"k\" in base64url without padding";
    std::string fault = read_token_secret(*secret).fault;
    if (fault.empty()) keys.emplace_back(std::string{jwk.kid}, *secret, algorithms);
    return fault;
}

std::string take_public(const Jwk& jwk, openssl::Key key, TokenKeys& keys) {
    const bool can_be_read = key && is_sound(key.get());
    ERR_clear_error();
    if (!jwk.d.empty()) return "has a private half (\"d\"): give the public one alone";
    if (!key) return "has numbers that make no key of its \"kty\"";
    KeyKind kind = kind_of_key(*key);
    if (!kind.algorithm) return std::move(kind.fault);
    if (!can_be_read) return "has numbers that no honest key has";
    if (!jwk.alg.empty() && token_algorithm_of(jwk.alg) != kind.algorithm)
        return "has an \"alg\" that is none of its \"kty\"";
    keys.emplace_back(std::string{jwk.kid}, PublicKey{std::move(key)}, *kind.algorithm);
    return {};
}

/// What is wrong with it, if anything. A key that is not for us is none that is wrong.
std::string take(element value, TokenKeys& keys) {
    Jwk jwk;
    if (!read_jwk(value, jwk)) return "is no object of texts, or says something twice";
    const bool is_known = jwk.alg.empty() || token_algorithm_of(jwk.alg).has_value();
    if (!is_known || !jwk.may_verify || (!jwk.use.empty() && jwk.use != "sig")) return {};
    if (jwk.kty == "oct") return take_secret(jwk, keys);
    if (jwk.kty == "RSA") return take_public(jwk, rsa_key(jwk), keys);
    if (jwk.kty == "EC" && jwk.crv == "P-256") return take_public(jwk, p256_key(jwk), keys);
    if (jwk.kty == "OKP" && jwk.crv == "Ed25519") return take_public(jwk, ed25519_key(jwk), keys);
    return {};
}

TokenKeysRead fault(std::string text) {
    return {.keys = {}, .fault = std::move(text)};
}

}  // namespace

TokenKeysRead read_token_key_set(std::string_view json) {
    JsonDocument document{limits::json_depth};
    simdjson::dom::object set;
    simdjson::dom::array list;
    if (!parse_object(document, json, set) || set["keys"].get(list) != simdjson::SUCCESS)
        return fault("is no JWK set: it should be JSON like {\"keys\": [{\"kty\": \"RSA\", ...}]}");
    TokenKeysRead read;
    std::size_t number = 0;
    for (const element each : list) {
        std::string wrong = take(each, read.keys);
        if (!wrong.empty()) return fault("key " + std::to_string(++number) + " " + wrong);
        if (read.keys.size() > limits::token_keys)
            return fault(
                "has more than " + std::to_string(limits::token_keys) +
                " keys for signatures: take out those that sign no more");
        ++number;
    }
    if (read.keys.empty())
        return fault(
            "has no key that signs tokens: RSA for RS256, EC with P-256 for ES256, OKP with "
            "Ed25519 for EdDSA, or oct for HS256, HS384 and HS512");
    return read;
}

}  // namespace grapevine::proto
