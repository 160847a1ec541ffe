#include "cli/bench/command.hpp"

#include "cli/bench/run.hpp"
#include "cli/client_url.hpp"
#include "cli/exit_codes.hpp"
#include "node/descriptors.hpp"
#include "proto/limits.hpp"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace grapevine::cli {
namespace {

/// What the run adds to the beginning of a name.
constexpr std::size_t name_bytes_added = 40;

}  // namespace

int bench_command(const BenchOptions& options, bench::MakeDialect make_dialect) {
    using namespace bench;
    const std::vector<ClientUrl> urls = parse_client_urls(options.urls);
    const Plan plan = make_plan(options, urls.size());
    checked_name("--user", options.user, proto::limits::user_name_bytes - name_bytes_added);
    check_descriptors(plan, options.processes, node::raise_descriptor_limit());
    Sources sources{options.sources};
    std::vector<Target> targets;
    try {
        targets = find_targets(urls);
    } catch (const Unreachable& error) {
        std::fprintf(stderr, "%s\n", Terminal{STDERR_FILENO}.red(error.what()).c_str());
        return ExitCode::unreachable;
    }

    node::Entropy entropy;
    const std::uint32_t run = entropy.word();
    const node::Instant began = node::steady_now();
    Team team{options.processes, plan.publishers.size()};
    team.start();
    Field field;
    field.began = began;
    field.dialect =
        make_dialect({.encoding = plan.encoding, .payload_bytes = plan.payload_bytes, .run = run});
    field.targets = std::move(targets);
    field.sources = std::move(sources);
    field.run = run;
    field.user = options.user;
    field.token = options.token;
    field.headers = plan.headers;

    if (!team.is_lead()) {
        const Interrupt unheeded{field.poller};  // who leads is told by the same keys
        Part{field, plan, team}.follow();
        std::_Exit(ExitCode::ok);
    }
    Run load{field, plan, team};
    const std::optional<Report> report = load.run();
    if (!report) return load.exit_code();
    const Terminal out{STDOUT_FILENO};
    std::fputs((options.json ? report_json(*report) : report_text(*report, out)).c_str(), stdout);
    return report->exit_code();
}

}  // namespace grapevine::cli
