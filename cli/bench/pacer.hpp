/// When what is to be sent: an even rate, told in advance. Whoever falls behind sends what is due
/// and keeps the times at which it should have been sent: a slow system must not choose its own
/// load.
#pragma once

#include "node/system_clock.hpp"

#include <cstdint>

namespace grapevine::cli::bench {

class Pacer {
public:
    Pacer() = default;
    Pacer(node::Instant begin, double per_second) : begin_(begin), per_second_(per_second) {}

    /// When number `index` should happen.
    [[nodiscard]] node::Instant intended(std::uint64_t index) const {
        return begin_ + node::Duration{static_cast<std::int64_t>(
                            static_cast<double>(index) * (1e6 / per_second_))};
    }
    /// How many should have happened by `now`.
    [[nodiscard]] std::uint64_t due(node::Instant now) const {
        if (now < begin_) return 0;
        auto count = static_cast<std::uint64_t>(
            static_cast<double>((now - begin_).count()) * (per_second_ / 1e6));
        // Rounding: agree with `intended` to the microsecond.
        while (intended(count) <= now)
            ++count;
        while (count != 0 && intended(count - 1) > now)
            --count;
        return count;
    }

private:
    node::Instant begin_{};
    double per_second_ = 1;
};

}  // namespace grapevine::cli::bench
