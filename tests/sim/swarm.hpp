/// One random run: everything about it is drawn from its seed. Five nodes under a fault plan,
/// clients that connect, subscribe, publish and send all the while, many of them hopping from node
/// to node under streams of messages (safety); then everything is healed and all must be well again
/// (liveness).
#pragma once

#include "tests/sim/fault_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace grapevine::sim {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// What is left of the run that a seed draws; as it is made here, all of it. Everything that stays
/// is as the seed drew it.
struct SwarmCut {
    std::optional<std::vector<std::size_t>> faults;  ///< places in the plan, from 0; nothing: all
    std::size_t clients_most = no_limit;
    std::size_t hoppers_most = no_limit;
    std::size_t streams_most = no_limit;
    Duration safety_most = Duration::max();  ///< then it is healed; later faults do not happen
    unsigned spans_halved = 0;  ///< so many times, of every fault
};

/// How much there is in a run.
struct SwarmSize {
    std::vector<std::size_t> faults;  ///< places in the plan
    std::size_t clients = 0;
    std::size_t hoppers = 0;
    std::size_t streams = 0;
    Duration safety{};
};

struct SwarmResult {
    bool good = true;
    std::string law;  ///< the name of the one that was violated
    std::uint64_t seed = 0;
    std::uint64_t trace_hash = 0;
    std::uint64_t steps = 0;  ///< things that happened
    std::uint64_t messages = 0;  ///< delivered by the network
    std::uint64_t said = 0;
    Duration whole_after{};  ///< the heal, links and tables were right
    std::string report;  ///< of a failed run: options, plan, violation, last events
};

/// What a run came to, in one line: `trace seed=... hash=...` and counts.
std::string trace_line(const SwarmResult& result);

/// Called with a way to get the report, before the run begins: for those who must report an abort.
using SwarmWatcher = std::function<void(const std::function<std::string()>& report)>;

struct SwarmOrder {
    std::uint64_t seed = 1;
    SwarmCut cut;
    SwarmWatcher watcher;
    FaultWatcher on_fault;
};

/// As the simulator's program reads them: `--seed 7 --faults 3,9 --hoppers 0`.
std::string arguments_of(std::uint64_t seed, const SwarmCut& cut);

/// All of it, in time order; a place in it is what a cut names.
std::vector<Fault> plan_of(std::uint64_t seed);
SwarmSize size_of(std::uint64_t seed, const SwarmCut& cut);

SwarmResult run_swarm(const SwarmOrder& order);
SwarmResult run_swarm(std::uint64_t seed, const SwarmWatcher& watcher = {});

}  // namespace grapevine::sim
