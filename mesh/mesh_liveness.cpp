// The hub of Mesh, as far as it concerns who lives: whom to ask about a node that is silent, whom
// to tell, and what to answer when others say so of this one.
#include "mesh/mesh_parts.hpp"
#include "proto/mesh_versions.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {
namespace {

/// Nodes asked whether they reach a suspect.
constexpr std::size_t indirect_probes = 3;
/// Nodes told of a suspicion: they may suspect the same and want a voice. More would be a storm
/// when a node of a thousand dies and all say so.
constexpr std::size_t told_of_suspicion = 16;
/// One contradiction, or one suspicion passed on to whom it concerns, in this time.
constexpr Duration contradict_every = 1s;

}  // namespace

std::vector<NodeId> Mesh::Parts::some_members(std::size_t count, NodeId but) {
    std::vector<NodeId> nodes;
    members.for_each([&](const Member& member) {
        const Link* const link = links.to(member.node);
        // An older node would not know what we are talking about.
        if (link != nullptr && !link->is_tunnel() &&
            link->version() >= proto::since_version<proto::PingReq> && !member.is_deaf &&
            member.state == MemberState::alive && member.node != but)
            nodes.push_back(member.node);
    });
    for (std::size_t at = 0; at < nodes.size() && at < count; ++at)
        std::swap(nodes[at], nodes[at + rng.below(nodes.size() - at)]);
    if (nodes.size() > count) nodes.resize(count);
    return nodes;
}

void Mesh::Parts::ask_about(NodeId node, Now now) {
    // Few have a link to it, and those say by themselves what they hear.
    if (overlay.is_on()) return;
    const std::vector<NodeId> peers = some_members(indirect_probes, node);
    const std::uint64_t nonce = probes.ask(node, peers, now);
    if (nonce == 0) return;
    for (const NodeId peer : peers)
        tell(peer, proto::PingReq{node, nonce});
}

void Mesh::Parts::tell_suspicion(NodeId node) {
    const Member* const member = members.find(node);
    if (member == nullptr) return;
    if (overlay.is_on()) return spread_suspicion(*member);
    const proto::Suspect suspect{node, member->epoch, member->refute, {}};
    for (const NodeId peer : some_members(told_of_suspicion, node))
        tell(peer, suspect);
    tell(node, suspect);
}

void Mesh::Parts::tell(NodeId node, const proto::MeshFrame& told) {
    if (Link* const link = links.to(node)) links.send(*link, FrameClass::control, told);
}

void Mesh::Parts::tick_liveness(Now now) {
    for (const Probes::Reply& late : probes.take_overdue(now))
        tell(late.to, proto::PingNack{late.target, late.nonce});
    for (std::size_t lost = probes.take_unanswered(now); lost != 0; --lost)
        health.doubt(now);
    health.tick(now);
}

// ---- what peers say

void Mesh::Parts::on_frame(Link& link, const proto::PingReq& request, Now now, MeshOutput&) {
    Link* const target = links.to(request.target);
    const Member* const member = members.find(request.target);
    if (target == nullptr && member != nullptr && is_told_of(*member)) {
        links.send(link, FrameClass::control, proto::Echo{request.nonce});
        return;
    }
    if (target == nullptr || target == &link) {
        links.send(link, FrameClass::control, proto::PingNack{request.target, request.nonce});
        return;
    }
    if (const auto nonce = probes.help(link.node(), request.target, request.nonce, now))
        links.send(*target, FrameClass::control, proto::Probe{*nonce});
}

void Mesh::Parts::on_frame(Link& link, const proto::Echo& echo, Now now, MeshOutput& output) {
    if (links.on(link, echo, facts, output)) return;
    if (const auto reply = probes.echoed(echo.nonce, link.node())) {
        tell(reply->to, proto::Echo{reply->nonce});
    } else if (const auto target = probes.answered(echo.nonce, link.node())) {
        ++counters.reached_by_others;
        // It was we who did not hear, or the link. However many say so, and however often while the
        // link is silent: that is no reason to hear all others worse.
        const bool was_wrong = members.reached(*target, link.node(), now, output.events);
        if (was_wrong && links.to(*target) != nullptr) health.doubt(now);
    }
}

void Mesh::Parts::on_frame(Link& link, const proto::PingNack& nack, Now now, MeshOutput& output) {
    if (probes.answered(nack.nonce, link.node()) == nack.target)
        members.denied(nack.target, link.node(), now, news, output.events);
}

void Mesh::Parts::on_frame(Link& link, const proto::Suspect& suspect, Now now, MeshOutput& output) {
    if (suspect.node == identity.node) return contradict(link, suspect, now, output);
    const NodeId by = suspect.by ? suspect.by : link.node();
    if (by == identity.node) return;
    ++counters.accusations;
    std::size_t quorum = 0;
    if (suspect.by && overlay.is_on()) {
        // First-hand is the word of its neighbours alone.
        const std::vector<NodeId> neighbours = overlay.neighbours_of(suspect.node);
        if (!std::binary_search(neighbours.begin(), neighbours.end(), by)) return;
        quorum = (neighbours.size() + 1) / 2;
    }
    const Members::Accused accused = members.accused(suspect, by, quorum, now, news, output.events);
    if (!accused.counts) return;
    if (suspect.by && accused.is_news) pass_on(suspect, link.node());
    // We hear it: let it speak for itself.
    Link* const heard = links.to(suspect.node);
    if (heard == nullptr || now.steady - heard->last_heard > config.heartbeat * 2 ||
        now.steady < heard->may_warn)
        return;
    heard->may_warn = now.steady + contradict_every;
    links.send(*heard, FrameClass::control, suspect);
}

void Mesh::Parts::contradict(
    Link& link, const proto::Suspect& suspect, Now now, MeshOutput& output) {
    if (suspect.epoch != identity.epoch || is_leaving) return;
    if (suspect.refute < refute) {
        // An old accusation: only who still believes it is told.
        if (now.steady < link.may_contradict) return;
        link.may_contradict = now.steady + contradict_every;
        links.send(link, FrameClass::control, proto::Refute{identity.node, identity.epoch, refute});
        return;
    }
    // Whoever claims more contradictions than there were lies.
    if (suspect.refute > refute || now.steady < may_refute) return;
    may_refute = now.steady + contradict_every;
    ++refute;
    ++counters.refutations;
    health.doubt(now);
    output.events.emplace_back(SuspicionRefuted{link.node(), refute});
    beat_at = now.steady;  // which tells it those who have no link
    const proto::Refute answer{identity.node, identity.epoch, refute};
    links.for_each_node(
        [&](NodeId, Link& other) { links.send(other, FrameClass::control, answer); });
}

void Mesh::Parts::on_frame(Link& link, const proto::Refute& refuted, Now, MeshOutput&) {
    const std::vector<NodeId> accusers =
        members.refuted(refuted.node, refuted.epoch, refuted.refute);
    // Its own word is carried on to those who may not hear it; hearsay is not.
    if (link.node() != refuted.node) return;
    for (const NodeId accuser : accusers)
        if (accuser != refuted.node) tell(accuser, refuted);
}

}  // namespace grapevine::mesh
