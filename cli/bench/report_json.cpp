#include "cli/bench/report.hpp"
#include "proto/client_codec.hpp"

namespace grapevine::cli::bench {
namespace {

class Object {
public:
    explicit Object(std::string& out) : out_(out) { out_ += '{'; }
    void raw(const char* name, const std::string& value) {
        if (!out_.ends_with('{')) out_ += ',';
        out_ += '"' + std::string(name) + "\":" + value;
    }
    void number(const char* name, std::uint64_t value) { raw(name, std::to_string(value)); }
    void number(const char* name, double value) { raw(name, fixed(value, 3)); }
    void flag(const char* name, bool value) { raw(name, value ? "true" : "false"); }
    void text(const char* name, const std::string& value) { raw(name, '"' + value + '"'); }
    void close() { out_ += '}'; }

private:
    std::string& out_;
};

std::string json_of(const Quantiles& of) {
    std::string text;
    Object object{text};
    object.number("count", of.count);
    object.number("p50", std::uint64_t{of.p50});
    object.number("p90", std::uint64_t{of.p90});
    object.number("p99", std::uint64_t{of.p99});
    object.number("p99_9", std::uint64_t{of.p999});
    object.number("max", std::uint64_t{of.max});
    object.close();
    return text;
}

std::string json_of_errors(const Report& report) {
    std::string text = "[";
    for (const auto& [why, times] : report.reasons) {
        if (text != "[") text += ',';
        text += "{\"why\":";
        proto::append_json_string(text, why);
        text += ",\"times\":" + std::to_string(times) + "}";
    }
    return text + "]";
}

void add_messages(Object& json, const Report& report) {
    const Plan& plan = report.plan;
    json.number("publishers", std::uint64_t{plan.publishers.size()});
    json.number("subscribers", std::uint64_t{plan.subscribers.size()});
    json.number("channels", std::uint64_t{plan.channels});
    json.number("payload_bytes", std::uint64_t{plan.payload_bytes});
    json.flag("answered", plan.is_answered);
    json.text("loop", plan.is_open_loop() ? "open" : "closed");
    json.text("latency_from", plan.is_open_loop() ? "intended send time" : "actual send time");
    if (plan.is_open_loop())
        json.number("rate_intended", plan.rate);
    else
        json.number("window", std::uint64_t{plan.window});
    json.number("sent", report.sent);
    json.number("received", report.received);
    json.number("sent_per_second", per_second(report.sent, report.measured_s));
    json.number("received_per_second", per_second(report.received, report.measured_s));
    json.number("sent_in_all", report.sent_in_all);
    json.number("received_in_all", report.deliveries.received);
    json.number("lost", report.deliveries.lost);
    json.number("missed", report.deliveries.missed);
    json.number("duplicate", report.deliveries.duplicate);
    json.number("reordered", report.deliveries.reordered);
    json.number("damaged", report.deliveries.damaged);
    json.number("unsent", report.unsent);
    if (plan.is_answered) {
        json.number("accepted", report.accepted);
        json.number("unanswered", report.unanswered);
    }
    json.raw("latency_us", json_of(report.latency));
    if (plan.is_open_loop()) json.raw("sent_late_us", json_of(report.lateness));
}

void add_connections(Object& json, const Report& report) {
    json.number("connections_intended", std::uint64_t{report.plan.guests});
    json.number("connect_rate_intended", report.plan.connect_rate);
    if (report.plan.guest_channels != 0)
        json.number("connection_channels", std::uint64_t{report.plan.guest_channels});
    json.number("dialled", report.dialled);
    json.number("connected", report.connected);
    json.number("connected_per_second", per_second(report.connected, report.connecting_s));
    json.number("there_at_the_end", report.stayed);
    json.raw("connecting_us", json_of(report.connecting));
}

}  // namespace

std::string report_json(const Report& report) {
    std::string text;
    Object json{text};
    json.text("scenario", name_of(report.plan.scenario));
    json.number("nodes", std::uint64_t{report.plan.urls});
    json.text("encoding", report.plan.encoding == proto::Encoding::json ? "json" : "protobuf");
    json.number("measured_s", report.measured_s);
    json.flag("interrupted", report.was_interrupted);
    if (!report.plan.publishers.empty()) add_messages(json, report);
    if (report.plan.guests != 0) add_connections(json, report);
    json.number("bytes_in", report.bytes_in);
    json.number("bytes_out", report.bytes_out);
    json.number("errors", report.failures);
    json.raw("reasons", json_of_errors(report));
    json.number("processes", std::uint64_t{report.processes.size()});
    json.number("cpu_user_s", static_cast<double>(report.cpu().user_us) / 1e6);
    json.number("cpu_system_s", static_cast<double>(report.cpu().system_us) / 1e6);
    json.number("cpu_share", report.cpu_share());
    json.number("cpu_share_of_the_busiest", report.busiest_share());
    json.number("cpu_waiting_share", report.waiting_share());
    json.flag("generator_was_bottleneck", report.was_bottleneck());
    json.close();
    return text + "\n";
}

}  // namespace grapevine::cli::bench
