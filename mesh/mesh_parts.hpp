/// The inside of Mesh: its components, and the hub that carries values between them. None of them
/// knows another; what one learns and another needs passes through here. Included only by
/// mesh_*.cpp.
#pragma once

#include "mesh/arrivals.hpp"
#include "mesh/data_links.hpp"
#include "mesh/dialer.hpp"
#include "mesh/flows.hpp"
#include "mesh/inquiries.hpp"
#include "mesh/links.hpp"
#include "mesh/local_counts.hpp"
#include "mesh/local_health.hpp"
#include "mesh/members.hpp"
#include "mesh/mesh.hpp"
#include "mesh/overlay.hpp"
#include "mesh/probes.hpp"
#include "mesh/receipts.hpp"
#include "mesh/refusals.hpp"
#include "mesh/relay.hpp"
#include "mesh/replicas.hpp"
#include "mesh/replication.hpp"
#include "mesh/router.hpp"
#include "mesh/tables.hpp"
#include "mesh/tunnels.hpp"

namespace grapevine::mesh {

struct Mesh::Parts {
    Parts(const Mesh& owner, MeshConfig configured, Now start);

    /// What those who send publications look at.
    [[nodiscard]] Reach reach();

    // ---- mesh_hub.cpp: inputs
    void on(const LinkOpened& opened, Now now, MeshOutput& output);
    void on(const LinkReceived& received, Now now, MeshOutput& output);
    void on(const LinkClosed& closed, Now now, MeshOutput& output);
    void on(const LinkDrained& drained, Now now, MeshOutput& output);
    void on(const DialFailed& failed, Now now, MeshOutput& output);
    void on(const Resolved& resolved, Now now, MeshOutput& output);
    void on(const LocalChange& change, Now now, MeshOutput& output);
    void on(const Question& question, Now now, MeshOutput& output);
    void on(LeaveWanted wanted, Now now, MeshOutput& output);
    void on(TimeReached reached, Now now, MeshOutput& output);
    void on(TurnEnded ended, Now now, MeshOutput& output);

    // ---- mesh_messages.cpp: publications
    void on(Publish& publish, Now now, MeshOutput& output);
    void on(const SendToUsers& send, Now now, MeshOutput& output);
    void on(const Acknowledge& acknowledge, Now now, MeshOutput& output);
    void on(const Delivered& delivered, Now now, MeshOutput& output);
    /// What became of messages, to those who wait for it.
    void tell_receipts(MeshOutput& output) {
        if (!flows.news().empty()) tell_news(output);
    }
    void tell_news(MeshOutput& output);
    [[nodiscard]] std::string name_of(NodeId node) const;

    // ---- mesh_presence.cpp: who is subscribed to a channel
    void on(const Inquiry& inquiry, Now now, MeshOutput& output);
    void on(const LoopFound& found, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Query& query, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Found& found, Now now, MeshOutput& output);
    /// Whether it will be asked, on a link that is there or is being made.
    [[nodiscard]] bool ask(NodeId node, const proto::Query& query, Now now);
    /// What inquiries led to, to those who wait for it.
    void tell_inquired(MeshOutput& output);
    void tell_found(const Inquiries::Reply& reply);

    // ---- mesh_hub.cpp: what components tell, carried to the others until nobody has news
    void settle(Now now, MeshOutput& output);
    void on_fact(const LinkProven& proven, Now now, MeshOutput& output);
    void on_fact(const LinkEstablished& established, Now now, MeshOutput& output);
    void on_fact(const LinkActivated& activated, Now now, MeshOutput& output);
    void on_fact(const SendingMoved& moved, Now now, MeshOutput& output);
    void on_fact(const LinkReadable& readable, Now now, MeshOutput& output);
    void on_fact(const LinkEnded& ended, Now now, MeshOutput& output);
    void on_fact(const NodeLost& lost, Now now, MeshOutput& output);
    void on_fact(const NodeRests& rests, Now now, MeshOutput& output);
    void on_fact(const DialEnded& ended, Now now, MeshOutput& output);
    void on_fact(const LinkRefused& refused, Now now, MeshOutput& output);
    void on_news(const MemberNews& news, Now now, MeshOutput& output);
    /// Its links end, and what is remembered about it besides its log.
    void take_leave_of(NodeId node, MeshOutput& output);

    // ---- mesh_frames.cpp: what peers say
    void read(Link& link, std::string_view message, Now now, MeshOutput& output);
    void reject(Link& link, std::string why, MeshOutput& output);
    void on_frame(Link& link, const proto::LinkActive& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::LinkSwitch& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Refuse& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Ping& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Pong& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Members& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Leave& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Probe& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Catchup& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Delta& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::SnapBegin& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::SnapChunk& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::SnapEnd& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Forward& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Done& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Nack& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Acked& frame, Now now, MeshOutput& output);
    // ---- mesh_liveness.cpp: who lives
    void on_frame(Link& link, const proto::Echo& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::PingReq& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::PingNack& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Suspect& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Refute& frame, Now now, MeshOutput& output);
    /// Somebody suspects this node.
    void contradict(Link& link, const proto::Suspect& suspect, Now now, MeshOutput& output);
    void ask_about(NodeId node, Now now);
    void tell_suspicion(NodeId node);
    void tell(NodeId node, const proto::MeshFrame& told);
    /// Random ones that live and are linked.
    std::vector<NodeId> some_members(std::size_t count, NodeId but);
    void tick_liveness(Now now);

    // ---- mesh_names.cpp: names of users
    void on_frame(Link& link, const proto::Names& frame, Now now, MeshOutput& output);
    /// Those that were told before these changes, which they must belong to: else the link ends
    /// and there is nothing.
    std::optional<ToldNames>
    take_names(Link& link, NodeId origin, std::span<const Change> changes, MeshOutput& output);
    void check_names() const;

    // ---- mesh_tunnels.cpp: links through other nodes
    void on_frame(Link& link, const proto::Tunnel& frame, Now now, MeshOutput& output);
    /// Carries a frame between two others.
    void carry(Link& from, const proto::Tunnel& frame);
    /// One for us.
    void take(Link& via, const proto::Tunnel& frame, Now now, MeshOutput& output);
    /// What tunnels brought, in the order it came, and the ends of those that ended here.
    void read_tunnels(Now now, MeshOutput& output);
    void hear(const TunnelHeard& heard, Now now, MeshOutput& output);
    /// A link to this node through another one, if we have none and somebody may have one.
    void try_tunnel(NodeId node, Now now, MeshOutput& output);
    /// What was said to the edge of links that it does not know goes into frames instead. Whether
    /// that ended any.
    bool wrap_tunnels(MeshOutput& output);
    bool send_through(LinkId link, const proto::Tunnel& frame);
    /// False if too much waits there.
    bool queue_tunnel(Link& on, const proto::Tunnel& frame);
    void end_of(Link& link, const proto::Tunnel& frame);
    void close_tunnels(NodeId via, MeshOutput& output);
    [[nodiscard]] Link* direct_to(NodeId node);
    [[nodiscard]] NodeId some_carrier(NodeId to);
    [[nodiscard]] Nonce tunnel_nonce();

    // ---- mesh_overlay.cpp: when not everybody has a link to everybody
    void on_frame(Link& link, const proto::Follow& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Beats& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Rest& frame, Now now, MeshOutput& output);
    void on_frame(Link& link, const proto::Spread& frame, Now now, MeshOutput& output);
    void on_beat(Link& link, const proto::Beat& beat, Now now, MeshOutput& output);
    /// A log that others told us of is as its node says, or what is missing is asked for.
    void compare(Link& link, const proto::Beat& beat, Now now, MeshOutput& output);
    void diverged(NodeId node, MeshOutput& output);
    void ask_neighbour(Link& link, NodeId origin, Epoch epoch, Now now, MeshOutput& output);
    /// A delta of a node that is not at the other end.
    void on_relayed(Link& link, const proto::Delta& delta, Now now, MeshOutput& output);
    void tick_overlay(Now now, MeshOutput& output);
    void follow_neighbours(Now now);
    /// The node at the other end, to others, and them to it. In a large mesh at once only if it
    /// came by chance; else neighbours are told soon, who meet it and tell theirs.
    void introduce(Link& link, bool is_new);
    void tell_newcomers();
    void tell_neighbours(const proto::Members& told);
    void rest_links(Now now);
    void beat(Now now);
    /// What is heard goes to neighbours too. A node that has links to all may be asked to.
    [[nodiscard]] bool passes_on() const;
    /// There are members that only neighbours reach: also when there were, and links are being
    /// made.
    [[nodiscard]] bool lacks_links(Now now) const;
    [[nodiscard]] bool is_needed(const Link& link) const;
    /// It lives, others tell of it, and nobody here needs a link to it.
    [[nodiscard]] bool is_told_of(const Member& member) const;
    void dial_wanted(Now now, MeshOutput& output);
    /// To those who follow.
    void pass_on(const proto::Suspect& suspect, NodeId but);
    void pass_on(const proto::Spread& told, Link& link);
    void spread_suspicion(const Member& member);
    void spread(const Publish& publish, MeshOutput& output);

    /// Frames that only a handshake has.
    template <class Early>
    void on_frame(Link& link, const Early&, Now, MeshOutput& output) {
        reject(link, "a handshake frame after the handshake", output);
    }
    /// The tables hold what this delta told.
    void told_of(const proto::Delta& delta, Now now, MeshOutput& output);
    void react(Link& link, Replicas::Outcome outcome, Now now, MeshOutput& output);
    void ask_catchup(Link& link, Version held, Now now, MeshOutput& output);

    // ---- mesh_hub.cpp: what time brings
    void tick(Now now, MeshOutput& output);
    void dial_due(Now now, MeshOutput& output);
    /// Only what may have changed since the last dial_due().
    void dial_changed(Now now, MeshOutput& output);
    void dial(const Dialer::Wanted& wanted, Now now, MeshOutput& output);
    [[nodiscard]] bool is_reached(const Member& member) const;
    void ping_due(Now now);
    void tell_members(Link& link);
    /// To one of the others, now and then: two nodes that forgot each other learn it from a third.
    void tell_members_due(Now now);
    /// All who live, but those that it knows: sorted.
    void send_members(Link& link, const std::vector<NodeId>& known = {});
    void raise_epoch(Epoch seen, Now now, MeshOutput& output);
    [[nodiscard]] proto::Leave last_words() const;
    void refuse_as_leaving(Link& link, MeshOutput& output);
    void leave_if_done(Now now, MeshOutput& output);

    const Mesh& mesh;  ///< its const views answer questions
    MeshConfig config;
    proto::HashKey hash_key;
    Identity identity;
    Rng rng;
    Instant started;
    Tables tables;
    Links links;
    Members members;
    Probes probes;
    Tunnels tunnels;
    LocalHealth health;
    Overlay overlay;
    Relay relay;
    DataLinks data_links;
    Dialer dialer;
    NameBudget name_budget;
    Replicas replicas;
    Replication replication;
    LocalCounts local_counts;
    MeshCounters counters;
    Router router;
    Flows flows;
    Arrivals arrivals;
    Receipts receipts;
    Inquiries inquiries;
    Refusals refusals;

    LinkFacts facts;  ///< waiting to be carried
    MemberChanges news;  ///< likewise
    std::vector<TunnelHeard> tunnels_heard;  ///< to be read when all of that was carried
    std::vector<LinkId> tunnels_ended;  ///< here: to be forgotten when nobody reads them
    std::vector<NodeId> newcomers;  ///< neighbours are told of them at the next tick
    proto::MeshFrame frame;  ///< reused by read()
    Instant tick_at;
    Instant tell_members_at{};
    Instant look_at_dials{};
    bool is_told_of_nodes = false;  ///< look at them at the end of this turn
    std::uint32_t refute = 0;  ///< how often this epoch has contradicted suspicions
    Instant may_refute{};
    std::uint64_t nonces = 0;
    std::uint64_t beats = 0;  ///< of this epoch
    Instant beat_at{};
    std::uint64_t spreads = 0;  ///< publications for everybody
    Instant leave_by = never;
    MessageId last_message;  ///< unlike those of other lives: begins anywhere
    bool is_settling = false;
    bool is_reading_tunnels = false;
    bool places_changed = false;  ///< settle() is to tell the flows so
    bool users_moved = false;  ///< and that users may have gone and come inside one place
    bool is_leaving = false;
    bool was_ready = false;
    bool has_left = false;
};

}  // namespace grapevine::mesh
