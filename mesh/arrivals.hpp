/// Publications that come from other nodes, and the answers to those for users: written, or nobody
/// here. Never forwarded on.
///
/// Answers leave together: those of a turn, and those that nobody waits for with what goes the same
/// way next, or after a moment. They leave on the link that is in use then: a copy is known by its
/// id and the node it was sent to, and the link it came on may be over by now. Where neighbours
/// alone keep links it may be the last one, let go of while the copy was under way: the answers
/// then wait for one that is made for them.
#pragma once

#include "mesh/exchange.hpp"
#include "mesh/fifo.hpp"
#include "mesh/flat_map.hpp"
#include "mesh/mesh.hpp"
#include "mesh/reach.hpp"

#include <map>
#include <string>
#include <vector>

namespace grapevine::mesh {

class Arrivals {
public:
    explicit Arrivals(Reach reach) : reach_(reach) {}

    void
    on(const Link& link,
       const proto::Forward& forward,
       proto::HashKey hash_key,
       Now now,
       MeshOutput& output);
    /// What Sessions did with a copy.
    void on(const Delivered& delivered, Now now);
    /// A client here has taken a message of another node. If many wait already, or there is no way
    /// to it, it is dropped and counted: a client may say so as often as it likes.
    void pass_on(const Acknowledge& acknowledge, Now now);
    /// Queues the answers that are due.
    void flush(Now now);
    [[nodiscard]] Instant flush_at() const { return flush_at_; }
    /// This node leaves: nothing waits any more.
    void hurry(Now now);
    /// Its process has gone, or cannot be reached: nobody waits for answers.
    void node_lost(NodeId node);
    /// A node that is forgotten here may return while it still repeats its messages: those are
    /// remembered for their own time.
    void forget(NodeId node);
    void tick(Now now);

private:
    /// The messages of one node that may come again, and up to which version sessions that joined
    /// have them. Kept for as long as their sender may repeat them.
    struct Window {
        struct Entry {
            std::uint64_t key = 0;
            Instant seen{};
        };
        FlatMap<Version> written;
        Fifo<Entry> order;
    };

    /// What became of one node's copies, for the end of the turn.
    struct Answers {
        std::vector<std::uint64_t> written;  ///< copies
        std::string sessions;  ///< that each was written to; empty: one each
        std::vector<std::uint64_t> denied;
        Instant due = never;

        void add_written(std::uint64_t copy, std::uint32_t count);
        [[nodiscard]] bool empty() const { return written.empty() && denied.empty(); }
        void clear();
    };

    void forget_old(Window& window, Now now) const;
    /// Sessions that joined until this version have the message already.
    [[nodiscard]] Version seen(NodeId from, const proto::Forward& forward, Now now);
    /// Without a link they are dropped.
    void tell(Link* to, Answers& answers);
    /// Most answers of a turn are for the node of the one before: not looked up again.
    Answers& answers_for(NodeId node) {
        if (recent_ == nullptr || recent_node_ != node) {
            recent_ = &answers_[node];
            recent_node_ = node;
        }
        return *recent_;
    }

    Reach reach_;
    std::map<NodeId, Window> windows_;
    std::map<NodeId, Answers> answers_;
    Answers* recent_ = nullptr;
    NodeId recent_node_;
    std::vector<NodeId> answering_;  ///< nodes with answers to flush
    Instant flush_at_ = never;
};

}  // namespace grapevine::mesh
