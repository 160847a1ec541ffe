/// Comings: who hears who comes and goes hears what happened, in its order and at most once. What a
/// session hears of another one in one channel is a part of join, leave, join, leave, ... as often
/// as that one asked to be subscribed; things may be missing. Names are the true ones, and only who
/// asked for it hears it.
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace grapevine::sim {

class Comings {
public:
    explicit Comings(Verdict& verdict) : verdict_(verdict) {}

    void on(const SessionStarted& started) { users_[started.session] = started.user; }
    void on(const SessionGreeted& greeted) { sessions_[greeted.client] = greeted.session; }
    void on(const SubscribeAsked& asked) {
        Stay& stay = stays_[{asked.session, asked.channel}];
        ++stay.begun;
        stay.watched = stay.watched || asked.watches;
    }
    void on(const ComingHeard& heard);

private:
    struct Stay {
        std::uint64_t begun = 0;  ///< at most so often
        bool watched = false;  ///< once at least
    };
    void blame(const char* why, const ComingHeard& heard);

    Verdict& verdict_;
    std::map<SessionKey, std::string> users_;
    std::map<std::string, SessionKey> sessions_;  ///< by client id
    std::map<std::pair<SessionKey, std::string>, Stay> stays_;
    /// Of hearer, whom it heard of, and channel: how much of join, leave, join, ... must have
    /// happened.
    std::map<std::tuple<SessionKey, SessionKey, std::string>, std::uint64_t> heard_;
};

}  // namespace grapevine::sim
