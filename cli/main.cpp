#include "cli/bench/command.hpp"
#include "cli/chat_command.hpp"
#include "cli/config_command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/node_command.hpp"
#include "cli/options.hpp"
#include "cli/send_command.hpp"
#include "cli/status_command.hpp"
#include "cli/token_command.hpp"
#include "cli/usage_error.hpp"

#include <cstdio>
#include <exception>

using namespace grapevine::cli;

namespace {

int run(const Options& options) {
    switch (options.subcommand) {
    case Subcommand::none: return options.exit_code;
    case Subcommand::node: return node_command(options.node);
    case Subcommand::config_check: return config_check_command(options.config);
    case Subcommand::config_show: return config_show_command(options.config);
    case Subcommand::status: return status_command(options.status);
    case Subcommand::chat: return chat_command(options.chat);
    case Subcommand::send: return send_command(options.send);
    case Subcommand::token: return token_command(options.token);
    case Subcommand::bench: return bench_command(options.bench);
    }
    return ExitCode::failed;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(parse_options(argc, argv));
    } catch (const UsageError& error) {
        std::fprintf(stderr, "grapevine: %s\n", error.what());
        return ExitCode::usage;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "grapevine: %s\n", error.what());
        return ExitCode::failed;
    }
}
