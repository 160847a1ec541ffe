/// `/metrics`: everything that is counted, in the text format that Prometheus reads.
#pragma once

#include "mesh/driver.hpp"
#include "node/loop_report.hpp"

#include <string>

namespace grapevine::node {

/// The loops besides the first.
struct OtherLoopsSeen {
    std::uint64_t stalled = 0;  ///< stand still now
    std::uint64_t stalls_seen = 0;
};

/// `loops`: the sum of all loops.
std::string metrics_text(
    const mesh::Driver& driver,
    const LoopReport& loops,
    const OtherLoopsSeen& others,
    mesh::Now now);

}  // namespace grapevine::node
