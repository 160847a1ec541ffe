/// `grapevine send`: one message to users, wherever they are, and what became of it.
#pragma once

#include "cli/options.hpp"

namespace grapevine::cli {

int send_command(const SendOptions& options);

}  // namespace grapevine::cli
