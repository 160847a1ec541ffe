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
        const std::size_t grown = charge + units;
        if (!fits(grown) && (charge != 0 || grown > UINT16_MAX)) return false;
        charge = static_cast<Charge>(grown);
        used_ += units;
        return true;
    }
    /// Whether take() would do that for a session that has something queued.
    [[nodiscard]] bool has_room(Charge charge, std::size_t units) const {
        return fits(charge + units);
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

    [[nodiscard]] bool fits(std::size_t charge) const {
        return charge <= UINT16_MAX && charge * part_of_free + used_ <= units_max_;
    }

    std::size_t units_max_;
    std::size_t used_ = 0;
};

}  // namespace grapevine::mesh
