/// The head of one HTTP request, read strictly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <http_parser.h>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::node {

/// Views into the bytes of a request head: valid while its owner says so, usually during one call.
class HttpHead {
public:
    struct Field {
        std::string_view name;
        std::string_view value;
    };

    std::string_view method;
    /// As sent: path and query.
    std::string_view target;
    std::string_view path;
    std::string_view query;
    /// Minor version of HTTP/1.
    int minor = 1;
    /// Whether the client lets the connection go on after the answer.
    bool keep_alive = true;
    bool has_body = false;
    std::vector<Field> fields;

    /// First value of that name in any case; empty if there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const;
    /// Whether a comma-separated header has this token, in any case.
    [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;
    /// Elements of a comma-separated header, over all its lines.
    [[nodiscard]] std::vector<std::string_view> list(std::string_view name) const;
    /// Value of `name` in the query, still percent-encoded; empty if absent.
    [[nodiscard]] std::string_view query_value(std::string_view name) const;
    [[nodiscard]] std::string_view host() const { return header("host"); }
    [[nodiscard]] std::string_view origin() const { return header("origin"); }
};

/// "a%20b" to "a b"; `+` stays. Invalid escapes stay as they are.
std::string percent_decoded(std::string_view text);
/// Whether two texts of one length are equal in any case (ASCII).
bool same_size_equal_ignoring_case(std::string_view a, std::string_view b);
/// Whether two header names or tokens are equal in any case (ASCII).
inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && same_size_equal_ignoring_case(a, b);
}

}  // namespace grapevine::node
