#include "tests/sim/loops.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace grapevine::sim {
namespace {

template <class T>
void move_all(std::vector<T>& from, std::vector<T>& to) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    from.clear();
}

std::uint64_t progress_of(const mesh::SessionsCounters& of) {
    return of.opened + of.commands - of.publishes + of.closed_by_client + of.closed_bad_request +
           of.closed_stale + of.closed_no_pong + of.closed_slow + of.closed_shutdown +
           of.closed_invalid_token + of.closed_expired;
}

}  // namespace

Loops::Loops(
    Scheduler& clock, mesh::Driver& driver, std::uint64_t seed, Duration crossing_most, Post post)
    : clock_(clock),
      driver_(driver),
      rng_(seed),
      crossing_most_(crossing_most),
      post_(std::move(post)),
      others_(driver.other_loops().size() - 1) {
    for (Other& other : others_)
        other.sessions = std::make_unique<mesh::Sessions>(driver.sessions_config());
}

std::size_t Loops::place() {
    return others_.empty() ? 0 : rng_.below(others_.size() + 1);
}

void Loops::time_reached(mesh::Now now) {
    for (Other& other : others_)
        if (other.sessions->next_deadline() <= now.steady)
            other.sessions->handle(mesh::SessionsTimeReached{}, now, other.output);
}

Instant Loops::next_deadline() const {
    Instant next = mesh::never;
    for (const Other& other : others_)
        next = std::min(next, other.sessions->next_deadline());
    return next;
}

Instant Loops::arrival(Instant& last) {
    const auto most = static_cast<std::uint64_t>(crossing_most_.count());
    const Duration takes{static_cast<Duration::rep>(rng_.below(most + 1))};
    last = std::max(last, clock_.time() + takes);
    return last;
}

void Loops::collect(Other& other) {
    move_all(other.output.sends, driver_.edge().session_sends);
    move_all(other.output.closes, driver_.edge().session_closes);
}

void Loops::end_turn() {
    for (std::size_t loop = 1; loop <= others_.size(); ++loop) {
        Other& other = others_[loop - 1];
        collect(other);
        if (!other.output.is_empty() || other.taken_bytes != 0) {
            const auto batch = std::make_shared<mesh::LoopOutput>();
            batch->said.swap(other.output);
            batch->taken_bytes = std::exchange(other.taken_bytes, 0);
            clock_.at(arrival(other.output_at), [this, post = post_, batch, loop] {
                post([this, batch, loop](mesh::Now now) {
                    heard_ += batch->said.changes.size();
                    driver_.on(*batch, loop, now);
                });
            });
        }
        mesh::LoopInput& waiting = driver_.other_loops().input_of(loop);
        if (waiting.is_empty()) continue;
        const auto batch = std::make_shared<mesh::LoopInput>();
        batch->swap(waiting);
        clock_.at(arrival(other.input_at), [post = post_, &other, batch] {
            post([&other, batch](mesh::Now now) {
                batch->tell(*other.sessions, now, other.output);
                other.taken_bytes += batch->bytes();
            });
        });
    }
}

void Loops::shut_down(mesh::Now now) {
    for (Other& other : others_) {
        other.sessions->handle(mesh::ShutdownBegun{}, now, other.output);
        collect(other);
    }
}

void Loops::stall(std::size_t loop, Instant until) {
    Other& other = others_[loop - 1];
    other.input_at = std::max(other.input_at, until);
    other.output_at = std::max(other.output_at, until);
}

std::size_t Loops::session_count() const {
    std::size_t count = driver_.sessions().session_count();
    for (const Other& other : others_)
        count += other.sessions->session_count();
    return count;
}

std::size_t Loops::queued_bytes(proto::SessionId session) const {
    const std::size_t loop = mesh::loop_of(session);
    return loop == 0 ? driver_.sessions().queued_bytes(session)
                     : others_[loop - 1].sessions->queued_bytes(session);
}

std::uint64_t Loops::progress() const {
    std::uint64_t progress = heard_ + progress_of(driver_.sessions().counters());
    for (const Other& other : others_)
        progress += progress_of(other.sessions->counters());
    return progress;
}

void Loops::check_invariants() const {
    driver_.sessions().check_invariants();
    for (const Other& other : others_)
        other.sessions->check_invariants();
}

}  // namespace grapevine::sim
