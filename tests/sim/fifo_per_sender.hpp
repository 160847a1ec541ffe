/// FifoPerSender: what one speaker says to one user, by publish and by send alike, each device of
/// that user hears in that order, over all its connections to whatever nodes; messages may be
/// missing, never swapped. What is said again, with an idempotency key, has no place of its own in
/// that order. A message that is repeated until it is acknowledged (qos 1) counts where
/// the device hears it first.
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace grapevine::sim {

class FifoPerSender {
public:
    explicit FifoPerSender(Verdict& verdict) : verdict_(verdict) {}

    void on(const SessionStarted& started) { devices_[started.session] = started.device; }
    void on(const Said& said) {
        if (!said.channel.starts_with('#')) return;
        Saying& saying = said_[said.payload];
        saying.said_again = !saying.channels.insert(said.channel).second || saying.said_again;
        saying.by = said.by;
        saying.number = ++sayings_;
        saying.at_least_once = said.at_least_once;
    }
    void on(const Heard& heard) {
        const auto said = said_.find(heard.payload);
        if (said == said_.end()) return;
        Saying& saying = said->second;
        if (saying.said_again) return;
        const DeviceKey device = devices_[heard.session];
        if (saying.at_least_once && !saying.heard_by.insert(device).second) return;
        Newest& newest = newest_[{saying.by, device, heard.channel}];
        if (saying.number < newest.number)
            verdict_.violated(
                "FifoPerSender",
                "out of order: device=" + std::to_string(device.value) + " session=" +
                    std::to_string(heard.session.value) + " channel=" + heard.channel +
                    " payload=" + brief(heard.payload) + " after=" + brief(newest.payload));
        newest = {.number = saying.number, .payload = heard.payload};
    }

private:
    struct Saying {
        Speaker by;
        std::uint64_t number = 0;
        bool at_least_once = false;
        bool said_again = false;
        std::set<std::string> channels;
        std::set<DeviceKey> heard_by;  ///< only of those that may be repeated
    };
    struct Newest {
        std::uint64_t number = 0;
        std::string payload;
    };

    Verdict& verdict_;
    std::uint64_t sayings_ = 0;
    std::map<SessionKey, DeviceKey> devices_;
    std::map<std::string, Saying> said_;
    std::map<std::tuple<Speaker, DeviceKey, std::string>, Newest> newest_;
};

}  // namespace grapevine::sim
