/// What all sessions of one loop have queued, as memory: a message that many share counts once
/// among them. Each may have a part of what is free (dynamic thresholds: A. Choudhury, E. Hahne,
/// "Dynamic queue length thresholds for shared-memory packet switches", 1998): with much free,
/// only a session's own budget counts; the less is free, the sooner those who do not read are
/// closed, and whoever keeps up with what he is sent is never refused.
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

    [[nodiscard]] static std::size_t units_of(std::size_t bytes, std::size_t sharers) {
        return 1 + bytes / sharers / unit_bytes;
    }
    /// False, and nothing is taken: this session has had its part.
    [[nodiscard]] bool take(Charge& charge, std::size_t units) {
        const std::size_t free = units_max_ - std::min(used_, units_max_);
        const std::size_t part = charge == 0 ? units : free / part_of_free;
        if (charge + units > std::min<std::size_t>(part, UINT16_MAX)) return false;
        charge = static_cast<Charge>(charge + units);
        used_ += units;
        return true;
    }
    /// Whether take() would do that for a session that has something queued.
    [[nodiscard]] bool has_room(Charge charge, std::size_t units) const {
        const std::size_t free = units_max_ - std::min(used_, units_max_);
        return charge + units <= std::min<std::size_t>(free / part_of_free, UINT16_MAX);
    }
    /// `left` of `before` bytes are still queued.
    void give_back(Charge& charge, std::size_t left, std::size_t before) {
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

    std::size_t units_max_;
    std::size_t used_ = 0;
};

}  // namespace grapevine::mesh
