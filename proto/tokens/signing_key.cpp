#include "proto/tokens/signing_key.hpp"

#include "proto/client_codec.hpp"
#include "proto/tokens/base64.hpp"
#include "proto/tokens/openssl.hpp"

#include <array>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

namespace grapevine::proto {
namespace {

using openssl::bytes_of;

const EVP_MD* digest_of(TokenAlgorithm algorithm) {
    switch (algorithm) {
    case TokenAlgorithm::hs384: return EVP_sha384();
    case TokenAlgorithm::hs512: return EVP_sha512();
    case TokenAlgorithm::eddsa: return nullptr;
    default: return EVP_sha256();
    }
}

/// The two numbers of an ES256 signature side by side, each as long as the curve's.
std::string joined_numbers(std::string_view der) {
    const unsigned char* at = bytes_of(der);
    const openssl::EcSignature pair{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
    if (!pair) return {};
    std::array<unsigned char, 2 * openssl::p256_bytes> numbers{};
    BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), numbers.data(), openssl::p256_bytes);
    BN_bn2binpad(
        ECDSA_SIG_get0_s(pair.get()), numbers.data() + openssl::p256_bytes, openssl::p256_bytes);
    return {numbers.begin(), numbers.end()};
}

std::string signature_by(evp_pkey_st* pair, TokenAlgorithm algorithm, std::string_view text) {
    const openssl::DigestContext context{EVP_MD_CTX_new()};
    std::size_t length = 0;
    const auto sign = [&](unsigned char* place) {
        return EVP_DigestSign(context.get(), place, &length, bytes_of(text), text.size()) == 1;
    };
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm), nullptr, pair) != 1 ||
        !sign(nullptr))
        return {};
    std::string signature(length, '\0');
    if (!sign(reinterpret_cast<unsigned char*>(signature.data()))) return {};
    signature.resize(length);
    return algorithm == TokenAlgorithm::es256 ? joined_numbers(signature) : signature;
}

/// Nobody is there to be asked for a passphrase.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

}  // namespace

SigningKey::SigningKey(std::string secret, TokenAlgorithm algorithm)
    : algorithm_(algorithm), secret_(std::move(secret)) {}

SigningKey::SigningKey(PublicKey pair, TokenAlgorithm algorithm)
    : algorithm_(algorithm), pair_(std::move(pair)) {}

std::string SigningKey::signature_of(std::string_view text) const {
    if (pair_) return signature_by(pair_.get(), algorithm_, text);
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    unsigned int length = 0;
    HMAC(
        digest_of(algorithm_),
        secret_.data(),
        static_cast<int>(secret_.size()),
        bytes_of(text),
        text.size(),
        code.data(),
        &length);
    return {code.begin(), code.begin() + length};
}

SigningKeyRead read_signing_secret(std::string_view secret, TokenAlgorithm algorithm) {
    SigningKeyRead read;
    read.fault = read_token_secret(secret).fault;
    if (read.fault.empty()) read.key.emplace(std::string{secret}, algorithm);
    return read;
}

SigningKeyRead read_signing_pem(std::string_view pem) {
    const openssl::Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    openssl::Key pair{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
    ERR_clear_error();
    SigningKeyRead read;
    if (!pair) {
        read.fault = "holds no private key in PEM without a passphrase; make one with: openssl "
                     "genpkey -algorithm ed25519";
        return read;
    }
    KeyKind kind = kind_of_key(*pair);
    read.fault = std::move(kind.fault);
    if (kind.algorithm) read.key.emplace(PublicKey{std::move(pair)}, *kind.algorithm);
    return read;
}

std::string sign_token(const SigningKey& key, std::string_view claims, std::string_view key_id) {
    std::string header = R"({"alg":")" + std::string{name_of(key.algorithm())} + R"(","typ":"JWT")";
    if (!key_id.empty()) {
        header += ",\"kid\":";
        append_json_string(header, key_id);
    }
    return sign_token_as(key, header + "}", claims);
}

std::string sign_token_as(const SigningKey& key, std::string_view header, std::string_view claims) {
    std::string token;
    append_base64url(token, header);
    token += '.';
    append_base64url(token, claims);
    const std::string signature = key.signature_of(token);
    token += '.';
    append_base64url(token, signature);
    return token;
}

}  // namespace grapevine::proto
