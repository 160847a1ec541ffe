/// The way from one loop to another: whole batches, in order, without a lock. One thread pushes,
/// one pops.
#pragma once

#include "node/loop.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace grapevine::node {

template <class Batch>
class BatchQueue {
public:
    /// `take` is called with each batch, in turns of `consumer`: a few in each, so that who is
    /// always behind still ends its turns. `bytes_max`: what may wait, beyond one batch.
    BatchQueue(Loop& consumer, std::size_t bytes_max, std::function<void(Batch&)> take)
        : consumer_(consumer), bytes_max_(bytes_max), take_(std::move(take)) {}
    ~BatchQueue() {
        for (Pushed left = pop(); left.batch != nullptr; left = pop())
            delete left.batch;
        for (std::size_t at = returned_; at != recycled_.load(); ++at)
            delete spare_[at % spare_capacity];
        *alive_ = false;
    }
    BatchQueue(const BatchQueue&) = delete;
    BatchQueue& operator=(const BatchQueue&) = delete;

    // ---- the pushing thread
    /// One that was used before, if there is one: what it holds of memory is used again.
    std::unique_ptr<Batch> make() {
        if (returned_ == recycled_.load(std::memory_order_acquire))
            return std::make_unique<Batch>();
        return std::unique_ptr<Batch>{spare_[returned_++ % spare_capacity]};
    }
    [[nodiscard]] bool is_full() const {
        return pushed_.load(std::memory_order_relaxed) - popped_.load(std::memory_order_acquire) ==
                   capacity ||
               waiting_bytes_.load() > bytes_max_;
    }
    /// Must not be full. `bytes`: about what it holds.
    void push(std::unique_ptr<Batch> batch, std::size_t bytes) {
        const std::size_t at = pushed_.load(std::memory_order_relaxed);
        waiting_bytes_.fetch_add(bytes);
        batches_[at % capacity] = {batch.release(), bytes};
        pushed_.store(at + 1, std::memory_order_release);
        wake();
    }
    /// Sleeps until there is room. Whoever pops must not wait for whoever pushes. False: closed.
    bool wait_for_room() {
        for (;;) {
            const std::uint32_t seen = room_.load();
            if (is_closed_.load()) return false;
            if (!is_full()) return true;
            room_.wait(seen);
        }
    }

    /// From any thread: nobody waits for room any more.
    void close() {
        is_closed_.store(true);
        room_.fetch_add(1);
        room_.notify_all();
    }

private:
    /// Turns of the one loop that the other may be behind. A power of two.
    static constexpr std::size_t capacity = 64;
    /// All there are: those pushed, and one in work at each end.
    static constexpr std::size_t spare_capacity = 2 * capacity;
    /// Batches of one turn. More: fewer turns under load; fewer: others get their turn sooner.
    static constexpr int taken_per_turn_max = 4;
    /// A batch that held more is not used again: it would keep its memory.
    static constexpr std::size_t recycled_bytes_max = 256 * 1024;

    struct Pushed {
        Batch* batch = nullptr;
        std::size_t bytes = 0;
    };

    /// One wake-up for all that is pushed before the other end looks.
    void wake() {
        if (wakes_.exchange(true)) return;
        consumer_.post([this, alive = alive_] {
            if (*alive) look();
        });
    }

    // ---- the popping thread
    void look() {
        // Reads what push() wrote: what was pushed before is seen now.
        wakes_.exchange(false);
        for (int taken = 0; taken < taken_per_turn_max; ++taken) {
            const Pushed pushed = pop();
            if (pushed.batch == nullptr) return;
            std::unique_ptr<Batch> batch{pushed.batch};
            take_(*batch);
            if (pushed.bytes <= recycled_bytes_max) give_back(std::move(batch));
        }
        // There may be more: after what else this turn has.
        wake();
    }
    /// None: that was all.
    Pushed pop() {
        const std::size_t at = popped_.load(std::memory_order_relaxed);
        if (at == pushed_.load(std::memory_order_acquire)) return {};
        const Pushed pushed = batches_[at % capacity];
        popped_.store(at + 1, std::memory_order_release);
        waiting_bytes_.fetch_sub(pushed.bytes);
        room_.fetch_add(1);
        room_.notify_one();
        return pushed;
    }
    void give_back(std::unique_ptr<Batch> batch) {
        const std::size_t at = recycled_.load(std::memory_order_relaxed);
        spare_[at % spare_capacity] = batch.release();
        recycled_.store(at + 1, std::memory_order_release);
    }

    Loop& consumer_;
    std::size_t bytes_max_;
    std::function<void(Batch&)> take_;
    std::array<Pushed, capacity> batches_{};
    std::array<Batch*, spare_capacity> spare_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< of the popping thread
    alignas(64) std::atomic<std::size_t> pushed_{0};
    std::size_t returned_ = 0;  ///< of the pushing thread
    alignas(64) std::atomic<std::size_t> popped_{0};
    alignas(64) std::atomic<std::size_t> recycled_{0};
    std::atomic<std::size_t> waiting_bytes_{0};
    alignas(64) std::atomic<std::uint32_t> room_{0};  ///< counts what makes wait_for_room() look
    alignas(64) std::atomic<bool> wakes_{false};
    std::atomic<bool> is_closed_{false};
};

}  // namespace grapevine::node
