#include "node/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace grapevine::node {
namespace {

using Milliseconds = std::chrono::milliseconds;

std::int64_t tick_at_or_after(Instant when) {
    return std::chrono::ceil<Milliseconds>(when.time_since_epoch()).count();
}

std::int64_t tick_at_or_before(Instant when) {
    return std::chrono::floor<Milliseconds>(when.time_since_epoch()).count();
}

constexpr TimerId make_id(std::uint32_t index, std::uint32_t generation) {
    return TimerId{(std::uint64_t{generation} << 32) | index};
}

}  // namespace

TimerWheel::TimerWheel(Instant now) : tick_(tick_at_or_before(now)) {
    first_.fill(none);
}

TimerId TimerWheel::arm(Instant deadline, TimerCall call) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(entries_.size()));
        entries_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Entry& entry = entries_[index];
    // The tick that is being run is over for newcomers: a timer that arms itself again cannot hold
    // the loop.
    entry.tick = std::max(tick_at_or_after(deadline), tick_ + 1);
    entry.call = call;
    entry.armed = true;
    link(index);
    ++armed_;
    return make_id(index, entry.generation);
}

bool TimerWheel::disarm(TimerId& id) {
    const TimerId given = std::exchange(id, TimerId{});
    const auto index = static_cast<std::uint32_t>(given.value);
    if (!given || index >= entries_.size()) return false;
    const Entry& entry = entries_[index];
    if (!entry.armed || make_id(index, entry.generation) != given) return false;
    unlink(index);
    release(index);
    return true;
}

std::optional<Instant> TimerWheel::next() const {
    if (armed_ == 0) return std::nullopt;
    // The first occupied slot after the current one. Its timers may belong to a later rotation:
    // then this is early.
    for (std::size_t distance = 1; distance <= slot_count;) {
        const std::size_t slot =
            static_cast<std::size_t>(tick_ + static_cast<std::int64_t>(distance)) % slot_count;
        const std::uint64_t word = occupied_[slot / 64] >> (slot % 64);
        if (word != 0) {
            distance += static_cast<std::size_t>(std::countr_zero(word));
            return Instant{Milliseconds{tick_ + static_cast<std::int64_t>(distance)}};
        }
        distance += 64 - slot % 64;
    }
    return Instant{Milliseconds{tick_ + static_cast<std::int64_t>(slot_count)}};
}

void TimerWheel::advance(Instant now) {
    const std::int64_t last = tick_at_or_before(now);
    if (last <= tick_) return;
    const std::int64_t first =
        std::max(tick_ + 1, last - static_cast<std::int64_t>(slot_count) + 1);
    if (armed_ > 0)
        for (std::int64_t tick = first; tick <= last; ++tick)
            collect_due(static_cast<std::size_t>(tick) % slot_count, last);
    tick_ = last;

    // By id, so that a timer that is disarmed by an earlier one does not go off.
    for (std::size_t i = 0; i < due_.size(); ++i) {
        TimerId id = due_[i];
        const TimerCall call = entries_[static_cast<std::uint32_t>(id.value)].call;
        if (disarm(id)) call.run(call.object);
    }
    due_.clear();
}

void TimerWheel::collect_due(std::size_t slot, std::int64_t tick) {
    if ((occupied_[slot / 64] >> (slot % 64) & 1U) == 0) return;
    const std::size_t before = due_.size();
    for (std::uint32_t index = first_[slot]; index != none; index = entries_[index].next)
        if (entries_[index].tick <= tick)
            due_.push_back(make_id(index, entries_[index].generation));
    // Lists grow at their head.
    std::reverse(due_.begin() + static_cast<std::ptrdiff_t>(before), due_.end());
}

void TimerWheel::link(std::uint32_t index) {
    Entry& entry = entries_[index];
    const std::size_t slot = static_cast<std::size_t>(entry.tick) % slot_count;
    entry.previous = none;
    entry.next = first_[slot];
    if (entry.next != none) entries_[entry.next].previous = index;
    first_[slot] = index;
    occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::unlink(std::uint32_t index) {
    const Entry& entry = entries_[index];
    const std::size_t slot = static_cast<std::size_t>(entry.tick) % slot_count;
    if (entry.next != none) entries_[entry.next].previous = entry.previous;
    if (entry.previous != none) {
        entries_[entry.previous].next = entry.next;
    } else {
        first_[slot] = entry.next;
        if (entry.next == none) occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    }
}

void TimerWheel::release(std::uint32_t index) {
    Entry& entry = entries_[index];
    entry.armed = false;
    ++entry.generation;
    free_.push_back(index);
    --armed_;
}

}  // namespace grapevine::node
