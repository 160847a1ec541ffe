// What one message costs in the codecs.
#include "proto/client_codec.hpp"
#include "proto/mesh_codec.hpp"

#include <benchmark/benchmark.h>

namespace grapevine::proto {
namespace {

const std::string payload = R"({"text":")" + std::string(104, 'x') + R"(","n":[1,2]})";
constexpr std::string_view channel = "#user-000123";

std::string body() {
    std::string out;
    append_publication(out, {payload, {"user-000042", "4f1d6f4e"}});
    return out;
}

std::string publish(Encoding encoding) {
    Command command{};
    command.id = 7;
    command.kind = CommandKind::publish;
    command.channel = channel;
    command.data = payload;
    std::string out;
    append_command(out, encoding, command);
    return out;
}

void forward_encode(benchmark::State& state) {
    const std::string publication = body();
    const Forward forward{{1}, Target::user, channel.substr(1), PayloadKind::json, publication};
    std::string out;
    for (auto _ : state) {
        out.clear();
        append_frame(out, forward);
        benchmark::DoNotOptimize(out.data());
    }
}

void forward_decode(benchmark::State& state) {
    const std::string publication = body();
    std::string batch;
    append_frame(
        batch, Forward{{1}, Target::user, channel.substr(1), PayloadKind::json, publication});
    MeshFrame frame;
    for (auto _ : state) {
        MeshReader reader{batch};
        benchmark::DoNotOptimize(reader.next(frame));
        benchmark::DoNotOptimize(frame);
    }
}

Delta full_delta(std::size_t changes) {
    Delta delta{
        .origin = {1}, .epoch = {2}, .from = {3}, .to = {4}, .changes = {}, .hash_after = 5};
    for (std::uint64_t key = 0; key < changes; ++key)
        delta.changes.push_back({mix64(key), TableKind::users, static_cast<std::uint8_t>(key % 3)});
    return delta;
}

void delta_encode(benchmark::State& state) {
    const Delta delta = full_delta(static_cast<std::size_t>(state.range(0)));
    std::string out;
    for (auto _ : state) {
        out.clear();
        append_frame(out, delta);
        benchmark::DoNotOptimize(out.data());
    }
}

void delta_decode(benchmark::State& state) {
    std::string batch;
    append_frame(batch, full_delta(static_cast<std::size_t>(state.range(0))));
    MeshFrame frame;
    for (auto _ : state) {
        MeshReader reader{batch};
        benchmark::DoNotOptimize(reader.next(frame));
    }
}

void publish_decode(benchmark::State& state, Encoding encoding) {
    const std::string message = publish(encoding);
    ClientScratch scratch;
    Command command;
    for (auto _ : state) {
        CommandReader reader{scratch, encoding, message};
        benchmark::DoNotOptimize(reader.next(command));
        benchmark::DoNotOptimize(command);
    }
}

void push_encode(benchmark::State& state, Encoding encoding) {
    const std::string publication = body();
    std::string out;
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(
            append_push(out, encoding, channel, PayloadKind::json, publication));
    }
}

void publication_encode(benchmark::State& state) {
    std::string out;
    for (auto _ : state) {
        out.clear();
        append_publication(out, {payload, {"user-000042", "4f1d6f4e"}});
        benchmark::DoNotOptimize(out.data());
    }
}

BENCHMARK(forward_encode);
BENCHMARK(forward_decode);
BENCHMARK(delta_encode)->Arg(1)->Arg(2048);
BENCHMARK(delta_decode)->Arg(1)->Arg(2048);
BENCHMARK_CAPTURE(publish_decode, json, Encoding::json);
BENCHMARK_CAPTURE(publish_decode, protobuf, Encoding::protobuf);
BENCHMARK(publication_encode);
BENCHMARK_CAPTURE(push_encode, json, Encoding::json);
BENCHMARK_CAPTURE(push_encode, protobuf, Encoding::protobuf);

}  // namespace
}  // namespace grapevine::proto
