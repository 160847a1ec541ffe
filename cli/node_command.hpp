/// `grapevine node`: checks what was typed, then runs a node until it is told to stop.
#pragma once

#include "cli/options.hpp"
#include "node/config.hpp"

#include <string>
#include <string_view>

namespace grapevine::cli {

int node_command(const NodeOptions& options);

/// The same without running it. Throws UsageError; warnings go to stderr.
node::NodeConfig node_config(const NodeOptions& options);

/// Whether port 0 ("any free port") makes sense where an address is used.
enum class PortZero { allowed, refused };
/// `text` as an address, or UsageError that names `flag` and shows an example.
node::Address parse_address(std::string_view flag, std::string_view text, PortZero port_zero);

}  // namespace grapevine::cli
