/// What all parts of a run share: its thread, its clock, its counts, and how somebody new connects.
#pragma once

#include "cli/bench/client.hpp"
#include "cli/bench/tally.hpp"
#include "cli/bench/targets.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::cli::bench {

struct Field {
    Poller poller;
    std::unique_ptr<Dialect> dialect;
    Tally tally;
    std::vector<Target> targets;
    Sources sources;
    std::uint32_t run = 0;
    std::string user;  ///< how names begin
    std::string token;
    std::vector<std::string> headers;  ///< of every request, besides what it must have
    node::Instant began{};

    [[nodiscard]] std::uint32_t micros(node::Instant when) const {
        return static_cast<std::uint32_t>((when - began).count());
    }
    [[nodiscard]] std::uint32_t now() const { return micros(poller.now()); }

    /// A user of this run.
    [[nodiscard]] std::string name(char role, std::uint64_t number) const {
        return user + "-" + stamp_mark(run).substr(1) + "-" + role + std::to_string(number);
    }
    void dial(Client& client, std::size_t url, std::string name) {
        const Target& target = targets[url];
        client.dial(
            target, sources.next(target), headers, {.user = std::move(name), .token = token});
    }
};

}  // namespace grapevine::cli::bench
