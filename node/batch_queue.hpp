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
    /// `taken` is called in turns of `consumer` after something was pushed: it pops all there is.
    BatchQueue(Loop& consumer, std::function<void()> taken)
        : consumer_(consumer), taken_(std::move(taken)) {}
    ~BatchQueue() {
        while (pop() != nullptr) {
        }
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
               capacity;
    }
    /// Must not be full.
    void push(std::unique_ptr<Batch> batch) {
        const std::size_t at = pushed_.load(std::memory_order_relaxed);
        batches_[at % capacity] = batch.release();
        pushed_.store(at + 1, std::memory_order_release);
        // One wake-up for all that is pushed before the other end looks.
        if (!wakes_.exchange(true))
            consumer_.post([this, alive = alive_] {
                if (*alive) look();
            });
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

    // ---- the popping thread
    /// Null: that was all.
    std::unique_ptr<Batch> pop() {
        const std::size_t at = popped_.load(std::memory_order_relaxed);
        if (at == pushed_.load(std::memory_order_acquire)) return nullptr;
        std::unique_ptr<Batch> batch{batches_[at % capacity]};
        popped_.store(at + 1, std::memory_order_release);
        room_.fetch_add(1);
        room_.notify_one();
        return batch;
    }
    /// An empty one, to be used again.
    void give_back(std::unique_ptr<Batch> batch) {
        const std::size_t at = recycled_.load(std::memory_order_relaxed);
        spare_[at % spare_capacity] = batch.release();
        recycled_.store(at + 1, std::memory_order_release);
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

    void look() {
        // Reads what push() wrote: what was pushed before is seen now.
        wakes_.exchange(false);
        taken_();
    }

    Loop& consumer_;
    std::function<void()> taken_;
    std::array<Batch*, capacity> batches_{};
    std::array<Batch*, spare_capacity> spare_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< of the popping thread
    alignas(64) std::atomic<std::size_t> pushed_{0};
    std::size_t returned_ = 0;  ///< of the pushing thread
    alignas(64) std::atomic<std::size_t> popped_{0};
    alignas(64) std::atomic<std::size_t> recycled_{0};
    alignas(64) std::atomic<std::uint32_t> room_{0};  ///< counts what makes wait_for_room() look
    alignas(64) std::atomic<bool> wakes_{false};
    std::atomic<bool> is_closed_{false};
};

}  // namespace grapevine::node
