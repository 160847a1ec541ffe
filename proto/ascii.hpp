/// Looks at eight bytes of text at a time.
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

}  // namespace grapevine::proto::ascii
