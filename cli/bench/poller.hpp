/// The load generator's thread: one epoll for all its sockets. Each is watched once, for both
/// directions and for edges, so waiting costs no system call per message; Asio's loop, on which
/// nodes run, arms every wait anew. A turn is: wait; what the sockets have; timers; what is due;
/// then everything that was said leaves, what belongs to one connection in one system call.
#pragma once

#include "node/timer_wheel.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace grapevine::cli::bench {

/// Owns a file descriptor.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { close(); }
    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool is_open() const { return number_ >= 0; }
    void close();

private:
    int number_;
};

class Poller {
public:
    /// Who owns a watched descriptor. It outlives the poller's last turn, and may be called for a
    /// descriptor it has closed in the same turn.
    class Watcher {
    public:
        /// `is_ending`: the peer has closed, perhaps after something that is still to be read.
        virtual void ready(bool is_ending) = 0;
        /// What it asked for with `flush_later`.
        virtual void flush() = 0;

    protected:
        ~Watcher() = default;
    };
    /// What moved over all connections.
    struct Traffic {
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;
    };

    /// Throws std::system_error.
    Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    void watch(int descriptor, Watcher& watcher);
    void flush_later(Watcher& watcher) { to_flush_.push_back(&watcher); }
    node::TimerId arm(node::Duration delay, node::TimerCall call) {
        return timers_.arm(now() + delay, call);
    }
    void disarm(node::TimerId& id) { timers_.disarm(id); }
    /// The turn that comes then, or any before, is not to be waited for longer. Finer than timers.
    void wake_at(node::Instant when) { wake_at_ = std::min(wake_at_, when); }

    /// Of this turn, after the wait; each batch of what came is later by what those before cost.
    [[nodiscard]] node::Instant now() const { return now_; }
    /// The clock, and what `now` says from here on.
    node::Instant read_clock() { return now_ = node::steady_now(); }
    /// Where sockets are read into. Its content is gone with the next read.
    [[nodiscard]] std::vector<char>& read_buffer() { return read_buffer_; }
    [[nodiscard]] Traffic& traffic() { return traffic_; }

    /// One turn; `work` is what is done in it after sockets and timers.
    template <class Work>
    void turn(Work&& work) {
        wait();
        work();
        flush();
    }

private:
    void wait();
    void flush();

    Descriptor epoll_;
    node::Instant now_;
    node::Instant wake_at_ = mesh::never;
    node::TimerWheel timers_;
    std::vector<Watcher*> to_flush_;
    std::vector<char> read_buffer_;
    Traffic traffic_;
};

}  // namespace grapevine::cli::bench
