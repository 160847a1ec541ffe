#include "cli/bench/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/usage_error.hpp"
#include "tests/bench/peer_load/nats_dialect.hpp"
#include "tests/bench/peer_load/topics_dialect.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <string>

using namespace grapevine;

namespace {

template <class Of>
std::unique_ptr<cli::bench::Dialect> make(const cli::bench::DialectSpec& spec) {
    return std::make_unique<Of>(spec);
}

int run(cli::BenchOptions& options, const std::string& dialect) {
    if (options.answered) throw cli::UsageError("--answered: no peer answers a publish");
    options.via = "channel";
    return bench_command(
        options,
        dialect == "nats" ? make<bench_peers::NatsDialect> : make<bench_peers::TopicsDialect>);
}

}  // namespace

/// `grapevine bench` for what Grapevine is compared with.
int main(int argc, char** argv) {
    CLI::App app{
        "The load of `grapevine bench` on other servers: same loops, same judge.", "peer_load"};
    std::string dialect;
    cli::BenchOptions options;
    app.fallthrough();
    app.add_option("--dialect", dialect, "What they speak: nats, or topics (tests/bench/peers)")
        ->required()
        ->check(CLI::IsMember({"nats", "topics"}));
    cli::describe_bench(app, options);
    try {
        app.parse(argc, argv);
        return run(options, dialect);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? cli::ExitCode::ok : cli::ExitCode::usage;
    } catch (const cli::UsageError& error) {
        std::fprintf(stderr, "peer_load: %s\n", error.what());
        return cli::ExitCode::usage;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "peer_load: %s\n", error.what());
        return cli::ExitCode::failed;
    }
}
