/// What a run is made of: who connects where, publishes and subscribes what, how fast and for how
/// long. Made from options that were checked.
#pragma once

#include "cli/bench/options.hpp"
#include "node/system_clock.hpp"
#include "proto/client_frames.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace grapevine::cli::bench {

/// Where somebody connects, and which channel is his.
struct Seat {
    std::size_t url = 0;
    std::size_t channel = 0;
    friend bool operator==(const Seat&, const Seat&) = default;
};

struct Plan {
    BenchScenario scenario = BenchScenario::connect;
    proto::Encoding encoding = proto::Encoding::json;
    std::size_t urls = 1;
    std::size_t payload_bytes = 128;
    std::vector<Seat> publishers;
    std::vector<Seat> subscribers;
    std::size_t channels = 0;
    /// Channels are those of the subscribers' names.
    bool to_users = false;
    bool is_answered = false;
    double rate = 0;  ///< of all publishers together; 0: closed loop
    std::uint32_t window = 0;  ///< 0: open loop
    /// Connections besides publishers and subscribers, and how many are there at a time.
    std::size_t guests = 0;
    bool guests_leave = false;
    std::size_t guest_channels = 0;  ///< each subscribes to one of so many; 0: to none
    double connect_rate = 0;
    node::Duration warmup{};
    node::Duration measured{};
    node::Duration drain{};
    std::vector<std::string> headers;  ///< of every request, besides what it must have
    bool tells_phases = false;

    [[nodiscard]] bool is_open_loop() const { return rate > 0; }
    /// Guests who are still leaving have a place too.
    [[nodiscard]] std::size_t guest_places() const;
    /// The guests of one of so many processes, who come at its share of the rate.
    [[nodiscard]] Plan guests_of(std::size_t number, std::size_t processes) const;
    /// By the first of so many processes, which needs most.
    [[nodiscard]] std::size_t descriptors_needed(std::size_t processes) const;
    /// Pairs of a publisher and a subscriber of its channel.
    [[nodiscard]] std::size_t streams() const;
};

/// `urls`: how many there are. Throws UsageError.
Plan make_plan(const BenchOptions& options, std::size_t urls);

/// How many of `count` belong to process `number` of so many: every n-th.
constexpr std::size_t share_of(std::size_t count, std::size_t number, std::size_t processes) {
    return (count + processes - 1 - number) / processes;
}

/// UsageError that says which limit it is, if processes that may open so many each cannot run the
/// plan.
void check_descriptors(const Plan& plan, std::size_t processes, std::size_t limit);

}  // namespace grapevine::cli::bench
