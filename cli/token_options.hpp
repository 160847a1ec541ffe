/// The options about tokens, checked.
#pragma once

#include "cli/options.hpp"
#include "node/config.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace grapevine::cli {

/// Of `grapevine node`: files that can be read and hold keys, else UsageError that names the flag.
node::TokenConfig token_config(const NodeOptions& options);

/// "90", "90s", "15m", "1h" or "7d"; none for "never". Else UsageError that names --expires.
std::optional<std::chrono::seconds> parse_lifetime(const std::string& text);

}  // namespace grapevine::cli
