#include "tests/sim/terminates_bounded.hpp"

#include "tests/sim/trace.hpp"

namespace grapevine::sim {

namespace {

/// Timers are looked at a few times a second, and a turn may begin late.
constexpr Duration slack = 1s;

}  // namespace

void TerminatesBounded::on(const ProcessPaused& paused) {
    Process& process = processes_[paused.process];
    process.is_paused = true;
    process.paused_at = paused.at;
}

void TerminatesBounded::on(const ProcessResumed& resumed) {
    Process& process = processes_[resumed.process];
    process.is_paused = false;
    process.paused_for += resumed.at - process.paused_at;
}

void TerminatesBounded::on(const SendTaken& taken) {
    Process& process = processes_[taken.process];
    const Request request{taken.session, taken.request};
    const Instant due = taken.at - process.paused_for + taken.within + slack;
    process.open.emplace(request, Open{.due = due, .taken = taken});
    process.due.emplace(due, request);
}

void TerminatesBounded::on(const Replied& replied) {
    const auto process = processes_.find(replied.process);
    if (process == processes_.end()) return;
    const Request request{replied.session, replied.request};
    if (process->second.open.contains(request)) {
        close(process->second, request);
        process->second.answered.insert(request);
    } else if (process->second.answered.contains(request)) {
        verdict_.violated(
            "TerminatesBounded",
            "answered twice: session=" + std::to_string(replied.session.value) +
                " request=" + std::to_string(replied.request));
    }
}

void TerminatesBounded::on(const SessionLost& lost) {
    const auto process = processes_.find(lost.process);
    if (process == processes_.end()) return;
    for (;;) {
        const auto request = process->second.open.lower_bound({lost.session, 0});
        if (request == process->second.open.end() || request->first.first != lost.session) return;
        close(process->second, request->first);
    }
}

void TerminatesBounded::close(Process& process, const Request& request) {
    const auto open = process.open.find(request);
    process.due.erase({open->second.due, request});
    process.open.erase(open);
}

void TerminatesBounded::on(const TimePassed& passed) {
    for (const auto& [key, process] : processes_) {
        if (process.due.empty()) continue;
        const Instant seen = process.is_paused ? process.paused_at : passed.now;
        const auto& [due, request] = *process.due.begin();
        if (seen - process.paused_for <= due) continue;
        const SendTaken& taken = process.open.at(request).taken;
        verdict_.violated(
            "TerminatesBounded",
            Line{"not answered in time:"}
                .add("process", key.value)
                .add("session", request.first.value)
                .add("request", request.second)
                .add("taken_at", clock_text(taken.at))
                .add("within", taken.within)
                .text());
    }
}

void TerminatesBounded::on(const SendAnswered& answered) {
    if (answered.result.error != 0) return;
    const auto asked = asked_.find({answered.by, answered.payload});
    if (asked == asked_.end())
        return verdict_.violated(
            "TerminatesBounded", "nobody asked for " + brief(answered.payload));
    const SendOrder& order = asked->second;
    const std::set<std::string> users{order.to.begin(), order.to.end()};
    const std::size_t expected = order.wait == Wait::none ? 0 : users.size();
    bool are_they = answered.result.users.size() == expected;
    for (const auto& [user, receipt] : answered.result.users)
        are_they = are_they && users.contains(user);
    if (!are_they)
        verdict_.violated(
            "TerminatesBounded", "not an answer for each of its users: " + brief(answered.payload));
}

}  // namespace grapevine::sim
