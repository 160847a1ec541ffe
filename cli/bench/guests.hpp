/// Connections of this process that do nothing, or subscribe and hear nothing: they come at a rate,
/// each with a user of its own, and stay, or leave again one by one. Their latency is that of
/// connecting and subscribing, from when they should have been dialled.
#pragma once

#include "cli/bench/field.hpp"
#include "cli/bench/pacer.hpp"
#include "cli/bench/plan.hpp"
#include "cli/bench/team.hpp"

#include <memory>
#include <vector>

namespace grapevine::cli::bench {

class Guests {
public:
    /// `plan`: this process's part (Plan::guests_of).
    Guests(Field& field, const Plan& plan, const Team& team);
    ~Guests();
    Guests(const Guests&) = delete;
    Guests& operator=(const Guests&) = delete;

    void open();
    /// Dials who is due; lets go of who stayed long enough.
    void work();
    /// Nobody comes any more, nobody leaves.
    void stop() { is_open_ = false; }
    /// Guests that stay, and have neither come nor failed yet.
    [[nodiscard]] std::uint64_t to_come() const;
    /// In order.
    void leave();

    [[nodiscard]] std::size_t connected() const { return connected_; }
    /// Dialled, and connected, since the beginning.
    [[nodiscard]] std::uint64_t dialled() const { return dialled_; }
    [[nodiscard]] std::uint64_t came() const { return latency_.count(); }
    [[nodiscard]] std::uint64_t left() const { return left_; }
    [[nodiscard]] const Histogram& latency() const { return latency_; }
    /// From the first dial to the last one that was taken.
    [[nodiscard]] node::Duration took() const { return last_came_ - opened_; }

private:
    class Guest;

    void dial_next();
    void let_go(std::uint64_t number);

    Field& field_;
    const Plan& plan_;
    const Team& team_;
    std::vector<std::unique_ptr<Guest>> places_;
    Pacer pacer_;
    bool is_open_ = false;
    bool is_leaving_ = false;
    std::uint64_t dialled_ = 0;
    std::uint64_t left_ = 0;
    std::size_t waiting_ = 0;  ///< dialled and neither taken nor failed
    std::size_t connected_ = 0;
    Histogram latency_;
    node::Instant opened_{};
    node::Instant last_came_{};
};

}  // namespace grapevine::cli::bench
