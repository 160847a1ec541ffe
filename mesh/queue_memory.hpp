/// What all sessions of one loop have queued, as memory: a message that many share counts once
/// among them. Each may have a part of what is free (dynamic thresholds: A. Choudhury, E. Hahne,
/// "Dynamic queue length thresholds for shared-memory packet switches", 1998): with much free,
/// only a session's own budget counts; the less is free, the sooner those who do not read are
/// closed. Whoever had nothing queued when a turn began is not refused in that turn: he keeps up.
#pragma once

#include "mesh/check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace grapevine::mesh {

class QueueMemory {
public:
    /// Of one session, in units.
    using Charge = std::uint16_t;
    /// About what a message costs besides its bytes: its place in the queues on its way out.
    static constexpr std::size_t unit_bytes = 64;
    static constexpr std::size_t session_bytes_max = UINT16_MAX * unit_bytes;

    explicit QueueMemory(std::size_t bytes_max) : units_max_(bytes_max / unit_bytes) {}

    /// A message that so many share.
    [[nodiscard]] static std::size_t units_of(std::size_t bytes, std::size_t sharers) {
        if (sharers > 1) return 1 + bytes / sharers / unit_bytes;
        return 1 + (std::max(bytes, smallest_buffer_bytes) + buffer_bytes) / unit_bytes;
    }
    /// More in a message that is there already.
    [[nodiscard]] static std::size_t more_units_of(std::size_t bytes, std::size_t sharers) {
        return (bytes / sharers + unit_bytes - 1) / unit_bytes;
    }
    /// False, and nothing is taken: this session has had its part. Who keeps up is only refused
    /// what cannot be counted.
    [[nodiscard]] bool take(Charge& charge, std::size_t units, bool keeps_up) {
        if (!has_room(charge, units, keeps_up)) return false;
        charge = static_cast<Charge>(charge + units);
        used_ += units;
        return true;
    }
    /// Whether take() would do that.
    [[nodiscard]] bool has_room(Charge charge, std::size_t units, bool keeps_up) const {
        const std::size_t grown = charge + units;
        return grown <= UINT16_MAX && (keeps_up || grown * part_of_free + used_ <= units_max_);
    }
    /// `left` of `before` bytes are still queued.
    void give_back(Charge& charge, std::size_t left, std::size_t before) {
        if (left == 0) {
            used_ -= charge;
            charge = 0;
            return;
        }
        const auto kept = static_cast<Charge>((charge * left + before - 1) / before);
        used_ -= charge - kept;
        charge = kept;
    }
    void give_back(Charge charge) { used_ -= charge; }

    [[nodiscard]] std::size_t used_bytes() const { return used_ * unit_bytes; }
    void check_invariants(std::size_t charged) const {
        check(charged == used_, "what sessions have queued is counted");
    }

private:
    /// A session may have a quarter of what is free. More: the first who do not read take the room
    /// of the others; less: a short burst closes more of them.
    static constexpr std::size_t part_of_free = 4;
    /// What a message has of its own that nobody shares: a buffer from the pool, which has room for
    /// so much at least, and what holds it.
    static constexpr std::size_t smallest_buffer_bytes = 256;
    static constexpr std::size_t buffer_bytes = 192;

    std::size_t units_max_;
    std::size_t used_ = 0;
};

}  // namespace grapevine::mesh
