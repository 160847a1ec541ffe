/// The options by which nodes find each other, checked.
#pragma once

#include "node/config.hpp"

#include <string>
#include <string_view>

namespace grapevine::cli {

/// `text` as a seed in its usual spelling, or UsageError that names --seeds and shows an example.
std::string parse_seed(std::string_view text);

/// `text` as the address of a DNS server, or UsageError that names --dns-server.
node::Address parse_dns_server(std::string_view text);

}  // namespace grapevine::cli
