/// What a run shows to its checkers: plain facts about clients, processes and what they hold. A
/// checker takes those it cares about through `on(...)`; nobody else interprets them.
#pragma once

#include "mesh/events.hpp"
#include "mesh/mesh.hpp"
#include "proto/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::sim {

/// One client connection, unique in a run.
using SessionKey = proto::Id<struct SessionKeyTag>;
/// One life of one node, unique in a run.
using ProcessKey = proto::Id<struct ProcessKeyTag>;

// ---- clients
struct SessionStarted {
    SessionKey session;
    std::string user;
};
/// The connect command was answered.
struct SessionGreeted {
    SessionKey session;
    std::string client;
};
struct SessionEnded {
    SessionKey session;
};
struct SubscribeAsked {
    SessionKey session;
    std::string channel;
    std::uint32_t command = 0;  ///< commands of one session count up
};
/// Answered with success: nothing of the channel may follow, unless it was asked for again after
/// `command`.
struct UnsubscribeDone {
    SessionKey session;
    std::string channel;
    std::uint32_t command = 0;
};
/// A client, or with a zero session the HTTP API of a node, publishes. Every payload is unique.
struct Said {
    SessionKey session;
    std::string channel;  ///< `#user` for a user, `$system` for everybody
    std::string payload;
    std::uint64_t sequence = 0;  ///< grows within a session
};
struct Heard {
    SessionKey session;
    std::string channel;
    std::string payload;
    std::string user;  ///< who said it, as the node claims
    std::string client;
};

// ---- nodes
struct ProcessStarted {
    ProcessKey process;
    std::string node;
    proto::NodeId id;
};
struct ProcessEnded {
    ProcessKey process;
};
/// Everything one process holds, after one of its inputs.
struct ReplicasSeen {
    ProcessKey process;
    proto::NodeId self;
    std::vector<std::pair<proto::NodeId, mesh::Mesh::ReplicaView>> replicas;
};
struct MeshTold {
    ProcessKey process;
    const mesh::Event& event;
};
/// What one process has queued, after one of its turns.
struct QueuesSeen {
    ProcessKey process;
    std::size_t link_queued_bytes = 0;  ///< largest queue inside the machine
    std::size_t link_flight_bytes = 0;  ///< largest amount handed to one socket and not yet gone
    std::size_t session_queued_bytes = 0;
    std::size_t links = 0;
    std::size_t members = 0;
    const mesh::MeshConfig& limits;
    std::size_t session_limit_bytes = 0;
};

}  // namespace grapevine::sim
