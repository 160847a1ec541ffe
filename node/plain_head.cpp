#include "node/plain_head.hpp"

#include "proto/limits.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace grapevine::node {
namespace {

constexpr std::string_view method = "GET ";
constexpr std::string_view version = " HTTP/1.1\r\n";

constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (int c = 'a'; c <= 'z'; ++c)
        table[static_cast<std::size_t>(c)] = table[static_cast<std::size_t>(c - 'a' + 'A')] = true;
    for (int c = '0'; c <= '9'; ++c)
        table[static_cast<std::size_t>(c)] = true;
    for (const char c : std::string_view{"!#$%&'*+-.^_`|~"})
        table[static_cast<unsigned char>(c)] = true;
    return table;
}
constexpr std::array<bool, 256> is_token_char = make_token_table();

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// The high bit of each byte of `word` that is a control character, and perhaps of bytes after the
/// first of them.
std::uint64_t controls_in(std::uint64_t word) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t tops = 0x80 * ones;
    const std::uint64_t below_space = word - 0x20 * ones;
    const std::uint64_t deletes = (word ^ 0x7f * ones) - ones;
    return (below_space | deletes) & ~word & tops;
}

/// The first control character from `at` on that is no tab, or the end.
std::size_t end_of_value(std::string_view bytes, std::size_t at) {
    static_assert(std::endian::native == std::endian::little);
    for (;;) {
        std::uint64_t word = 0;
        while (at + sizeof word <= bytes.size()) {
            std::memcpy(&word, bytes.data() + at, sizeof word);
            if (const std::uint64_t found = controls_in(word); found != 0) {
                at += static_cast<std::size_t>(std::countr_zero(found)) / 8;
                break;
            }
            at += sizeof word;
        }
        while (at < bytes.size() && !is_control(bytes[at]))
            ++at;
        if (at == bytes.size() || bytes[at] != '\t') return at;
        ++at;
    }
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// "/..." of characters that may be there; 0 if it is not that.
std::size_t size_of_target(std::string_view bytes) {
    if (!bytes.starts_with('/')) return 0;
    const auto end = std::find_if(
        bytes.begin(), bytes.end(), [](char c) { return !(c > 0x20 && c < 0x7f) || c == '#'; });
    return static_cast<std::size_t>(end - bytes.begin());
}

/// Whether a field says nothing about the body or the connection that HttpReader has to weigh.
bool is_harmless(const HttpHead::Field& field) {
    const auto is = [&](std::string_view name) { return equal_ignoring_case(field.name, name); };
    switch (field.name.size()) {
    case std::string_view{"connection"}.size():
        return !is("connection") || equal_ignoring_case(field.value, "upgrade") ||
               equal_ignoring_case(field.value, "keep-alive, upgrade");
    case std::string_view{"content-length"}.size(): return !is("content-length");
    case std::string_view{"proxy-connection"}.size(): return !is("proxy-connection");
    case std::string_view{"transfer-encoding"}.size(): return !is("transfer-encoding");
    default: return true;
    }
}

}  // namespace

std::size_t read_plain_head(std::string_view bytes, HttpHead& head) {
    bytes = bytes.substr(0, proto::limits::http_head_bytes);
    if (!bytes.starts_with(method)) return 0;
    const std::size_t target_size = size_of_target(bytes.substr(method.size()));
    std::size_t at = method.size() + target_size;
    if (target_size == 0 || !bytes.substr(at).starts_with(version)) return 0;
    head.method = bytes.substr(0, method.size() - 1);
    head.target = bytes.substr(method.size(), target_size);
    const std::size_t mark = std::min(head.target.find('?'), target_size);
    head.path = head.target.substr(0, mark);
    head.query = head.target.substr(std::min(mark + 1, target_size));
    head.minor = 1;
    head.keep_alive = true;
    head.has_body = false;
    head.fields.clear();
    at += version.size();

    std::size_t hosts = 0;
    while (!bytes.substr(at).starts_with("\r\n")) {
        const std::size_t begin = at;
        while (at < bytes.size() && is_token_char[static_cast<unsigned char>(bytes[at])])
            ++at;
        if (at == begin || at == bytes.size() || bytes[at] != ':') return 0;
        const std::size_t end = end_of_value(bytes, at + 1);
        if (!bytes.substr(end).starts_with("\r\n")) return 0;
        const HttpHead::Field field{
            bytes.substr(begin, at - begin), trimmed(bytes.substr(at + 1, end - at - 1))};
        if (!is_harmless(field)) return 0;
        if (equal_ignoring_case(field.name, "host")) ++hosts;
        head.fields.push_back(field);
        at = end + 2;
    }
    return hosts == 1 ? at + 2 : 0;
}

}  // namespace grapevine::node
