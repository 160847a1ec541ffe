/// `grapevine bench`: puts load on nodes, judges what arrives and says what it measured.
#pragma once

#include "cli/bench/options.hpp"

namespace grapevine::cli {

int bench_command(const BenchOptions& options);

}  // namespace grapevine::cli
