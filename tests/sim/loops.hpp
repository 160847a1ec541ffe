/// The sessions of one simulated process: those on the loop of Mesh, in its Driver, and those of
/// the node's other loops. What crosses between two loops takes a while each time, and keeps its
/// order.
#pragma once

#include "mesh/driver.hpp"
#include "mesh/rng.hpp"
#include "tests/sim/scheduler.hpp"

#include <functional>
#include <vector>

namespace grapevine::sim {

class Loops {
public:
    using Fact = std::function<void(mesh::Now)>;
    /// What arrives is a fact of the process.
    using Post = std::function<void(Fact)>;

    /// `crossing_most`: how long a batch takes from one loop to another.
    Loops(
        Scheduler& clock,
        mesh::Driver& driver,
        std::uint64_t seed,
        Duration crossing_most,
        Post post);

    /// Where the next session is put.
    [[nodiscard]] std::size_t place();
    template <class OfSession>
    void on(const OfSession& fact, mesh::Now now) {
        const std::size_t loop = mesh::loop_of(fact.session);
        if (loop == 0) return driver_.on(fact, now);
        Other& other = others_[loop - 1];
        other.sessions->handle(fact, now, other.output);
    }
    void time_reached(mesh::Now now);
    [[nodiscard]] Instant next_deadline() const;
    /// After the driver's: what sessions want is in its edge, and batches are on their way.
    void end_turn();
    /// The process ends in order: they are told so, however late they are.
    void shut_down(mesh::Now now);

    /// A loop besides the first hears nothing and is not heard until then.
    void stall(std::size_t loop, Instant until);

    // ---- of all loops
    [[nodiscard]] std::size_t session_count() const;
    [[nodiscard]] std::size_t queued_bytes(proto::SessionId session) const;
    /// Grows when a session came, went or said something other than a publication, and when Mesh
    /// hears of that.
    [[nodiscard]] std::uint64_t progress() const;
    void check_invariants() const;

private:
    struct Other {
        std::unique_ptr<mesh::Sessions> sessions;
        mesh::SessionsOutput output;
        std::size_t taken_bytes = 0;
        Instant input_at{};  ///< when the last batch to it arrives
        Instant output_at{};  ///< and the last one from it
    };

    /// The next batch on this way arrives then.
    Instant arrival(Instant& last);
    void collect(Other& other);

    Scheduler& clock_;
    mesh::Driver& driver_;
    mesh::Rng rng_;
    Duration crossing_most_;
    Post post_;
    std::vector<Other> others_;
    std::uint64_t heard_ = 0;  ///< changes that crossed to Mesh
};

}  // namespace grapevine::sim
