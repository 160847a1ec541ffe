#include "node/origin.hpp"

#include <algorithm>

namespace grapevine::node {
namespace {

/// "http://host:port" without its scheme; empty of what has none, such as "null".
std::string_view host_of(std::string_view origin) {
    const std::size_t scheme = origin.find("://");
    return scheme != std::string_view::npos ? origin.substr(scheme + 3) : std::string_view{};
}

/// What a `*` may stand for, and what hosts and ports are made of.
bool is_of_names(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
    });
}

bool matches(std::string_view pattern, std::string_view origin) {
    const std::size_t star = pattern.find('*');
    if (star == pattern.npos) return equal_ignoring_case(pattern, origin);
    const std::string_view before = pattern.substr(0, star);
    const std::string_view behind = pattern.substr(star + 1);
    if (origin.size() <= before.size() + behind.size()) return false;
    const std::size_t between = origin.size() - before.size() - behind.size();
    return equal_ignoring_case(origin.substr(0, star), before) &&
           equal_ignoring_case(origin.substr(star + between), behind) &&
           is_of_names(origin.substr(star, between));
}

}  // namespace

bool AllowedOrigins::is_pattern(std::string_view text) {
    if (text == "*") return true;
    const std::size_t scheme = text.find("://");
    if (scheme == text.npos || scheme == 0 || !is_of_names(text.substr(0, scheme))) return false;
    const std::string_view host = text.substr(scheme + 3);
    const auto is_fine = [](char c) {
        return is_of_names({&c, 1}) || c == '_' || c == ':' || c == '[' || c == ']' || c == '*';
    };
    return !host.empty() && std::all_of(host.begin(), host.end(), is_fine) &&
           std::count(host.begin(), host.end(), '*') <= 1;
}

bool AllowedOrigins::allow(const HttpHead& head) const {
    if (is_same_origin(head) || is_of_this_machine(head)) return true;
    return head.count("origin") == 1 &&
           std::any_of(patterns_.begin(), patterns_.end(), [&head](const std::string& pattern) {
               return pattern == "*" || matches(pattern, head.origin());
           });
}

bool is_same_origin(const HttpHead& head) {
    if (head.count("origin") == 0) return true;
    const std::string_view host = host_of(head.origin());
    return !host.empty() && equal_ignoring_case(host, head.host());
}

bool is_of_this_machine(const HttpHead& head) {
    return is_loopback_host(head.host()) && is_loopback_host(host_of(head.origin()));
}

bool is_loopback_host(std::string_view host) {
    const std::size_t colon = host.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
    const std::string_view name = has_port ? host.substr(0, colon) : host;
    return name == "127.0.0.1" || name == "[::1]" || equal_ignoring_case(name, "localhost") ||
           (name.starts_with("127.") &&
            name.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace grapevine::node
