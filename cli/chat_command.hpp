/// `grapevine chat`: a person, or a pipe, as a client of the cluster.
#pragma once

#include "cli/options.hpp"

namespace grapevine::cli {

int chat_command(const ChatOptions& options);

}  // namespace grapevine::cli
