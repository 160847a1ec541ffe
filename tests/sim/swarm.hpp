/// One random run: everything about it is drawn from its seed. Five nodes under a fault plan,
/// clients that connect, subscribe, publish and send all the while, many of them hopping from node
/// to node under streams of messages (safety); then everything is healed and all must be well again
/// (liveness).
#pragma once

#include "tests/sim/world.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace grapevine::sim {

struct SwarmResult {
    bool good = true;
    std::uint64_t seed = 0;
    std::uint64_t trace_hash = 0;
    std::uint64_t steps = 0;  ///< things that happened
    std::uint64_t messages = 0;  ///< delivered by the network
    std::uint64_t said = 0;
    std::string report;  ///< of a failed run: options, plan, violation, last events
};

/// What a run came to, in one line: `trace seed=... hash=...` and counts.
std::string trace_line(const SwarmResult& result);

/// Called with a way to get the report, before the run begins: for those who must report an abort.
using SwarmWatcher = std::function<void(const std::function<std::string()>& report)>;

SwarmResult run_swarm(std::uint64_t seed, const SwarmWatcher& watcher = {});

}  // namespace grapevine::sim
