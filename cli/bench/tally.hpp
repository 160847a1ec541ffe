/// What a run counts. Deliveries are judged from the first message to the last; rates and latencies
/// are those of the time that is measured, without warm-up and drain.
#pragma once

#include "cli/bench/histogram.hpp"
#include "cli/bench/judge.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace grapevine::cli::bench {

/// Messages or connections, of a time.
struct Moved {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
};

class Tally {
public:
    /// Microseconds of the run.
    void measure(std::uint32_t from, std::uint32_t until) {
        from_ = from;
        until_ = until;
    }
    void measure_until(std::uint32_t until) { until_ = std::min(until_, until); }

    /// A message that should have been sent at `intended`.
    void sent(std::uint32_t intended, std::uint32_t now) {
        ++all_.sent;
        if (!covers(intended)) return;
        ++measured_.sent;
        lateness_.record(now - std::min(intended, now));
    }
    void received(std::uint32_t sent_at, std::uint32_t now) {
        ++all_.received;
        const std::uint32_t latency = now - std::min(sent_at, now);
        recent_.record(latency);
        if (covers(now)) ++measured_.received;
        if (covers(sent_at)) latency_.record(latency);
    }
    void accepted() { ++accepted_; }
    /// Something that was refused, or a connection that ended. The first few reasons are kept.
    void failed(std::string_view why);
    /// A node answered, with an error.
    void refused(std::string_view what, std::string_view why) {
        ++refusals_;
        failed(std::string(what) + " refused: " + std::string(why));
    }

    [[nodiscard]] const Moved& all() const { return all_; }
    [[nodiscard]] const Moved& measured() const { return measured_; }
    [[nodiscard]] const Histogram& latency() const { return latency_; }
    [[nodiscard]] const Histogram& lateness() const { return lateness_; }
    /// Since it was last cleared: for who watches.
    [[nodiscard]] Histogram& recent() { return recent_; }
    [[nodiscard]] std::uint64_t accepted_count() const { return accepted_; }
    [[nodiscard]] std::uint64_t failures() const { return failures_; }
    [[nodiscard]] std::uint64_t refusals() const { return refusals_; }
    [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& reasons() const {
        return reasons_;
    }

    /// Reasons kept; the rest is only counted.
    static constexpr std::size_t reasons_max = 8;

    Deliveries deliveries;

private:
    [[nodiscard]] bool covers(std::uint32_t at) const { return at >= from_ && at < until_; }

    std::uint32_t from_ = ~std::uint32_t{0};
    std::uint32_t until_ = 0;
    Moved all_;
    Moved measured_;
    Histogram latency_;
    Histogram lateness_;
    Histogram recent_;
    std::uint64_t accepted_ = 0;
    std::uint64_t failures_ = 0;
    std::uint64_t refusals_ = 0;  ///< of the failures
    std::map<std::string, std::uint64_t, std::less<>> reasons_;
};

}  // namespace grapevine::cli::bench
