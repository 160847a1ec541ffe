/// The processes that are one load generator: who opens more connections than one process may, or
/// sends more than one core can, needs several. All have the same plan; each has every n-th
/// publisher, subscriber and guest of it. The first one leads: it says when the next phase begins,
/// and makes the report. What one has to know of another stands in memory that they share, and each
/// word of it has one writer.
#pragma once

#include "cli/bench/harvest.hpp"
#include "cli/bench/poller.hpp"
#include "cli/bench/shared_array.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace grapevine::cli::bench {

/// In this order; none is left out.
enum class Phase : std::uint64_t {
    gathering,
    proving,
    warming_up,
    measuring,
    draining,  ///< or, without messages, holding
    leaving,
    over,
};

/// How far one process is, or all together.
struct Standing {
    Phase phase = Phase::gathering;  ///< of all: the earliest
    std::uint64_t ready = 0;
    std::uint64_t unproven = 0;
    std::uint64_t connected = 0;
    std::uint64_t on_way = 0;  ///< deliveries and answers that are waited for
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t failures = 0;
    std::uint64_t lost = 0;
    std::uint64_t guests = 0;
    std::uint64_t guests_to_come = 0;
};

class Team {
public:
    /// So many processes. More share no machine sensibly, and need memory for what they tell each
    /// other.
    static constexpr std::size_t processes_max = 64;

    /// `streams`: how many publishers they have together. Throws std::system_error.
    Team(std::size_t processes, std::size_t streams);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    /// Forks: each process comes back from here, as another one of the team. Who called leads. The
    /// others end when it does. Not with threads. Throws std::system_error.
    void start();
    [[nodiscard]] std::size_t size() const { return standings_.size(); }
    [[nodiscard]] std::size_t number() const { return number_; }
    [[nodiscard]] bool is_lead() const { return number_ == 0; }
    /// Whether number `index` of publishers, subscribers or guests belongs to this process.
    [[nodiscard]] bool owns(std::size_t index) const { return index % size() == number_; }

    // ---- phases
    [[nodiscard]] Phase phase() const {
        return static_cast<Phase>(words_[0].phase.load(std::memory_order_acquire));
    }
    /// Only who leads.
    void enter(Phase phase);
    /// When messages begin to flow. To be set before `warming_up`.
    [[nodiscard]] node::Instant flow_from() const {
        return node::Instant{node::Duration{words_[0].flow_from.load(std::memory_order_relaxed)}};
    }
    void set_flow_from(node::Instant when) {
        words_[0].flow_from.store(when.time_since_epoch().count(), std::memory_order_relaxed);
    }

    // ---- how far they are
    void stand(const Standing& mine);
    [[nodiscard]] Standing all() const;
    /// Empty, or which process has ended before its time. Only who leads.
    [[nodiscard]] std::string who_ended();

    // ---- of each publisher
    /// By its own process, before the message leaves.
    void set_sent(std::size_t stream, std::uint32_t count) {
        sent_[stream].store(count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint32_t sent(std::size_t stream) const {
        return sent_[stream].load(std::memory_order_relaxed);
    }
    /// Its receivers have not heard it: it is to ask again.
    void ask(std::size_t stream) { asks_[stream].store(true, std::memory_order_relaxed); }
    [[nodiscard]] bool is_asked(std::size_t stream) {
        return asks_[stream].exchange(false, std::memory_order_relaxed);
    }
    /// So many deliveries of a publisher of another process need not be waited for any more.
    void settle(std::size_t stream, std::uint32_t deliveries);
    /// All that others have settled, from the beginning.
    [[nodiscard]] std::uint64_t settled(std::size_t stream) const;
    /// Wakes those whose publishers were settled in this turn.
    void wake_others();
    /// Readable when others have settled something.
    [[nodiscard]] int wakes() const { return wakes_[number_].number(); }

    // ---- the end
    void bring_in(const Harvest& mine);
    /// Of all who have not ended before. Only who leads.
    [[nodiscard]] bool is_all_in() const;
    [[nodiscard]] std::vector<const Harvest*> harvests() const;

private:
    /// Words of the process that leads.
    struct Words {
        std::atomic<std::uint64_t> phase{0};
        std::atomic<std::int64_t> flow_from{0};
    };
    using StandingWords = std::array<std::uint64_t, sizeof(Standing) / sizeof(std::uint64_t)>;
    struct alignas(64) StandingBoard {
        std::array<std::atomic<std::uint64_t>, std::tuple_size_v<StandingWords>> words{};
    };
    struct Barn {
        Harvest harvest;
        std::atomic<bool> is_in{false};
    };

    static constexpr pid_t ended = 0;

    SharedArray<Words> words_;
    SharedArray<StandingBoard> standings_;
    SharedArray<Barn> barns_;
    SharedArray<std::atomic<std::uint32_t>> sent_;  ///< by stream
    SharedArray<std::atomic<bool>> asks_;  ///< by stream
    SharedArray<std::atomic<std::uint64_t>> settled_;  ///< by process, then stream
    std::vector<Descriptor> wakes_;
    std::vector<pid_t> others_;  ///< from number 1 on; known to who leads
    std::vector<bool> to_wake_;
    std::size_t number_ = 0;
};

}  // namespace grapevine::cli::bench
