// sim_swarm: many random runs of the simulator, each in a process of its own, so that one that
// aborts or never ends is a failure as any other; and a failing one made small. `scripts/swarm`
// runs several of these.
#include "tests/sim/shrink.hpp"
#include "tests/sim/swarm.hpp"
#include "tests/sim/trace.hpp"

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace grapevine::sim {
namespace {

constexpr const char* usage =
    R"(usage: sim_swarm [--seed N] [--runs K] [--step M] [--keep-going] [--shrink] [CUT...]
  Runs the seeds N, N+M, ...: K of them, each in a process of its own; one line each, a report of a failing one.
  --keep-going      does not stop at the first that fails
  --shrink          makes the first failing run small and prints the command that repeats the smallest
What to leave out of a run (printed by --shrink):
  --faults 3,7      all of the fault plan but these; none: no fault at all
  --clients N  --hoppers N  --streams N   at most so many
  --safety-us T     heal after so many microseconds
  --spans-halved K  every fault is over so many times sooner
Ends with 0 if all was well, 1 if a law was violated, 2 if it was asked nonsense.
)";

/// Real time: runs take a fraction of a second. More is a machine that turns in circles.
constexpr unsigned run_seconds_max = 300;

struct Orders {
    std::uint64_t seed = 1;
    std::uint64_t runs = 1;
    std::uint64_t step = 1;
    bool keeps_going = false;
    bool shrinks = false;
    SwarmCut cut;
};

[[noreturn]] void refuse(const std::string& what) {
    std::fprintf(stderr, "sim_swarm: %s\n%s", what.c_str(), usage);
    std::exit(2);
}

std::uint64_t read_number(std::string_view option, std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
        refuse(std::string{option} + " takes a number, not '" + std::string{text} + "'");
    return number;
}

std::vector<std::size_t> read_places(std::string_view option, std::string_view text) {
    std::vector<std::size_t> places;
    if (text == "none") return places;
    for (;;) {
        const std::size_t comma = text.find(',');
        places.push_back(read_number(option, text.substr(0, comma)));
        if (comma == std::string_view::npos) return places;
        text.remove_prefix(comma + 1);
    }
}

void read_option(Orders& orders, std::string_view option, std::string_view value) {
    SwarmCut& cut = orders.cut;
    if (option == "--faults") {
        cut.faults = read_places(option, value);
        return;
    }
    const std::uint64_t number = read_number(option, value);
    if (option == "--seed")
        orders.seed = number;
    else if (option == "--runs")
        orders.runs = number;
    else if (option == "--step")
        orders.step = number;
    else if (option == "--clients" && number > 0)
        cut.clients_most = number;
    else if (option == "--hoppers")
        cut.hoppers_most = number;
    else if (option == "--streams")
        cut.streams_most = number;
    else if (option == "--safety-us")
        cut.safety_most = Duration{static_cast<Duration::rep>(number)};
    else if (option == "--spans-halved" && number < 32)
        cut.spans_halved = static_cast<unsigned>(number);
    else
        refuse("there is no " + std::string{option} + " " + std::string{value});
}

Orders read_orders(int argc, char** argv) {
    Orders orders;
    for (int at = 1; at < argc; ++at) {
        const std::string_view option = argv[at];
        if (option == "--help" || option == "-h") {
            std::fputs(usage, stdout);
            std::exit(0);
        }
        if (option == "--keep-going")
            orders.keeps_going = true;
        else if (option == "--shrink")
            orders.shrinks = true;
        else if (at + 1 == argc)
            refuse(std::string{option} + " needs a value");
        else
            read_option(orders, option, argv[++at]);
    }
    const SwarmCut& cut = orders.cut;
    if (orders.shrinks && arguments_of(1, cut) != arguments_of(1, {}))
        refuse("--shrink begins with the whole run: leave out " + arguments_of(orders.seed, cut));
    return orders;
}

// ---- a run in a process of its own

struct Outcome {
    std::string law;  ///< empty: all was well
    std::string line;
};

std::function<std::string()> running_report;

/// A failed check() aborts; the run that did it must still tell its story.
void report_abort(int) {
    std::signal(SIGABRT, SIG_DFL);
    const std::string text = "\nthe run aborted\n" + running_report();
    std::fputs(text.c_str(), stderr);
    std::abort();
}

[[noreturn]] void run_as_child(std::uint64_t seed, const SwarmCut& cut, bool is_quiet, int tell) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(run_seconds_max);
    if (is_quiet)
        ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
    else
        std::signal(SIGABRT, report_abort);
    const SwarmResult result = run_swarm(
        {.seed = seed,
         .cut = cut,
         .watcher = [](const auto& report) { running_report = report; },
         .on_fault = {}});
    std::fputs(result.report.c_str(), stderr);
    const std::string told = result.law + "\n" + trace_line(result);
    const bool is_told =
        ::write(tell, told.data(), told.size()) == static_cast<::ssize_t>(told.size());
    ::_exit(is_told ? 0 : 2);
}

Outcome run_apart(std::uint64_t seed, const SwarmCut& cut, bool is_quiet) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) refuse("no pipe can be made");
    std::fflush(nullptr);
    const ::pid_t child = ::fork();
    if (child < 0) refuse("no process can be started");
    if (child == 0) run_as_child(seed, cut, is_quiet, ends[1]);
    ::close(ends[1]);
    std::string told;
    std::array<char, 512> some{};
    for (::ssize_t got = 0; (got = ::read(ends[0], some.data(), some.size())) > 0;)
        told.append(some.data(), static_cast<std::size_t>(got));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    const std::size_t end_of_law = told.find('\n');
    if (end_of_law != std::string::npos)
        return Outcome{.law = told.substr(0, end_of_law), .line = told.substr(end_of_law + 1)};
    const bool is_overdue = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    Outcome outcome{.law = is_overdue ? "Ends" : "NoAbort", .line = {}};
    outcome.line = Line{"trace"}
                       .add("seed", seed)
                       .add("ended_by", outcome.law)
                       .add("good", std::uint64_t{0})
                       .text();
    return outcome;
}

// ---- what is printed

void print_command(const char* program, std::uint64_t seed, const SwarmCut& cut, const char* more) {
    std::printf("  %s %s%s\n", program, arguments_of(seed, cut).c_str(), more);
}

void print_small(const char* program, std::uint64_t seed, const std::string& law) {
    std::printf(
        "shrinking seed=%llu, which violates %s\n",
        static_cast<unsigned long long>(seed),
        law.c_str());
    std::fflush(stdout);
    const Shrunk shrunk =
        shrink(seed, law, [seed](const SwarmCut& cut) { return run_apart(seed, cut, true).law; });
    run_apart(seed, shrunk.cut, false);
    const SwarmSize size = size_of(seed, shrunk.cut);
    const auto plan = plan_of(seed);
    std::printf(
        "smallest after %zu runs: clients=%zu hoppers=%zu streams=%zu faults=%zu of %zu\n",
        shrunk.runs,
        size.clients,
        size.hoppers,
        size.streams,
        size.faults.size(),
        plan.size());
    for (const std::size_t at : size.faults)
        std::printf("  #%zu %s\n", at, text_of(plan[at]).c_str());
    std::puts("repeat with:");
    print_command(program, seed, shrunk.cut, "");
}

int run(const Orders& orders, const char* program) {
    int status = 0;
    for (std::uint64_t ran = 0; ran < orders.runs; ++ran) {
        const std::uint64_t seed = orders.seed + ran * orders.step;
        const Outcome outcome = run_apart(seed, orders.cut, orders.shrinks);
        std::puts(outcome.line.c_str());
        std::fflush(stdout);
        if (outcome.law.empty()) continue;
        status = 1;
        if (orders.shrinks) {
            print_small(program, seed, outcome.law);
            return status;
        }
        std::fprintf(
            stderr, "repeat with:\n  %s %s\n", program, arguments_of(seed, orders.cut).c_str());
        if (!orders.keeps_going) break;
    }
    return status;
}

}  // namespace
}  // namespace grapevine::sim

int main(int argc, char** argv) {
    return grapevine::sim::run(grapevine::sim::read_orders(argc, argv), argv[0]);
}
