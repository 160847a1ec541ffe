#include "node/loop.hpp"

#include <algorithm>

namespace grapevine::node {
namespace {

/// Handlers of one turn. More: fewer ends of turns under load; fewer: timers and answers come
/// sooner.
constexpr int handlers_per_turn_max = 256;
/// Turns in a row that may postpone timers because sockets still have something.
constexpr int late_turns_max = 16;
/// And handlers of these turns. A process that was stopped has more to hear than some short turns
/// take: only this bounds it.
constexpr int late_handlers_max = late_turns_max * handlers_per_turn_max;
/// A timer that is overdue for so long says that the process was stopped, or is overwhelmed.
constexpr Duration stood_still_after = std::chrono::milliseconds{500};
/// Rounds of end tasks that other end tasks asked for.
constexpr int end_rounds_max = 16;
/// One read. More: fewer system calls for a fast peer; it is shared, so it costs nothing per
/// connection.
constexpr std::size_t read_buffer_bytes = 128 * 1024;
constexpr Duration forever = std::chrono::hours{1};

}  // namespace

Loop::Loop()
    : keep_running_(asio::make_work_guard(context_)),
      now_(steady_now()),
      timers_(now_),
      read_buffer_(read_buffer_bytes) {}

Loop::~Loop() = default;

void Loop::run() {
    while (!stopping_.load(std::memory_order_acquire))
        turn(forever);
    stopping_.store(false, std::memory_order_release);
}

void Loop::stop() {
    post([this] { stopping_.store(true, std::memory_order_release); });
}

void Loop::turn(Duration longest) {
    const Duration left = timers_.next() ? *timers_.next() - steady_now() : forever;
    const SocketsRun run = run_sockets(end_tasks_.empty() ? std::min(longest, left) : Duration{0});
    late_turns_ = run.is_more ? late_turns_ + 1 : 0;
    late_handlers_ = run.is_more ? late_handlers_ + run.handled : 0;
    const bool stood_still = -left > stood_still_after;
    if (late_turns_ == 0 || late_handlers_ >= late_handlers_max ||
        (late_turns_ >= late_turns_max && !stood_still)) {
        late_turns_ = late_handlers_ = 0;
        timers_.advance(now());
    }
    run_end_tasks();
}

Loop::SocketsRun Loop::run_sockets(Duration longest) {
    is_now_known_ = false;
    is_turn_over_ = false;
    int handled = 0;
    if (longest > Duration{0}) handled += static_cast<int>(context_.run_one_for(longest));
    while (handled < handlers_per_turn_max && !is_turn_over_ && context_.poll_one() != 0)
        ++handled;
    return {.handled = handled, .is_more = handled == handlers_per_turn_max || is_turn_over_};
}

void Loop::run_end_tasks() {
    for (int round = 0; round < end_rounds_max && !end_tasks_.empty(); ++round) {
        running_tasks_.swap(end_tasks_);
        for (EndTask& task : running_tasks_)
            task.run();
        running_tasks_.clear();
    }
}

}  // namespace grapevine::node
