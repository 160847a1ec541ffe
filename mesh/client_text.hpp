/// The client id as text, in the shape of a UUID; all 128 bits are random. It is made for each
/// publication instead of kept for each session, so it is written a byte at a time rather than a
/// digit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace grapevine::mesh {

class ClientText {
public:
    explicit ClientText(const std::array<std::uint64_t, 2>& client) {
        char* out = text_.data();
        out = append<4>(out, client[0] >> 32);
        *out++ = '-';
        out = append<2>(out, client[0] >> 16);
        *out++ = '-';
        out = append<2>(out, client[0]);
        *out++ = '-';
        out = append<2>(out, client[1] >> 48);
        *out++ = '-';
        append<6>(out, client[1]);
    }
    [[nodiscard]] std::string_view view() const { return {text_.data(), text_.size()}; }

private:
    using Pair = std::array<char, 2>;
    static constexpr std::array<Pair, 256> pairs_ = [] {
        constexpr std::string_view digits = "0123456789abcdef";
        std::array<Pair, 256> pairs{};
        for (std::size_t byte = 0; byte < pairs.size(); ++byte)
            pairs[byte] = {digits[byte / 16], digits[byte % 16]};
        return pairs;
    }();

    /// The low `bytes` of `value`, highest first.
    template <int bytes>
    static char* append(char* out, std::uint64_t value) {
        for (int byte = bytes - 1; byte >= 0; --byte, out += 2)
            std::memcpy(out, pairs_[(value >> (byte * 8)) & 0xff].data(), 2);
        return out;
    }

    std::array<char, 36> text_;
};

}  // namespace grapevine::mesh
