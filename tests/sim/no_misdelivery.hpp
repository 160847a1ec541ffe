/// NoMisdelivery: a session only hears what was really said, to exactly the channel it hears it on
/// (a send: to one of its users); and only on `$system`, on its own user's channel, or on channels
/// it asked for and has not left. The sender's name and client id are the true ones. What is for a
/// user is not even written to another's session, whatever their hashes.
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
    void on(const SubscribeAsked& asked) {
        sessions_[asked.session].channels[asked.channel] = asked.command;
    }
    void on(const UnsubscribeDone& done) {
        auto& channels = sessions_[done.session].channels;
        if (const auto asked = channels.find(done.channel);
            asked != channels.end() && asked->second <= done.command)
            channels.erase(asked);
    }
    void on(const Said& said) {
        Saying& saying = said_[said.payload];
        saying.sessions.insert(said.by.session);
        saying.channels.insert(said.channel);
    }
    void on(const Written& written);
    void on(const Heard& heard);

private:
    struct Session {
        std::string user;
        std::string client;
        std::map<std::string, std::uint32_t> channels;  ///< with the command that asked for it
    };
    struct Saying {
        std::set<SessionKey> sessions;  ///< several if it was said again
        std::set<std::string> channels;
    };
    [[nodiscard]] bool may_hear(const Session& session, const std::string& channel) const;

    Verdict& verdict_;
    std::map<SessionKey, Session> sessions_;
    std::map<std::string, Saying> said_;
};

}  // namespace grapevine::sim
