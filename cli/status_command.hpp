/// `grapevine status`: asks one node how it sees the cluster and prints it as a table.
#pragma once

#include "cli/options.hpp"
#include "cli/terminal.hpp"

#include <string>
#include <string_view>

namespace grapevine::cli {

int status_command(const StatusOptions& options);

/// The table, and whether any member is suspect or down.
struct StatusTable {
    std::string text;
    bool all_alive = true;
};
/// `body` is the answer of GET /api/cluster. Throws std::runtime_error if it is not.
StatusTable status_table(std::string_view body, const Terminal& terminal);

}  // namespace grapevine::cli
