#include "cli/bench/options.hpp"

#include "cli/bench/stamp.hpp"
#include "cli/bench/team.hpp"

#include <CLI/CLI.hpp>

namespace grapevine::cli {
namespace {

// clang-format off
void describe_common(CLI::App& app, BenchOptions& o) {
    app.add_option("--url",      o.urls,     "Client listener of a node; of several, each in turn gets a connection")->type_name("URL")->default_str("ws://127.0.0.1:8000/connection/websocket")->allow_extra_args(false);
    app.add_option("--encoding", o.encoding, "What is spoken: json or protobuf")->type_name("NAME")->check(CLI::IsMember({"json", "protobuf"}))->capture_default_str();
    app.add_option("--user",     o.user,     "How the names of all users begin; the rest differs from run to run")->type_name("NAME")->capture_default_str();
    app.add_option("--token",    o.token,    "What every connection shows to the node")->type_name("TOKEN");
    app.add_option("--source",   o.sources,  "Addresses of this host to dial from, in turn; each is good for some 28,000 connections to one node (default: 127.0.0.1 to 127.0.0.32 for nodes on 127.x, else what the system chooses)")->type_name("IP,...")->delimiter(',')->allow_extra_args(false);
    app.add_option("--header",   o.headers,  "A header that every request has besides, as 'Name: value': what nodes keep of requests, or what a proxy wants")->type_name("TEXT")->allow_extra_args(false);
    app.add_option("--connect-rate", o.connect_rate, "Connections begun in a second")->type_name("N")->check(CLI::Range(0.1, 100'000.0))->capture_default_str();
    app.add_option("--processes", o.processes, "Processes that share the load: for more connections than one may open, or more messages than one core can send")->type_name("N")->check(CLI::Range(std::size_t{1}, bench::Team::processes_max))->capture_default_str();
    app.add_option("--seconds",  o.seconds,  "For how long it is measured")->type_name("S")->check(CLI::Range(0.1, 3600.0))->capture_default_str();
    app.add_flag("--json",       o.json,     "Print the result as JSON");
    app.add_flag("--phases",     o.phases,   "Say on standard error when which part of the run begins: for scripts that look at the nodes while it is measured");
}

void describe_messages(CLI::App& app, BenchOptions& o) {
    app.add_option("--size",     o.size,     "Bytes of a message's payload")->type_name("BYTES")->check(CLI::Range(bench::payload_bytes_min, std::size_t{65'536}))->capture_default_str();
    app.add_option("--rate",     o.rate,     "Open loop: messages published in a second by all publishers together, whatever happens to them; latency counts from when a message should have been sent")->type_name("N")->check(CLI::Range(0.1, 10'000'000.0));
    app.add_flag("--answered,!--unanswered", o.answered, "Whether the node answers each publish; then what it refuses is counted, and the answers are a load too");
    app.add_option("--warmup",   o.warmup_s, "Seconds of load before it is measured")->type_name("S")->check(CLI::Range(0.0, 600.0))->capture_default_str();
    app.add_option("--drain",    o.drain_s,  "Seconds that messages may take after the last was sent; then they are lost")->type_name("S")->check(CLI::Range(0.1, 600.0))->capture_default_str();
}

void describe_pairs(CLI::App& app, BenchOptions& o) {
    app.add_option("--pairs", o.pairs, "One sends, one receives: on neighbouring --url")->type_name("N")->check(CLI::Range(1, 100'000))->capture_default_str();
    app.add_option("--via",   o.via,   "user: to the receiver by name; channel: to a channel that only it subscribes")->type_name("HOW")->check(CLI::IsMember({"user", "channel"}))->capture_default_str();
}

void describe_window(CLI::App& app, BenchOptions& o, const char* help) {
    app.add_option("--window", o.window, help)->type_name("N")->check(CLI::Range(1, 65'536))->excludes(app.get_option("--rate"));
}

constexpr const char* exit_codes = R"(
Ends with 0, 6 if a message was lost, came twice, out of order or damaged or an answer is missing, 1 if something was refused
or a connection ended, 3 if no node answers, 2 if an option is wrong. docs/bench.md says how to read the figures.)";

void describe_connect(CLI::App& app, BenchOptions& o) {
    describe_common(app, o);
    app.add_option("--connections", o.connections, "How many")->type_name("N")->check(CLI::Range(1, 1'000'000))->capture_default_str();
    app.add_option("--channels",    o.guest_channels, "Each also subscribes, to one of so many channels; 0: to none")->type_name("N")->check(CLI::Range(0, 1'000'000))->capture_default_str();
    app.footer(std::string(R"(Opens connections at --connect-rate, each with a user of its own, holds all of them for --seconds, and counts what
was refused or ended. Latency is from when a connection should have been dialled until the node took it, and its subscription.

Examples:
  grapevine bench connect --connections 10000 --connect-rate 2000
  grapevine bench connect --url ws://127.0.0.1:8001 --url ws://127.0.0.1:8002 --connections 15000 --seconds 60
)") + exit_codes);
}

void describe_p2p(CLI::App& app, BenchOptions& o) {
    describe_common(app, o);
    describe_messages(app, o);
    describe_pairs(app, o);
    describe_window(app, o, "Closed loop, the default: messages of each pair on their way at a time (1)");
    app.footer(std::string(R"(From one user to another. With two --url every message crosses from one node to the other.

Examples:
  grapevine bench p2p --window 64                     how much one node carries
  grapevine bench p2p --rate 20000 --pairs 100        how long a message takes at 20,000 a second
  grapevine bench p2p --url ws://127.0.0.1:8001 --url ws://127.0.0.1:8002 --window 64 --encoding protobuf --answered
)") + exit_codes);
}

void describe_fanout(CLI::App& app, BenchOptions& o) {
    describe_common(app, o);
    describe_messages(app, o);
    app.add_option("--publishers",  o.publishers,  "How many publish, spread over channels and nodes")->type_name("N")->check(CLI::Range(1, 100'000))->capture_default_str();
    app.add_option("--subscribers", o.subscribers, "How many subscribe, spread over channels and nodes")->type_name("N")->check(CLI::Range(1, 1'000'000))->capture_default_str();
    app.add_option("--channels",    o.channels,    "Channels; a subscriber has one")->type_name("N")->check(CLI::Range(1, 100'000))->capture_default_str();
    describe_window(app, o, "Closed loop, the default: messages of each publisher on their way at a time (1); one has arrived when all its subscribers have it");
    app.footer(std::string(R"(From publishers to all subscribers of their channel, on all nodes given.

Examples:
  grapevine bench fanout --subscribers 1000 --publishers 8
  grapevine bench fanout --subscribers 10000 --rate 5 --url ws://127.0.0.1:8001 --url ws://127.0.0.1:8002
)") + exit_codes);
}

void describe_churn(CLI::App& app, BenchOptions& o) {
    describe_common(app, o);
    describe_messages(app, o);
    describe_pairs(app, o);
    describe_window(app, o, "Closed loop: messages of each pair on their way at a time (default: --rate 1000)");
    app.add_option("--connections", o.connections, "How many are there at a time besides the pairs")->type_name("N")->check(CLI::Range(1, 1'000'000))->capture_default_str();
    app.footer(std::string(R"(Users come and go at --connect-rate, on all nodes given, while pairs send to each other as in p2p. What the pairs
send must not suffer.

Examples:
  grapevine bench churn --connect-rate 500 --rate 5000 --url ws://127.0.0.1:8001 --url ws://127.0.0.1:8002
)") + exit_codes);
}
// clang-format on

}  // namespace

void describe_bench(CLI::App& app, BenchOptions& options) {
    using Describe = void (*)(CLI::App&, BenchOptions&);
    const auto add =
        [&app, &options](const char* name, const char* help, BenchScenario scenario, Describe how) {
            CLI::App& sub = *app.add_subcommand(name, help);
            how(sub, options);
            sub.callback([&options, scenario] { options.scenario = scenario; });
        };
    app.require_subcommand(1);
    using enum BenchScenario;
    add("connect", "Many connections that do nothing", connect, describe_connect);
    add("p2p", "Messages from user to user", p2p, describe_p2p);
    add("fanout", "Messages to the subscribers of channels", fanout, describe_fanout);
    add("churn", "Users who come and go while messages flow", churn, describe_churn);
    app.footer(
        R"(The generator is one process with one thread, or several (--processes). It checks that every message arrives once and in order, and
says when it was itself the bottleneck. `grapevine bench p2p --help` and so on explain each with examples.)");
}

}  // namespace grapevine::cli
