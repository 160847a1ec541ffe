/// Which pages may talk to a listener: any web page in a browser can reach loopback, so a listener
/// without keys has to look at where a request comes from.
#pragma once

#include "node/http_head.hpp"

#include <string_view>

namespace grapevine::node {

/// No Origin (not a browser), or the host that was asked itself.
bool is_same_origin(const HttpHead& head);
/// A page of one loopback port that asks another: of another node on this machine, or of another
/// program here, which could connect itself.
bool is_of_this_machine(const HttpHead& head);
/// The Host names this machine's loopback: not a public name that was pointed at it (DNS
/// rebinding).
bool is_loopback_host(std::string_view host);

}  // namespace grapevine::node
