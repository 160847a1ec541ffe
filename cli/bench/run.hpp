/// Leads one run of the load generator, from the first dial to what is to be reported: says when
/// all parts go on to their next phase.
#pragma once

#include "cli/bench/part.hpp"
#include "cli/bench/report.hpp"

#include <optional>
#include <string>

namespace grapevine::cli::bench {

/// Told to end by SIGINT or SIGTERM, which do nothing else as long as this lives.
class Interrupt final : Poller::Watcher {
public:
    explicit Interrupt(Poller& poller);
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    /// How often.
    [[nodiscard]] int times() const { return times_; }

private:
    void ready(bool is_ending) override;
    void flush() override {}

    Descriptor signals_;
    int times_ = 0;
};

class Run {
public:
    Run(Field& field, const Plan& plan, Team& team);

    /// Nothing: it could not begin; stderr and `exit_code` say why.
    std::optional<Report> run();
    [[nodiscard]] int exit_code() const { return exit_code_; }

private:
    void enter(Phase phase);
    /// Turns until `done`, an interrupt, or `longest`. Whether it was done.
    template <class Done>
    bool turns(node::Duration longest, Done done);
    bool gather();
    bool prove();
    void warm_up();
    void measure();
    void drain();
    /// Guests who stay are only there.
    void hold();
    /// All report, and all connections end in order.
    Report leave();

    void begin_phase(const char* name);
    /// Before the first message. False.
    bool give_up(int exit_code, const std::string& why);
    bool give_up_after_failures();
    void show_progress();
    void watch_others();
    [[nodiscard]] bool is_interrupted() const { return interrupt_.times() > 0; }
    [[nodiscard]] bool has_traffic() const { return everybody_ != 0; }
    /// Everybody who publishes or subscribes has ended, or all guests have.
    [[nodiscard]] bool is_deserted() const;
    [[nodiscard]] bool is_drained() const;

    Field& field_;
    const Plan& plan_;
    Team& team_;
    std::size_t everybody_;  ///< publishers and subscribers of all parts
    Interrupt interrupt_;
    Part part_;
    Terminal err_;

    node::Instant next_watch_{};
    node::Instant next_progress_{};
    Moved shown_;
    std::string phase_;
    int exit_code_ = 0;

    node::Instant measured_from_{};
    node::Duration measured_{};
};

}  // namespace grapevine::cli::bench
