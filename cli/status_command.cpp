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

constexpr std::size_t state_column = 1;

Row row_of(const Object& member) {
    const bool self = flag_in(member, "self");
    return {
        text_in(member, "name") + (self ? " *" : ""),
        text_in(member, "state"),
        start_in(member, "epoch"),
        count_in(member, "sessions"),
        count_in(member, "users"),
        count_in(member, "channels"),
        count_in(member, "version"),
        self ? "-" : seconds_in(member, "seconds_since_equal"),
        self ? "-" : milliseconds_in(member, "rtt_us"),
        text_in(member, "address"),
    };
}

std::string
coloured_state(const std::string& padded, std::string_view state, const Terminal& terminal) {
    if (state == "alive") return terminal.green(padded);
    if (state == "down") return terminal.red(padded);
    if (state == "left") return terminal.dim(padded);
    return terminal.yellow(padded);
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
    std::vector<Row> rows{
        {"NODE",
         "STATE",
         "STARTED",
         "SESSIONS",
         "USERS",
         "CHANNELS",
         "VERSION",
         "EQUAL",
         "RTT",
         "ADDRESS"}};
    for (const Object member : nodes) {
        rows.push_back(row_of(member));
        const std::string& state = rows.back()[state_column];
        if (state == "suspect" || state == "down") table.all_alive = false;
    }
    table.text = "cluster " + text_in(cluster, "cluster") + " as seen by " +
                 text_in(cluster, "self") + (flag_in(cluster, "ready") ? "" : " (not ready yet)") +
                 "\n" + laid_out(rows, state_column, coloured_state, terminal);
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
