/// Whether what one receiver gets from one sender is everything, once and in order.
#pragma once

#include <cstdint>

namespace grapevine::cli::bench {

/// What all judges of a run found. Every message that was sent ends as received, lost or missed.
struct Deliveries {
    std::uint64_t received = 0;  ///< each message once
    std::uint64_t lost = 0;  ///< to a receiver whose connection stayed
    std::uint64_t missed =
        0;  ///< sent to a receiver when its connection had ended, or was about to
    std::uint64_t duplicate = 0;  ///< times that one came again
    std::uint64_t reordered = 0;  ///< came after one that was sent later
    std::uint64_t damaged = 0;  ///< for somebody else, never sent, or not what was sent

    Deliveries& operator+=(const Deliveries& more) {
        received += more.received;
        lost += more.lost;
        missed += more.missed;
        duplicate += more.duplicate;
        reordered += more.reordered;
        damaged += more.damaged;
        return *this;
    }
    [[nodiscard]] bool all_right() const {
        return lost == 0 && duplicate == 0 && reordered == 0 && damaged == 0;
    }
};

/// One stream of messages numbered from 0. Remembers which of the last 64 are missing: of a message
/// that comes later than that it cannot tell whether it came before, and counts it as a duplicate.
class StreamJudge {
public:
    /// How many messages need no longer be waited for: this one, and those it has overtaken. 0 if
    /// it was not waited for.
    std::uint32_t arrived(std::uint32_t number, Deliveries& found);
    /// Nothing follows of the `sent` messages; whether the receiver could have had them.
    void finish(std::uint32_t sent, bool stayed, Deliveries& found) const {
        (stayed ? found.lost : found.missed) += sent - next_;
    }

private:
    static constexpr unsigned remembered = 64;

    std::uint32_t skipped_to(std::uint32_t number, Deliveries& found);
    void came_late(std::uint32_t number, Deliveries& found);

    std::uint32_t next_ = 0;
    /// Bit i: the message `next_ - 1 - i` has not come.
    std::uint64_t missing_ = 0;
};

}  // namespace grapevine::cli::bench
