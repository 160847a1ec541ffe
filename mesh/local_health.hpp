/// How much this node may trust its own senses: a loop that runs late, or that is told it was
/// wrong, hears badly and must wait longer before it accuses others (Lifeguard's local health
/// multiplier).
#pragma once

#include "mesh/now.hpp"

#include <algorithm>
#include <cstdint>

namespace grapevine::mesh {

class LocalHealth {
public:
    /// 0: well. Waiting times are multiplied by factor(), 1 to worst + 1.
    static constexpr std::int32_t worst = 8;

    [[nodiscard]] std::int32_t score() const { return score_; }
    [[nodiscard]] std::int32_t factor() const { return 1 + score_; }

    /// It seems that we were the one who did not hear.
    void doubt(Now now) { raise(1, now); }
    /// The loop came `lag` after the time it had asked for.
    void was_late(Duration lag, Now now) {
        if (lag > very_late) return raise(2, now);
        if (lag > late) raise(1, now);
    }
    /// Each second without a doubt is one point better.
    void tick(Now now) {
        while (score_ > 0 && now.steady - changed_ >= better_every) {
            --score_;
            changed_ += better_every;
        }
    }

private:
    static constexpr Duration late = 250ms;
    static constexpr Duration very_late = 1s;
    static constexpr Duration better_every = 1s;

    void raise(std::int32_t by, Now now) {
        score_ = std::min(worst, score_ + by);
        changed_ = now.steady;
    }

    std::int32_t score_ = 0;
    Instant changed_{};
};

}  // namespace grapevine::mesh
