#include "cli/bench/poller.hpp"

#include <array>
#include <cerrno>
#include <ctime>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace grapevine::cli::bench {
namespace {

/// Sockets looked at in one turn. More: larger batches under load; fewer: what was read early in
/// the turn is answered sooner.
constexpr std::size_t events_max = 256;
/// One read. It is shared, so it costs nothing per connection.
constexpr std::size_t read_buffer_bytes = 256 * 1024;
/// Longest wait when nothing is planned.
constexpr node::Duration longest_wait = std::chrono::seconds{1};
/// How much later than asked the kernel may wake this thread. Its default of 50 us is for saving
/// power, and would be in every latency of an open loop.
constexpr unsigned long timer_slack_ns = 1000;

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

void Descriptor::close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Poller::Poller()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      now_(node::steady_now()),
      timers_(now_),
      read_buffer_(read_buffer_bytes) {
    if (!epoll_.is_open()) throw std::system_error(errno, std::generic_category(), "epoll");
    ::prctl(PR_SET_TIMERSLACK, timer_slack_ns, 0UL, 0UL, 0UL);
}

void Poller::watch(int descriptor, Watcher& watcher) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watcher;
    if (::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &event) != 0)
        throw std::system_error(errno, std::generic_category(), "epoll");
}

void Poller::wait() {
    const node::Instant before = node::steady_now();
    node::Instant until = std::min(wake_at_, before + longest_wait);
    if (const auto next = timers_.next()) until = std::min(until, *next);
    wake_at_ = mesh::never;
    const node::Duration left = std::max(until - before, node::Duration{0});
    const timespec longest{
        .tv_sec = static_cast<std::time_t>(left.count() / 1'000'000),
        .tv_nsec = static_cast<long>(left.count() % 1'000'000) * 1000};
    std::array<epoll_event, events_max> events;
    const int count = ::epoll_pwait2(
        epoll_.number(), events.data(), static_cast<int>(events.size()), &longest, nullptr);
    if (count < 0 && errno != EINTR)
        throw std::system_error(errno, std::generic_category(), "epoll");
    read_clock();
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        const bool is_ending = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        static_cast<Watcher*>(event.data.ptr)->ready(is_ending);
    }
    timers_.advance(now_);
}

void Poller::flush() {
    // Nobody asks again while flushing: what does not fit waits for the socket.
    for (Watcher* const watcher : to_flush_)
        watcher->flush();
    to_flush_.clear();
}

}  // namespace grapevine::cli::bench
