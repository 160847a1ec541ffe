/// One thread's world: sockets, timers and the end of the turn.
#pragma once

#include "node/system_clock.hpp"
#include "node/timer_wheel.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <atomic>
#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace grapevine::node {

/// A socket that knows its executor's type: a third smaller than asio's default and without
/// indirect calls.
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

/// A loop runs in turns. One turn is: wait; what the sockets have, a bounded batch; then the timers
/// that are due; then the end of the turn, where everything that was said during the turn is sent.
/// Sockets come before timers, so a process that was stopped for a while hears its peers before it
/// blames them.
///
/// Everything belongs to the thread that runs the loop, except `post` and `stop`. A Loop outlives
/// all that was made on it.
class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    [[nodiscard]] asio::io_context& context() { return context_; }
    /// When this turn began to work. Reading it costs nothing.
    [[nodiscard]] Instant now() const { return now_; }
    /// Where every socket of this loop is read into. Its content is gone with the next read.
    [[nodiscard]] std::span<char> read_buffer() { return read_buffer_; }

    /// Calls after `delay`, once, after the sockets of that turn.
    TimerId arm(Duration delay, TimerCall call) { return timers_.arm(now_ + delay, call); }
    TimerId arm_at(Instant deadline, TimerCall call) { return timers_.arm(deadline, call); }
    bool disarm(TimerId& id) { return timers_.disarm(id); }

    /// Runs `task` once, after everything of this turn; in order of calls. A task may add tasks:
    /// they run in the same turn, up to a bound that keeps the sockets alive. Allocates nothing in
    /// steady state.
    template <class Task>
    void at_end_of_turn(Task task) {
        static_assert(sizeof(Task) <= EndTask::room && std::is_trivially_copyable_v<Task>);
        EndTask& slot = end_tasks_.emplace_back();
        ::new (static_cast<void*>(slot.storage)) Task(std::move(task));
        slot.run = [](void* storage) { (*static_cast<Task*>(storage))(); };
    }

    /// From any thread: runs `task` in a turn of this loop.
    template <class Task>
    void post(Task&& task) {
        asio::post(context_, std::forward<Task>(task));
    }
    /// From any thread: `run` returns after its turn.
    void stop();

    /// Turns until `stop`.
    void run();
    /// One turn that waits for at most `longest`. For tests and for embedding.
    void turn(Duration longest);

private:
    struct EndTask {
        static constexpr std::size_t room = 32;
        alignas(16) std::byte storage[room];
        void (*run)(void* storage) = nullptr;
    };

    void run_sockets(Duration longest);
    void run_end_tasks();

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> keep_running_;
    Instant now_;
    TimerWheel timers_;
    std::vector<char> read_buffer_;
    std::vector<EndTask> end_tasks_;
    std::vector<EndTask> running_tasks_;
    std::atomic<bool> stopping_{false};
};

}  // namespace grapevine::node
