/// What the client machine keeps of one session, as small as can be: there may be a hundred
/// thousand. Names are kept by the groups (subscriber_lists.hpp), the deadline by
/// session_deadlines.hpp.
#pragma once

#include "mesh/queue_memory.hpp"
#include "mesh/subscriber_lists.hpp"
#include "proto/client_frames.hpp"
#include "proto/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace grapevine::mesh {

///   absent ─ opened ─▶ waiting ─ connect ─▶ connected ─ ping ─▶ pong_due
///     ▲                                        ▲ ◀──── pong ─────┘
///     └──────────── closed, from any ──────────┘
enum class Phase : std::uint8_t { absent, waiting, connected, pong_due };

struct Session {
    /// Also of those that come after 65,535 others in one turn: nothing joins them.
    static constexpr std::uint16_t no_send = UINT16_MAX;

    proto::SessionId id;
    std::array<std::uint64_t, 2> client{};
    SubscriberLists::Places user;  ///< in the group of its user; none if anonymous
    SubscriberLists::Places channels;
    proto::Version joined{UINT64_MAX};  ///< its user is in this node's log since then
    QueueMemory::Charge charge = 0;  ///< what is queued takes of the memory for all queues
    std::uint16_t newest_send = no_send;  ///< where SessionsOutput::sends may have it
    std::uint32_t queued_bytes : 24 = 0;
    Phase phase : 4 = Phase::absent;
    proto::Encoding encoding : 4 = proto::Encoding::json;

    [[nodiscard]] bool is_connected() const { return phase >= Phase::connected; }
};
static_assert(QueueMemory::session_bytes_max < 1 << 24, "what is queued fits its bits");
static_assert(sizeof(Session) <= 56, "every byte counts a hundred thousand times");

/// Slot in the low 32 bits, below a generation and a loop (proto/ids.hpp).
constexpr std::uint32_t slot_of(proto::SessionId id) {
    return static_cast<std::uint32_t>(id.value);
}

}  // namespace grapevine::mesh
