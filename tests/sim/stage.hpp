/// What every simulated thing stands on: one clock, one network, one name service, one trace, one
/// set of checkers. Owned by World.
#pragma once

#include "mesh/rng.hpp"
#include "proto/client_codec.hpp"
#include "tests/sim/checkers.hpp"
#include "tests/sim/name_service.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/scheduler.hpp"
#include "tests/sim/trace.hpp"

#include <functional>
#include <map>
#include <set>

namespace grapevine::sim {

class Node;

struct Stage {
    Stage(std::uint64_t seed, const NetworkOptions& options)
        : rng(seed), trace(clock), network(clock, rng.fork(), options), checkers(verdict) {}
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    Scheduler clock;
    mesh::Rng rng;
    Trace trace;
    Network network;
    NameService names;
    Verdict verdict;
    Checkers checkers;
    proto::ClientScratch scratch;
    std::set<HostId> hostile;  ///< may break the protocol: what they send is not our nodes' fault
    std::set<proto::NodeId>
        liars;  ///< the same ones by identity: what is held of them proves nothing
    std::uint64_t processes = 0;  ///< started so far
    std::uint64_t sessions = 0;  ///< client connections so far
    std::uint64_t devices = 0;  ///< clients so far
    std::map<ConnectionId, SessionKey> callers;  ///< whose connection it is
    std::uint64_t sayings = 0;  ///< payloads so far
    /// False only to measure large clusters: then nobody looks whether laws hold, which costs more
    /// than the cluster.
    bool is_watched = true;
    std::function<void(const Node&)> turn_ended;  ///< told of every turn of every node, if set
};

}  // namespace grapevine::sim
