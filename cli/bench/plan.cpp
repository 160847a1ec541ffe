#include "cli/bench/plan.hpp"

#include "cli/bench/frames.hpp"
#include "cli/terminal.hpp"
#include "cli/usage_error.hpp"
#include "proto/limits.hpp"

#include <cmath>

namespace grapevine::cli::bench {
namespace {

/// Streams that are judged: 100 MB. A message to so many would take minutes.
constexpr std::size_t streams_max = 4 * 1024 * 1024;
/// Names and what the protocol puts around a payload.
constexpr std::size_t envelope_bytes = 1024;
/// Descriptors besides connections and what wakes each process: the standard ones, epoll, signals,
/// files.
constexpr std::size_t other_descriptors = 16;
/// How long leaving may take, with the time to notice.
constexpr double leaving_s = 2;
/// Messages that flow while guests come and go, if not said otherwise.
constexpr double churn_rate = 1000;
constexpr std::size_t window_default = 1;

node::Duration seconds(double value) {
    return node::Duration{static_cast<std::int64_t>(value * 1e6)};
}

/// A sender on one node, its receiver on the next.
void seat_pairs(Plan& plan, std::size_t pairs) {
    for (std::size_t i = 0; i < pairs; ++i) {
        plan.publishers.push_back({.url = i % plan.urls, .channel = i});
        plan.subscribers.push_back({.url = (i + 1) % plan.urls, .channel = i});
    }
    plan.channels = pairs;
}

/// Every channel gets as many as any other, and so does every node within a channel.
std::vector<Seat> spread(std::size_t count, std::size_t channels, std::size_t urls) {
    std::vector<Seat> seats;
    for (std::size_t i = 0; i < count; ++i)
        seats.push_back({.url = (i / channels) % urls, .channel = i % channels});
    return seats;
}

void seat_channels(Plan& plan, const BenchOptions& options) {
    if (options.publishers < options.channels || options.subscribers < options.channels)
        throw UsageError(
            "--channels " + std::to_string(options.channels) +
            ": each needs a publisher and a subscriber; give as many --publishers and "
            "--subscribers, or fewer channels");
    plan.publishers = spread(options.publishers, options.channels, plan.urls);
    plan.subscribers = spread(options.subscribers, options.channels, plan.urls);
    plan.channels = options.channels;
}

void set_pace(Plan& plan, const BenchOptions& options) {
    const bool is_churn = plan.scenario == BenchScenario::churn;
    if (options.rate)
        plan.rate = *options.rate;
    else if (is_churn && !options.window)
        plan.rate = churn_rate;
    else
        plan.window = options.window.value_or(window_default);
    const double each = plan.rate / static_cast<double>(plan.publishers.size());
    if (each * (options.seconds + options.warmup_s) > PublishFrame::messages_max)
        throw UsageError("--rate: more than 3,000,000,000 messages of one publisher; give more "
                         "publishers or fewer --seconds");
}

std::vector<std::string> checked_headers(const std::vector<std::string>& headers) {
    for (const std::string& header : headers) {
        const std::size_t colon = header.find(':');
        if (colon == 0 || colon == std::string::npos || header.find(' ') < colon ||
            printable(header) != header)
            throw UsageError(
                "--header '" + printable(header) +
                "': write it as in a request, 'Name: value', one for each");
    }
    return headers;
}

void check_messages(const Plan& plan) {
    if (plan.payload_bytes + envelope_bytes > proto::limits::client_message_bytes)
        throw UsageError(
            "--size " + std::to_string(plan.payload_bytes) + ": a message to a node is at most " +
            std::to_string(proto::limits::client_message_bytes) + " bytes; give " +
            std::to_string(proto::limits::client_message_bytes - envelope_bytes) + " or less");
    if (plan.streams() > streams_max)
        throw UsageError(
            std::to_string(plan.streams()) + " pairs of a publisher and a subscriber: at most " +
            std::to_string(streams_max) + " are judged; give fewer, or more --channels");
}

}  // namespace

std::size_t Plan::guest_places() const {
    const auto leaving = static_cast<std::size_t>(std::ceil(connect_rate * leaving_s));
    return guests + (guests_leave ? leaving : 0);
}

Plan Plan::guests_of(std::size_t number, std::size_t processes) const {
    Plan part = *this;
    part.guests = share_of(guests, number, processes);
    part.connect_rate = connect_rate / static_cast<double>(processes);
    return part;
}

std::size_t Plan::descriptors_needed(std::size_t processes) const {
    return share_of(publishers.size(), 0, processes) + share_of(subscribers.size(), 0, processes) +
           guests_of(0, processes).guest_places() + other_descriptors + processes;
}

std::size_t Plan::streams() const {
    std::vector<std::size_t> publishers_of(channels);
    for (const Seat& seat : publishers)
        ++publishers_of[seat.channel];
    std::size_t count = 0;
    for (const Seat& seat : subscribers)
        count += publishers_of[seat.channel];
    return count;
}

Plan make_plan(const BenchOptions& options, std::size_t urls) {
    Plan plan;
    plan.scenario = options.scenario;
    plan.encoding = options.encoding == "json" ? proto::Encoding::json : proto::Encoding::protobuf;
    plan.urls = urls;
    plan.payload_bytes = options.size;
    plan.connect_rate = options.connect_rate;
    plan.measured = seconds(options.seconds);
    plan.headers = checked_headers(options.headers);
    plan.tells_phases = options.phases;
    switch (options.scenario) {
    case BenchScenario::connect:
        plan.guests = options.connections;
        plan.guest_channels = options.guest_channels;
        return plan;
    case BenchScenario::p2p: seat_pairs(plan, options.pairs); break;
    case BenchScenario::fanout: seat_channels(plan, options); break;
    case BenchScenario::churn:
        seat_pairs(plan, options.pairs);
        plan.guests = options.connections;
        plan.guests_leave = true;
        break;
    }
    plan.to_users = options.scenario != BenchScenario::fanout && options.via == "user";
    if (plan.to_users && !options.token.empty())
        throw UsageError("--token: all connections are the token's user, so there is nobody to "
                         "send to by name; add --via channel");
    plan.is_answered = options.answered;
    plan.warmup = seconds(options.warmup_s);
    plan.drain = seconds(options.drain_s);
    set_pace(plan, options);
    check_messages(plan);
    return plan;
}

void check_descriptors(const Plan& plan, std::size_t processes, std::size_t limit) {
    const std::size_t needed = plan.descriptors_needed(processes);
    if (needed <= limit) return;
    throw UsageError(
        std::to_string(needed - other_descriptors - processes) + " connections" +
        (processes == 1 ? "" : " of one process") + " need " + std::to_string(needed) +
        " open files, and a process may have " + std::to_string(limit) +
        " (its hard limit, RLIMIT_NOFILE): give more --processes, or raise it (ulimit -Hn, "
        "LimitNOFILE= of systemd)");
}

}  // namespace grapevine::cli::bench
