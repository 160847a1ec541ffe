/// Publishers and subscribers of this process: sends at the pace that is planned, and has judged
/// what arrives.
///
///   dial ── all connected, subscribed ──▶ prove ── everybody heard everybody ──▶ flow ──▶ stop
#pragma once

#include "cli/bench/subscriber.hpp"

#include <memory>
#include <vector>

namespace grapevine::cli::bench {

class Traffic {
public:
    Traffic(Field& field, const Plan& plan, Team& team);
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;

    /// Publishers and subscribers.
    [[nodiscard]] std::size_t size() const;
    /// Those who were taken and have not ended.
    [[nodiscard]] std::size_t connected() const { return scene_.connected; }
    void dial(std::size_t index);
    /// How many are connected, and subscribed if they have to.
    [[nodiscard]] std::size_t ready() const { return scene_.ready; }

    /// Asks into all channels whether everybody listens who should; to be repeated until
    /// `unproven` is 0. So no message is sent before its way is known to every node.
    void prove();
    [[nodiscard]] std::size_t unproven() const { return scene_.unproven; }

    void flow(node::Instant from);
    /// Takes what other processes have settled.
    void collect();
    /// Sends what is due.
    void work();
    /// What is on its way may still arrive.
    void stop();
    [[nodiscard]] bool is_flowing() const { return scene_.is_flowing; }
    /// Deliveries and answers that are waited for.
    [[nodiscard]] std::uint64_t on_way() const;
    /// When all processes have stopped: counts as lost what has not come.
    void finish();
    /// Messages that were due until `stop` and not sent.
    [[nodiscard]] std::uint64_t unsent() const { return unsent_; }
    [[nodiscard]] std::uint64_t unanswered() const;
    /// In order; those who have ended are `connected` no more.
    void leave();

private:
    void write_off();
    /// Of the first `count` messages of all publishers.
    [[nodiscard]] std::uint64_t own_of(std::uint64_t count) const;

    Scene scene_;
    std::vector<std::unique_ptr<Publisher>> publishers_;
    std::vector<std::unique_ptr<Subscriber>> subscribers_;
    Pacer pacer_;
    std::uint64_t next_ = 0;  ///< of all publishers of the team, in turn
    std::uint64_t unsent_ = 0;
    node::Instant next_write_off_{};
};

}  // namespace grapevine::cli::bench
