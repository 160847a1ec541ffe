/// One thread's world: sockets, timers and the end of the turn.
#pragma once

#include "node/system_clock.hpp"
#include "node/timer_wheel.hpp"

#include <asio/executor_work_guard.hpp>
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
    /// When this turn began to work: the clock is read once per turn.
    [[nodiscard]] Instant now() const {
        if (!is_now_known_) {
            now_ = steady_now();
            is_now_known_ = true;
        }
        return now_;
    }
    /// With the wall clock, for the machines. That one is for people, and read once a turn too.
    [[nodiscard]] mesh::Now clocks() const {
        if (clocks_.steady != now()) clocks_ = {now(), wall_now()};
        return clocks_;
    }
    /// Where every socket of this loop is read into. Its content is gone with the next read.
    [[nodiscard]] std::span<char> read_buffer() { return read_buffer_; }

    /// Calls after `delay`, once, after the sockets of that turn.
    TimerId arm(Duration delay, TimerCall call) { return timers_.arm(now() + delay, call); }
    TimerId arm_at(Instant deadline, TimerCall call) { return timers_.arm(deadline, call); }
    bool disarm(TimerId& id) { return timers_.disarm(id); }

    /// Runs `task` once, after everything of this turn; in order of calls. A task may add tasks:
    /// they run in the same turn, up to a bound that keeps the sockets alive. Allocates nothing in
    /// steady state.
    template <class Task>
    void at_end_of_turn(Task task) {
        end_tasks_.emplace_back(std::move(task));
    }

    /// Leaves what other sockets have to the next turn: what was said so far is not to wait for it.
    void let_turn_end() { is_turn_over_ = true; }

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
    /// A callable kept in place: room for a shared pointer and a word or two.
    class EndTask {
    public:
        template <class Task>
        explicit EndTask(Task task) : kind_(&kind_of<Task>) {
            static_assert(sizeof(Task) <= room && std::is_nothrow_move_constructible_v<Task>);
            ::new (static_cast<void*>(storage_)) Task(std::move(task));
        }
        EndTask(EndTask&& other) noexcept : kind_(other.kind_) {
            kind_->move(storage_, other.storage_);
        }
        EndTask& operator=(EndTask&&) = delete;
        ~EndTask() { kind_->destroy(storage_); }
        void run() { kind_->run(storage_); }

    private:
        static constexpr std::size_t room = 32;
        struct Kind {
            void (*run)(void* task);
            void (*move)(void* to, void* from);
            void (*destroy)(void* task);
        };
        template <class Task>
        static constexpr Kind kind_of{
            [](void* task) { (*static_cast<Task*>(task))(); },
            [](void* to, void* from) { ::new (to) Task(std::move(*static_cast<Task*>(from))); },
            [](void* task) { static_cast<Task*>(task)->~Task(); }};

        alignas(16) std::byte storage_[room];
        const Kind* kind_;
    };

    /// Whether there may be more.
    struct SocketsRun {
        int handled = 0;
        bool is_more = false;  ///< perhaps
    };
    SocketsRun run_sockets(Duration longest);
    void run_end_tasks();

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> keep_running_;
    mutable Instant now_;
    mutable mesh::Now clocks_;
    mutable bool is_now_known_ = true;
    TimerWheel timers_;
    std::vector<char> read_buffer_;
    std::vector<EndTask> end_tasks_;
    std::vector<EndTask> running_tasks_;
    int late_turns_ = 0;
    int late_handlers_ = 0;
    bool is_turn_over_ = false;
    std::atomic<bool> stopping_{false};
};

}  // namespace grapevine::node
