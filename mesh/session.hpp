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
    proto::SessionId id;
    std::array<std::uint64_t, 2> client{};
    SubscriberLists::Places user;  ///< in the group of its user; none if anonymous
    SubscriberLists::Places channels;
    proto::Version joined{UINT64_MAX};  ///< its user is in this node's log since then
    std::uint32_t queued_bytes = 0;
    std::uint32_t newest_send = UINT32_MAX;  ///< where SessionsOutput::sends may have it
    QueueMemory::Charge charge = 0;  ///< what is queued takes of the memory for all queues
    bool keeps_up = true;  ///< had nothing queued when it was first sent something in this turn
    Phase phase = Phase::absent;
    proto::Encoding encoding = proto::Encoding::json;
    bool has_terms = false;  ///< the registry has them

    [[nodiscard]] bool is_connected() const { return phase >= Phase::connected; }
};
static_assert(sizeof(Session) <= 64, "every byte counts a hundred thousand times");

/// Slot in the low 32 bits, below a generation and a loop (proto/ids.hpp).
constexpr std::uint32_t slot_of(proto::SessionId id) {
    return static_cast<std::uint32_t>(id.value);
}

}  // namespace grapevine::mesh
