#include "cli/bench/run.hpp"

#include "cli/exit_codes.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace grapevine::cli::bench {
namespace {

using namespace std::chrono_literals;

/// Without anybody new having come for this long, the rest never will.
constexpr node::Duration gathering_patience = 15s;
/// Channels are known everywhere within milliseconds; a user who is not is waited for for 2 s.
constexpr node::Duration proving_patience = 15s;
/// After the last message that was waited for: time for one that comes twice.
constexpr node::Duration linger = 200ms;
/// Until all guests who stay have come: the rate and each dial's own time bound it before.
constexpr node::Duration coming_max = 24h;
constexpr node::Duration leaving_max = 2s;
/// Until all parts have said what they counted.
constexpr node::Duration reporting_max = 10s;
/// So far ahead a beginning is announced that all parts are to keep.
constexpr node::Duration announced_before = 20ms;
/// How often it is looked how far the other processes are, and whether they live.
constexpr node::Duration look_every = 5ms;
constexpr node::Duration watch_every = 500ms;
constexpr node::Duration progress_every = 1s;

sigset_t endings() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

}  // namespace

Interrupt::Interrupt(Poller& poller) {
    const sigset_t set = endings();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = Descriptor{::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)};
    if (!signals_.is_open()) throw std::system_error(errno, std::generic_category(), "signalfd");
    poller.watch(signals_.number(), *this);
}

Interrupt::~Interrupt() {
    const sigset_t set = endings();
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void Interrupt::ready(bool) {
    signalfd_siginfo info{};
    while (::read(signals_.number(), &info, sizeof info) > 0)
        ++times_;
}

Run::Run(Field& field, const Plan& plan, Team& team)
    : field_(field),
      plan_(plan),
      team_(team),
      everybody_(plan.publishers.size() + plan.subscribers.size()),
      interrupt_(field.poller),
      part_(field, plan, team),
      err_(STDERR_FILENO) {}

void Run::enter(Phase phase) {
    team_.enter(phase);
    part_.enter(phase);
}

template <class Done>
bool Run::turns(node::Duration longest, Done done) {
    const node::Instant end = field_.poller.now() + longest;
    const int interrupts = interrupt_.times();
    // What was told meanwhile has not said when it wants to be woken.
    field_.poller.wake_at(field_.poller.now());
    while (!done()) {
        if (field_.poller.now() >= end || interrupt_.times() > interrupts) return false;
        field_.poller.wake_at(end);
        if (team_.size() > 1) field_.poller.wake_at(field_.poller.now() + look_every);
        part_.turn();
        watch_others();
        show_progress();
    }
    return true;
}

std::optional<Report> Run::run() {
    if (has_traffic() && !(gather() && prove())) return std::nullopt;
    warm_up();
    measure();
    if (has_traffic())
        drain();
    else
        hold();
    Report report = leave();
    if (err_.is_terminal()) std::fputs("\r\x1b[K", stderr);
    return report;
}

void Run::begin_phase(const char* name) {
    phase_ = name;
    if (plan_.tells_phases) std::fprintf(stderr, "phase %s\n", name);
}

bool Run::gather() {
    begin_phase("connecting");
    Standing all = team_.all();
    const auto finished = [&] {
        all = team_.all();
        return all.ready == everybody_ || all.failures != 0;
    };
    std::uint64_t before = 0;
    do
        before = all.ready;
    while (!turns(gathering_patience, finished) && !is_interrupted() && all.ready != before);
    if (is_interrupted()) return give_up(ExitCode::failed, "interrupted while connecting");
    if (all.failures != 0) return give_up_after_failures();
    if (all.ready == everybody_) return true;
    return give_up(
        ExitCode::unreachable,
        grouped(everybody_ - all.ready) + " of " + grouped(everybody_) +
            " connections are not ready; the nodes do not answer");
}

bool Run::prove() {
    begin_phase("waiting until everybody hears everybody");
    enter(Phase::proving);
    Standing all;
    turns(proving_patience, [&] {
        all = team_.all();
        return (all.phase >= Phase::proving && all.unproven == 0) || all.failures != 0;
    });
    if (is_interrupted()) return give_up(ExitCode::failed, "interrupted before the first message");
    if (all.failures != 0) return give_up_after_failures();
    if (all.unproven == 0) return true;
    return give_up(
        ExitCode::failed,
        "after 15 s " + grouped(all.unproven) + " of " + grouped(plan_.streams()) +
            " receivers do not hear who sends to them; are all --url nodes of one cluster "
            "(grapevine "
            "status)?");
}

void Run::warm_up() {
    begin_phase("warming up");
    const node::Duration ahead = team_.size() > 1 ? announced_before : node::Duration{0};
    team_.set_flow_from(field_.poller.now() + ahead);
    enter(Phase::warming_up);
    turns(ahead + plan_.warmup, [this] { return is_deserted(); });
}

void Run::measure() {
    begin_phase("measuring");
    enter(Phase::measuring);
    measured_from_ = field_.poller.now();
    if (is_interrupted()) {
        // There is no time that was measured.
    } else if (has_traffic()) {
        turns(plan_.measured, [this] { return is_deserted(); });
    } else {
        turns(coming_max, [this] {
            const Standing all = team_.all();
            return all.phase >= Phase::warming_up && all.guests_to_come == 0;
        });
    }
    measured_ = field_.poller.now() - measured_from_;
    enter(Phase::draining);
}

void Run::hold() {
    begin_phase("holding");
    if (!is_interrupted()) turns(plan_.measured, [this] { return is_deserted(); });
}

void Run::drain() {
    begin_phase("draining");
    const bool was_drained = turns(plan_.drain, [this] { return is_drained() || is_deserted(); });
    if (was_drained) turns(linger, [] { return false; });
}

bool Run::is_drained() const {
    const Standing all = team_.all();
    return all.phase >= Phase::draining && all.on_way == 0;
}

bool Run::is_deserted() const {
    const Standing all = team_.all();
    return has_traffic() ? all.connected == 0 : all.guests_to_come == 0 && all.guests == 0;
}

Report Run::leave() {
    begin_phase("leaving");
    enter(Phase::leaving);
    turns(reporting_max, [this] { return team_.is_all_in(); });
    const std::vector<const Harvest*> harvests = team_.harvests();
    Report report = report_of(harvests);
    if (const std::size_t missing = team_.size() - harvests.size(); missing != 0) {
        report.failures += missing;
        report.reasons
            [grouped(missing) + " of " + grouped(team_.size()) +
             " processes of the generator did not report: what they counted is missing"] = 1;
    }
    report.plan = plan_;
    report.was_interrupted = is_interrupted();
    report.measured_s = static_cast<double>(measured_.count()) / 1e6;
    turns(leaving_max, [this] {
        const Standing all = team_.all();
        return all.connected == 0 && all.guests == 0;
    });
    enter(Phase::over);
    return report;
}

bool Run::give_up(int exit_code, const std::string& why) {
    std::fprintf(stderr, "%s%s\n", err_.is_terminal() ? "\r\x1b[K" : "", err_.red(why).c_str());
    exit_code_ = exit_code;
    return false;
}

bool Run::give_up_after_failures() {
    const Report report = leave();
    const bool was_answered = report.refusals != 0 || team_.all().ready == everybody_;
    return give_up(
        was_answered ? ExitCode::failed : ExitCode::unreachable, report.reasons.begin()->first);
}

void Run::watch_others() {
    const node::Instant now = field_.poller.now();
    if (now < next_watch_) return;
    next_watch_ = now + watch_every;
    if (const std::string why = team_.who_ended(); !why.empty()) field_.tally.failed(why);
}

void Run::show_progress() {
    if (!err_.is_terminal() || field_.poller.now() < next_progress_) return;
    next_progress_ = field_.poller.now() + progress_every;
    const Standing all = team_.all();
    Histogram& recent = field_.tally.recent();
    std::string line = phase_;
    if (all.sent != 0) {
        line += "  sent " + grouped(all.sent - shown_.sent) + "/s  received " +
                grouped(all.received - shown_.received) + "/s  p50 " +
                latency_text(recent.at(0.5)) + "  p99 " + latency_text(recent.at(0.99));
    } else if (has_traffic()) {
        line += "  " + grouped(all.ready) + " of " + grouped(everybody_);
    }
    if (plan_.guests != 0) line += "  connections " + grouped(all.guests);
    if (all.failures != 0) line += "  errors " + grouped(all.failures);
    if (all.lost != 0) line += "  lost " + grouped(all.lost);
    std::fprintf(stderr, "\r\x1b[K%s", err_.dim(line).c_str());
    std::fflush(stderr);
    shown_ = {all.sent, all.received};
    recent.clear();
}

}  // namespace grapevine::cli::bench
