#include "node/origin.hpp"

namespace grapevine::node {
namespace {

/// "http://host:port" without its scheme; empty of what has none, such as "null".
std::string_view host_of(std::string_view origin) {
    const std::size_t scheme = origin.find("://");
    return scheme != std::string_view::npos ? origin.substr(scheme + 3) : std::string_view{};
}

}  // namespace

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
