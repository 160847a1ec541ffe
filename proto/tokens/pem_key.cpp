#include "proto/tokens/openssl.hpp"
#include "proto/tokens/token_key.hpp"

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace grapevine::proto {
namespace {

constexpr std::string_view block_begin = "-----BEGIN ";

std::size_t blocks_in(std::string_view pem) {
    std::size_t blocks = 0;
    for (std::size_t at = 0; (at = pem.find(block_begin, at)) != pem.npos; at += block_begin.size())
        ++blocks;
    return blocks;
}

/// "PUBLIC KEY" of `-----BEGIN PUBLIC KEY-----`.
std::string_view label_of(std::string_view pem) {
    const std::size_t begin = pem.find(block_begin) + block_begin.size();
    return pem.substr(begin, pem.find("-----", begin) - begin);
}

openssl::Key key_of_certificate(std::string_view pem) {
    const openssl::Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    const std::unique_ptr<X509, openssl::Release<X509_free>> certificate{
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
    return openssl::Key{certificate ? X509_get_pubkey(certificate.get()) : nullptr};
}

openssl::Key public_key(std::string_view pem) {
    EVP_PKEY* key = nullptr;
    const std::unique_ptr<OSSL_DECODER_CTX, openssl::Release<OSSL_DECODER_CTX_free>> decoder{
        OSSL_DECODER_CTX_new_for_pkey(
            &key, "PEM", nullptr, nullptr, EVP_PKEY_PUBLIC_KEY, nullptr, nullptr)};
    const unsigned char* at = openssl::bytes_of(pem);
    std::size_t left = pem.size();
    if (decoder) OSSL_DECODER_from_data(decoder.get(), &at, &left);
    return openssl::Key{key};
}

TokenKeysRead refused(std::string text) {
    return {.keys = {}, .fault = std::move(text)};
}

}  // namespace

TokenKeysRead read_token_pem(std::string_view pem) {
    const std::size_t blocks = blocks_in(pem);
    if (blocks == 0)
        return refused("is not PEM: it should begin with -----BEGIN PUBLIC KEY----- or -----BEGIN "
                       "CERTIFICATE-----");
    // Of a chain of certificates only one is the signer's.
    if (blocks > 1)
        return refused(
            "has " + std::to_string(blocks) +
            " PEM blocks: give one public key or one certificate; several keys are for a "
            "JWKS file");
    const std::string_view label = label_of(pem);
    if (label.ends_with("PRIVATE KEY"))
        return refused("is a private key, which belongs to who signs tokens and nowhere else: give "
                       "the public one, from openssl pkey -in PRIVATE -pubout");
    openssl::Key key = label == "CERTIFICATE" ? key_of_certificate(pem) : public_key(pem);
    ERR_clear_error();
    if (!key) return refused("is PEM, but holds no public key that can be read");
    KeyKind kind = kind_of_key(*key);
    if (!kind.algorithm) return refused(std::move(kind.fault));
    TokenKeysRead read;
    read.keys.emplace_back(std::string{}, PublicKey{std::move(key)}, *kind.algorithm);
    return read;
}

}  // namespace grapevine::proto
