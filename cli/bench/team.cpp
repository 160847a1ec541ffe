#include "cli/bench/team.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace grapevine::cli::bench {

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared with other processes");

Team::Team(std::size_t processes, std::size_t streams)
    : words_(1),
      standings_(processes),
      barns_(processes),
      sent_(streams),
      asks_(streams),
      settled_(processes > 1 ? processes * streams : 0),
      to_wake_(processes) {
    for (std::size_t i = 0; i < processes; ++i) {
        wakes_.emplace_back(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        if (!wakes_.back().is_open())
            throw std::system_error(errno, std::generic_category(), "eventfd");
    }
}

Team::~Team() {
    for (const pid_t other : others_) {
        if (other == ended) continue;
        ::kill(other, SIGKILL);
        ::waitpid(other, nullptr, 0);
    }
}

void Team::start() {
    const pid_t lead = ::getpid();
    for (std::size_t i = 1; i < size(); ++i) {
        const pid_t child = ::fork();
        if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
        if (child != 0) {
            others_.push_back(child);
            continue;
        }
        number_ = i;
        others_.clear();
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != lead) ::_exit(1);
        return;
    }
}

void Team::enter(Phase phase) {
    words_[0].phase.store(static_cast<std::uint64_t>(phase), std::memory_order_release);
}

void Team::stand(const Standing& mine) {
    const auto words = std::bit_cast<StandingWords>(mine);
    auto& board = standings_[number_].words;
    for (std::size_t i = 1; i < words.size(); ++i)
        board[i].store(words[i], std::memory_order_relaxed);
    // The phase last: whoever reads it reads what was true in it.
    board[0].store(words[0], std::memory_order_release);
}

Standing Team::all() const {
    Standing sum;
    sum.phase = Phase::over;
    for (std::size_t i = 0; i < size(); ++i) {
        StandingWords words;
        words[0] = standings_[i].words[0].load(std::memory_order_acquire);
        for (std::size_t word = 1; word < words.size(); ++word)
            words[word] = standings_[i].words[word].load(std::memory_order_relaxed);
        const auto one = std::bit_cast<Standing>(words);
        sum.phase = std::min(sum.phase, one.phase);
        sum.ready += one.ready;
        sum.unproven += one.unproven;
        sum.connected += one.connected;
        sum.on_way += one.on_way;
        sum.sent += one.sent;
        sum.received += one.received;
        sum.failures += one.failures;
        sum.lost += one.lost;
        sum.guests += one.guests;
        sum.guests_to_come += one.guests_to_come;
    }
    return sum;
}

std::string Team::who_ended() {
    for (std::size_t i = 0; i < others_.size(); ++i) {
        int status = 0;
        if (others_[i] == ended || ::waitpid(others_[i], &status, WNOHANG) != others_[i]) continue;
        others_[i] = ended;
        const std::string how = WIFSIGNALED(status)
                                    ? "by signal " + std::to_string(WTERMSIG(status))
                                    : "with " + std::to_string(WEXITSTATUS(status));
        return "a process of the generator ended " + how;
    }
    return {};
}

void Team::settle(std::size_t stream, std::uint32_t deliveries) {
    auto& count = settled_[number_ * sent_.size() + stream];
    count.store(count.load(std::memory_order_relaxed) + deliveries, std::memory_order_relaxed);
    to_wake_[stream % size()] = true;
}

std::uint64_t Team::settled(std::size_t stream) const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < size(); ++i)
        count += settled_[i * sent_.size() + stream].load(std::memory_order_relaxed);
    return count;
}

void Team::wake_others() {
    for (std::size_t i = 0; i < to_wake_.size(); ++i) {
        if (!to_wake_[i]) continue;
        to_wake_[i] = false;
        // Full, it is readable all the same.
        static_cast<void>(::eventfd_write(wakes_[i].number(), 1));
    }
}

void Team::bring_in(const Harvest& mine) {
    barns_[number_].harvest = mine;
    barns_[number_].is_in.store(true, std::memory_order_release);
}

bool Team::is_all_in() const {
    for (std::size_t i = 0; i < size(); ++i) {
        const bool has_ended = i != 0 && others_[i - 1] == ended;
        if (!has_ended && !barns_[i].is_in.load(std::memory_order_acquire)) return false;
    }
    return true;
}

std::vector<const Harvest*> Team::harvests() const {
    std::vector<const Harvest*> all;
    for (std::size_t i = 0; i < size(); ++i)
        if (barns_[i].is_in.load(std::memory_order_acquire)) all.push_back(&barns_[i].harvest);
    return all;
}

}  // namespace grapevine::cli::bench
