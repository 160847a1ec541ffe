/// What the two machines say to each other. Values only: with one loop the driver hands them over
/// at once, with several they cross a queue.
#pragma once

#include "proto/bytes.hpp"
#include "proto/client_frames.hpp"
#include "proto/codes.hpp"
#include "proto/mesh_frames.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace grapevine::mesh {

using proto::Bytes;
using proto::LinkId;
using proto::MessageId;
using proto::NodeId;
using proto::PayloadKind;
using proto::QueryKind;
using proto::SessionId;
using proto::Target;
using proto::Version;

/// Who waits for an answer: one command of one session, or one request of the HTTP API.
struct Asker {
    SessionId session;
    std::uint32_t command_id = 0;
    std::uint64_t request = 0;  ///< of the HTTP API, numbered by the edge from 1; 0: a session asks
};

/// Names one copy of a message on its way to the sessions of one node. Sessions gives it back with
/// what became of the copy.
struct DeliveryId {
    NodeId from;  ///< it came from; zero: from here
    std::uint64_t copy = 0;  ///< zero: nobody wants to know
    bool soon = false;  ///< somebody waits for that

    explicit operator bool() const { return copy != 0; }
};

// ---- Sessions to Mesh

/// A publication that was accepted from a session or the HTTP API. Its name and its body (an
/// encoded client.wire.Publication) share one buffer, so that it crosses without a copy.
struct Publish {
    Target target = Target::channel;
    PayloadKind payload_kind = PayloadKind::json;
    std::uint8_t name_bytes = 0;
    std::uint64_t key = 0;  ///< keyed hash of the name; unused for everybody
    Bytes text;  ///< name, then body

    [[nodiscard]] std::string_view name() const { return text.view().substr(0, name_bytes); }
    [[nodiscard]] std::string_view body() const { return text.view().substr(name_bytes); }
};

/// Something changed on one loop. `by` counts sessions of a user, one change for each; of a channel
/// it counts the groups of subscribers that this loop has (+1 with the first subscriber, -1 after
/// the last), so that a crowd joining a channel says nothing. Two channels with one key are two
/// groups.
struct LocalChange {
    proto::TableKind kind = proto::TableKind::users;
    std::uint64_t key = 0;
    std::int32_t by = 0;
    SessionId session;  ///< the session of a user that came: answered by Joined
    std::string name{};  ///< likewise, if SessionsConfig::tells_names; else empty
};

/// A question whose answer only Mesh has.
struct Question {
    enum class Kind : std::uint8_t { user_status, cluster };
    Kind kind = Kind::cluster;
    Asker asker;
    std::vector<std::string> users;  ///< of user_status; at most limits::users_per_query
};

/// A question about a channel, to whoever has subscribers of it: answered by Inquired, or by an
/// Answer with an error.
struct Inquiry {
    Asker asker;
    QueryKind kind{};
    std::string channel;
};

/// What one loop's sessions know of it, for Mesh to put together.
struct LoopFound {
    std::uint64_t number = 0;  ///< of the LoopQuery
    std::string clients;  ///< of presence: entries of a client.wire.PresenceResult
    std::uint64_t count = 0;  ///< of presence_stats: sessions
    std::vector<std::uint64_t> users;  ///< likewise: hashes of their users, each once
    bool is_cut = false;  ///< there are more than may be told
};

/// Said by Sessions of who is subscribed where: rare, so it shares a place.
using PresenceSaid = std::variant<Inquiry, LoopFound>;

/// How much of a message's way its sender waits for.
enum class Wait : std::uint8_t {
    none,  ///< answered when it is accepted
    node,  ///< until every node that has the user said what it wrote
    client,  ///< until a client of the user acknowledged it
};

/// One payload for several users, and an answer that says what became of it for each. The caller
/// has checked names, lengths and payload.
struct SendToUsers {
    Asker asker;
    Wait wait = Wait::none;
    bool at_least_once = false;  ///< `qos` 1: repeated until acknowledged
    PayloadKind payload_kind = PayloadKind::json;
    std::vector<std::string> users;  ///< distinct, 1 to limits::users_per_send
    std::string data;
    std::string user;  ///< who sends, told to the receivers; empty: anonymous, or the HTTP API
    std::string client;  ///< its client id; empty: the HTTP API
    std::string info{};  ///< what others see of the user, as JSON; empty: nothing
    std::string idempotency_key;  ///< empty: none. At most limits::idempotency_key_bytes
    std::size_t after = 0;  ///< publications of the same SessionsOutput that were said before it
};

/// A client of `user` has taken a message: `rpc ack`.
struct Acknowledge {
    proto::MessageRef message;
    std::string user;
};

/// What became of one copy at the sessions of this loop.
struct Delivered {
    DeliveryId delivery;
    std::uint32_t present = 0;  ///< sessions it is meant for; none: it was written nowhere
    std::uint32_t written = 0;  ///< of these, sessions that have it now
};

// ---- Mesh to Sessions

inline constexpr Version newest{UINT64_MAX};

/// A publication for the sessions of this node. Views are valid while the call that produced it
/// lasts.
///
/// One for a user is meant for sessions that joined in (since, known] only. Its sender knew of
/// them, and of nothing later, when it chose this node: a device that left and came back must not
/// get what was on its way here meanwhile, because it may have heard later messages elsewhere.
struct Deliver {
    Target target = Target::channel;
    PayloadKind payload_kind = PayloadKind::json;
    std::uint64_t key = 0;
    std::string_view name;
    std::string_view body;
    Version known = newest;  ///< of this node's own log
    Version since{};  ///< sessions that joined until then have it already
    DeliveryId delivery{};  ///< answered by Delivered
};

/// The session's user is in this node's log since `version`: user messages may reach it.
struct Joined {
    SessionId session;
    Version version;
};

/// To every loop; each answers with a LoopFound of this number.
struct LoopQuery {
    std::uint64_t number = 0;
    QueryKind kind{};
    std::uint64_t key = 0;  ///< keyed hash of the channel
    std::string channel;
};

/// The answer to an Inquiry, of all nodes together.
struct Inquired {
    Asker asker;
    QueryKind kind{};
    std::string clients;  ///< entries of a client.wire.PresenceResult
    proto::PresenceStats stats;
    bool is_incomplete = false;  ///< somebody did not answer in time, or there are too many to tell
};

/// Told to Sessions about the same.
using PresenceTold = std::variant<LoopQuery, Inquired>;

/// To a command, or to a request of the HTTP API.
struct Answer {
    Asker asker;
    Bytes json;  ///< of the result
    proto::ErrorCode error{};  ///< instead of it; zero: none
};

}  // namespace grapevine::mesh
