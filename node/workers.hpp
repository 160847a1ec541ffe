/// The loops of a node besides loop 0, as loop 0 has them: makes them, spreads sockets over them,
/// carries batches, sums what they report, and sees when one stands still.
#pragma once

#include "mesh/other_loops.hpp"
#include "node/journal.hpp"
#include "node/worker.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace grapevine::node {

class Workers {
public:
    /// `options` of all, but for the index. `heard(loop, batch)` is called in turns of loop 0.
    Workers(
        Loop& loop,
        std::size_t loops,
        const mesh::SessionsConfig& sessions,
        const Worker::Options& options,
        Journal& journal,
        std::function<void(std::size_t, LoopBatch&)> heard);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Which has the fewest connections and runs; null: loop 0, which has `own_load`.
    [[nodiscard]] Worker* least_loaded(std::uint64_t own_load);
    /// Tells every loop what waits for it.
    void hand_over(mesh::OtherLoops& loops);
    /// As Worker::use, for all.
    void use(const mesh::TokenAuthenticator::Keys& keys);
    /// No loop lets anybody in from now on.
    void leave() { leaving_.store(true); }

    /// As of their last batches, half a second ago at most if they run.
    [[nodiscard]] LoopReport sum() const;
    [[nodiscard]] std::size_t size() const { return workers_.size(); }
    /// Loops that stand still: nothing was heard of them for two seconds.
    [[nodiscard]] std::uint64_t stalled() const;
    /// Times that one was found to stand still.
    [[nodiscard]] std::uint64_t stalls_seen() const { return stalls_seen_; }

private:
    void look();

    Loop& loop_;
    Journal& journal_;
    std::atomic<bool> leaving_{false};
    std::vector<std::unique_ptr<Worker>> workers_;  ///< of loops 1, 2, ...
    std::vector<bool> stalled_;
    std::uint64_t stalls_seen_ = 0;
    Instant looked_at_;
    TimerId timer_;
};

}  // namespace grapevine::node
