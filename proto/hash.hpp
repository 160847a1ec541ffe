/// Keyed hashes for tables, and the HMAC that protects a link's handshake.
#pragma once

#include "proto/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace grapevine::proto {

using Sha256 = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4).
Sha256 sha256(std::string_view bytes);
/// HMAC-SHA-256 (RFC 2104).
Sha256 hmac_sha256(std::string_view key, std::string_view message);
/// Equality in constant time, so that a peer learns nothing from how long a refusal took.
bool equal_secrets(std::span<const std::uint8_t> left, std::span<const std::uint8_t> right);

/// Key of the table hashes of one cluster: SHA-256("grapevine " + cluster name + salt), first 128
/// bits. Never made from the shared secret, which rotates: every node must compute the same keys
/// for ever.
struct HashKey {
    std::uint64_t low{};
    std::uint64_t high{};
    std::uint64_t mask = UINT64_MAX;  ///< of user and channel keys: tests make these collide

    static HashKey of_cluster(std::string_view cluster, std::string_view salt = {});
};

/// SipHash-1-3 (Aumasson, Bernstein 2012): keyed, so that names cannot be crafted to collide.
std::uint64_t siphash13(HashKey key, std::string_view bytes);

/// Bijective finaliser (splitmix64): spreads structured numbers over all bits.
constexpr std::uint64_t mix64(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

/// Maps a uniform 64-bit number to [0, bound), keeping order: value * bound / 2^64.
constexpr std::uint64_t scale_to(std::uint64_t value, std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(value) * bound) >> 64);
}

inline NodeId node_id_of(HashKey key, std::string_view name) {
    return NodeId{siphash13(key, name)};
}
/// Of a user or a channel.
inline std::uint64_t key_of(HashKey key, std::string_view name) {
    return siphash13(key, name) & key.mask;
}
inline UserKey user_key_of(HashKey key, std::string_view user) {
    return UserKey{key_of(key, user)};
}
inline ChannelKey channel_key_of(HashKey key, std::string_view channel) {
    return ChannelKey{key_of(key, channel)};
}

}  // namespace grapevine::proto
