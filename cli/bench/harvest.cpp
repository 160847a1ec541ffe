#include "cli/bench/harvest.hpp"

#include <algorithm>

namespace grapevine::cli::bench {

void Harvest::take(const Tally& tally) {
    measured = tally.measured();
    all = tally.all();
    deliveries = tally.deliveries;
    latency = tally.latency();
    lateness = tally.lateness();
    accepted = tally.accepted_count();
    failures = tally.failures();
    refusals = tally.refusals();
    reasons = {};
    auto place = reasons.begin();
    for (const auto& [why, times] : tally.reasons()) {
        why.copy(place->text.data(), place->text.size() - 1);
        place->times = times;
        ++place;
    }
}

Report report_of(const std::vector<const Harvest*>& harvests) {
    Report report;
    Histogram latency;
    Histogram lateness;
    Histogram connecting;
    for (const Harvest* const one : harvests) {
        report.sent += one->measured.sent;
        report.received += one->measured.received;
        report.sent_in_all += one->all.sent;
        report.unsent += one->unsent;
        report.unanswered += one->unanswered;
        report.accepted += one->accepted;
        report.deliveries += one->deliveries;
        latency += one->latency;
        lateness += one->lateness;
        report.dialled += one->dialled;
        report.connected += one->came;
        report.stayed += one->stayed;
        report.connecting_s =
            std::max(report.connecting_s, static_cast<double>(one->connecting.count()) / 1e6);
        connecting += one->connecting_latency;
        report.bytes_in += one->bytes.bytes_in;
        report.bytes_out += one->bytes.bytes_out;
        report.failures += one->failures;
        report.refusals += one->refusals;
        for (const Harvest::Reason& reason : one->reasons)
            if (reason.times != 0) report.reasons[std::string(reason.why())] += reason.times;
        report.processes.push_back(one->cpu);
    }
    report.latency = quantiles_of(latency);
    report.lateness = quantiles_of(lateness);
    report.connecting = quantiles_of(connecting);
    return report;
}

}  // namespace grapevine::cli::bench
