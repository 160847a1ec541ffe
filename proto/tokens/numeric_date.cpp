#include "proto/tokens/numeric_date.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace grapevine::proto {
namespace {

constexpr std::int64_t last_second = 253402300799;  ///< of the year 9999
/// More digits before the point than that are later, whatever they are.
constexpr std::int64_t digits_max = 12;

std::string_view digits_at(std::string_view text) {
    const auto end =
        std::find_if(text.begin(), text.end(), [](char each) { return each < '0' || each > '9'; });
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

/// Of what stands behind the `e`; far beyond all that matters if it has many digits.
std::int64_t exponent_of(std::string_view text) {
    const bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+')) text.remove_prefix(1);
    constexpr std::int64_t huge = 1'000'000;
    std::int64_t exponent = huge;
    std::from_chars(text.data(), text.data() + text.size(), exponent);
    exponent = std::min(exponent, huge);
    return is_negative ? -exponent : exponent;
}

}  // namespace

std::optional<std::chrono::sys_seconds> read_numeric_date(std::string_view json) {
    const bool is_negative = json.starts_with('-');
    if (is_negative) json.remove_prefix(1);
    const std::string_view whole = digits_at(json);
    if (whole.empty()) return std::nullopt;
    json.remove_prefix(whole.size());
    std::string_view fraction;
    if (json.starts_with('.')) {
        fraction = digits_at(json.substr(1));
        json.remove_prefix(1 + fraction.size());
    }
    std::string digits = std::string{whole}.append(fraction);
    auto point = static_cast<std::int64_t>(whole.size());
    if (!json.empty()) point += exponent_of(json.substr(1));
    // Zeros in front say nothing, and must not count as digits.
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
    digits.erase(0, zeros);
    point -= static_cast<std::int64_t>(zeros);
    if (is_negative || digits.empty() || point <= 0) return std::chrono::sys_seconds{};
    if (point > digits_max) return std::nullopt;
    digits.resize(static_cast<std::size_t>(point), '0');
    std::int64_t seconds = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (seconds > last_second) return std::nullopt;
    return std::chrono::sys_seconds{std::chrono::seconds{seconds}};
}

}  // namespace grapevine::proto
