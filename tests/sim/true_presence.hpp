/// TruePresence: an answer about who is subscribed names nobody who was gone before it was asked,
/// and if it calls itself complete, everybody who was subscribed from before it was asked until it
/// was told, here and on every node that the asker's table named all that time. Counts lie between
/// those two.
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace grapevine::sim {

class TruePresence {
public:
    explicit TruePresence(Verdict& verdict) : verdict_(verdict) {}

    void on(const SessionStarted& started) { sessions_[started.session].user = started.user; }
    void on(const SessionGreeted& greeted);
    void on(const SubscribeAsked& asked);
    void on(const SubscribedAt& subscribed);
    void on(const SessionLost& lost) { gone(lost.session); }
    void on(const ProcessStarted& started) { nodes_[started.process] = started.id; }
    void on(const ProcessLeaves& leaves) { leaving_.insert(leaves.process); }
    void on(const ProcessEnded& ended);
    void on(const PresenceTaken& taken);
    void on(const PresenceTold& told);

private:
    struct Stay {
        ProcessKey process;
        bool is_certain = false;  ///< else it is being asked for
        std::uint64_t since = 0;
        std::uint64_t ended = 0;  ///< the last time; zero: never
    };
    struct Session {
        std::string user;
        std::string client;
        bool is_gone = false;
        std::map<std::string, Stay> channels;
    };
    struct Question {
        std::uint64_t asked = 0;
        std::string channel;
        std::set<proto::NodeId> shown;
    };
    void gone(SessionKey session);
    [[nodiscard]] bool
    must_be_told(const Stay& stay, const Question& question, const PresenceTold& told) const;
    [[nodiscard]] static bool may_be_told(const Stay& stay, const Question& question) {
        return stay.ended == 0 || stay.ended > question.asked;
    }
    void blame(const std::string& why, const Question& question, const PresenceTold& told);

    Verdict& verdict_;
    std::uint64_t time_ = 0;  ///< facts so far: all that is needed of time is its order
    std::map<SessionKey, Session> sessions_;
    std::map<std::string, SessionKey> by_client_;
    std::map<std::string, std::set<SessionKey>> in_channel_;  ///< that were ever asked for
    std::map<ProcessKey, proto::NodeId> nodes_;
    std::set<ProcessKey> leaving_;
    std::map<std::pair<SessionKey, std::uint32_t>, Question> questions_;
};

}  // namespace grapevine::sim
