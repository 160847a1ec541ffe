/// `grapevine token`: makes tokens for development, and says what a node would think of one.
#pragma once

#include "cli/options.hpp"

#include <chrono>
#include <string>

namespace grapevine::cli {

int token_command(const TokenOptions& options);

/// What the token of these options says, as one JSON object. Throws UsageError.
std::string claims_of(const TokenOptions& options, std::chrono::sys_seconds now);

}  // namespace grapevine::cli
