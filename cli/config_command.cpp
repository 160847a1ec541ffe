#include "cli/config_command.hpp"

#include "cli/exit_codes.hpp"
#include "cli/rules_file.hpp"
#include "cli/terminal.hpp"

#include <cstdio>
#include <unistd.h>

namespace grapevine::cli {

int config_check_command(const ConfigOptions& options) {
    const mesh::ChannelRules rules = read_rules(options.file);
    const std::size_t count = rules.namespaces.size();
    const std::string fine = Terminal{STDOUT_FILENO}.green("fine");
    std::printf(
        "%s: %s, %zu namespace%s\n",
        options.file.c_str(),
        fine.c_str(),
        count,
        count == 1 ? "" : "s");
    return ExitCode::ok;
}

int config_show_command(const ConfigOptions& options) {
    const bool has_file = !options.file.empty();
    if (!has_file) std::puts("# Without a file there are no namespaces: this is so for all names.");
    const mesh::ChannelRules rules = has_file ? read_rules(options.file) : mesh::ChannelRules{};
    std::fputs(toml_of(rules).c_str(), stdout);
    return ExitCode::ok;
}

}  // namespace grapevine::cli
