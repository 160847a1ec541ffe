#include "tests/sim/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::sim {

bool Scheduler::later(const Entry& left, const Entry& right) {
    return left.when != right.when ? left.when > right.when : left.sequence > right.sequence;
}

void Scheduler::at(Instant when, Task task) {
    heap_.push_back(Entry{std::max(when, now_), sequence_++, std::move(task)});
    std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Scheduler::step() {
    if (heap_.empty()) return false;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Entry next = std::move(heap_.back());
    heap_.pop_back();
    now_ = next.when;
    ++steps_;
    next.task();
    return true;
}

void Scheduler::run_until(Instant until) {
    while (!heap_.empty() && heap_.front().when <= until)
        step();
    now_ = std::max(now_, until);
}

}  // namespace grapevine::sim
