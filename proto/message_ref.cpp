#include "proto/message_ref.hpp"

#include <charconv>

namespace grapevine::proto {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t digits_each = 16;

void append_hex(std::string& out, std::uint64_t value) {
    for (int shift = 60; shift >= 0; shift -= 4)
        out.push_back(digits[(value >> shift) & 15]);
}

std::uint64_t read_hex(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return value;
}

}  // namespace

std::string text_of(MessageRef message) {
    std::string text;
    append_hex(text, message.node.value);
    append_hex(text, message.message.value);
    return text;
}

std::optional<MessageRef> read_message_ref(std::string_view text) {
    if (text.size() != 2 * digits_each || text.find_first_not_of(digits) != std::string_view::npos)
        return std::nullopt;
    return MessageRef{
        {read_hex(text.substr(0, digits_each))}, {read_hex(text.substr(digits_each))}};
}

}  // namespace grapevine::proto
