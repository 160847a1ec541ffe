/// `grapevine config`: looks at a configuration file without starting a node.
#pragma once

#include "cli/options.hpp"

namespace grapevine::cli {

/// Throws UsageError for a file that a node would not take.
int config_check_command(const ConfigOptions& options);
/// Prints what the node would go by: the file with every default written out.
int config_show_command(const ConfigOptions& options);

}  // namespace grapevine::cli
