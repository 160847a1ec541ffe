#include "node/origin.hpp"

namespace grapevine::node {

bool is_same_origin(const HttpHead& head) {
    if (head.count("origin") == 0) return true;
    const std::string_view origin = head.origin();
    const std::size_t scheme = origin.find("://");
    return scheme != std::string_view::npos &&
           equal_ignoring_case(origin.substr(scheme + 3), head.host());
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
