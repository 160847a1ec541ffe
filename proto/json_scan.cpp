#include "proto/json_scan.hpp"

#include "proto/ascii.hpp"
#include "proto/utf8.hpp"

namespace grapevine::proto {
namespace {

constexpr int depth_max = 32;
/// Any number of this many characters, with an exponent of at most two digits, is a finite double,
/// and an integer of it fits 64 bits.
constexpr std::ptrdiff_t number_bytes_max = 18;
constexpr std::size_t exponent_digits_max = 2;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::size_t JsonScan::digits() {
    const char* const begin = at_;
    while (at_ != end_ && is_digit(*at_))
        ++at_;
    return static_cast<std::size_t>(at_ - begin);
}

bool JsonScan::number() {
    const char* const begin = at_;
    if (*at_ == '-') ++at_;
    const bool leads_with_zero = at_ != end_ && *at_ == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (leads_with_zero && whole > 1)) return false;
    if (at_ != end_ && *at_ == '.') {
        ++at_;
        if (digits() == 0) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
        ++at_;
        if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
        const std::size_t exponent = digits();
        if (exponent == 0 || exponent > exponent_digits_max) return false;
    }
    return at_ - begin <= number_bytes_max;
}

bool JsonScan::escape() {
    if (end_ - at_ < 2) return false;
    if (std::string_view{"\"\\/bfnrt"}.find(at_[1]) != std::string_view::npos) {
        at_ += 2;
        return true;
    }
    if (at_[1] != 'u' || end_ - at_ < 6) return false;
    for (int digit = 2; digit < 6; ++digit)
        if (!is_hex(at_[digit])) return false;
    const bool may_be_surrogate = at_[2] == 'd' || at_[2] == 'D';
    at_ += 6;
    return !may_be_surrogate;
}

bool JsonScan::string() {
    const char* const begin = ++at_;
    bool is_ascii = true;
    for (;;) {
        at_ += ascii::plain_bytes(at_, end_);
        if (at_ == end_) return false;
        const char c = *at_;
        if (c == '"') {
            const std::string_view text{begin, at_};
            ++at_;
            return is_ascii || is_utf8(text);
        }
        if (c == '\\') {
            if (!escape()) return false;
            continue;
        }
        if (static_cast<std::uint8_t>(c) < 0x20) return false;
        is_ascii = is_ascii && static_cast<std::uint8_t>(c) < 0x80;
        ++at_;
    }
}

bool JsonScan::members(int depth) {
    if (!sign('{')) return false;
    if (sign('}')) return true;
    for (;;) {
        if (at_ == end_ || *at_ != '"' || !string() || !sign(':') || !value(depth + 1))
            return false;
        if (sign('}')) return true;
        if (!sign(',')) return false;
    }
}

bool JsonScan::elements(int depth) {
    if (!sign('[')) return false;
    if (sign(']')) return true;
    for (;;) {
        if (!value(depth + 1)) return false;
        if (sign(']')) return true;
        if (!sign(',')) return false;
    }
}

bool JsonScan::value(int depth) {
    if (at_ == end_ || depth == depth_max) return false;
    switch (*at_) {
    case '"': return string();
    case '{': return members(depth);
    case '[': return elements(depth);
    case 't': return skip("true");
    case 'f': return skip("false");
    case 'n': return skip("null");
    default: return (*at_ == '-' || is_digit(*at_)) && number();
    }
}

bool JsonScan::value(std::string_view& place) {
    const char* const begin = at_;
    if (!value(0)) return false;
    // Space that a container's last bracket took with it is not part of the value.
    const char* last = at_;
    while (last[-1] == ' ' || last[-1] == '\t')
        --last;
    place = {begin, last};
    return true;
}

bool JsonScan::plain_text(std::string_view& place) {
    if (at_ == end_ || *at_ != '"') return false;
    ++at_;
    return plain_rest(place);
}

bool JsonScan::plain_rest(std::string_view& place) {
    const char* const begin = at_;
    at_ += ascii::plain_bytes(at_, end_);
    if (at_ == end_ || *at_ != '"') return false;
    place = {begin, at_};
    ++at_;
    return true;
}

bool JsonScan::small_number(std::uint32_t& place) {
    const char* const begin = at_;
    place = 0;
    while (at_ != end_ && is_digit(*at_) && at_ - begin < 10)
        place = place * 10 + static_cast<std::uint32_t>(*at_++ - '0');
    const auto length = at_ - begin;
    return length >= 1 && length <= 9 && (length == 1 || *begin != '0');
}

}  // namespace grapevine::proto
