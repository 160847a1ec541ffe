// What one message costs in the client machine, codecs included. The encoding is the first
// argument: 0 JSON, 1 Protobuf.
#include "mesh/sessions.hpp"
#include "tests/support/client_builders.hpp"

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::tests {
namespace {

using proto::Target;

const std::string payload =
    R"({"text":")" + std::string(100, 'x') + "\"}";  // about 128 bytes on the wire

void one_publish(benchmark::State& state) {
    const auto encoding = static_cast<Encoding>(state.range(0));
    Room room;
    const SessionId alice = room.join(0, "alice", encoding);
    const std::string message = written(encoding, {a_publish("chat:lobby", payload)});
    for (auto _ : state) {
        room.sessions.on(mesh::SessionReceived{alice, message}, room.now, room.output);
        benchmark::DoNotOptimize(room.output.publishes.data());
        room.sessions.on(mesh::SessionDrained{alice, room.output.sends.front().message.size()});
        room.output.clear();
    }
}
BENCHMARK(one_publish)->Arg(0)->Arg(1);

void one_delivery_to_a_user(benchmark::State& state) {
    const auto encoding = static_cast<Encoding>(state.range(0));
    Room room;
    const SessionId alice = room.join(0, "alice", encoding);
    const std::string body = a_body(payload);
    const mesh::Deliver deliver{
        Target::user, proto::PayloadKind::json, room.key_of("alice"), "alice", body};
    for (auto _ : state) {
        room.sessions.on(deliver, room.now, room.output);
        benchmark::DoNotOptimize(room.output.sends.data());
        room.sessions.on(mesh::SessionDrained{alice, room.output.sends.front().message.size()});
        room.output.clear();
    }
}
BENCHMARK(one_delivery_to_a_user)->Arg(0)->Arg(1);

void one_delivery_to_a_thousand(benchmark::State& state) {
    const auto encoding = static_cast<Encoding>(state.range(0));
    constexpr std::uint32_t subscribers = 1000;
    Room room;
    for (std::uint32_t slot = 0; slot < subscribers; ++slot)
        room.says(room.join(slot, "", encoding), {a_subscribe("lobby")});
    for (std::uint32_t slot = 0; slot < subscribers; ++slot)
        room.drain(session_id(slot));
    room.output.clear();
    const std::string body = a_body(payload);
    const mesh::Deliver deliver{
        Target::channel, proto::PayloadKind::json, room.key_of("lobby"), "lobby", body};
    for (auto _ : state) {
        room.sessions.on(deliver, room.now, room.output);
        benchmark::DoNotOptimize(room.output.sends.data());
        for (const mesh::SendToSession& send : room.output.sends)
            room.sessions.on(mesh::SessionDrained{send.session, send.message.size()});
        room.output.clear();
    }
    state.SetItemsProcessed(state.iterations() * subscribers);
}
BENCHMARK(one_delivery_to_a_thousand)->Arg(0)->Arg(1);

std::size_t heap_bytes() {
    const struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

/// Bytes of heap for each connected session with its own user and one channel; second argument: how
/// many share a channel.
void memory_of_a_session(benchmark::State& state) {
    constexpr std::uint32_t sessions = 10'000;
    for (auto _ : state) {
        const auto encoding = static_cast<Encoding>(state.range(0));
        const auto share = static_cast<std::uint32_t>(state.range(1));
        mesh::Sessions machine{{.node_name = "n1", .hash_key = {.low = 1, .high = 2}}};
        mesh::SessionsOutput output;
        const auto come = [&](std::uint32_t slot) {
            const SessionId id = session_id(slot);
            machine.handle(mesh::SessionOpened{id, encoding, {slot, slot}}, {}, output);
            const std::string data = R"({"user":"user-)" + std::to_string(slot) + "\"}";
            const std::string channel = "channel-" + std::to_string(slot / share);
            const std::string message = written(encoding, {a_connect(data), a_subscribe(channel)});
            machine.on(mesh::SessionReceived{id, message}, {}, output);
            output.clear();
        };
        come(0);  // the parsers' memory, which is of the loop and not of a session
        const std::size_t before = heap_bytes();
        for (std::uint32_t slot = 1; slot <= sessions; ++slot)
            come(slot);
        const std::size_t bytes = heap_bytes() - before;
        state.counters["bytes_per_session"] = static_cast<double>(bytes) / sessions;
    }
}
BENCHMARK(memory_of_a_session)->Args({0, 1})->Args({0, 10})->Iterations(1);

}  // namespace
}  // namespace grapevine::tests
