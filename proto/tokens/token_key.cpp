#include "proto/tokens/token_key.hpp"

#include "proto/hash.hpp"
#include "proto/limits.hpp"
#include "proto/tokens/openssl.hpp"

#include <array>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <span>

namespace grapevine::proto {
namespace {

using openssl::bytes_of;

bool has_made_hmac(
    const EVP_MD* digest,
    std::string_view secret,
    std::string_view text,
    std::string_view signature) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> expected{};
    unsigned int length = 0;
    const bool is_made = HMAC(
                             digest,
                             secret.data(),
                             static_cast<int>(secret.size()),
                             bytes_of(text),
                             text.size(),
                             expected.data(),
                             &length) != nullptr;
    return is_made && equal_secrets(
                          std::span{expected.data(), length},
                          std::span{bytes_of(signature), signature.size()});
}

/// Tokens have the two numbers of an ES256 signature side by side; OpenSSL wants them in DER.
std::string der_of(std::string_view signature) {
    if (signature.size() != 2 * openssl::p256_bytes) return {};
    const auto number = [&](std::size_t at) {
        return openssl::Number{
            BN_bin2bn(bytes_of(signature.substr(at)), openssl::p256_bytes, nullptr)};
    };
    openssl::Number r = number(0);
    openssl::Number s = number(openssl::p256_bytes);
    const openssl::EcSignature pair{ECDSA_SIG_new()};
    if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
    (void)r.release();
    (void)s.release();
    unsigned char* der = nullptr;
    const int length = i2d_ECDSA_SIG(pair.get(), &der);
    if (length <= 0) return {};
    std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
    OPENSSL_free(der);
    return text;
}

bool has_signed_with(
    evp_pkey_st* key, const EVP_MD* digest, std::string_view text, std::string_view signature) {
    const openssl::DigestContext context{EVP_MD_CTX_new()};
    const bool is_good =
        context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
        EVP_DigestVerify(
            context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
    // What it has to say about a wrong signature must not pile up.
    ERR_clear_error();
    return is_good;
}

}  // namespace

TokenKey::TokenKey(std::string id, std::string secret, TokenAlgorithms algorithms)
    : id_(std::move(id)), algorithms_(algorithms), secret_(std::move(secret)) {}

TokenKey::TokenKey(std::string id, PublicKey key, TokenAlgorithm algorithm)
    : id_(std::move(id)), algorithms_(algorithm), key_(std::move(key)) {}

bool TokenKey::has_signed(
    TokenAlgorithm algorithm, std::string_view text, std::string_view signature) const {
    if (!is_for(algorithm)) return false;
    switch (algorithm) {
    case TokenAlgorithm::hs256: return has_made_hmac(EVP_sha256(), secret_, text, signature);
    case TokenAlgorithm::hs384: return has_made_hmac(EVP_sha384(), secret_, text, signature);
    case TokenAlgorithm::hs512: return has_made_hmac(EVP_sha512(), secret_, text, signature);
    case TokenAlgorithm::rs256: return has_signed_with(key_.get(), EVP_sha256(), text, signature);
    case TokenAlgorithm::es256: {
        const std::string der = der_of(signature);
        return !der.empty() && has_signed_with(key_.get(), EVP_sha256(), text, der);
    }
    case TokenAlgorithm::eddsa: return has_signed_with(key_.get(), nullptr, text, signature);
    }
    return false;
}

KeyKind kind_of_key(evp_pkey_st& key) {
    if (EVP_PKEY_is_a(&key, "RSA") == 1) {
        const int bits = EVP_PKEY_get_bits(&key);
        if (bits < limits::rsa_key_bits_min)
            return {
                .algorithm = {},
                .fault = "is an RSA key of " + std::to_string(bits) +
                         " bits, which is too weak: use one of 2048 or more"};
        if (bits > limits::rsa_key_bits_max)
            return {
                .algorithm = {},
                .fault = "is an RSA key of " + std::to_string(bits) +
                         " bits, which takes too long for each token: use one of 8192 or less"};
        return {TokenAlgorithm::rs256, {}};
    }
    if (EVP_PKEY_is_a(&key, "EC") == 1) {
        std::array<char, 64> curve{};
        std::size_t length = 0;
        if (EVP_PKEY_get_group_name(&key, curve.data(), curve.size(), &length) == 1 &&
            std::string_view{curve.data(), length} == "prime256v1")
            return {TokenAlgorithm::es256, {}};
        return {
            .algorithm = {},
            .fault = "is an elliptic-curve key, but not of the curve P-256: ES256 needs that one"};
    }
    if (EVP_PKEY_is_a(&key, "ED25519") == 1) return {TokenAlgorithm::eddsa, {}};
    return {
        .algorithm = {},
        .fault =
            "is a key of another kind than RSA, P-256 or Ed25519: tokens are signed with RS256, "
            "ES256 or EdDSA"};
}

// The texts of kind_of_key and of the secret say these numbers.
static_assert(limits::rsa_key_bits_min == 2048 && limits::rsa_key_bits_max == 8192);

TokenKeysRead read_token_secret(std::string_view secret) {
    static_assert(limits::token_secret_bytes_min == 32);
    if (secret.size() < limits::token_secret_bytes_min)
        return {
            .keys = {},
            .fault =
                "is a secret of " + std::to_string(secret.size()) +
                " bytes, which can be guessed from one token: use 32 or more, for example from "
                "openssl rand -hex 32"};
    TokenKeysRead read;
    read.keys.emplace_back(std::string{}, std::string{secret}, TokenAlgorithms::all_of_secrets());
    return read;
}

}  // namespace grapevine::proto
