/// The other loops of this node, as the loop that has Mesh sees them: which of them have somebody
/// of a user or channel, what is on its way to them, and which copies they have not answered yet.
///
///     loop 0:  Mesh ── Deliver ──▶ its own Sessions
///                │
///                ├── LoopInput ──▶ Sessions of loop 1 ──┐
///                └── LoopInput ──▶ Sessions of loop 2 ──┤   LoopOutput: changes, publications,
///                ▲                                      │   and an answer to every copy, in order
///                └──────────────────────────────────────┘
///
/// Both ways keep order. So a session that went is counted down before the copies that missed it
/// are answered, and a session knows its version (Joined) before the first copy that is meant for
/// it; with that, what holds for one loop (flows.hpp) holds for many.
#pragma once

#include "mesh/crossing.hpp"
#include "mesh/fifo.hpp"
#include "mesh/flat_map.hpp"
#include "mesh/slots.hpp"

#include <optional>
#include <vector>

namespace grapevine::mesh {

/// One byte of SessionId names the loop.
inline constexpr std::size_t loops_max = 256;
constexpr std::size_t loop_of(SessionId session) {
    return static_cast<std::size_t>(session.value >> 56);
}

class OtherLoops {
public:
    /// `loops`: of the node, loop 0 included; 1 to loops_max. `waiting_bytes_max`: messages that
    /// one loop has not taken; what comes beyond is dropped and counted.
    OtherLoops(std::size_t loops, std::size_t waiting_bytes_max);

    [[nodiscard]] bool any() const { return loops_.size() > 1; }
    [[nodiscard]] std::size_t size() const { return loops_.size(); }

    // ---- what loops say; loop 0 too
    void changed(std::size_t loop, const LocalChange& change);
    /// The whole answer to a copy, when the last loop has answered that was asked.
    std::optional<Delivered> answered(std::size_t loop, const Delivered& delivered);
    void taken(std::size_t loop, std::size_t bytes) { loops_[loop].waiting_bytes -= bytes; }

    // ---- what they are told
    struct Asked {
        bool own = false;  ///< loop 0 too
        std::optional<Delivered> answer;  ///< nobody can be asked
    };
    Asked hand_over(const Deliver& deliver);
    /// For one session, or for all of a loop.
    template <class Told>
    void tell(std::size_t loop, Told told) {
        loops_[loop].input.add(std::move(told));
    }
    /// What this loop is to be told now: swapped away and handed to it.
    [[nodiscard]] LoopInput& input_of(std::size_t loop) { return loops_[loop].input; }

    /// Copies that a loop had no room for.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    [[nodiscard]] std::size_t waiting_bytes(std::size_t loop) const {
        return loops_[loop].waiting_bytes;
    }

private:
    struct Loop {
        FlatMap<std::uint32_t> users;  ///< how many sessions
        FlatMap<std::uint32_t> channels;  ///< how many groups of subscribers
        LoopInput input;
        Fifo<std::uint32_t> awaited;  ///< tickets in the order of answers; nowhere: it is all of it
        std::size_t waiting_bytes = 0;
    };
    /// One copy that several loops answer.
    struct Ticket {
        Delivered sum;
        std::uint32_t missing = 0;
    };

    [[nodiscard]] static bool may_have(const Loop& loop, const Deliver& deliver);

    std::size_t waiting_bytes_max_;
    std::vector<Loop> loops_;
    Slots<Ticket> tickets_;
    std::vector<std::uint32_t> targets_;  ///< reused by hand_over()
    std::uint64_t dropped_ = 0;
};

}  // namespace grapevine::mesh
