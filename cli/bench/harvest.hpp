/// What one process of the generator has counted when messages have ended, as plain memory, and
/// what all of them come to.
#pragma once

#include "cli/bench/cpu.hpp"
#include "cli/bench/histogram.hpp"
#include "cli/bench/judge.hpp"
#include "cli/bench/poller.hpp"
#include "cli/bench/report.hpp"
#include "cli/bench/tally.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

namespace grapevine::cli::bench {

struct Harvest {
    // ---- messages
    Moved measured;
    Moved all;
    Deliveries deliveries;
    Histogram latency;
    Histogram lateness;
    std::uint64_t accepted = 0;
    std::uint64_t unsent = 0;
    std::uint64_t unanswered = 0;

    // ---- guests
    std::uint64_t dialled = 0;
    std::uint64_t came = 0;
    std::uint64_t stayed = 0;
    node::Duration connecting{};
    Histogram connecting_latency;

    std::uint64_t failures = 0;
    std::uint64_t refusals = 0;
    Poller::Traffic bytes;
    CpuTimes cpu;

    /// The same reasons as the tally's, cut off where they are too long.
    struct Reason {
        std::array<char, 256> text;
        std::uint64_t times;
        [[nodiscard]] std::string_view why() const { return text.data(); }
    };
    std::array<Reason, Tally::reasons_max> reasons;

    void take(const Tally& tally);
};
static_assert(std::is_trivially_copyable_v<Harvest>);

/// Adds up all of them; what only the leader knows is left for it.
Report report_of(const std::vector<const Harvest*>& harvests);

}  // namespace grapevine::cli::bench
