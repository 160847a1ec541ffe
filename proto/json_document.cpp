#include "proto/json_document.hpp"

#include "proto/limits.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace grapevine::proto {
namespace {

/// Nothing that this program reads as JSON is larger: client messages and payloads are 64 KiB, and
/// answers of a node to `grapevine chat` stay far below.
constexpr std::size_t json_bytes_max = limits::http_body_bytes;
/// Memory for texts up to this size is made at once instead of growing message by message.
constexpr std::size_t first_capacity = 4 * 1024;

bool is_space(char character) {
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

std::optional<unsigned> hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
    if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a' + 10);
    if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A' + 10);
    return std::nullopt;
}

/// An escape is six characters: backslash, u, four digits.
constexpr std::size_t escape_bytes = 6;

/// The UTF-16 code unit of the escape at the start of `text`; none if there is no such escape.
std::optional<unsigned> escaped_unit(std::string_view text) {
    if (text.size() < escape_bytes || text[0] != '\\' || text[1] != 'u') return std::nullopt;
    unsigned unit = 0;
    for (const char character : text.substr(2, 4)) {
        const std::optional<unsigned> digit = hex_digit(character);
        if (!digit) return std::nullopt;
        unit = unit * 16 + *digit;
    }
    return unit;
}

bool is_high_surrogate(unsigned unit) {
    return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low_surrogate(unsigned unit) {
    return unit >= 0xdc00 && unit < 0xe000;
}

/// Writes U+FFFD over every escaped half of a surrogate pair: it has as many digits, so nothing
/// moves.
bool replace_half_surrogates(char* begin, std::size_t size) {
    bool replaced = false;
    std::size_t at = 0;
    while (const void* const found = std::memchr(begin + at, '\\', size - at)) {
        at = static_cast<std::size_t>(static_cast<const char*>(found) - begin);
        const std::string_view rest{begin + at, size - at};
        const std::optional<unsigned> unit = escaped_unit(rest);
        if (!unit) {
            at += std::min<std::size_t>(2, rest.size());
            continue;
        }
        at += escape_bytes;
        if (is_high_surrogate(*unit)) {
            const std::optional<unsigned> next = escaped_unit(rest.substr(escape_bytes));
            if (next && is_low_surrogate(*next)) {
                at += escape_bytes;
                continue;
            }
        }
        if (is_high_surrogate(*unit) || is_low_surrogate(*unit)) {
            std::memcpy(begin + at - 4, "fffd", 4);
            replaced = true;
        }
    }
    return replaced;
}

}  // namespace

JsonDocument::JsonDocument(std::size_t depth) : parser_(json_bytes_max), depth_(depth) {}

bool JsonDocument::parse(std::string_view text) {
    if (text.size() > json_bytes_max) return false;
    if (parser_.capacity() == 0 && parser_.allocate(first_capacity, depth_) != simdjson::SUCCESS)
        return false;
    size_ = text.size();
    padded_.assign(text);
    // simdjson reads beyond the end in whole registers.
    padded_.append(simdjson::SIMDJSON_PADDING, ' ');
    replaced_ = replace_half_surrogates(padded_.data(), size_);
    return parser_.parse(padded_.data(), size_, false).get(root_) == simdjson::SUCCESS;
}

std::string_view JsonDocument::without_newlines(std::string_view part) {
    const bool none = std::memchr(part.data(), '\n', part.size()) == nullptr &&
                      std::memchr(part.data(), '\r', part.size()) == nullptr;
    if (none) return part;
    char* const begin = padded_.data() + (part.data() - padded_.data());
    char* const end = std::remove_if(begin, begin + part.size(), [](char character) {
        return character == '\n' || character == '\r';
    });
    return {begin, static_cast<std::size_t>(end - begin)};
}

void JsonWalker::open() {
    skip_space();
    ++at_;
}

void JsonWalker::member() {
    skip_space();
    if (*at_ == ',') ++at_;
    skip_space();
    skip_string();
    skip_space();
    ++at_;
    skip_space();
}

void JsonWalker::close() {
    skip_space();
    ++at_;
}

std::string_view JsonWalker::value() {
    const char* const begin = at_;
    if (*at_ == '"')
        skip_string();
    else if (*at_ == '{' || *at_ == '[')
        skip_container();
    else
        while (*at_ != ',' && *at_ != '}' && !is_space(*at_))
            ++at_;
    return {begin, static_cast<std::size_t>(at_ - begin)};
}

void JsonWalker::skip_space() {
    while (is_space(*at_))
        ++at_;
}

void JsonWalker::skip_string() {
    const char* const begin = at_;
    for (;;) {
        const auto left = static_cast<std::size_t>(end_ - at_ - 1);
        at_ = static_cast<const char*>(std::memchr(at_ + 1, '"', left));
        // The quote is the last one unless an odd number of backslashes stands before it.
        const char* escapes = at_;
        while (escapes - 1 != begin && escapes[-1] == '\\')
            --escapes;
        if ((at_ - escapes) % 2 == 0) break;
    }
    ++at_;
}

void JsonWalker::skip_container() {
    std::size_t depth = 0;
    do {
        switch (*at_) {
        case '"': skip_string(); continue;
        case '{':
        case '[': ++depth; break;
        case '}':
        case ']': --depth; break;
        default: break;
        }
        ++at_;
    } while (depth != 0);
}

}  // namespace grapevine::proto
