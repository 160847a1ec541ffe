/// The other nodes as this one sees them, and whether they live.
///
///   (unknown) ─ link ready ─▶ joining ─ has our first copy of its log ─▶ alive ◀───┐
///                                                                    │         │ heard again,
///                                       silent 3 s, or last link lost ▼         │ or by another
///                                                                suspect ───────┘
///             2 to 8 s more (Suspicions), or nobody listens at its address any more ▼
///                                              down (hidden, log kept) ─ link ready ─▶ alive
///                                                │ 10 min
///                                                ▼
///   left (said LEAVE: final for that epoch) ─▶ forgotten
///
/// Only a link of our own makes a member; what others tell about it only gives an address to dial.
/// A member whom we do not hear but another node does, by an echo of our own new nonce, stays
/// alive.
///
/// If many fall silent at once it is more likely that we are cut off: then nobody counts as down
/// for a while (the brake), unless its host itself says that nobody listens there any more.
#pragma once

#include "mesh/events.hpp"
#include "mesh/mesh_config.hpp"
#include "mesh/node_map.hpp"
#include "mesh/now.hpp"
#include "mesh/suspicions.hpp"
#include "proto/mesh_frames.hpp"

#include <map>
#include <string>
#include <vector>

namespace grapevine::mesh {

using proto::Epoch;
using proto::MemberState;

struct Member {
    NodeId node;
    Epoch epoch;
    proto::Boot boot;
    std::string name;
    std::string address;  ///< what to dial; empty: it told none
    MemberState state = MemberState::joining;
    bool ready = false;  ///< a whole copy of its log was here at least once in this epoch
    bool linked = false;
    std::uint32_t refute = 0;  ///< how often it has contradicted a suspicion in this epoch
    std::uint32_t refusals = 0;  ///< of dials since it is suspect
    bool is_deaf = false;  ///< it is linked, and nothing comes
    NodeId relay;  ///< who last reached it for us
    Instant reached{};  ///< when
    Instant probed{};  ///< when others were last asked
    proto::Version ready_at;  ///< joining ends when this much of its log is here
    Instant since{};  ///< when the state was entered; written once per state
    Instant last_equal = never;  ///< when its version and hash were last the same as our copy's

    bool condemned = false;  ///< enough of its neighbours do not hear it
    Instant beat{};  ///< while it is down: when a first sign of life was passed on to us
    bool lingers = false;  ///< it left, and its users are still shown

    [[nodiscard]] bool is_visible() const {
        return ready && (state == MemberState::alive || state == MemberState::suspect || lingers);
    }
};

/// What the hub must do because a member's state changed.
struct MemberNews {
    enum class What : std::uint8_t {
        show,  ///< its users count again, or for the first time
        hide,  ///< its users count no more; its log is kept
        redial,  ///< reach it again at once
        probe,  ///< ask others whether they reach it
        accuse,  ///< tell others that it is silent
        drop_links,  ///< it is down
        drop_deaf,  ///< it lives, but not through its links
        part,  ///< it left: its users are still shown, and nothing else of it counts
        forget,  ///< its log too
    };
    NodeId node;
    What what{};
};
using MemberChanges = std::vector<MemberNews>;

class Members {
public:
    explicit Members(const MeshConfig& config) : config_(config), suspicions_(config) {}

    /// A link to this process is ready. True if its epoch is new here: its log must begin empty.
    bool linked(
        const proto::Hello& hello,
        std::string address,
        Now now,
        MemberChanges& changes,
        Events& events);
    void lost_link(NodeId node, Now now, MemberChanges& changes, Events& events);
    /// Neither end needed the link: it lives, and others tell of it.
    void rests(NodeId node, Now now);
    /// Nobody listens at the address of a member that was lost.
    void refused(NodeId node, Now now, MemberChanges& changes, Events& events);
    void left(NodeId node, Epoch epoch, Now now, MemberChanges& changes, Events& events);
    /// Its log reaches up to `version` here: perhaps that ends joining.
    void
    holds(NodeId node, proto::Version version, Now now, MemberChanges& changes, Events& events);
    void ready_at(NodeId node, proto::Version version);
    void is_equal(NodeId node, Now now);

    // ---- what others say
    /// `by` does not hear this member.
    struct Accused {
        bool counts = false;  ///< it is about this life of it, and not refuted
        bool is_news = false;  ///< and `by` had not said so before
    };
    /// `quorum`: so many are enough for a member that only others hear. Zero: there are none.
    Accused accused(
        const proto::Suspect& suspect,
        NodeId by,
        std::size_t quorum,
        Now now,
        MemberChanges& changes,
        Events& events);
    /// A sign of life of this epoch was passed on to us.
    void
    heard_of(NodeId node, std::uint32_t refute, Now now, MemberChanges& changes, Events& events);
    /// It contradicts. Whom to tell: those who accused it here; nobody if that is no news.
    std::vector<NodeId> refuted(NodeId node, Epoch epoch, std::uint32_t refute);
    /// `relay` has an echo of our new nonce from it. Whether that ends a suspicion.
    bool reached(NodeId node, NodeId relay, Now now, Events& events);
    /// `by` was asked and does not reach it either.
    void denied(NodeId node, NodeId by, Now now, MemberChanges& changes, Events& events);

    /// When each linked node was last heard, by node. `patience`: how many times longer than usual
    /// to wait.
    using LastHeard = std::vector<std::pair<NodeId, Instant>>;
    void tick(
        const LastHeard& last_heard, int patience, Now now, MemberChanges& changes, Events& events);

    /// This node was stopped for `lag`: that time counts against nobody who is suspected.
    void forgive(Duration lag);

    [[nodiscard]] const Member* find(NodeId node) const;
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto [node, member] : members_)
            visit(member);
    }
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    [[nodiscard]] bool any_ready() const;
    /// How many there should be links to: those that did not leave and are not long down.
    [[nodiscard]] std::size_t expected(Now now) const;
    /// Nobody counts as down until then: too many fell silent at once.
    [[nodiscard]] bool is_braked(Now now) const { return now.steady < braked_until_; }
    /// An epoch somebody has seen of a node, first-hand or not. Outlives the member itself. True
    /// if it is later than any seen before.
    bool saw_epoch(NodeId node, Epoch epoch);
    /// What the epoch of this process must exceed; zero if it already does.
    [[nodiscard]] Epoch floor_for(const proto::Hello& hello) const;
    /// As others are told; nothing about nodes that left or were never met.
    [[nodiscard]] proto::MemberFact fact(const Member& member) const;

private:
    void enter(Member& member, MemberState state, Now now);
    void suspect(
        Member& member,
        Duration silent,
        bool link_lost,
        Now now,
        MemberChanges& changes,
        Events& events);
    void clear(Member& member, Now now, Events& events);
    void watch_suspect(Member& member, int patience, Now now, MemberChanges& c, Events& events);
    /// Down at once if its host refuses us and that is believable.
    void judge_refusal(Member& member, Now now, MemberChanges& changes, Events& events);
    void
    condemn(Member& member, std::size_t quorum, Now now, MemberChanges& changes, Events& events);
    void brake(Now now, Events& events);
    /// Members but this one that are alive and linked: their word could count.
    [[nodiscard]] std::size_t able(const Member& but) const;
    /// Members that live or might.
    [[nodiscard]] std::size_t living() const;
    void go_down(Member& member, Now now, bool refused, MemberChanges& changes, Events& events);
    void make_ready(Member& member, Now now, MemberChanges& changes, Events& events);

    const MeshConfig& config_;
    NodeMap<Member> members_;
    NodeMap<Epoch> epochs_seen_;
    Suspicions suspicions_;
    Instant braked_until_ = Instant::min();
};

}  // namespace grapevine::mesh
