/// What a message of the load generator says about itself: a JSON string of fixed length, so that
/// the next message differs from the last in a few bytes at known places. Both encodings of the
/// client protocol carry it as it is.
///
///   " run stream number sent_at padding "      each field: 8 letters from a to p, 4 bits each
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace grapevine::cli::bench {

struct Stamp {
    std::uint32_t run = 0;  ///< drawn for each run: what others send is not ours
    std::uint32_t stream = 0;
    std::uint32_t number = 0;
    std::uint32_t sent_at = 0;  ///< microseconds since the run began

    friend bool operator==(const Stamp&, const Stamp&) = default;
};

inline constexpr std::size_t stamp_field_bytes = 8;
inline constexpr std::size_t payload_bytes_min = 4 * stamp_field_bytes + 2;
/// The opening quote and the run: where this is, a stamp begins.
inline constexpr std::size_t stamp_mark_bytes = 1 + stamp_field_bytes;
/// Not a number: the message only asks whether anybody is there.
inline constexpr std::uint32_t probe_number = ~std::uint32_t{0};

static_assert(std::endian::native == std::endian::little);

/// The letters of a field, as they lie in memory.
constexpr std::uint64_t stamp_letters(std::uint32_t value) {
    std::uint64_t x = value;
    x = (x | (x << 16)) & 0x0000FFFF0000FFFF;
    x = (x | (x << 8)) & 0x00FF00FF00FF00FF;
    x = (x | (x << 4)) & 0x0F0F0F0F0F0F0F0F;
    return __builtin_bswap64(x) + 0x6161616161616161;
}

/// Whether all eight were letters of a field.
constexpr bool read_stamp_letters(std::uint64_t letters, std::uint32_t& value) {
    std::uint64_t x = __builtin_bswap64(letters) - 0x6161616161616161;
    if ((x & 0xF0F0F0F0F0F0F0F0) != 0) return false;
    x = (x | (x >> 4)) & 0x00FF00FF00FF00FF;
    x = (x | (x >> 8)) & 0x0000FFFF0000FFFF;
    value = static_cast<std::uint32_t>(x | (x >> 16));
    return true;
}

/// `payload_bytes` of JSON, at least payload_bytes_min.
std::string stamped_payload(const Stamp& stamp, std::size_t payload_bytes);
std::string stamp_mark(std::uint32_t run);

/// Reads the stamp of a payload that begins at `text`. False if it is none, or if the payload does
/// not end `payload_bytes` behind its beginning.
inline bool read_stamp(std::string_view text, std::size_t payload_bytes, Stamp& stamp) {
    if (text.size() < payload_bytes || text[payload_bytes - 1] != '"') return false;
    std::uint64_t letters[4];
    std::memcpy(letters, text.data() + 1, sizeof letters);
    return read_stamp_letters(letters[0], stamp.run) &&
           read_stamp_letters(letters[1], stamp.stream) &&
           read_stamp_letters(letters[2], stamp.number) &&
           read_stamp_letters(letters[3], stamp.sent_at);
}

}  // namespace grapevine::cli::bench
