/// Looks at eight or sixteen bytes of text at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace grapevine::proto::ascii {

inline constexpr std::uint64_t ones = 0x0101010101010101;
inline constexpr std::uint64_t tops = 0x8080808080808080;
inline constexpr std::size_t word_bytes = 8;

inline std::uint64_t word_at(const char* text) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t word;
    std::memcpy(&word, text, word_bytes);
    return word;
}

/// The top bit of every byte that is below `bound`, exact up to and including the first such byte
/// (Mycroft's test: later bytes may be marked by a borrow). Bytes above 0x7f are never marked.
constexpr std::uint64_t below(std::uint64_t word, std::uint8_t bound) {
    return (word - ones * bound) & ~word & tops;
}
/// Likewise for bytes that are `byte`.
constexpr std::uint64_t equal(std::uint64_t word, std::uint8_t byte) {
    return below(word ^ (ones * byte), 1);
}
/// The top bit of every byte above 0x7f.
constexpr std::uint64_t beyond(std::uint64_t word) {
    return word & tops;
}

/// Index of the first marked byte; `marks` is not zero.
constexpr std::size_t first(std::uint64_t marks) {
    return static_cast<std::size_t>(std::countr_zero(marks)) / word_bytes;
}

/// Compilers know this type on every processor and have one instruction for each line below.
using Block = signed char __attribute__((vector_size(16)));

/// Of the first sixteen bytes: how many are before the first that may not stand in a JSON string as
/// it is, or has to be looked at: below 0x20, above 0x7f, a quote or a backslash.
inline std::size_t plain_of_block(const char* text) {
    Block block;
    std::memcpy(&block, text, sizeof block);
    // Signed: what is above 0x7f is below zero.
    const Block marks = (block < 0x20) | (block == '"') | (block == '\\');
    std::uint64_t halves[2];
    std::memcpy(halves, &marks, sizeof marks);
    if ((halves[0] | halves[1]) == 0) return sizeof block;
    return halves[0] != 0 ? first(halves[0]) : word_bytes + first(halves[1]);
}

/// Two blocks at once, of which most are plain.
inline bool is_plain_pair(const char* text) {
    Block blocks[2];
    std::memcpy(blocks, text, sizeof blocks);
    const Block marks = (blocks[0] < 0x20) | (blocks[0] == '"') | (blocks[0] == '\\') |
                        (blocks[1] < 0x20) | (blocks[1] == '"') | (blocks[1] == '\\');
    std::uint64_t halves[2];
    std::memcpy(halves, &marks, sizeof marks);
    return (halves[0] | halves[1]) == 0;
}

/// The same of all the text up to `end`.
inline std::size_t plain_bytes(const char* text, const char* end) {
    constexpr auto block_bytes = static_cast<std::ptrdiff_t>(sizeof(Block));
    const char* at = text;
    while (end - at >= 2 * block_bytes && is_plain_pair(at))
        at += 2 * block_bytes;
    for (; end - at >= block_bytes; at += block_bytes)
        if (const std::size_t plain = plain_of_block(at); plain != sizeof(Block))
            return static_cast<std::size_t>(at - text) + plain;
    // The last block again, whose beginning is known to be plain: cheaper than byte by byte.
    if (end - text >= block_bytes)
        return static_cast<std::size_t>(end - text) - sizeof(Block) +
               plain_of_block(end - block_bytes);
    while (at != end && static_cast<std::uint8_t>(*at) - 0x20U < 0x60 && *at != '"' && *at != '\\')
        ++at;
    return static_cast<std::size_t>(at - text);
}

}  // namespace grapevine::proto::ascii
