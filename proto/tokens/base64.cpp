#include "proto/tokens/base64.hpp"

#include <array>
#include <cstdint>

namespace grapevine::proto {
namespace {

constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view plain_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t no_digit = 0xff;
using Digits = std::array<std::uint8_t, 256>;

constexpr Digits digits_of(std::string_view alphabet) {
    Digits digits{};
    digits.fill(no_digit);
    for (std::size_t value = 0; value < alphabet.size(); ++value)
        digits[static_cast<std::uint8_t>(alphabet[value])] = static_cast<std::uint8_t>(value);
    return digits;
}

constexpr Digits url_digits = digits_of(url_alphabet);
constexpr Digits plain_digits = digits_of(plain_alphabet);

std::optional<std::string> decoded(std::string_view text, const Digits& digits) {
    // Four digits are three bytes, so one digit more would be no byte.
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char each : text) {
        const std::uint8_t digit = digits[static_cast<std::uint8_t>(each)];
        if (digit == no_digit) return std::nullopt;
        bits = (bits << 6) | digit;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>((bits >> count) & 0xff);
    }
    const bool rest_is_zero = (bits & ((1U << count) - 1)) == 0;
    return rest_is_zero ? std::optional{std::move(bytes)} : std::nullopt;
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
    return decoded(text, url_digits);
}

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    return decoded(text, plain_digits);
}

void append_base64url(std::string& out, std::string_view bytes) {
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char each : bytes) {
        bits = (bits << 8) | static_cast<std::uint8_t>(each);
        for (count += 8; count >= 6;) {
            count -= 6;
            out += url_alphabet[(bits >> count) & 0x3f];
        }
    }
    if (count != 0) out += url_alphabet[(bits << (6 - count)) & 0x3f];
}

}  // namespace grapevine::proto
