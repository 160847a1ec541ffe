/// Makes a failing run small: repeats it with less and less in it, and keeps what still violates
/// the same law. What comes out is a local minimum: none of its faults can be left out alone.
#pragma once

#include "tests/sim/swarm.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace grapevine::sim {

/// A run takes about 50 ms optimised: this is well below a minute. Two dozen faults need some 60
/// runs where few of them matter.
constexpr std::size_t shrink_runs_max = 400;

struct Shrunk {
    SwarmCut cut;
    std::size_t runs = 0;  ///< that it took
};

/// Runs what the cut leaves; gives the name of the law that was violated, or nothing.
using CutRunner = std::function<std::string(const SwarmCut& cut)>;

/// `law` is what the whole run of the seed violates.
Shrunk shrink(
    std::uint64_t seed,
    const std::string& law,
    const CutRunner& run,
    std::size_t runs_max = shrink_runs_max);

}  // namespace grapevine::sim
