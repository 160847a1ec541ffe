/// What goes wrong in a run, drawn from its seed before it begins: a list in time order that can be
/// printed and is the whole plan.
#pragma once

#include "mesh/rng.hpp"
#include "tests/sim/world.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace grapevine::sim {

struct Fault {
    enum class Kind : std::uint8_t {
        crash,  ///< the process dies and starts again after `span`
        lose_host,  ///< the machine goes without a word and starts again after `span`
        leave,  ///< SIGTERM, and a start after `span`
        pause,  ///< SIGSTOP for `span`
        wall_jump,  ///< the wall clock moves by `span`, forwards or back
        partition,  ///< nodes up to `node` against the rest, for `span`
        block,  ///< what `node` sends to `other` vanishes for `span`
        break_link,  ///< one end is told at once, the other after `span`, or never if `one_sided`
        stall_link,  ///< no data from `node` to `other` for `span`
        half_open,  ///< what `node` sends to `other` on their link vanishes for ever
        slow_link,  ///< few bytes and long latencies between the two, until the heal
        misname,  ///< DNS tells `node` something else for `span`: nothing, none, or old addresses
        break_client,  ///< the connection of client `other` breaks
        one_ways,  ///< on the pairs of nodes in `mask`, one way each, all vanishes for `span`
        detour,  ///< `node` and `other` reach each other only through others, for `span`
        stampede,  ///< every client that is connected moves to `node` at once
        wall_swings,  ///< the wall clock steps forth, back and forth by `span` again and again
        usurp,  ///< `node` dies; for `span` one of another cluster runs at its address
        pause_many,  ///< SIGSTOP of every node in `mask`, for `span`
    };
    Duration at{};
    Kind kind{};
    std::size_t node = 1;
    std::size_t other = 2;
    Duration span{};
    bool one_sided = false;
    std::uint32_t mask = 0;  ///< bits of nodes, or of ordered pairs of them
};

struct FaultPlanOptions {
    std::size_t nodes = 5;
    std::size_t clients = 10;
    std::size_t faults = 10;
    Duration from = 1s;
    Duration to = 20s;
};

/// What nodes of a random run look for each other by, if they know no addresses.
inline const std::string swarm_name = "mesh.example:7000";

std::vector<Fault> draw_faults(mesh::Rng& rng, const FaultPlanOptions& options);
std::string text_of(const Fault& fault);
/// Called at the moment at which a fault happens.
using FaultWatcher = std::function<void(World& world, const Fault& fault)>;
/// Puts every fault on the world's clock, counted from now. Those that end by themselves do.
void schedule(World& world, const std::vector<Fault>& faults, const FaultWatcher& watcher = {});
/// Its host belongs to it again, if one of another cluster has it.
void end_usurpation(World& world, Node& node);

}  // namespace grapevine::sim
