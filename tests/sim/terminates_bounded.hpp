/// TerminatesBounded: every send that a process took is answered exactly once, within its deadline
/// in time that the process was running, unless the asking session or the process ended before. And
/// the answer tells of every user asked for, once, and of nobody else.
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace grapevine::sim {

class TerminatesBounded {
public:
    explicit TerminatesBounded(Verdict& verdict) : verdict_(verdict) {}

    void on(const ProcessPaused& paused);
    void on(const ProcessResumed& resumed);
    void on(const ProcessEnded& ended) { processes_.erase(ended.process); }
    void on(const SessionLost& lost);
    void on(const SendTaken& taken);
    void on(const Replied& replied);
    void on(const TimePassed& passed);
    void on(const SendAsked& asked) { asked_[{asked.by, asked.payload}] = asked.order; }
    void on(const SendAnswered& answered);

private:
    using Request = std::pair<SessionKey, std::uint64_t>;
    struct Open {
        Instant due;  ///< on a clock that stands while the process is paused
        SendTaken taken;
    };
    struct Process {
        Duration paused_for{};  ///< in all pauses that are over
        bool is_paused = false;
        Instant paused_at;
        std::map<Request, Open> open;
        std::set<std::pair<Instant, Request>> due;  ///< the same by time
        std::set<Request> answered;
    };
    void close(Process& process, const Request& request);

    Verdict& verdict_;
    std::map<ProcessKey, Process> processes_;
    std::map<std::pair<Speaker, std::string>, SendOrder> asked_;
};

}  // namespace grapevine::sim
