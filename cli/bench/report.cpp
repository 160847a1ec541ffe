#include "cli/bench/report.hpp"

#include "cli/exit_codes.hpp"

#include <algorithm>
#include <cstdio>

namespace grapevine::cli::bench {
namespace {

/// From here on the generator's own core may have set the pace.
constexpr double bottleneck_share = 0.85;

double share_of_time(std::int64_t micros, double seconds) {
    return per_second(static_cast<std::uint64_t>(micros), seconds) / 1e6;
}

}  // namespace

std::string fixed(double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

double per_second(std::uint64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

std::string name_of(BenchScenario scenario) {
    switch (scenario) {
    case BenchScenario::connect: return "connect";
    case BenchScenario::p2p: return "p2p";
    case BenchScenario::fanout: return "fanout";
    case BenchScenario::churn: return "churn";
    }
    return "";
}

Quantiles quantiles_of(const Histogram& histogram) {
    return {
        histogram.count(),
        histogram.at(0.5),
        histogram.at(0.9),
        histogram.at(0.99),
        histogram.at(0.999),
        histogram.max()};
}

CpuTimes Report::cpu() const {
    CpuTimes sum;
    for (const CpuTimes& one : processes)
        sum = sum + one;
    return sum;
}

double Report::cpu_share() const {
    return share_of_time(cpu().used_us(), measured_s);
}

double Report::busiest_share() const {
    std::int64_t most = 0;
    for (const CpuTimes& one : processes)
        most = std::max(most, one.used_us());
    return share_of_time(most, measured_s);
}

double Report::waiting_share() const {
    std::int64_t longest = 0;
    for (const CpuTimes& one : processes)
        longest = std::max(longest, one.waited_us);
    return share_of_time(longest, measured_s);
}

bool Report::was_bottleneck() const {
    return busiest_share() >= bottleneck_share;
}

int Report::exit_code() const {
    if (!deliveries.all_right() || unanswered != 0) return ExitCode::wrong_delivery;
    return failures == 0 ? ExitCode::ok : ExitCode::failed;
}

}  // namespace grapevine::cli::bench
