/// ChannelFifo: what one speaker says to one channel, each receiving session hears in that order,
/// under every fault; messages may be missing, never swapped. (Messages to a user keep a stronger
/// order: FifoPerSender.)
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace grapevine::sim {

class ChannelFifo {
public:
    explicit ChannelFifo(Verdict& verdict) : verdict_(verdict) {}

    void on(const Said& said) {
        if (!said.channel.starts_with('#')) said_[said.payload] = {said.by, ++sayings_};
    }
    void on(const Heard& heard) {
        const auto said = said_.find(heard.payload);
        if (said == said_.end()) return;
        const auto [speaker, number] = said->second;
        std::uint64_t& newest = newest_[{speaker, heard.session, heard.channel}];
        if (number <= newest)
            verdict_.violated(
                "ChannelFifo",
                "out of order: session=" + std::to_string(heard.session.value) +
                    " channel=" + heard.channel + " payload=" + brief(heard.payload));
        newest = number;
    }

private:
    Verdict& verdict_;
    std::uint64_t sayings_ = 0;
    std::map<std::string, std::pair<Speaker, std::uint64_t>> said_;
    std::map<std::tuple<Speaker, SessionKey, std::string>, std::uint64_t> newest_;
};

}  // namespace grapevine::sim
