/// What a run came to, for people and for scripts.
#pragma once

#include "cli/bench/cpu.hpp"
#include "cli/bench/histogram.hpp"
#include "cli/bench/judge.hpp"
#include "cli/bench/plan.hpp"
#include "cli/terminal.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace grapevine::cli::bench {

/// Latencies in microseconds.
struct Quantiles {
    std::uint64_t count = 0;
    std::uint32_t p50 = 0;
    std::uint32_t p90 = 0;
    std::uint32_t p99 = 0;
    std::uint32_t p999 = 0;
    std::uint32_t max = 0;
};
Quantiles quantiles_of(const Histogram& histogram);

struct Report {
    Plan plan;
    bool was_interrupted = false;
    double measured_s = 0;

    // ---- messages; none in `connect`
    std::uint64_t sent = 0;  ///< in the time measured
    std::uint64_t received = 0;
    std::uint64_t sent_in_all = 0;
    std::uint64_t unsent = 0;  ///< were due, and the generator or the node could not take them
    std::uint64_t unanswered = 0;
    std::uint64_t accepted = 0;
    Deliveries deliveries;
    Quantiles latency;
    Quantiles lateness;  ///< open loop: how long after it was due a message was sent

    // ---- connections besides publishers and subscribers
    std::uint64_t dialled = 0;
    std::uint64_t connected = 0;
    std::uint64_t stayed = 0;  ///< at the end
    double connecting_s = 0;  ///< until the last had come
    Quantiles connecting;

    std::uint64_t bytes_in = 0;  ///< in the time measured, with everything around payloads
    std::uint64_t bytes_out = 0;
    std::uint64_t failures = 0;
    std::uint64_t refusals = 0;  ///< of the failures: nodes answered, with an error
    std::map<std::string, std::uint64_t, std::less<>> reasons;
    std::vector<CpuTimes> processes;  ///< of the generator

    [[nodiscard]] CpuTimes cpu() const;
    /// Of the time measured, what all processes used of a core.
    [[nodiscard]] double cpu_share() const;
    /// That of the process that used most, or waited longest for a core.
    [[nodiscard]] double busiest_share() const;
    [[nodiscard]] double waiting_share() const;
    [[nodiscard]] bool was_bottleneck() const;
    [[nodiscard]] int exit_code() const;
};

std::string report_text(const Report& report, const Terminal& terminal);
std::string report_json(const Report& report);

// ---- how numbers are written
std::string name_of(BenchScenario scenario);
double per_second(std::uint64_t count, double seconds);
std::string fixed(double value, int digits);
/// "250 us", "1.50 ms", "2.00 s".
std::string latency_text(std::uint32_t micros);
/// "1,234,567".
std::string grouped(std::uint64_t number);

}  // namespace grapevine::cli::bench
