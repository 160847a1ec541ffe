#include "cli/bench/judge.hpp"

namespace grapevine::cli::bench {

std::uint32_t StreamJudge::arrived(std::uint32_t number, Deliveries& found) {
    if (number < next_) {
        came_late(number, found);
        return 0;
    }
    ++found.received;
    if (number > next_) return skipped_to(number, found);
    ++next_;
    missing_ <<= 1;
    return 1;
}

std::uint32_t StreamJudge::skipped_to(std::uint32_t number, Deliveries& found) {
    const std::uint32_t gap = number - next_;
    found.lost += gap;
    next_ = number + 1;
    constexpr std::uint64_t all = ~std::uint64_t{0};
    if (gap + 1 >= remembered)
        missing_ = all << 1;
    else
        missing_ = (missing_ << (gap + 1)) | (((std::uint64_t{1} << gap) - 1) << 1);
    return gap + 1;
}

void StreamJudge::came_late(std::uint32_t number, Deliveries& found) {
    const std::uint32_t age = next_ - 1 - number;
    const std::uint64_t bit = age < remembered ? std::uint64_t{1} << age : 0;
    if ((missing_ & bit) == 0) {
        ++found.duplicate;
        return;
    }
    missing_ &= ~bit;
    --found.lost;
    ++found.received;
    ++found.reordered;
}

}  // namespace grapevine::cli::bench
