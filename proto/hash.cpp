#include "proto/hash.hpp"

#include <bit>
#include <cstring>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string>

namespace grapevine::proto {
namespace {

struct SipState {
    std::uint64_t v0, v1, v2, v3;

    void round() {
        v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
        v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
        v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
        v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
    }
};

std::uint64_t little_endian_64(const char* bytes) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

const unsigned char* unsigned_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
    Sha256 digest;
    SHA256(unsigned_bytes(bytes), bytes.size(), digest.data());
    return digest;
}

Sha256 hmac_sha256(std::string_view key, std::string_view message) {
    Sha256 digest;
    unsigned int length = digest.size();
    // OpenSSL takes a null key as "the previous one", so an empty secret needs a pointer too.
    const char* const key_bytes = key.empty() ? "" : key.data();
    HMAC(
        EVP_sha256(),
        key_bytes,
        static_cast<int>(key.size()),
        unsigned_bytes(message),
        message.size(),
        digest.data(),
        &length);
    return digest;
}

bool equal_secrets(std::span<const std::uint8_t> left, std::span<const std::uint8_t> right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

HashKey HashKey::of_cluster(std::string_view cluster, std::string_view salt) {
    std::string seed = "grapevine ";
    seed.append(cluster);
    if (!salt.empty()) seed.append(1, '\0').append(salt);
    const Sha256 digest = sha256(seed);
    HashKey key;
    std::memcpy(&key.low, digest.data(), sizeof key.low);
    std::memcpy(&key.high, digest.data() + sizeof key.low, sizeof key.high);
    return key;
}

std::uint64_t siphash13(HashKey key, std::string_view bytes) {
    SipState state{
        key.low ^ 0x736f6d6570736575,
        key.high ^ 0x646f72616e646f6d,
        key.low ^ 0x6c7967656e657261,
        key.high ^ 0x7465646279746573};
    const std::size_t whole = bytes.size() & ~std::size_t{7};
    for (std::size_t at = 0; at < whole; at += 8) {
        const std::uint64_t word = little_endian_64(bytes.data() + at);
        state.v3 ^= word;
        state.round();
        state.v0 ^= word;
    }
    std::uint64_t last = 0;
    if (bytes.size() > whole) std::memcpy(&last, bytes.data() + whole, bytes.size() - whole);
    last |= static_cast<std::uint64_t>(bytes.size()) << 56;
    state.v3 ^= last;
    state.round();
    state.v0 ^= last;
    state.v2 ^= 0xff;
    state.round();
    state.round();
    state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace grapevine::proto
