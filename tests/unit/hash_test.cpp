#include "proto/hash.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <string>

namespace grapevine::proto {
namespace {

std::string hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

/// SipHash-c-d as the paper words it, byte by byte. Slow, and shares nothing with the real one.
std::uint64_t reference_siphash(int c, int d, HashKey key, std::string_view message) {
    std::uint64_t v[4] = {
        0x736f6d6570736575 ^ key.low,
        0x646f72616e646f6d ^ key.high,
        0x6c7967656e657261 ^ key.low,
        0x7465646279746573 ^ key.high};
    const auto rounds = [&v](int times) {
        for (int i = 0; i < times; ++i) {
            v[0] += v[1];
            v[2] += v[3];
            v[1] = std::rotl(v[1], 13) ^ v[0];
            v[3] = std::rotl(v[3], 16) ^ v[2];
            v[0] = std::rotl(v[0], 32);
            v[2] += v[1];
            v[0] += v[3];
            v[1] = std::rotl(v[1], 17) ^ v[2];
            v[3] = std::rotl(v[3], 21) ^ v[0];
            v[2] = std::rotl(v[2], 32);
        }
    };
    std::string padded{message};
    while (padded.size() % 8 != 7)
        padded += '\0';
    padded += static_cast<char>(message.size());
    for (std::size_t at = 0; at < padded.size(); at += 8) {
        std::uint64_t word = 0;
        for (std::size_t byte = 0; byte < 8; ++byte)
            word |= std::uint64_t{static_cast<std::uint8_t>(padded[at + byte])} << (8 * byte);
        v[3] ^= word;
        rounds(c);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    rounds(d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

constexpr HashKey paper_key{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string counting_bytes(std::size_t size) {
    std::string text;
    for (std::size_t byte = 0; byte < size; ++byte)
        text += static_cast<char>(byte);
    return text;
}

// The paper's own example (appendix A) vouches for the reference, which then vouches for ours.
TEST(SipHash, ReferenceGivesThePapersExample) {
    EXPECT_EQ(reference_siphash(2, 4, paper_key, counting_bytes(15)), 0xa129ca6149be45e5);
}

TEST(SipHash, AgreesWithTheReferenceForEveryLengthUpToManyWords) {
    for (std::size_t size = 0; size < 300; ++size) {
        const std::string text = counting_bytes(size);
        EXPECT_EQ(siphash13(paper_key, text), reference_siphash(1, 3, paper_key, text)) << size;
        EXPECT_EQ(siphash13({~0ULL, size}, text), reference_siphash(1, 3, {~0ULL, size}, text))
            << size;
    }
}

TEST(Sha256, KnownAnswers) {
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(
        hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HmacSha256, KnownAnswers) {
    // RFC 4231, test case 2
    EXPECT_EQ(
        hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    // RFC 4231, test case 1
    EXPECT_EQ(
        hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST(HmacSha256, AnEmptyKeyIsAKeyLikeAnyOther) {
    const Sha256 first = hmac_sha256("", "message");
    (void)hmac_sha256("another", "message");
    EXPECT_EQ(hmac_sha256("", "message"), first);
}

TEST(EqualSecrets, ComparesLengthAndEveryByte) {
    const Sha256 secret = sha256("secret");
    Sha256 other = secret;
    EXPECT_TRUE(equal_secrets(secret, other));
    other.back() ^= 1;
    EXPECT_FALSE(equal_secrets(secret, other));
    EXPECT_FALSE(equal_secrets(secret, std::span{secret}.first(31)));
    EXPECT_TRUE(equal_secrets({}, {}));
}

TEST(HashKey, DependsOnClusterAndSalt) {
    const HashKey plain = HashKey::of_cluster("home");
    EXPECT_EQ(user_key_of(plain, "bob"), user_key_of(HashKey::of_cluster("home"), "bob"));
    EXPECT_NE(user_key_of(plain, "bob"), user_key_of(HashKey::of_cluster("away"), "bob"));
    EXPECT_NE(user_key_of(plain, "bob"), user_key_of(HashKey::of_cluster("home", "salt"), "bob"));
    EXPECT_NE(
        user_key_of(HashKey::of_cluster("ab", "c"), "bob"),
        user_key_of(HashKey::of_cluster("a", "bc"), "bob"));
}

}  // namespace
}  // namespace grapevine::proto
