#include "cli/status_command.hpp"

#include "cli/exit_codes.hpp"
#include "cli/table.hpp"
#include "cli/usage_error.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <httplib.h>
#include <simdjson.h>
#include <stdexcept>
#include <vector>

namespace grapevine::cli {
namespace {

using Object = simdjson::dom::element;

std::string text_in(const Object& object, const char* key) {
    std::string_view value;
    return object[key].get(value) == simdjson::SUCCESS ? printable(value) : "?";
}

/// "-" where the node does not know: a member it has no link to has no round-trip time.
std::string count_in(const Object& object, const char* key) {
    std::uint64_t value = 0;
    return object[key].get(value) == simdjson::SUCCESS ? std::to_string(value) : "-";
}

std::string seconds_in(const Object& object, const char* key) {
    double value = 0;
    if (object[key].get(value) != simdjson::SUCCESS) return "-";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f s", value);
    return text.data();
}

std::string milliseconds_in(const Object& object, const char* key) {
    std::uint64_t micros = 0;
    if (object[key].get(micros) != simdjson::SUCCESS) return "-";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f ms", static_cast<double>(micros) / 1000.0);
    return text.data();
}

/// An epoch is the start of a process in microseconds since 1970.
std::string start_in(const Object& object, const char* key) {
    std::uint64_t epoch = 0;
    if (object[key].get(epoch) != simdjson::SUCCESS || epoch == 0) return "-";
    const auto seconds = static_cast<std::time_t>(epoch / 1'000'000);
    std::tm local{};
    std::array<char, 32> text{};
    if (::localtime_r(&seconds, &local) == nullptr) return "-";
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
    return text.data();
}

bool flag_in(const Object& object, const char* key) {
    bool value = false;
    return object[key].get(value) == simdjson::SUCCESS && value;
}

std::string bytes_in(const Object& object, const char* key) {
    std::uint64_t bytes = 0;
    if (object[key].get(bytes) != simdjson::SUCCESS) return "-";
    constexpr std::uint64_t kib = 1024;
    if (bytes < 10 * kib) return std::to_string(bytes) + " B";
    if (bytes < 10 * kib * kib) return std::to_string(bytes / kib) + " KiB";
    return std::to_string(bytes / kib / kib) + " MiB";
}

/// Of one column, so that a row of ordinary names fits into 100. Longer ones are cut in the middle:
/// names differ at their ends.
constexpr std::size_t name_width = 24;
constexpr std::size_t screen_width = 100;

std::string cut(const std::string& name) {
    if (name.size() <= name_width) return name;
    const std::size_t half = (name_width - 2) / 2;
    return name.substr(0, half) + ".." + name.substr(name.size() - half);
}

constexpr std::size_t state_column = 1;

Row member_row(const Object& member) {
    return {
        cut(text_in(member, "name")) + (flag_in(member, "self") ? " *" : ""),
        text_in(member, "state"),
        start_in(member, "epoch"),
        count_in(member, "sessions"),
        count_in(member, "users"),
        count_in(member, "channels"),
        text_in(member, "address"),
    };
}

/// What this node knows of another: over which link, and how much of its table it has.
Row link_row(const Object& member) {
    return {
        cut(text_in(member, "name")),
        flag_in(member, "linked") ? text_in(member, "link") : "none",
        count_in(member, "protocol"),
        milliseconds_in(member, "rtt_us"),
        bytes_in(member, "queued_bytes"),
        count_in(member, "epoch"),
        count_in(member, "version"),
        seconds_in(member, "seconds_since_equal"),
    };
}

/// "40 s" or "3 min" or "2 h", rounded down.
std::string ago_in(const Object& object, const char* key) {
    double value = 0;
    if (object[key].get(value) != simdjson::SUCCESS) return "?";
    const auto seconds = static_cast<std::uint64_t>(value);
    if (seconds < 120) return std::to_string(seconds) + " s";
    if (seconds < 7200) return std::to_string(seconds / 60) + " min";
    return std::to_string(seconds / 3600) + " h";
}

/// One refused link: who and how often on a line, why on the next, because that is a sentence.
std::string refusal_lines(const Object& refusal, const Terminal& terminal) {
    std::string_view name;
    const bool has_name = refusal["name"].get(name) == simdjson::SUCCESS;
    const bool by_peer = text_in(refusal, "by") == "peer";
    const std::string times = count_in(refusal, "times");
    std::string text = "  " + terminal.yellow(text_in(refusal, "reason")) + "  " +
                       (has_name ? cut(printable(name)) + " at " : "") +
                       text_in(refusal, "address") + (by_peer ? " refused us" : ", refused by us") +
                       ", " + times + (times == "1" ? " time, " : " times, last ") +
                       ago_in(refusal, "seconds_since_last") + " ago";
    return text + "\n" + wrapped(text_in(refusal, "text"), 6, screen_width);
}

std::string
coloured_state(const std::string& padded, std::string_view state, const Terminal& terminal) {
    if (state == "alive") return terminal.green(padded);
    if (state == "down") return terminal.red(padded);
    if (state == "left") return terminal.dim(padded);
    return terminal.yellow(padded);
}

std::string
coloured_link(const std::string& padded, std::string_view link, const Terminal& terminal) {
    return link == "none" ? terminal.red(padded) : padded;
}

/// "http://host:port" from what people type: the scheme may be missing, a last slash is harmless.
std::string base_url(std::string url) {
    if (url.find("://") == std::string::npos) url = "http://" + url;
    while (url.ends_with('/'))
        url.pop_back();
    const auto host = url.find("://") + 3;
    if ((!url.starts_with("http://") && !url.starts_with("https://")) || host >= url.size() ||
        url.find('/', host) != std::string::npos) {
        throw UsageError(
            "--admin '" + url +
            "': write the address of an admin listener, for example http://127.0.0.1:9000");
    }
    return url;
}

}  // namespace

StatusTable status_table(std::string_view body, const Terminal& terminal) {
    simdjson::dom::parser parser;
    simdjson::dom::element cluster;
    simdjson::dom::array nodes;
    if (parser.parse(body.data(), body.size()).get(cluster) != simdjson::SUCCESS ||
        cluster["nodes"].get(nodes) != simdjson::SUCCESS) {
        throw std::runtime_error(
            "the answer is not a Grapevine cluster; is --admin an admin listener?");
    }

    StatusTable table;
    std::vector<Row> members{
        {"NODE", "STATE", "STARTED", "SESSIONS", "USERS", "CHANNELS", "ADDRESS"}};
    std::vector<Row> links{
        {"NODE", "LINK", "PROTOCOL", "RTT", "QUEUED", "EPOCH", "TABLE", "EQUAL"}};
    for (const Object member : nodes) {
        members.push_back(member_row(member));
        if (!flag_in(member, "self")) links.push_back(link_row(member));
        const std::string& state = members.back()[state_column];
        if (state == "suspect" || state == "down") table.all_alive = false;
    }
    const std::string self = text_in(cluster, "self");
    table.text = "cluster " + text_in(cluster, "cluster") + " as seen by " + self +
                 (flag_in(cluster, "ready") ? "" : " (not ready yet)") + "\n" +
                 laid_out(members, state_column, coloured_state, terminal);
    if (links.size() > 1)
        table.text += "\nlinks of " + self + ", and what it holds of the others' tables\n" +
                      laid_out(links, state_column, coloured_link, terminal);
    simdjson::dom::array refusals;
    if (cluster["refusals"].get(refusals) == simdjson::SUCCESS && refusals.size() != 0) {
        table.text += "\nlinks refused lately, newest first\n";
        for (const Object refusal : refusals)
            table.text += refusal_lines(refusal, terminal);
    }
    return table;
}

int status_command(const StatusOptions& options) {
    const std::string url = base_url(options.admin);
    httplib::Client client(url);
    client.set_connection_timeout(3);
    client.set_read_timeout(5);
    const httplib::Result result = client.Get("/api/cluster");
    if (!result) {
        std::fprintf(
            stderr,
            "grapevine: --admin %s does not answer (%s); is the node running, and is this its "
            "admin listener?\n",
            url.c_str(),
            httplib::to_string(result.error()).c_str());
        return ExitCode::unreachable;
    }
    if (result->status != 200) {
        throw std::runtime_error(
            "--admin " + url + " answered GET /api/cluster with " + std::to_string(result->status) +
            " " + printable(result->body.substr(0, 200)));
    }

    const StatusTable table = status_table(result->body, Terminal(STDOUT_FILENO));
    std::fputs(options.json ? (result->body + "\n").c_str() : table.text.c_str(), stdout);
    return table.all_alive ? ExitCode::ok : ExitCode::partial;
}

}  // namespace grapevine::cli
