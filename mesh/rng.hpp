/// The machines' random numbers: seeded, ours, the same under every compiler. For jitter and choice
/// only; secrets come from the system's entropy, inside the input that needs them.
#pragma once

#include "mesh/now.hpp"
#include "proto/hash.hpp"

#include <cstdint>

namespace grapevine::mesh {

/// splitmix64 (Steele, Lea, Flood 2014).
class Rng {
public:
    explicit Rng(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        const std::uint64_t drawn = proto::mix64(state_);
        state_ += 0x9e3779b97f4a7c15;
        return drawn;
    }
    /// Uniform in [0, bound); 0 if bound is 0. The bias of at most bound / 2^64 does not matter
    /// here.
    std::uint64_t below(std::uint64_t bound) { return proto::scale_to(next(), bound); }
    /// Uniform in [low, high].
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + below(high - low + 1);
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    /// `middle` ± 50 %.
    Duration jittered(Duration middle) {
        const auto half = static_cast<std::uint64_t>(middle.count() / 2);
        return Duration{static_cast<Duration::rep>(half + below(2 * half + 1))};
    }
    /// An independent generator, so that an extra draw in one component does not shift the others.
    Rng fork() { return Rng{next()}; }

private:
    std::uint64_t state_;
};

}  // namespace grapevine::mesh
