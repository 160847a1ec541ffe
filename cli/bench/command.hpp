/// `grapevine bench`: puts load on nodes, judges what arrives and says what it measured.
#pragma once

#include "cli/bench/options.hpp"
#include "cli/bench/own_dialect.hpp"

namespace grapevine::cli {

int bench_command(
    const BenchOptions& options, bench::MakeDialect make_dialect = bench::make_own_dialect);

}  // namespace grapevine::cli
