/// What one random run is like, drawn from its seed before it begins: the network, the bounds and
/// times of its nodes, how many do how much for how long, and how many faults there are. Many of
/// the choices are extreme, so that code for rare cases runs often.
#pragma once

#include "mesh/rng.hpp"
#include "tests/sim/fault_plan.hpp"
#include "tests/sim/world.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace grapevine::sim {

constexpr std::size_t swarm_nodes = 5;

struct SwarmOptions {
    WorldOptions world;
    FaultPlanOptions faults;
    std::size_t clients = 0;
    std::size_t users = 0;
    std::size_t hoppers = 0;  ///< of the clients: they change nodes all the time
    Duration hop_most{};  ///< the longest they stay
    std::size_t streams = 0;  ///< pairs of somebody who talks and a user who hears
    Duration stream_every{};
    bool is_brisk = false;  ///< a network so quick that short times of detection are not wrong
    bool is_lossy = false;  ///< its bounds are so tight that much of what is said is refused
    bool has_old_programs = false;  ///< some nodes speak the first version of the protocol alone
    bool has_nodes_without_names = false;  ///< some do not keep names of users where others do
    Duration act_every{};  ///< on average somebody does something this often
    Duration safety{};
};

SwarmOptions draw_options(std::uint64_t seed, mesh::Rng& rng);
std::string text_of(const SwarmOptions& options);

}  // namespace grapevine::sim
