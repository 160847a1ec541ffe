#include "cli/bench/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace grapevine::cli::bench {

std::uint32_t Histogram::largest_in(std::size_t bucket) {
    if (bucket < std::size_t{2} * per_doubling) return static_cast<std::uint32_t>(bucket);
    const std::size_t shift = bucket / per_doubling - 1;
    const std::uint64_t digits = bucket - shift * per_doubling;
    return static_cast<std::uint32_t>(((digits + 1) << shift) - 1);
}

Histogram& Histogram::operator+=(const Histogram& more) {
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket)
        buckets_[bucket] += more.buckets_[bucket];
    count_ += more.count_;
    max_ = std::max(max_, more.max_);
    return *this;
}

std::uint32_t Histogram::at(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
        seen += buckets_[bucket];
        if (seen != 0 && seen >= wanted) return std::min(largest_in(bucket), max_);
    }
    return max_;
}

}  // namespace grapevine::cli::bench
