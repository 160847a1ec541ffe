/// What was typed after `grapevine bench`. plan.hpp says what it means and whether it is legal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace grapevine::cli {

enum class BenchScenario : std::uint8_t { connect, p2p, fanout, churn };

struct BenchOptions {
    BenchScenario scenario = BenchScenario::connect;
    std::vector<std::string> urls;
    std::vector<std::string> sources;
    std::string user = "bench";
    std::string token;
    std::vector<std::string> headers;
    std::string encoding = "json";
    std::size_t size = 128;
    std::optional<double> rate;
    std::optional<std::uint32_t> window;
    std::size_t connections = 1000;
    std::size_t pairs = 10;
    std::size_t publishers = 1;
    std::size_t subscribers = 1000;
    std::size_t channels = 1;
    std::size_t guest_channels = 0;
    double connect_rate = 1000;
    std::string via = "user";
    bool answered = false;
    double seconds = 10;
    double warmup_s = 1;
    double drain_s = 5;
    std::size_t processes = 1;
    bool json = false;
    bool phases = false;
};

void describe_bench(CLI::App& app, BenchOptions& options);

}  // namespace grapevine::cli
