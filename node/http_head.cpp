#include "node/http_head.hpp"

#include <algorithm>
#include <charconv>

namespace grapevine::node {
namespace {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Cuts the text before the next `separator` off `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

}  // namespace

bool same_size_equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(
        a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view HttpHead::header(std::string_view name) const {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) {
        return equal_ignoring_case(field.name, name);
    });
    return found != fields.end() ? found->value : std::string_view{};
}

std::size_t HttpHead::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(fields.begin(), fields.end(), [&](const Field& field) {
            return equal_ignoring_case(field.name, name);
        }));
}

std::vector<std::string_view> HttpHead::list(std::string_view name) const {
    std::vector<std::string_view> elements;
    for (const Field& field : fields) {
        if (!equal_ignoring_case(field.name, name)) continue;
        for (std::string_view rest = field.value; !rest.empty();)
            if (const auto element = trimmed(next_part(rest, ',')); !element.empty())
                elements.push_back(element);
    }
    return elements;
}

bool HttpHead::has_token(std::string_view name, std::string_view token) const {
    for (const Field& field : fields) {
        if (!equal_ignoring_case(field.name, name)) continue;
        for (std::string_view rest = field.value; !rest.empty();)
            if (equal_ignoring_case(trimmed(next_part(rest, ',')), token)) return true;
    }
    return false;
}

std::string_view HttpHead::query_value(std::string_view name) const {
    for (std::string_view rest = query; !rest.empty();) {
        std::string_view value = next_part(rest, '&');
        if (next_part(value, '=') == name) return value;
    }
    return {};
}

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        if (text[i] == '%' && i + 2 < text.size()) {
            const char* const digits = text.data() + i + 1;
            if (std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
                decoded.push_back(static_cast<char>(value));
                i += 2;
                continue;
            }
        }
        decoded.push_back(text[i]);
    }
    return decoded;
}

}  // namespace grapevine::node
