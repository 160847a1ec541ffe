/// The client id as text, in the shape of a UUID; all 128 bits are random. It is made for each
/// publication instead of kept for each session, so it is written eight digits at a time.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace grapevine::mesh {

class ClientText {
public:
    explicit ClientText(const std::array<std::uint64_t, 2>& client) {
        char* out = text_.data();
        out = append<8>(out, digits_of(client[0] >> 32));
        *out++ = '-';
        const std::uint64_t middle = digits_of(client[0]);
        out = append<4>(out, middle);
        *out++ = '-';
        out = append<4>(out, middle >> 32);
        *out++ = '-';
        const std::uint64_t end = digits_of(client[1] >> 32);
        out = append<4>(out, end);
        *out++ = '-';
        out = append<4>(out, end >> 32);
        append<8>(out, digits_of(client[1]));
    }
    [[nodiscard]] std::string_view view() const { return {text_.data(), text_.size()}; }

private:
    /// The low 32 bits in hexadecimal: the first digit is the lowest byte.
    static std::uint64_t digits_of(std::uint64_t value) {
        constexpr std::uint64_t ones = 0x0101010101010101;
        std::uint64_t digits = value & 0xffffffff;
        digits = (digits | digits << 16) & 0x0000ffff0000ffff;
        digits = (digits | digits << 8) & 0x00ff00ff00ff00ff;
        digits = (digits | digits << 4) & 0x0f0f0f0f0f0f0f0f;
        const std::uint64_t is_letter = ((digits + ones * 6) >> 4) & ones;
        return __builtin_bswap64(digits + ones * '0' + is_letter * ('a' - '0' - 10));
    }
    /// The first digits of `digits`.
    template <int count>
    static char* append(char* out, std::uint64_t digits) {
        static_assert(std::endian::native == std::endian::little);
        std::memcpy(out, &digits, count);
        return out + count;
    }

    std::array<char, 36> text_;
};

}  // namespace grapevine::mesh
