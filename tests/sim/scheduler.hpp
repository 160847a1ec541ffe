/// The virtual clock: things to do, in the total order (time, when they were asked for). Time moves
/// only from one thing to the next, so a run takes as long as its work and the same seed gives the
/// same run.
#pragma once

#include "mesh/now.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace grapevine::sim {

using mesh::Duration;
using mesh::Instant;
using namespace std::chrono_literals;

class Scheduler {
public:
    using Task = std::function<void()>;

    /// `when` in the past means now, after what is already due.
    void at(Instant when, Task task);
    void in(Duration delay, Task task) { at(now_ + delay, std::move(task)); }

    /// Does the next thing. False if there is none.
    bool step();
    /// Does everything due up to `until`, then the clock shows `until`.
    void run_until(Instant until);
    void run_for(Duration span) { run_until(now_ + span); }

    [[nodiscard]] Instant time() const { return now_; }
    [[nodiscard]] std::size_t waiting() const { return heap_.size(); }
    [[nodiscard]] std::uint64_t steps() const { return steps_; }

private:
    struct Entry {
        Instant when;
        std::uint64_t sequence = 0;
        Task task;
    };
    static bool later(const Entry& left, const Entry& right);

    Instant now_{};
    std::uint64_t sequence_ = 0;
    std::uint64_t steps_ = 0;
    std::vector<Entry> heap_;
};

}  // namespace grapevine::sim
