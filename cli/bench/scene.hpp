/// What publishers and subscribers of a run know of each other, and where it stands.
#pragma once

#include "cli/bench/field.hpp"
#include "cli/bench/plan.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::cli::bench {

class Publisher;

struct Channel {
    std::string name;
    std::vector<Publisher*> publishers;
    std::size_t subscribers = 0;
};

struct Scene {
    Field& field;
    const Plan& plan;
    std::vector<Channel> channels;
    std::vector<Publisher*> publishers;  ///< by stream
    std::size_t connected = 0;
    std::size_t ready = 0;  ///< connected, and subscribed if they have to
    std::size_t unproven = 0;  ///< pairs of which the receiver has not heard the sender
    bool is_flowing = false;
    bool is_leaving = false;

    void ended(std::string_view who, bool was_connected, std::string_view why) {
        connected -= was_connected ? 1 : 0;
        if (!is_leaving) field.tally.failed(std::string(who) + ": " + std::string(why));
    }
};

}  // namespace grapevine::cli::bench
