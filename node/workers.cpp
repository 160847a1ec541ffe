#include "node/workers.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace grapevine::node {
namespace {

constexpr Duration look_every = std::chrono::milliseconds{500};
/// A loop says something twice a second (sessions_turn.cpp).
constexpr Duration stalled_after = std::chrono::seconds{2};

}  // namespace

Workers::Workers(
    Loop& loop,
    std::size_t loops,
    const mesh::SessionsConfig& sessions,
    const Worker::Options& options,
    Journal& journal,
    std::function<void(std::size_t, LoopBatch&)> heard)
    : loop_(loop), journal_(journal), stalled_(loops), looked_at_(loop.now()) {
    Worker::Options own = options;
    for (std::size_t at = 1; at < loops; ++at) {
        own.index = static_cast<std::uint8_t>(at);
        workers_.push_back(std::make_unique<Worker>(
            loop, sessions, own, leaving_, [heard, at](LoopBatch& batch) { heard(at, batch); }));
    }
    if (!workers_.empty()) timer_ = loop.arm(look_every, TimerCall::to<&Workers::look>(this));
}

Workers::~Workers() {
    loop_.disarm(timer_);
}

Worker* Workers::least_loaded(std::uint64_t own_load) {
    Worker* least = nullptr;
    std::uint64_t load = own_load;
    for (std::size_t at = 0; at < workers_.size(); ++at) {
        if (stalled_[at] || workers_[at]->load() >= load) continue;
        least = workers_[at].get();
        load = least->load();
    }
    return least;
}

void Workers::hand_over(mesh::OtherLoops& loops) {
    for (std::size_t at = 0; at < workers_.size(); ++at)
        workers_[at]->tell(loops.input_of(at + 1));
}

void Workers::use(const mesh::TokenAuthenticator::Keys& keys) {
    for (const auto& worker : workers_)
        worker->use(keys);
}

LoopReport Workers::sum() const {
    LoopReport sum;
    for (const auto& worker : workers_)
        sum += worker->report();
    return sum;
}

std::uint64_t Workers::stalled() const {
    return static_cast<std::uint64_t>(std::count(stalled_.begin(), stalled_.end(), true));
}

void Workers::look() {
    timer_ = loop_.arm(look_every, TimerCall::to<&Workers::look>(this));
    const Instant now = loop_.now();
    // Who was late himself has not heard what was said meanwhile.
    const bool is_late = now - std::exchange(looked_at_, now) > 2 * look_every;
    if (is_late) return;
    for (std::size_t at = 0; at < workers_.size(); ++at) {
        const Duration silent = now - workers_[at]->heard_at();
        const bool is_stalled = silent > stalled_after;
        if (is_stalled == stalled_[at]) continue;
        stalled_[at] = is_stalled;
        if (is_stalled) ++stalls_seen_;
        const std::string loop = " loop=" + std::to_string(at + 1);
        journal_.write(
            is_stalled ? Level::warning : Level::info,
            (is_stalled ? "loop_stalled" : "loop_runs_again") + loop,
            {now, wall_now()});
    }
}

}  // namespace grapevine::node
