/// What a run shows to its checkers: plain facts about clients, processes and what they hold. A
/// checker takes those it cares about through `on(...)`; nobody else interprets them.
#pragma once

#include "mesh/events.hpp"
#include "mesh/mesh.hpp"
#include "proto/ids.hpp"
#include "tests/sim/receipt.hpp"
#include "tests/sim/scheduler.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::sim {

/// One client connection, unique in a run.
using SessionKey = proto::Id<struct SessionKeyTag>;
/// One program of one user, through all its connections.
using DeviceKey = proto::Id<struct DeviceKeyTag>;
/// One life of one node, unique in a run.
using ProcessKey = proto::Id<struct ProcessKeyTag>;

/// Who says something: a session, or a process for its HTTP API. The other is zero. What one
/// speaker says has an order.
struct Speaker {
    SessionKey session;
    ProcessKey process;
    friend auto operator<=>(const Speaker&, const Speaker&) = default;
};

// ---- clients
struct SessionStarted {
    SessionKey session;
    std::string user;
    DeviceKey device;
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
    bool watches = false;  ///< wants to hear who comes and goes
};
/// A session hears that another one began (`joins`) or ended to be subscribed to a channel.
struct ComingHeard {
    SessionKey session;
    std::string channel;
    bool joins = false;
    std::string user;
    std::string client;
};
/// Answered with success: nothing of the channel may follow, unless it was asked for again after
/// `command`.
struct UnsubscribeDone {
    SessionKey session;
    std::string channel;
    std::uint32_t command = 0;
};
/// Somebody publishes, or sends: then once for each user it is for. What a speaker says it says in
/// this order. Every payload is unique; only a send may be said again, with its idempotency key,
/// perhaps on the same user's next session: it counts once, and nobody knows when.
struct Said {
    Speaker by;
    std::string channel;  ///< `#user` for a user, `$system` for everybody
    std::string payload;
    bool at_least_once = false;
};
struct Heard {
    SessionKey session;
    std::string channel;
    std::string payload;
    std::string user;  ///< who said it, as the node claims
    std::string client;
    std::string message_id;  ///< if it is to be acknowledged
};
/// A session told its node that it has taken a message.
struct Acknowledged {
    SessionKey session;
    std::string payload;
};

// ---- sends that are answered
struct SendAsked {
    Speaker by;
    std::string payload;
    SendOrder order;
};
struct SendAnswered {
    Speaker by;
    std::string payload;
    SendResult result;
};

// ---- nodes
struct ProcessStarted {
    ProcessKey process;
    std::string node;
    proto::NodeId id;
    bool shows_those_who_left = false;  ///< for a while (MeshConfig::leave_linger)
};
struct ProcessEnded {
    ProcessKey process;
};
struct ProcessPaused {
    ProcessKey process;
    Instant at;
};
struct ProcessResumed {
    ProcessKey process;
    Instant at;
};
/// One side of the connection was told by the other that it is over, or ended it.
struct SessionLost {
    ProcessKey process;
    SessionKey session;
};
/// A process hands out that it has subscribed one of its sessions, or not any more.
struct SubscribedAt {
    ProcessKey process;
    SessionKey session;
    std::string channel;
    bool is_on = false;
};
/// A process reads the question who is subscribed to a channel.
struct PresenceTaken {
    ProcessKey process;
    SessionKey session;
    std::uint32_t command = 0;
    std::string channel;
    std::set<proto::NodeId> shown;  ///< nodes that its table names then
};
/// It hands out the answer: who, by client id and user, or how many.
struct PresenceTold {
    ProcessKey process;
    SessionKey session;
    std::uint32_t command = 0;
    bool is_count = false;
    std::vector<std::pair<std::string, std::string>> clients;
    std::uint32_t count = 0;
    bool is_incomplete = false;
    std::set<proto::NodeId> shown;  ///< as above, now
};
/// A process is told to leave.
struct ProcessLeaves {
    ProcessKey process;
};
/// A process hands a publication to the socket of one of its sessions.
struct Written {
    ProcessKey process;
    SessionKey session;
    std::string channel;
    std::string payload;
};
/// A process reads a send: the time for its answer begins.
struct SendTaken {
    ProcessKey process;
    SessionKey session;  ///< zero: of the HTTP API
    std::uint64_t request = 0;  ///< the command's id, or the number of the HTTP request
    Duration within{};  ///< it is to be answered in this time
    Instant at;
};
/// A process hands out a reply, to a send or to something else.
struct Replied {
    ProcessKey process;
    SessionKey session;
    std::uint64_t request = 0;
};
/// All that was due until then has been done.
struct TimePassed {
    Instant now;
};
/// What this node claims proves nothing.
struct LiarCame {
    std::string node;
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
    mesh::FlowSizes flows;
    const mesh::MeshConfig& limits;
    std::size_t session_limit_bytes = 0;
};

}  // namespace grapevine::sim
