// A node joins one that has a million or ten million users: from its dial until it shows all of
// them. Two Mesh machines with their real codecs on one thread; links carry messages at once.
#include "mesh/mesh.hpp"
#include "mesh/name_arena.hpp"
#include "mesh/tables.hpp"

#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <chrono>
#include <ctime>
#include <fstream>
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

constexpr std::size_t room_for_names = std::size_t{1} << 30;

/// 12 to 24 bytes, as many of each length.
std::string name_of(std::uint64_t number) {
    std::string name = "user" + std::to_string(number);
    name.resize(12 + number % 13, 'x');
    return name;
}

double resident_bytes() {
    std::ifstream statm{"/proc/self/statm"};
    double size = 0;
    double resident = 0;
    statm >> size >> resident;
    return resident * 4096;
}

struct JoiningNode {
    explicit JoiningNode(
        std::string name,
        std::vector<std::string> seeds,
        std::uint64_t boot,
        bool keeps_names,
        Now now)
        : mesh(
              MeshConfig{
                  .name = std::move(name),
                  .seeds = std::move(seeds),
                  .boot = proto::Boot{boot},
                  .rng_seed = boot,
                  .replicate_names = keeps_names,
                  .node_names_bytes_max = room_for_names,
                  .all_names_bytes_max = room_for_names},
              now) {}

    Mesh mesh;
    MeshOutput output;
    LinkId link{accepted_link_bit | 1};
    std::vector<Bytes> inbox;
};

/// The joiner is node 1.
class Pair {
public:
    explicit Pair(std::uint64_t users, bool with_names)
        : nodes_{
              JoiningNode{"old", {}, 1, with_names, now()},
              JoiningNode{"new", {"10.0.0.1:1"}, 2, with_names, now()}} {
        for (std::uint64_t number = 0; number < users; ++number) {
            LocalChange change{TableKind::users, proto::mix64(number), 1, {}};
            if (with_names) {
                change.name = name_of(number);
                change.key = proto::user_key_of(nodes_[0].mesh.hash_key(), change.name).value;
            }
            nodes_[0].mesh.on(change, now(), nodes_[0].output);
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
    std::array<JoiningNode, 2> nodes_;
};

void join(benchmark::State& state, bool with_names) {
    const auto users = static_cast<std::uint64_t>(state.range(0));
    for (auto _ : state) {
        state.PauseTiming();
        Pair pair{users, with_names};
        pair.longest_turn_ms = 0;
        state.ResumeTiming();
        while (!pair.has_joined(users))
            for (std::size_t node = 0; node < 2; ++node)
                pair.take_turn(node);
        state.PauseTiming();
        state.counters["longest_turn_ms"] = pair.longest_turn_ms;
        state.counters["bytes_per_entry"] =
            static_cast<double>(pair.joiner().table_memory_bytes()) / static_cast<double>(users);
        const NameSizes names = pair.joiner().name_sizes();
        if (names.names != (with_names ? users : 0)) state.SkipWithError("names are missing");
        if (with_names)
            state.counters["bytes_per_name"] =
                static_cast<double>(names.bytes) / static_cast<double>(users);
        state.ResumeTiming();
    }
}
void BM_Join(benchmark::State& state) {
    join(state, false);
}
void BM_JoinWithNames(benchmark::State& state) {
    join(state, true);
}
BENCHMARK(BM_Join)
    ->RangeMultiplier(10)
    ->Range(1'000, 10'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_JoinWithNames)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

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

// What one node's names take of the process's memory, and the longest that one insertion, one
// removal and one step of the sweep behind an arena that was given up keep its loop.
void BM_KeepNames(benchmark::State& state) {
    const auto users = static_cast<std::uint64_t>(state.range(0));
    const auto time = [](double& longest, const auto& act) {
        const double begin = cpu_us();
        act();
        longest = std::max(longest, cpu_us() - begin);
    };
    for (auto _ : state) {
        NameBudget budget{room_for_names, room_for_names, 1};
        NameArena arena{budget};
        double longest_insert = 0;
        double longest_drop = 0;
        double longest_sweep = 0;
        const double before = resident_bytes();
        for (std::uint64_t number = 0; number < users; ++number) {
            const std::string name = name_of(number);
            time(longest_insert, [&] { arena.keep(proto::mix64(number), name); });
        }
        const auto per_name = [&](double bytes) { return bytes / static_cast<double>(users); };
        state.counters["bytes_per_name"] = per_name(static_cast<double>(arena.bytes()));
        state.counters["resident_per_name"] = per_name(resident_bytes() - before);
        for (std::uint64_t number = 0; number < users; number += 3)
            time(longest_drop, [&] { arena.drop(proto::mix64(number)); });
        time(longest_drop, [&] { arena = NameArena{budget}; });
        for (bool more = true; more;)
            time(longest_sweep, [&] { more = budget.sweep_some(); });
        state.counters["left_per_name"] = per_name(resident_bytes() - before);
        state.counters["longest_insert_us"] = longest_insert;
        state.counters["longest_drop_us"] = longest_drop;
        state.counters["longest_sweep_us"] = longest_sweep;
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_KeepNames)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace grapevine::mesh
