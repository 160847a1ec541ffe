/// One process's part of a run: goes from phase to phase when it is told, and says how far it is.
///
///   gathering ──▶ proving ──▶ warming up ──▶ measuring ──▶ draining ──▶ leaving
#pragma once

#include "cli/bench/guests.hpp"
#include "cli/bench/traffic.hpp"

namespace grapevine::cli::bench {

class Part final : Poller::Watcher {
public:
    Part(Field& field, const Plan& plan, Team& team);
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    [[nodiscard]] Phase phase() const { return phase_; }
    /// The next one after `phase`.
    void enter(Phase phase);
    /// One turn of the poller.
    void turn();
    /// Of the process that does not lead: follows the team's phases until the run is over.
    void follow();

private:
    void ready(bool is_ending) override;
    void flush() override {}
    [[nodiscard]] Phase next_phase() const;

    void dial_some();
    void prove_some();
    void begin_to_measure();
    void end_measuring();
    void leave();
    [[nodiscard]] Standing standing() const;

    Field& field_;
    const Plan& plan_;
    Plan guest_plan_;
    Team& team_;
    Traffic traffic_;
    Guests guests_;
    Phase phase_ = Phase::over;

    Pacer dialling_;
    std::size_t dialled_ = 0;
    node::Instant next_proof_{};
    CpuTimes cpu_;
    Poller::Traffic bytes_;
};

}  // namespace grapevine::cli::bench
