// What one message, one change and one lookup cost in the machines, codecs included. Ratios between
// lines of one run mean something; absolute figures are this machine's.
#include "mesh/origin_log.hpp"
#include "mesh/replicas.hpp"
#include "mesh/tables.hpp"
#include "proto/mesh_codec.hpp"
#include "tests/support/two_nodes.hpp"

#include <benchmark/benchmark.h>
#include <string>
#include <vector>

namespace grapevine::mesh {
namespace {

using tests::publish_command;
using tests::TwoNodes;

/// Per turn; what a loop reads from many sockets before it writes.
constexpr int messages_per_turn = 64;

// One message of 128 bytes from the command's bytes on one node to the push's bytes on the other,
// both nodes' work together. To a channel nobody answers; to a user the other node says what it
// wrote, and the sender keeps the message until then. The difference is what exact flows cost.
void run_messages(benchmark::State& state, std::string_view to) {
    const auto encoding = static_cast<proto::Encoding>(state.range(0));
    TwoNodes nodes;
    const SessionId ann = nodes.client(0, "ann", encoding);
    const SessionId bob = nodes.client(1, "bob", encoding);
    std::string subscribe;
    proto::append_command(
        subscribe, encoding, {.id = 2, .kind = proto::CommandKind::subscribe, .channel = "bobs"});
    nodes[1].on(SessionReceived{bob, subscribe}, nodes.now());
    nodes.settle();
    const std::string command = publish_command(encoding, to, 128);
    const std::uint64_t before = nodes[1].sessions().counters().delivered;
    for (auto _ : state) {
        for (int count = 0; count < messages_per_turn; ++count)
            nodes[0].on(SessionReceived{ann, command}, nodes.now());
        nodes.turn_until_quiet();
    }
    const std::int64_t messages = state.iterations() * messages_per_turn;
    if (nodes[1].sessions().counters().delivered - before != static_cast<std::uint64_t>(messages))
        state.SkipWithError("not every message was delivered");
    state.SetItemsProcessed(messages);
}
void BM_MessageToChannel(benchmark::State& state) {
    run_messages(state, "bobs");
}
void BM_MessageToUser(benchmark::State& state) {
    run_messages(state, "#bob");
}
BENCHMARK(BM_MessageToChannel)
    ->Arg(static_cast<int>(proto::Encoding::json))
    ->Arg(static_cast<int>(proto::Encoding::protobuf));
BENCHMARK(BM_MessageToUser)
    ->Arg(static_cast<int>(proto::Encoding::json))
    ->Arg(static_cast<int>(proto::Encoding::protobuf));

// Deltas of 1,000 changes, decoded, applied and hash-checked, over 100,000 users.
void BM_ApplyDeltas(benchmark::State& state) {
    constexpr std::uint64_t users = 100'000;
    constexpr std::size_t changes = 1000;
    OriginLog log{Epoch{1}, 1 << 16, 1 << 16};
    Tables own{NodeId{1}};
    EntrySums sums;
    std::vector<std::string> encoded;
    Version from;
    for (std::uint64_t number = 0; encoded.size() < 400; ++number) {
        const Change change{
            proto::mix64(number * 7919 % users),
            TableKind::users,
            static_cast<std::uint8_t>(number / users % 2 == 0)};
        const std::uint8_t before = own.set(Tables::self_slot, change);
        if (before == change.count) continue;
        sums.count(change, before);
        log.record(change, before, sums.keys());
        if (log.version().value - from.value < changes) continue;
        proto::Delta delta;
        log.read(from, log.version(), delta);
        delta.origin = NodeId{1};
        from = log.version();
        proto::append_frame(encoded.emplace_back(), delta);
    }
    MeshCounters counters;
    proto::MeshFrame frame;
    for (auto _ : state) {
        Tables tables{NodeId{2}};
        Replicas replicas{users};
        replicas.begin(NodeId{1}, Epoch{1}, tables);
        for (const std::string& bytes : encoded) {
            proto::MeshReader reader{bytes};
            reader.next(frame);
            if (replicas.apply(std::get<proto::Delta>(frame), tables, counters) !=
                Replicas::Outcome::applied)
                state.SkipWithError("a delta was not applied");
        }
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(counters.changes_applied));
}
BENCHMARK(BM_ApplyDeltas)->Unit(benchmark::kMillisecond);

// Lookups of random users among so many on three nodes.
void BM_Lookup(benchmark::State& state) {
    Tables tables{NodeId{1}};
    const auto users = static_cast<std::uint64_t>(state.range(0));
    std::vector<Slot> slots{
        Tables::self_slot, tables.take_slot(NodeId{2}), tables.take_slot(NodeId{3})};
    for (const Slot slot : slots)
        tables.show(slot, true);
    for (std::uint64_t number = 0; number < users; ++number)
        tables.set(slots[number % 3], {proto::mix64(number), TableKind::users, 1});
    std::vector<std::uint64_t> wanted(1 << 20);
    for (std::size_t at = 0; at < wanted.size(); ++at)
        wanted[at] = proto::mix64(proto::mix64(at) % users);
    std::size_t at = 0;
    std::uint64_t found = 0;
    for (auto _ : state)
        tables.for_each_place(TableKind::users, wanted[at++ & (wanted.size() - 1)], [&](Slot slot) {
            found += slot + 1u;
        });
    benchmark::DoNotOptimize(found);
    state.SetItemsProcessed(state.iterations());
    state.counters["bytes_per_entry"] =
        static_cast<double>(tables.memory_bytes()) / static_cast<double>(users);
}
BENCHMARK(BM_Lookup)->RangeMultiplier(10)->Range(1'000, 10'000'000);

}  // namespace
}  // namespace grapevine::mesh
