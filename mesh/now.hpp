/// Time as the machines see it: an argument, never a clock they read.
#pragma once

#include <chrono>

namespace grapevine::mesh {

using Duration = std::chrono::microseconds;
/// A point on the steady clock of one process. Every decision is made on these.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// Microseconds since 1970. Only for the start epoch and for people.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

using namespace std::chrono_literals;

/// What time it is when something happens. Steady time never goes back between two calls.
struct Now {
    Instant steady{};
    WallTime wall{};
};

inline constexpr Instant never = Instant::max();

}  // namespace grapevine::mesh
