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

/// Dials under way while publishers and subscribers gather.
constexpr std::size_t gathering_max = 256;
/// Without anybody new having come for this long, the rest never will.
constexpr node::Duration gathering_patience = 15s;
/// Channels are known everywhere within milliseconds; a user who is not is waited for for 2 s.
constexpr node::Duration proving_patience = 15s;
constexpr node::Duration probe_every = 250ms;
/// After the last message that was waited for: time for one that comes twice.
constexpr node::Duration linger = 200ms;
/// Until all guests who stay have come: the rate and each dial's own time bound it before.
constexpr node::Duration coming_max = 24h;
constexpr node::Duration leaving_max = 2s;
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

Run::Run(Field& field, const Plan& plan)
    : field_(field),
      plan_(plan),
      interrupt_(field.poller),
      traffic_(field, plan),
      guests_(field, plan),
      err_(STDERR_FILENO) {}

template <class Done>
bool Run::turns(node::Duration longest, Done done) {
    const node::Instant end = field_.poller.now() + longest;
    const int interrupts = interrupt_.times();
    // What was told meanwhile has not said when it wants to be woken.
    field_.poller.wake_at(field_.poller.now());
    while (!done()) {
        if (field_.poller.now() >= end || interrupt_.times() > interrupts) return false;
        field_.poller.wake_at(end);
        field_.poller.turn([this] {
            dial_some();
            traffic_.work();
            guests_.work();
        });
        show_progress();
    }
    return true;
}

std::optional<Report> Run::run() {
    const bool has_traffic = traffic_.size() != 0;
    if (has_traffic && !(gather() && prove())) return std::nullopt;
    warm_up();
    measure();
    if (has_traffic)
        drain();
    else
        hold();
    const Report result = report();
    leave();
    if (err_.is_terminal()) std::fputs("\r\x1b[K", stderr);
    return result;
}

bool Run::gather() {
    phase_ = "connecting";
    dialling_ = Pacer{field_.poller.now(), plan_.connect_rate};
    const Tally& tally = field_.tally;
    const auto finished = [&] {
        return traffic_.ready() == traffic_.size() || tally.failures() != 0;
    };
    std::size_t before = 0;
    do
        before = traffic_.ready() + dialled_;
    while (!turns(gathering_patience, finished) && !is_interrupted() &&
           traffic_.ready() + dialled_ != before);
    if (is_interrupted()) return give_up(ExitCode::failed, "interrupted while connecting");
    if (tally.failures() != 0) return give_up_after_failures();
    if (traffic_.ready() == traffic_.size()) return true;
    return give_up(
        ExitCode::unreachable,
        grouped(traffic_.size() - traffic_.ready()) + " of " + grouped(traffic_.size()) +
            " connections are not ready; the nodes do not answer");
}

void Run::dial_some() {
    if (dialled_ == traffic_.size()) return;
    const std::uint64_t due =
        std::min<std::uint64_t>(dialling_.due(field_.poller.now()), traffic_.size());
    while (dialled_ < due && dialled_ - traffic_.ready() < gathering_max)
        traffic_.dial(dialled_++);
    field_.poller.wake_at(dialling_.intended(dialled_));
}

bool Run::prove() {
    phase_ = "waiting until everybody hears everybody";
    const node::Instant end = field_.poller.now() + proving_patience;
    const auto finished = [&] { return traffic_.unproven() == 0 || field_.tally.failures() != 0; };
    do
        traffic_.prove();
    while (!turns(probe_every, finished) && !is_interrupted() && field_.poller.now() < end);
    if (is_interrupted()) return give_up(ExitCode::failed, "interrupted before the first message");
    if (field_.tally.failures() != 0) return give_up_after_failures();
    if (traffic_.unproven() == 0) return true;
    return give_up(
        ExitCode::failed,
        "after 15 s " + grouped(traffic_.unproven()) + " of " + grouped(plan_.streams()) +
            " receivers do not hear who sends to them; are all --url nodes of one cluster "
            "(grapevine "
            "status)?");
}

void Run::warm_up() {
    guests_.open();
    traffic_.flow();
    const auto micros = [](node::Duration time) {
        return static_cast<std::uint32_t>(time.count());
    };
    const std::uint32_t from = field_.now() + micros(plan_.warmup);
    field_.tally.measure(from, from + micros(plan_.measured));
    phase_ = "warming up";
    turns(plan_.warmup, [this] { return is_deserted(); });
}

void Run::measure() {
    phase_ = "measuring";
    measured_from_ = field_.poller.now();
    const CpuTimes cpu = cpu_times_of_this_thread();
    const Poller::Traffic bytes = field_.poller.traffic();
    if (is_interrupted()) {
        // There is no time that was measured.
    } else if (traffic_.size() != 0) {
        turns(plan_.measured, [this] { return is_deserted(); });
    } else {
        turns(coming_max, [this] { return guests_.all_came(); });
    }
    measured_ = field_.poller.now() - measured_from_;
    cpu_ = cpu_times_of_this_thread() - cpu;
    const Poller::Traffic now = field_.poller.traffic();
    bytes_ = {now.bytes_in - bytes.bytes_in, now.bytes_out - bytes.bytes_out};
    field_.tally.measure_until(field_.now());
    guests_.stop();
}

void Run::hold() {
    phase_ = "holding";
    if (!is_interrupted()) turns(plan_.measured, [this] { return is_deserted(); });
}

void Run::drain() {
    phase_ = "draining";
    traffic_.stop();
    const bool is_drained =
        turns(plan_.drain, [this] { return traffic_.is_drained() || is_deserted(); });
    if (is_drained) turns(linger, [] { return false; });
    traffic_.finish();
}

void Run::leave() {
    traffic_.leave();
    guests_.leave();
    turns(leaving_max, [this] { return traffic_.connected() == 0 && guests_.connected() == 0; });
}

bool Run::is_deserted() const {
    return traffic_.size() != 0 ? traffic_.connected() == 0
                                : guests_.all_came() && guests_.connected() == 0;
}

bool Run::give_up(int exit_code, const std::string& why) {
    std::fprintf(stderr, "%s%s\n", err_.is_terminal() ? "\r\x1b[K" : "", err_.red(why).c_str());
    exit_code_ = exit_code;
    return false;
}

bool Run::give_up_after_failures() {
    const Tally& tally = field_.tally;
    const bool was_answered = tally.refusals() != 0 || traffic_.ready() == traffic_.size();
    return give_up(
        was_answered ? ExitCode::failed : ExitCode::unreachable, tally.reasons().begin()->first);
}

void Run::show_progress() {
    if (!err_.is_terminal() || field_.poller.now() < next_progress_) return;
    next_progress_ = field_.poller.now() + progress_every;
    Tally& tally = field_.tally;
    const Moved& all = tally.all();
    std::string line = phase_;
    if (traffic_.is_flowing()) {
        line += "  sent " + grouped(all.sent - shown_.sent) + "/s  received " +
                grouped(all.received - shown_.received) + "/s  p50 " +
                latency_text(tally.recent().at(0.5)) + "  p99 " +
                latency_text(tally.recent().at(0.99));
    } else if (traffic_.size() != 0) {
        line += "  " + grouped(traffic_.ready()) + " of " + grouped(traffic_.size());
    }
    if (plan_.guests != 0) line += "  connections " + grouped(guests_.connected());
    if (tally.failures() != 0) line += "  errors " + grouped(tally.failures());
    if (tally.deliveries.lost != 0) line += "  lost " + grouped(tally.deliveries.lost);
    std::fprintf(stderr, "\r\x1b[K%s", err_.dim(line).c_str());
    std::fflush(stderr);
    shown_ = all;
    tally.recent().clear();
}

Report Run::report() const {
    const Tally& tally = field_.tally;
    Report report;
    report.plan = plan_;
    report.was_interrupted = is_interrupted();
    report.measured_s = static_cast<double>(measured_.count()) / 1e6;
    report.sent = tally.measured().sent;
    report.received = tally.measured().received;
    report.sent_in_all = tally.all().sent;
    report.unsent = traffic_.unsent();
    report.unanswered = traffic_.unanswered();
    report.accepted = tally.accepted_count();
    report.deliveries = tally.deliveries;
    report.latency = quantiles_of(tally.latency());
    report.lateness = quantiles_of(tally.lateness());
    report.dialled = guests_.dialled();
    report.connected = guests_.came();
    report.stayed = guests_.connected();
    report.connecting_s = static_cast<double>(guests_.took().count()) / 1e6;
    report.connecting = quantiles_of(guests_.latency());
    report.bytes_in = bytes_.bytes_in;
    report.bytes_out = bytes_.bytes_out;
    report.failures = tally.failures();
    report.reasons = tally.reasons();
    report.cpu = cpu_;
    return report;
}

}  // namespace grapevine::cli::bench
