/// What the two machines say to each other. Values only: with one loop the driver hands them over
/// at once, with several they cross a queue.
#pragma once

#include "proto/bytes.hpp"
#include "proto/mesh_frames.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh {

using proto::Bytes;
using proto::PayloadKind;
using proto::SessionId;
using proto::Target;

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
};

/// A question whose answer only Mesh has, asked on behalf of one command of one session.
struct Question {
    enum class Kind : std::uint8_t { user_status, cluster };
    Kind kind = Kind::cluster;
    SessionId session;
    std::uint32_t command_id = 0;
    std::vector<std::string> users;  ///< of user_status; at most limits::users_per_query
};

// ---- Mesh to Sessions

/// A publication for the sessions of this node. Views are valid while the call that produced it
/// lasts.
struct Deliver {
    Target target = Target::channel;
    PayloadKind payload_kind = PayloadKind::json;
    std::uint64_t key = 0;
    std::string_view name;
    std::string_view body;
};

struct Answer {
    SessionId session;
    std::uint32_t command_id = 0;
    Bytes json;
};

}  // namespace grapevine::mesh
