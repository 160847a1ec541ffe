/// What publishers and subscribers of a run know of each other, and where it stands. Others of the
/// team have publishers and subscribers of the same channels.
#pragma once

#include "cli/bench/field.hpp"
#include "cli/bench/plan.hpp"
#include "cli/bench/team.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::cli::bench {

class Publisher;

struct Channel {
    std::string name;
    std::vector<std::uint32_t> streams;  ///< of its publishers
    std::size_t subscribers = 0;
};

/// Who publishes a stream.
struct Sender {
    std::size_t channel = 0;
    std::size_t place = 0;  ///< among the publishers of its channel
    Publisher* own = nullptr;  ///< nothing: another process has it
};

struct Scene {
    Field& field;
    const Plan& plan;
    Team& team;
    std::vector<Channel> channels;
    std::vector<Sender> senders;  ///< by stream
    // ---- of this process
    std::size_t connected = 0;
    std::size_t ready = 0;  ///< connected, and subscribed if they have to
    std::size_t unproven = 0;  ///< pairs of which the receiver has not heard the sender
    bool is_flowing = false;
    bool is_leaving = false;

    /// So many deliveries of a stream need not be waited for any more.
    void settle(std::uint32_t stream, std::uint32_t deliveries);
    void ended(std::string_view who, bool was_connected, std::string_view why) {
        connected -= was_connected ? 1 : 0;
        if (!is_leaving) field.tally.failed(std::string(who) + ": " + std::string(why));
    }
};

}  // namespace grapevine::cli::bench
