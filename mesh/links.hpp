/// All links of a node: handshakes, which of several links to one node is used, and the hand-over
/// between them.
///
/// Says what became of links as facts; the hub carries those to membership, dialling and
/// replication. For every pair of processes both ends agree on the better link by its name alone.
#pragma once

#include "mesh/events.hpp"
#include "mesh/link.hpp"
#include "mesh/mesh.hpp"
#include "mesh/mesh_config.hpp"
#include "mesh/node_map.hpp"

#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace grapevine::mesh {

/// The peer proved itself and nothing speaks against it: answer with welcome().
struct LinkProven {
    LinkId link;
};
/// A link is ready for data: answer with activate(). `first`: no other link to this process is in
/// use.
struct LinkEstablished {
    LinkId link;
    bool first = false;
};
/// The peer said LinkActive: it is ready too, and its log ends at `active.version`.
struct LinkActivated {
    LinkId link;
    proto::LinkActive active;
};
/// Data moves from one link to another of the same node; sync state moves along.
struct SendingMoved {
    LinkId from;
    LinkId to;
};
/// What was kept on this link may be read now.
struct LinkReadable {
    LinkId link;
};
/// A link whose handshake was complete is over. `replaced`: in good order, the other end has read
/// all of it.
struct LinkEnded {
    LinkId link;
    bool replaced = false;
};
/// No link to this node is left.
struct NodeLost {
    NodeId node;
};
/// The link to this node ended because neither end needs it: the node lives.
struct NodeRests {
    NodeId node;
};
/// A dial came to an end. `node` is who answered, if that is known.
struct DialEnded {
    std::string address;
    NodeId node;
    bool complete = false;
    bool is_self = false;
    bool refused = false;  ///< nobody listens there
    bool wrong_node = false;  ///< somebody else answers there now
};
using LinkFact = std::variant<
    LinkProven,
    LinkEstablished,
    LinkActivated,
    SendingMoved,
    LinkReadable,
    LinkEnded,
    NodeLost,
    NodeRests,
    DialEnded,
    LinkRefused>;
using LinkFacts = std::vector<LinkFact>;

class Links {
public:
    Links(const MeshConfig& config, MeshCounters& counters)
        : config_(config), counters_(counters) {}

    // ---- life of a link
    /// Asks for a dial; `expected` is set when a certain node is meant.
    void dial(const std::string& address, NodeId expected, Now now, MeshOutput& output);
    /// A link to `to` that is carried by another node, called `via`: as dial(), and its transport
    /// is open.
    LinkId open_tunnel(
        NodeId to,
        const std::string& via,
        Nonce nonce,
        const Identity& self,
        Now now,
        MeshOutput& output);
    void on(const LinkOpened& opened, const Identity& self, Now now, MeshOutput& output);
    void on(const LinkClosed& closed, LinkFacts& facts, MeshOutput& output);
    void on(const DialFailed& failed, LinkFacts& facts);
    /// `patience`: how many times longer than usual to wait for what is awaited.
    void tick(Now now, int patience, LinkFacts& facts, MeshOutput& output);
    void close(Link& link, LinkEnd why, LinkFacts& facts, MeshOutput& output);
    void close_node(NodeId node, LinkEnd why, LinkFacts& facts, MeshOutput& output);
    /// Neither end needs it: it ends when all that is queued was said, and nothing replaces it.
    void rest(Link& link, Now now, LinkFacts& facts);
    void close_all(LinkEnd why, LinkFacts& facts, MeshOutput& output);
    /// Tells the peer why, then closes.
    void refuse(
        Link& link,
        proto::RefuseReason reason,
        std::string text,
        LinkFacts& facts,
        MeshOutput& output);

    // ---- frames that are about the link itself
    void on_handshake(
        Link& link, const proto::MeshFrame& frame, Now now, LinkFacts& facts, MeshOutput& output);
    void
    on(Link& link, const proto::LinkActive& active, Now now, LinkFacts& facts, MeshOutput& output);
    void on(Link& link, const proto::LinkSwitch& frame, LinkFacts& facts, MeshOutput& output);
    void on(Link& link, const proto::Refuse& refuse, LinkFacts& facts, MeshOutput& output);
    void on(Link& link, const proto::Rest& rest, Now now, LinkFacts& facts);
    void on(Link& link, const proto::Probe& probe);
    /// False if it answers nothing that was asked here.
    bool on(Link& link, const proto::Echo& echo, LinkFacts& facts, MeshOutput& output);

    // ---- answers to facts
    void
    welcome(LinkId link, proto::Welcome welcome, Now now, LinkFacts& facts, MeshOutput& output);
    void activate(LinkId link, proto::Version version, std::uint64_t sethash);

    // ---- sending
    [[nodiscard]] Link* find(LinkId link);
    [[nodiscard]] const Link* find(LinkId link) const {
        return const_cast<Links*>(this)->find(link);
    }
    /// The link that data to this node goes through; null if there is none.
    [[nodiscard]] Link* to(NodeId node);
    [[nodiscard]] const Link* to(NodeId node) const { return const_cast<Links*>(this)->to(node); }
    /// False: nothing was queued, because the link is over or speaks a version of the protocol that
    /// does not have this frame. Who tells many need not care; who needs it told asks for
    /// Link::version() first.
    bool send(Link& link, FrameClass of, const proto::MeshFrame& frame);
    /// Proven ones, by id: in use or not, closing ones included.
    [[nodiscard]] const std::vector<Link*>& all_to(NodeId node) const;
    /// Must be called after anything was put into a link's queue.
    void mark_dirty(Link& link);
    /// Calls visit(link) for every link in use that something may be queued for in this turn.
    template <class Visit>
    void for_each_dirty(Visit visit) {
        for (std::size_t at = 0; at < dirty_.size(); ++at) {
            Link* const link = find(dirty_[at]);
            if (link != nullptr && link == to(link->node())) visit(*link);
        }
    }
    [[nodiscard]] bool any_dirty() const { return !dirty_.empty(); }
    /// Hands queued messages to the edge, as far as flight limits allow.
    void hand_out(LinkFacts& facts, MeshOutput& output);

    /// Whether this link's data must be kept until another has ended.
    [[nodiscard]] bool must_keep(const Link& link) const {
        return static_cast<bool>(link.read_after);
    }
    void keep(Link& link, std::string_view message, LinkFacts& facts, MeshOutput& output);

    /// The loop was late by `lag`: nobody's silence counts for that time.
    void forgive(Duration lag);

    template <class Visit>
    void for_each(Visit visit) {
        for (auto& [id, link] : links_)
            visit(link);
    }
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto& [id, link] : links_)
            visit(link);
    }
    /// Calls visit(node, link) for the link in use of every node.
    template <class Visit>
    void for_each_node(Visit visit) {
        for (const auto [node, link] : sending_)
            visit(node, *link);
    }
    template <class Visit>
    void for_each_node(Visit visit) const {
        for (const auto [node, link] : sending_)
            visit(node, std::as_const(*link));
    }
    [[nodiscard]] std::size_t size() const { return links_.size(); }
    /// Nodes that have a link in use.
    [[nodiscard]] std::size_t nodes() const { return sending_.size(); }
    void check_invariants() const;

private:
    void note_refusal(
        const Link& link,
        proto::RefuseReason reason,
        std::string text,
        bool by_peer,
        LinkFacts& facts);
    void note_self(const Link& link, LinkFacts& facts);
    void refuse_name(Link& link, LinkFacts& facts, MeshOutput& output);
    void say(Link& link, const Handshake::Frames& frames);
    void proven(Link& link, Now now, LinkFacts& facts, MeshOutput& output);
    void complete(Link& link, Now now, LinkFacts& facts, MeshOutput& output);
    void ended(Link& link, bool replaced, LinkFacts& facts, MeshOutput& output);
    void release_readers(const Link& of, LinkFacts& facts);
    void seal(Link& link, Now now);
    [[nodiscard]] bool is_silent(const Link& link, Now now) const;
    [[nodiscard]] bool is_overdue(const Link& link, Now now) const;
    void drop_forsaken(Link& link, LinkFacts& facts, MeshOutput& output);
    void finish_switch(Link& link, LinkFacts& facts, MeshOutput& output);
    /// What the peer of `link` calls so, if it is proven here and may still bring something. Names
    /// are told apart only among the links of two processes.
    [[nodiscard]] const Link* find_named(LinkName name, const Link& link) const;
    [[nodiscard]] bool is_better(const Link& link, const Link& than) const;

    /// The newest LinkActive read of one process.
    struct Newest {
        proto::Boot boot;
        std::uint64_t number = 0;
        LinkName after;
    };
    /// Whether the peer took another link into use after this one, and this one no more.
    [[nodiscard]] bool is_forsaken(const Link& link, const proto::LinkActive& active);

    const MeshConfig& config_;
    MeshCounters& counters_;
    std::map<LinkId, Link> links_;
    std::map<NodeId, Newest> newest_;
    NodeMap<std::vector<Link*>> of_node_;
    NodeMap<Link*> sending_;
    std::vector<LinkId> dirty_;
    std::string encoded_;  ///< reused by send()
    int patience_ = 1;
    std::uint64_t dials_ = 0;
    std::uint64_t probes_ = 0;
    std::uint64_t completions_ = 0;
    std::uint64_t activations_ = 0;
};

}  // namespace grapevine::mesh
