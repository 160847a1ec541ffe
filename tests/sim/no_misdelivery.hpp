/// NoMisdelivery: a session only hears what was really said, to exactly the channel it hears it on; and
/// only on `$system`, on its own user's channel, or on channels it asked for and has not left. The sender's
/// name and client id are the true ones.
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <map>
#include <set>
#include <string>

namespace grapevine::sim {

class NoMisdelivery {
public:
    explicit NoMisdelivery(Verdict& verdict) : verdict_(verdict) {}

    void on(const SessionStarted& started) { sessions_[started.session].user = started.user; }
    void on(const SessionGreeted& greeted) { sessions_[greeted.session].client = greeted.client; }
    void on(const SubscribeAsked& asked) { sessions_[asked.session].channels.insert(asked.channel); }
    void on(const UnsubscribeDone& done) { sessions_[done.session].channels.erase(done.channel); }
    void on(const Said& said) { said_[said.payload] = said; }
    void on(const Heard& heard);

private:
    struct Session {
        std::string user;
        std::string client;
        std::set<std::string> channels;
    };
    [[nodiscard]] bool may_hear(const Session& session, const std::string& channel) const;

    Verdict& verdict_;
    std::map<SessionKey, Session> sessions_;
    std::map<std::string, Said> said_;
};

}  // namespace grapevine::sim
