/// Latencies in microseconds, counted in buckets that grow with the value: exact below 256 us, at
/// most 0.8 % too high above. Its size is fixed, whatever and however much is recorded.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace grapevine::cli::bench {

class Histogram {
public:
    void record(std::uint32_t micros) {
        ++buckets_[bucket_of(micros)];
        ++count_;
        if (micros > max_) max_ = micros;
    }
    void clear() { *this = Histogram{}; }
    Histogram& operator+=(const Histogram& more);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint32_t max() const { return max_; }
    /// The smallest value that this share of all does not exceed: 0.99 gives p99. 0 if nothing was
    /// recorded.
    [[nodiscard]] std::uint32_t at(double share) const;

private:
    /// Buckets for each doubling. One bit more halves the error and doubles the memory (27 KB).
    static constexpr unsigned precision_bits = 7;
    static constexpr std::uint32_t per_doubling = 1U << precision_bits;
    static constexpr std::size_t bucket_count = (32 - precision_bits + 1) * per_doubling;

    static constexpr unsigned shift_of(std::uint32_t micros) {
        const int bits = std::bit_width(micros) - static_cast<int>(precision_bits) - 1;
        return bits > 0 ? static_cast<unsigned>(bits) : 0;
    }
    static constexpr std::size_t bucket_of(std::uint32_t micros) {
        const unsigned shift = shift_of(micros);
        return shift * per_doubling + (micros >> shift);
    }
    static std::uint32_t largest_in(std::size_t bucket);

    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
    std::uint32_t max_ = 0;
};

}  // namespace grapevine::cli::bench
