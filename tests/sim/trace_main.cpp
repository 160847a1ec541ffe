// sim_trace --seed N --runs K: runs K random runs from seed N and prints what each came to, one
// line a run. Two builds of the same source print the same lines, whichever compilers made them.
#include "tests/sim/swarm.hpp"
#include "tests/sim/trace.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
    std::uint64_t seed = 1;
    std::uint64_t runs = 1;
    for (int at = 1; at < argc; at += 2) {
        const std::string_view option = argv[at];
        if (at + 1 == argc || (option != "--seed" && option != "--runs")) {
            std::fputs("usage: sim_trace [--seed N] [--runs K]\n", stderr);
            return 2;
        }
        (option == "--seed" ? seed : runs) = std::strtoull(argv[at + 1], nullptr, 10);
    }
    bool good = true;
    for (std::uint64_t end = seed + runs; seed < end; ++seed) {
        const auto result = grapevine::sim::run_swarm(seed);
        std::puts(grapevine::sim::trace_line(result).c_str());
        if (!result.good) std::fputs(result.report.c_str(), stderr);
        good = good && result.good;
    }
    return good ? 0 : 1;
}
