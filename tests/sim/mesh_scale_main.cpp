// mesh_scale: what clusters of N nodes cost in time and bytes, on the virtual clock. Prints one
// line for each N; asserts nothing.
#include "tests/sim/scale.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::sim {
namespace {

constexpr const char* usage =
    R"(usage: mesh_scale [--nodes N,N,...] [OPTION VALUE]...
  Simulates clusters of N nodes in virtual time and prints a line for each. Nodes are the real machines with the real
  codecs; links have latency and order. The work of a processor takes no time here.
  --nodes 2,3,5,10,20     how many
  --latency-us 200,1000   of every message on a link, uniform between the two
  --quiet 1000            changes a second in the whole cluster: users come to any node and leave it 2 s later
  --busy 10000            the same, for a second line of times and bytes
  --seconds 10            of each
  --idle-seconds 60       before that, when nothing changes; members are told every 30 s
  --rounds 5              nodes that are killed, and as many whose host falls silent
  --start-over 0          milliseconds: nodes start one after the other, evenly in this time
  --seed 1
  --full-mesh-up-to 200   as the node's flag
Columns:
  formed     from the last start until each shows a user of each, and has a link to each unless there are more than 200
  links      that a node keeps
  idle       bytes a node gives to its links in a second, WebSocket heads included (as many come in): mean, and of the
             node with most
  seen       from a user's command or end at one node until all others show it: p50, p99, most
  killed, silent    a process is killed, a host falls silent: until the last node hides its users, most of all rounds
)";

[[noreturn]] void refuse(const std::string& what) {
    std::fprintf(stderr, "mesh_scale: %s\n%s", what.c_str(), usage);
    std::exit(2);
}

std::vector<std::uint64_t> read_numbers(std::string_view option, std::string_view text) {
    std::vector<std::uint64_t> numbers;
    for (;;) {
        const std::string_view one = text.substr(0, text.find(','));
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(one.data(), one.data() + one.size(), number);
        if (error != std::errc{} || end != one.data() + one.size() || number == 0)
            refuse(
                std::string{option} + " takes numbers above zero, not '" + std::string{one} + "'");
        numbers.push_back(number);
        if (one.size() == text.size()) return numbers;
        text.remove_prefix(one.size() + 1);
    }
}

Duration micros(std::uint64_t count) {
    return Duration{static_cast<Duration::rep>(count)};
}

struct Orders {
    std::vector<std::uint64_t> nodes{2, 3, 5, 10, 20};
    ScaleOptions scale;
};

void read_option(Orders& orders, std::string_view option, std::string_view value) {
    const std::vector<std::uint64_t> numbers = read_numbers(option, value);
    if (option == "--nodes") {
        for (const std::uint64_t nodes : numbers)
            if (nodes < 2) refuse("--nodes: a cluster has 2 nodes at least");
        orders.nodes = numbers;
        return;
    }
    if (option == "--latency-us") {
        if (numbers.size() != 2 || numbers[0] > numbers[1])
            refuse("--latency-us takes the least and the most, for example 200,1000");
        orders.scale.latency = {.least = micros(numbers[0]), .most = micros(numbers[1])};
        return;
    }
    if (numbers.size() != 1) refuse(std::string{option} + " takes one number");
    const std::uint64_t number = numbers.front();
    if (option == "--quiet")
        orders.scale.quiet_rate = number;
    else if (option == "--busy")
        orders.scale.busy_rate = number;
    else if (option == "--seconds")
        orders.scale.changes_for = std::chrono::seconds{number};
    else if (option == "--idle-seconds")
        orders.scale.idle_for = std::chrono::seconds{number};
    else if (option == "--rounds")
        orders.scale.rounds = number;
    else if (option == "--start-over")
        orders.scale.start_over = std::chrono::milliseconds{number};
    else if (option == "--full-mesh-up-to")
        orders.scale.full_mesh_max = number;
    else if (option == "--seed")
        orders.scale.seed = number;
    else
        refuse("there is no option " + std::string{option});
}

Orders read_orders(int argc, char** argv) {
    Orders orders;
    for (int at = 1; at < argc; at += 2) {
        const std::string_view option = argv[at];
        if (option == "--help" || option == "-h") {
            std::fputs(usage, stdout);
            std::exit(0);
        }
        if (at + 1 == argc) refuse(std::string{option} + " needs a value");
        read_option(orders, option, argv[at + 1]);
    }
    return orders;
}

/// With one decimal, without floating point.
std::string tenths(std::uint64_t value, std::uint64_t unit) {
    const std::uint64_t rounded = (value * 10 + unit / 2) / unit;
    return std::to_string(rounded / 10) + "." + std::to_string(rounded % 10);
}

std::string milliseconds(Duration span) {
    return tenths(static_cast<std::uint64_t>(span.count()), 1'000) + " ms";
}

std::string kilobytes(const Traffic& traffic) {
    return tenths(traffic.bytes_mean, 1'000) + " (" + tenths(traffic.bytes_most, 1'000) + ") kB/s";
}

std::string seen_text(const Seen& seen) {
    std::string text = milliseconds(seen.quantile(500)) + " " + milliseconds(seen.quantile(990)) +
                       " " + milliseconds(seen.quantile(1000));
    if (seen.missed != 0) text += " (" + std::to_string(seen.missed) + " MISSED)";
    return text;
}

std::string most_text(const Seen& seen) {
    std::string text = milliseconds(seen.quantile(1000));
    if (seen.missed != 0) text += " (" + std::to_string(seen.missed) + " MISSED)";
    return text;
}

void print(const ScaleOptions& options, const ScaleFigures& figures) {
    const auto part = [](const std::string& name, const std::string& text) {
        std::printf("  %-22s %s\n", name.c_str(), text.c_str());
    };
    const auto changing = [&](std::uint64_t rate, const Seen& seen, const Traffic& traffic) {
        const std::string name = std::to_string(rate) + " changes/s";
        part(
            name + ", seen",
            seen_text(seen) + "  (" + std::to_string(seen.took.size()) + " of them)");
        part("", kilobytes(traffic) + ", " + std::to_string(traffic.messages_mean) + " messages/s");
    };
    std::printf("%zu nodes\n", options.nodes);
    part("formed", milliseconds(figures.formed));
    part("links of a node", std::to_string(figures.links));
    part(
        "idle",
        kilobytes(figures.idle) + ", " + std::to_string(figures.idle.messages_mean) +
            " messages/s");
    changing(options.quiet_rate, figures.quiet, figures.quiet_traffic);
    changing(options.busy_rate, figures.busy, figures.busy_traffic);
    part("killed, hidden after", most_text(figures.killed));
    part("silent, hidden after", most_text(figures.silent));
    std::fflush(stdout);
}

}  // namespace
}  // namespace grapevine::sim

int main(int argc, char** argv) {
    using namespace grapevine::sim;
    const Orders orders = read_orders(argc, argv);
    try {
        for (const std::uint64_t nodes : orders.nodes) {
            ScaleOptions options = orders.scale;
            options.nodes = nodes;
            options.done = [](const char* what) {
                std::fprintf(
                    stderr, "%s: %ld s of processor time\n", what, std::clock() / CLOCKS_PER_SEC);
            };
            print(options, Scale{options}.measure());
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "mesh_scale: %s\n", error.what());
        return 1;
    }
    return 0;
}
