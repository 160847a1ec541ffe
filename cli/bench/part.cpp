#include "cli/bench/part.hpp"

#include <sys/eventfd.h>
#include <utility>

namespace grapevine::cli::bench {
namespace {

using namespace std::chrono_literals;

/// Dials under way while publishers and subscribers gather.
constexpr std::size_t gathering_max = 256;
constexpr node::Duration probe_every = 250ms;
/// How often who follows looks whether the next phase has begun.
constexpr node::Duration follow_every = 5ms;

}  // namespace

Part::Part(Field& field, const Plan& plan, Team& team)
    : field_(field),
      plan_(plan),
      guest_plan_(plan.guests_of(team.number(), team.size())),
      team_(team),
      traffic_(field, plan, team),
      guests_(field, guest_plan_, team) {
    if (team.size() > 1) field.poller.watch(team.wakes(), *this);
    enter(Phase::gathering);
}

void Part::enter(Phase phase) {
    const Phase before = std::exchange(phase_, phase);
    switch (phase) {
    case Phase::gathering: dialling_ = Pacer{field_.poller.now(), guest_plan_.connect_rate}; break;
    case Phase::proving: break;
    case Phase::warming_up: {
        guests_.open();
        traffic_.flow(team_.flow_from());
        const std::uint32_t from = field_.micros(team_.flow_from() + plan_.warmup);
        field_.tally.measure(from, from + static_cast<std::uint32_t>(plan_.measured.count()));
        break;
    }
    case Phase::measuring: begin_to_measure(); break;
    case Phase::draining: end_measuring(); break;
    case Phase::leaving:
        if (before == Phase::measuring) end_measuring();
        leave();
        break;
    case Phase::over: break;
    }
    team_.stand(standing());
    // What was begun has not said when it wants to be woken.
    field_.poller.wake_at(field_.poller.now());
}

void Part::turn() {
    field_.poller.turn([this] {
        dial_some();
        prove_some();
        traffic_.work();
        guests_.work();
        team_.wake_others();
    });
    team_.stand(standing());
}

void Part::follow() {
    while (phase_ != Phase::over) {
        field_.poller.wake_at(field_.poller.now() + follow_every);
        turn();
        while (phase_ < team_.phase())
            enter(next_phase());
    }
}

Phase Part::next_phase() const {
    // A run that was given up ends from wherever it is.
    if (team_.phase() >= Phase::leaving) return team_.phase();
    return static_cast<Phase>(static_cast<std::uint64_t>(phase_) + 1);
}

void Part::ready(bool) {
    eventfd_t times = 0;
    static_cast<void>(::eventfd_read(team_.wakes(), &times));
    traffic_.collect();
}

void Part::dial_some() {
    if (dialled_ == traffic_.size() || phase_ != Phase::gathering) return;
    const std::uint64_t due =
        std::min<std::uint64_t>(dialling_.due(field_.poller.now()), traffic_.size());
    while (dialled_ < due && dialled_ - traffic_.ready() < gathering_max)
        traffic_.dial(dialled_++);
    field_.poller.wake_at(dialling_.intended(dialled_));
}

void Part::prove_some() {
    if (phase_ != Phase::proving) return;
    const node::Instant now = field_.poller.now();
    if (now >= next_proof_) {
        next_proof_ = now + probe_every;
        traffic_.prove();
    }
    field_.poller.wake_at(next_proof_);
}

void Part::begin_to_measure() {
    cpu_ = cpu_times_of_this_thread();
    bytes_ = field_.poller.traffic();
}

void Part::end_measuring() {
    cpu_ = cpu_times_of_this_thread() - cpu_;
    const Poller::Traffic now = field_.poller.traffic();
    bytes_ = {now.bytes_in - bytes_.bytes_in, now.bytes_out - bytes_.bytes_out};
    field_.tally.measure_until(field_.now());
    guests_.stop();
    traffic_.stop();
}

void Part::leave() {
    traffic_.finish();
    Harvest mine{};
    mine.take(field_.tally);
    mine.unsent = traffic_.unsent();
    mine.unanswered = traffic_.unanswered();
    mine.dialled = guests_.dialled();
    mine.came = guests_.came();
    mine.stayed = guests_.connected();
    mine.connecting = guests_.took();
    mine.connecting_latency = guests_.latency();
    mine.bytes = bytes_;
    mine.cpu = cpu_;
    team_.bring_in(mine);
    traffic_.leave();
    guests_.leave();
}

Standing Part::standing() const {
    const Tally& tally = field_.tally;
    return {
        .phase = phase_,
        .ready = traffic_.ready(),
        .unproven = traffic_.unproven(),
        .connected = traffic_.connected(),
        // Only then it ends, and counting it is not for every turn.
        .on_way = phase_ == Phase::draining ? traffic_.on_way() : 0,
        .sent = tally.all().sent,
        .received = tally.all().received,
        .failures = tally.failures(),
        .lost = tally.deliveries.lost,
        .guests = guests_.connected(),
        .guests_to_come = guests_.to_come()};
}

}  // namespace grapevine::cli::bench
