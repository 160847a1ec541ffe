#include "proto/ascii.hpp"
#include "proto/client_codec.hpp"
#include "proto/client_scratch.hpp"
#include "proto/json_scan.hpp"

#include <cstdint>

namespace grapevine::proto {
namespace {

constexpr std::string_view replacement_character = "\xef\xbf\xbd";

/// Length of the UTF-8 sequence at the start of `text`; 0 if it is none.
std::size_t sequence_length(std::string_view text) {
    const auto lead = static_cast<std::uint8_t>(text[0]);
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    return text.size() >= length && is_utf8(text.substr(0, length)) ? length : 0;
}

void append_escape(std::string& out, char character) {
    switch (character) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<std::uint8_t>(character);
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

/// Of valid JSON: it is not blank.
std::string_view without_outer_space(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(space);
    return text.substr(begin, text.find_last_not_of(space) + 1 - begin);
}

}  // namespace

bool is_utf8(std::string_view text) {
    // Text is mostly ASCII: not worth a call into the library.
    for (constexpr std::size_t words = 4; text.size() >= words * ascii::word_bytes;) {
        std::uint64_t all = 0;
        for (std::size_t word = 0; word < words; ++word)
            all |= ascii::word_at(text.data() + word * ascii::word_bytes);
        if (ascii::beyond(all) != 0) break;
        text.remove_prefix(words * ascii::word_bytes);
    }
    while (text.size() >= ascii::word_bytes && ascii::beyond(ascii::word_at(text.data())) == 0)
        text.remove_prefix(ascii::word_bytes);
    while (!text.empty() && static_cast<std::uint8_t>(text.front()) < 0x80)
        text.remove_prefix(1);
    return text.empty() || simdjson::validate_utf8(text.data(), text.size());
}

bool normalise_json(ClientScratch& scratch, std::string_view text, std::string_view& out) {
    JsonScan scan{text};
    if (std::string_view value; scan.value(value) && scan.at_end() && value.size() == text.size()) {
        out = text;
        return true;
    }
    JsonDocument& document = scratch.parts().payload;
    if (!document.parse(text)) return false;
    const std::string_view value = without_outer_space(document.text());
    const std::string_view clean = document.without_newlines(value);
    const bool unchanged = clean.size() == value.size() && !document.replaced();
    out = unchanged ? without_outer_space(text) : clean;
    return true;
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t plain = ascii::plain_bytes(text.data(), text.data() + text.size());
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;

        if (static_cast<std::uint8_t>(text[0]) < 0x80) {
            append_escape(out, text[0]);
            text.remove_prefix(1);
        } else if (const std::size_t length = sequence_length(text); length != 0) {
            out.append(text.substr(0, length));
            text.remove_prefix(length);
        } else {
            out.append(replacement_character);
            text.remove_prefix(1);
        }
    }
    out += '"';
}

}  // namespace grapevine::proto
