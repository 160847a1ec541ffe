/// ChannelFifo: what one session says to one channel, each receiving session hears in that order,
/// under every fault; messages may be missing, never swapped. The same holds for messages to a
/// user, because a sending session and a receiving session stay where they are: moving makes a new
/// session.
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

    void on(const Said& said) { said_[said.payload] = {said.session, said.sequence}; }
    void on(const Heard& heard) {
        const auto said = said_.find(heard.payload);
        if (said == said_.end()) return;
        const auto [sender, sequence] = said->second;
        if (!sender) return;  // the HTTP API has no order to keep
        std::uint64_t& newest = newest_[{sender, heard.session, heard.channel}];
        if (sequence <= newest && newest != 0)
            verdict_.violated(
                "ChannelFifo",
                "out of order: session=" + std::to_string(heard.session.value) +
                    " channel=" + heard.channel + " payload=" + heard.payload +
                    " after_sequence=" + std::to_string(newest));
        newest = sequence;
    }

private:
    Verdict& verdict_;
    std::map<std::string, std::pair<SessionKey, std::uint64_t>> said_;
    std::map<std::tuple<SessionKey, SessionKey, std::string>, std::uint64_t> newest_;
};

}  // namespace grapevine::sim
