/// `/metrics`: everything that is counted, in the text format that Prometheus reads.
#pragma once

#include "mesh/driver.hpp"
#include "node/edge_counters.hpp"

#include <string>

namespace grapevine::node {

struct Gauges {
    std::size_t client_connections = 0;
    std::size_t http_connections = 0;
    std::uint64_t wrong_kind = 0;
};

std::string metrics_text(
    const mesh::Driver& driver, const EdgeCounters& edge, const Gauges& gauges, mesh::Now now);

}  // namespace grapevine::node
