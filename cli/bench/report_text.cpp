#include "cli/bench/report.hpp"
#include "cli/table.hpp"

#include <cmath>
#include <vector>

namespace grapevine::cli::bench {
namespace {

/// From here on others on the machine were in its way.
constexpr double crowded_share = 0.10;

std::string percent(double share) {
    return fixed(share * 100, 0) + " %";
}

std::string rate_text(std::uint64_t count, double seconds) {
    return grouped(static_cast<std::uint64_t>(std::llround(per_second(count, seconds)))) + "/s";
}

std::string bytes_text(std::uint64_t bytes, double seconds) {
    return fixed(per_second(bytes, seconds) / 1e6, 1) + " MB/s";
}

std::string plain(const std::string& padded, std::string_view, const Terminal&) {
    return padded;
}

std::string table(const std::vector<Row>& rows, const Terminal& terminal) {
    return laid_out(rows, rows.front().size(), plain, terminal);
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
    return grouped(count) + " " + (count == 1 ? one : many);
}

std::string counted(std::size_t count, const std::string& what) {
    return counted(count, what, what + "s");
}

/// What was asked for, in a sentence.
std::string headline(const Report& report) {
    const Plan& plan = report.plan;
    std::string text = name_of(plan.scenario) + ": ";
    if (plan.scenario == BenchScenario::fanout)
        text += counted(plan.publishers.size(), "publisher") + ", " +
                counted(plan.subscribers.size(), "subscriber") + ", " +
                counted(plan.channels, "channel");
    else if (plan.scenario != BenchScenario::connect)
        text += counted(plan.publishers.size(), "pair") +
                (plan.to_users ? " of users" : ", each with a channel");
    if (plan.guests != 0)
        text += (text.ends_with(": ") ? "" : ", ") + counted(plan.guests, "connection") +
                (plan.guests_leave ? " that come and go" : "") + " at " +
                rate_text(static_cast<std::uint64_t>(std::llround(plan.connect_rate)), 1);
    if (plan.guest_channels != 0)
        text += ", each in one of " + counted(plan.guest_channels, "channel");
    text += ", " + counted(plan.urls, "node") + ", " +
            (plan.encoding == proto::Encoding::json ? "JSON" : "Protobuf");
    if (plan.publishers.empty()) return text + "\n";
    text += ", " + std::to_string(plan.payload_bytes) + " bytes, " +
            (plan.is_answered ? "answered" : "unanswered") + "\n";
    if (plan.is_open_loop())
        return text + "open loop, " +
               rate_text(static_cast<std::uint64_t>(std::llround(plan.rate)), 1) +
               " intended: latency is from when a message should have been sent\n";
    return text + "closed loop, window " + std::to_string(plan.window) +
           ": latency is service time, from when a message was sent; a slow node is asked less "
           "often\n";
}

std::vector<Row> movements(const Report& report) {
    const double seconds = report.measured_s;
    std::vector<Row> rows{{"", "COUNT", "RATE", "WIRE"}};
    if (!report.plan.publishers.empty()) {
        rows.push_back(
            {"sent",
             grouped(report.sent),
             rate_text(report.sent, seconds),
             bytes_text(report.bytes_out, seconds)});
        rows.push_back(
            {"received",
             grouped(report.received),
             rate_text(report.received, seconds),
             bytes_text(report.bytes_in, seconds)});
    }
    if (report.plan.guests != 0) {
        rows.push_back(
            {"connected",
             grouped(report.connected),
             rate_text(report.connected, report.connecting_s),
             "-"});
        rows.push_back({"there at the end", grouped(report.stayed), "-", "-"});
    }
    return rows;
}

Row latency_row(const std::string& name, const Quantiles& of) {
    return {
        name,
        latency_text(of.p50),
        latency_text(of.p90),
        latency_text(of.p99),
        latency_text(of.p999),
        latency_text(of.max)};
}

std::vector<Row> latencies(const Report& report) {
    std::vector<Row> rows{{"", "P50", "P90", "P99", "P99.9", "MAX"}};
    if (report.latency.count != 0) rows.push_back(latency_row("latency", report.latency));
    if (report.plan.is_open_loop() && report.lateness.count != 0)
        rows.push_back(latency_row("of which sent late", report.lateness));
    if (report.connecting.count != 0) rows.push_back(latency_row("connecting", report.connecting));
    return rows;
}

std::string faults(const Report& report, const Terminal& terminal) {
    const auto count = [&terminal](const char* name, std::uint64_t number) {
        const std::string text = std::string(name) + " " + grouped(number);
        return number == 0 ? text : terminal.red(text);
    };
    std::string text = count("errors", report.failures);
    if (report.plan.publishers.empty()) return text + "\n";
    const Deliveries& found = report.deliveries;
    text += "  " + count("lost", found.lost) + "  " + count("duplicate", found.duplicate) + "  " +
            count("reordered", found.reordered) + "  " + count("damaged", found.damaged);
    if (found.missed != 0)
        text += "  " + count("missed by those whose connection ended", found.missed);
    if (report.plan.is_answered) text += "  " + count("unanswered", report.unanswered);
    return text + "   (of " + grouped(report.sent_in_all) + " sent from first to last)\n";
}

std::string own_cost(const Report& report) {
    const CpuTimes cpu = report.cpu();
    std::string text = "generator: ";
    if (report.processes.size() > 1)
        text += counted(report.processes.size(), "process", "processes") + ", ";
    text += percent(report.cpu_share()) + " of a core";
    if (report.processes.size() > 1) text += ", the busiest " + percent(report.busiest_share());
    text += " (user " + fixed(static_cast<double>(cpu.user_us) / 1e6, 2) + " s, system " +
            fixed(static_cast<double>(cpu.system_us) / 1e6, 2) + " s)";
    if (const std::uint64_t moved = report.sent + report.received; moved != 0)
        text += ", " + fixed(static_cast<double>(cpu.used_us()) / static_cast<double>(moved), 2) +
                " us for each message sent or received";
    return text;
}

std::string remarks(const Report& report, const Terminal& terminal) {
    std::string text;
    for (const auto& [why, times] : report.reasons)
        text += terminal.red(grouped(times) + " x " + why) + "\n";
    if (report.unsent != 0)
        text += terminal.yellow(
                    grouped(report.unsent) +
                    " messages that were due were not sent: the rate was more than the node took, "
                    "or than the generator could send") +
                "\n";
    if (report.was_bottleneck())
        text += terminal.yellow(
                    "the generator itself was the bottleneck: the cluster may do more and sooner "
                    "than this; share the load among several generators, on other machines") +
                "\n";
    else if (report.waiting_share() >= crowded_share)
        text += terminal.yellow(
                    "the generator waited for a core " + percent(report.waiting_share()) +
                    " of the time: the machine is full, and latencies include that") +
                "\n";
    return text;
}

}  // namespace

std::string latency_text(std::uint32_t micros) {
    if (micros < 1000) return std::to_string(micros) + " us";
    if (micros < 1'000'000) return fixed(micros / 1e3, micros < 10'000 ? 2 : 1) + " ms";
    return fixed(micros / 1e6, 2) + " s";
}

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3)
        text.insert(at - 3, ",");
    return text;
}

std::string report_text(const Report& report, const Terminal& terminal) {
    std::string text = headline(report);
    text += "measured " + fixed(report.measured_s, 1) + " s" +
            (report.was_interrupted ? ", then it was interrupted" : "") + "\n\n";
    text += table(movements(report), terminal) + "\n";
    text += table(latencies(report), terminal) + "\n";
    text += faults(report, terminal);
    return text + own_cost(report) + "\n" + remarks(report, terminal);
}

}  // namespace grapevine::cli::bench
