// A node joins one that has a million or ten million users: from its dial until it shows all of
// them. Two Mesh machines with their real codecs on one thread; links carry messages at once.
#include "mesh/mesh.hpp"
#include "mesh/tables.hpp"

#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <chrono>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::mesh {
namespace {

using Clock = std::chrono::steady_clock;

/// Of this thread: what other processes take of the machine is no pause of ours.
double cpu_us() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

struct JoiningNode {
    explicit JoiningNode(
        std::string name, std::vector<std::string> seeds, std::uint64_t boot, Now now)
        : mesh(
              MeshConfig{
                  .name = std::move(name),
                  .seeds = std::move(seeds),
                  .boot = proto::Boot{boot},
                  .rng_seed = boot},
              now) {}

    Mesh mesh;
    MeshOutput output;
    LinkId link{accepted_link_bit | 1};
    std::vector<Bytes> inbox;
};

/// The joiner is node 1.
class Pair {
public:
    explicit Pair(std::uint64_t users) {
        for (std::uint64_t number = 0; number < users; ++number) {
            nodes_[0].mesh.on(
                LocalChange{TableKind::users, proto::mix64(number), 1, {}},
                now(),
                nodes_[0].output);
            nodes_[0].output.clear();
        }
        for (int turn = 0; turn < 10; ++turn)
            take_turn(0);
    }
    void take_turn(std::size_t at) {
        const double begin = cpu_us();
        JoiningNode& node = nodes_[at];
        JoiningNode& other = nodes_[1 - at];
        for (const Bytes& message : std::exchange(node.inbox, {}))
            node.mesh.on(LinkReceived{node.link, message.view()}, now(), node.output);
        if (node.mesh.next_deadline() <= now().steady)
            node.mesh.handle(TimeReached{}, now(), node.output);
        node.mesh.on(TurnEnded{}, now(), node.output);
        longest_turn_ms = std::max(longest_turn_ms, (cpu_us() - begin) / 1000);
        const auto output = std::exchange(node.output, {});
        for (const Resolve& resolve : output.resolves)
            node.mesh.handle(Resolved{resolve.seed, {resolve.seed}}, now(), node.output);
        for (const Dial& dial : std::exchange(node.output.dials, {})) {
            node.link = dial.link;
            other.mesh.handle(LinkOpened{other.link, "joiner", {'x'}}, now(), other.output);
            node.mesh.handle(LinkOpened{dial.link, "old", {'y'}}, now(), node.output);
        }
        for (const SendFrame& send : output.sends) {
            node.mesh.handle(LinkDrained{node.link, send.message.size()}, now(), node.output);
            other.inbox.push_back(send.message);
        }
    }
    [[nodiscard]] bool has_joined(std::uint64_t users) const {
        const auto members = nodes_[1].mesh.members();
        return members.size() == 2 && members[1].users == users;
    }
    [[nodiscard]] const Mesh& joiner() const { return nodes_[1].mesh; }

    double longest_turn_ms = 0;

private:
    [[nodiscard]] Now now() const {
        const auto passed = std::chrono::duration_cast<Duration>(Clock::now() - begin_);
        return {
            .steady = Instant{std::chrono::hours{1}} + passed,
            .wall = WallTime{std::chrono::hours{1000}} + passed};
    }

    Clock::time_point begin_ = Clock::now();
    std::array<JoiningNode, 2> nodes_{
        JoiningNode{"old", {}, 1, now()}, JoiningNode{"new", {"10.0.0.1:1"}, 2, now()}};
};

void BM_Join(benchmark::State& state) {
    const auto users = static_cast<std::uint64_t>(state.range(0));
    for (auto _ : state) {
        state.PauseTiming();
        Pair pair{users};
        pair.longest_turn_ms = 0;
        state.ResumeTiming();
        while (!pair.has_joined(users))
            for (std::size_t node = 0; node < 2; ++node)
                pair.take_turn(node);
        state.PauseTiming();
        state.counters["longest_turn_ms"] = pair.longest_turn_ms;
        state.counters["bytes_per_entry"] =
            static_cast<double>(pair.joiner().table_memory_bytes()) / static_cast<double>(users);
        state.ResumeTiming();
    }
}
BENCHMARK(BM_Join)->Arg(1'000'000)->Arg(10'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

// Every insertion of ten million is timed by itself, and the sweep behind them.
void BM_LongestPause(benchmark::State& state) {
    const auto users = static_cast<std::uint64_t>(state.range(0));
    for (auto _ : state) {
        Tables tables{NodeId{1}};
        const Slot slot = tables.take_slot(NodeId{2});
        double longest_insert = 0;
        for (std::uint64_t number = 0; number < users; ++number) {
            const double begin = cpu_us();
            tables.set(slot, {proto::mix64(number), TableKind::users, 1});
            longest_insert = std::max(longest_insert, cpu_us() - begin);
        }
        state.counters["bytes_per_entry"] =
            static_cast<double>(tables.memory_bytes()) / static_cast<double>(users);
        tables.give_up(slot);
        double longest_sweep = 0;
        for (bool more = true; more;) {
            const double begin = cpu_us();
            more = tables.sweep_some();
            longest_sweep = std::max(longest_sweep, cpu_us() - begin);
        }
        state.counters["longest_insert_us"] = longest_insert;
        state.counters["longest_sweep_us"] = longest_sweep;
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_LongestPause)->Arg(10'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace grapevine::mesh
