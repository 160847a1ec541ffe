// The hub of Mesh, as far as nodes are concerned that have no link to this one: what neighbours
// pass on of them, which links are let go of, and which are made because somebody has something to
// say.
#include "mesh/mesh_parts.hpp"
#include "mesh/publish.hpp"
#include "proto/mesh_versions.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {

using proto::Beat;
using proto::RestStep;

namespace {

/// Follow frames of one peer that are heard in this time: an honest one's list of members_max logs.
constexpr Duration follow_every = 1s;
constexpr unsigned follows_max = 16;
/// A neighbour is asked again for what is missing of one log after this.
constexpr Duration ask_again = 1s;

}  // namespace

bool Mesh::Parts::is_told_of(const Member& member) const {
    return overlay.is_on() && member.ready && member.state == MemberState::alive &&
           !overlay.is_neighbour(member.node) && !data_links.is_wanted(member.node);
}

bool Mesh::Parts::passes_on() const {
    return overlay.is_on() || relay.has_followers();
}

bool Mesh::Parts::lacks_links(Now now) const {
    return overlay.is_on() || (overlay.was_on() && links.nodes() < members.expected(now));
}

bool Mesh::Parts::is_needed(const Link& link) const {
    const Member* const member = members.find(link.node());
    const Replica* const replica = replicas.find(link.node());
    if (link.following || (tunnels.size() != 0 && !tunnels.through(link.node()).empty()))
        return true;
    const bool is_synced = replica != nullptr && !replica->staged && !replica->discarded;
    return member == nullptr || !is_synced || link.sync.snapshot || link.sync.wants_snapshot ||
           !is_told_of(*member);
}

// ---- time

void Mesh::Parts::tick_overlay(Now now, MeshOutput& output) {
    overlay.look(members);
    tell_newcomers();
    const DataLinks::Late late = data_links.tick(overlay.is_on(), now);
    counters.waits_dropped += late.dropped;
    places_changed = places_changed || late.any;
    if (passes_on()) beat(now);
    follow_neighbours(now);
    rest_links(now);
    settle(now, output);
    relay.tell_beats(now, links);
}

void Mesh::Parts::beat(Now now) {
    if (now.steady < beat_at) return;
    beat_at = now.steady + config.heartbeat;
    const Beat own{
        .node = identity.node,
        .epoch = identity.epoch,
        .seq = ++beats,
        .version = replication.log().version(),
        .sethash = replication.log().sethash(),
        .refute = refute,
        .left = 0};
    // Also to those who do not follow: they may be the only ones who hear this node.
    links.for_each_node(
        [&](NodeId, Link& link) { links.send(link, FrameClass::control, proto::Beats{{own}}); });
}

void Mesh::Parts::follow_neighbours(Now now) {
    // Until there is a link to everybody, neighbours go on telling of the others.
    if (!overlay.is_on() && lacks_links(now)) return;
    // Who can reach few of its neighbours hears of the others from whom it can reach.
    const std::vector<NodeId>& neighbours = overlay.neighbours();
    const auto linked = std::count_if(neighbours.begin(), neighbours.end(), [&](NodeId node) {
        return links.to(node) != nullptr;
    });
    std::size_t missing = neighbours.size() - static_cast<std::size_t>(linked);
    if (missing * 2 <= neighbours.size()) missing = 0;
    links.for_each_node([&](NodeId node, Link& link) {
        const bool is_neighbour = overlay.is_on() && overlay.is_neighbour(node);
        const bool stands_in = !is_neighbour && missing != 0;
        if (stands_in) --missing;
        const bool wanted = is_neighbour || stands_in;
        if (wanted == link.following || link.version() < proto::since_version<proto::Follow>)
            return;
        link.following = wanted;
        link.beats.clear();
        proto::Follow follow{.wanted = wanted, .held = {}};
        if (wanted) {
            replicas.for_each([&](NodeId origin, const Replica& replica) {
                follow.held.push_back({origin, replica.epoch, replica.version});
                if (follow.held.size() < proto::limits::members_per_frame) return;
                links.send(link, FrameClass::control, follow);
                follow.held.clear();
            });
        }
        links.send(link, FrameClass::control, follow);
        link.needed_at = now.steady;
    });
}

void Mesh::Parts::introduce(Link& link, bool is_new) {
    if (!overlay.is_on() && members.size() <= config.tell_all_max) return tell_members(link);
    // Who meant this node was told of it, and of the others too.
    const bool is_chance = link.dialled ? !link.expected : !link.handshake->expected_somebody();
    if (is_chance) return tell_members(link);
    if (is_new || !overlay.is_on()) newcomers.push_back(link.node());
}

void Mesh::Parts::tell_newcomers() {
    proto::Members told;
    for (const NodeId node : std::exchange(newcomers, {})) {
        if (const Member* const member = members.find(node); member != nullptr && member->linked)
            told.members.push_back(members.fact(*member));
        if (told.members.size() < proto::limits::members_per_frame) continue;
        tell_neighbours(told);
        told.members.clear();
    }
    if (!told.members.empty()) tell_neighbours(told);
}

void Mesh::Parts::tell_neighbours(const proto::Members& told) {
    for (const NodeId node : overlay.next_on_rings())
        tell(node, told);
    relay.for_each_follower([&](NodeId follower) {
        if (!overlay.is_next(follower)) tell(follower, told);
    });
}

void Mesh::Parts::rest_links(Now now) {
    std::vector<LinkId> over;
    links.for_each_node([&](NodeId node, Link& link) {
        if (std::exchange(link.used, false) && overlay.is_on() && !overlay.is_neighbour(node))
            data_links.used(node, now);
        if (is_needed(link)) link.needed_at = now.steady;
        const bool is_idle = now.steady - link.needed_at >= config.rest_after;
        if (is_idle != link.said_idle && link.version() >= proto::since_version<proto::Rest>) {
            link.said_idle = is_idle;
            links.send(
                link,
                FrameClass::control,
                proto::Rest{is_idle ? RestStep::idle : RestStep::needed});
        }
        if (is_idle && link.peer_idle && identity.node < node) over.push_back(link.id);
    });
    for (const LinkId id : over) {
        ++counters.links_rested;
        links.rest(*links.find(id), now, facts);
    }
}

void Mesh::Parts::dial_wanted(Now now, MeshOutput& output) {
    const std::vector<NodeId> wanted = data_links.take_news();
    if (wanted.empty()) return;
    for (const NodeId node : wanted)
        if (links.to(node) == nullptr) dialer.redial(node, now);
    dial_changed(now, output);
}

// ---- what neighbours say

void Mesh::Parts::on_frame(Link& link, const proto::Follow& follow, Now now, MeshOutput&) {
    // Each costs a look at every node: who asks again and again is heard now and then.
    if (now.steady - link.follow_at >= follow_every) {
        link.follow_at = now.steady;
        link.follows = 0;
    }
    if (follow.wanted == 0) return relay.unfollow(link.node());
    if (++link.follows > follows_max) return;
    relay.follow(link.node(), follow.held);
    for (const proto::Held& held : follow.held)
        link.peer_holds.push_back(held.origin);
    if (follow.held.size() == proto::limits::members_per_frame &&
        link.peer_holds.size() < config.members_max)
        return;
    // That was all of the list: whom it has not met, it is told of.
    std::sort(link.peer_holds.begin(), link.peer_holds.end());
    send_members(link, std::exchange(link.peer_holds, {}));
}

void Mesh::Parts::on_frame(Link& link, const proto::Rest& rest, Now now, MeshOutput&) {
    links.on(link, rest, now, facts);
}

void Mesh::Parts::on_frame(Link& link, const proto::Beats& told, Now now, MeshOutput& output) {
    const bool is_heard = passes_on();
    for (const Beat& beat : told.beats) {
        if (is_heard) on_beat(link, beat, now, output);
        // Who was not asked to pass on has nothing to number.
        if (beat.number == 0 || !link.following) continue;
        if (link.beats.size() < beat.number) link.beats.resize(beat.number);
        link.beats[beat.number - 1] = beat;
    }
    for (std::size_t at = 0; at < told.again.size(); ++at) {
        const proto::BeatsAgain::Entry entry = told.again[at];
        if (entry.number == 0 || entry.number > link.beats.size()) continue;
        Beat& beat = link.beats[entry.number - 1];
        beat.seq += entry.grown;
        if (is_heard && beat.node) on_beat(link, beat, now, output);
    }
}

void Mesh::Parts::on_beat(Link& link, const Beat& beat, Now now, MeshOutput& output) {
    // Most have been heard from another neighbour.
    if (beat.node == identity.node || relay.knows(beat, link.node())) return;
    const Member* const member = members.find(beat.node);
    if (member == nullptr || member->state == MemberState::left) return;
    if (beat.epoch != member->epoch) {
        // Another process of that name: it must prove itself.
        if (beat.epoch > member->epoch && links.to(beat.node) == nullptr)
            (void)data_links.want(beat.node, now);
        return;
    }
    if (!relay.heard(beat, link.node())) return;
    if (beat.left != 0) {
        relay.left(beat.node, beat.epoch, now);
        return members.left(beat.node, beat.epoch, now, news, output.events);
    }
    members.heard_of(beat.node, beat.refute, now, news, output.events);
    if (links.to(beat.node) == nullptr) compare(link, beat, now, output);
}

void Mesh::Parts::compare(Link& link, const Beat& beat, Now now, MeshOutput& output) {
    const Replica* const replica = replicas.find(beat.node);
    if (replica == nullptr) return;
    if (replica->version == beat.version) {
        if (replica->sums.sethash == beat.sethash) return members.is_equal(beat.node, now);
        diverged(beat.node, output);
        (void)data_links.want(beat.node, now);
        return;
    }
    // What it told of before may still be on its way; if nothing of it came, something was lost.
    const Replicas::Lag lag = replicas.lags(beat.node, beat.version);
    if (lag == Replicas::Lag::none) return;
    if (lag == Replicas::Lag::ahead) diverged(beat.node, output);
    if (lag != Replicas::Lag::first) {
        (void)data_links.want(beat.node, now);
        return;
    }
    ask_neighbour(link, beat.node, beat.epoch, now, output);
}

/// It may have kept what is missing here.
void Mesh::Parts::ask_neighbour(
    Link& link, NodeId origin, Epoch epoch, Now now, MeshOutput& output) {
    if (!replicas.may_ask(origin, now, ask_again)) return;
    const Version held = replicas.find(origin)->version;
    ++counters.catchups_asked;
    output.events.emplace_back(CatchupAsked{origin, held});
    links.send(
        link,
        FrameClass::control,
        proto::Catchup{.origin = origin, .epoch = epoch, .version = held});
}

/// What others told of it was not its log: it is asked itself.
void Mesh::Parts::diverged(NodeId node, MeshOutput& output) {
    if (!replicas.discard(node)) return;
    ++counters.divergences;
    output.events.emplace_back(Diverged{node, replicas.find(node)->version});
}

void Mesh::Parts::on_relayed(Link& link, const proto::Delta& delta, Now now, MeshOutput& output) {
    if (!overlay.was_on()) return reject(link, "a delta of another node's log", output);
    const auto names = take_names(link, delta.origin, delta.changes, output);
    if (!names) return;
    const Member* const member = members.find(delta.origin);
    // First-hand is better, and a whole copy comes first.
    if (member == nullptr || !member->ready || links.to(delta.origin) != nullptr) {
        ++counters.deltas_ignored;
        return;
    }
    const Replicas::Outcome outcome = replicas.apply(delta, tables, counters, *names);
    switch (outcome) {
    case Replicas::Outcome::applied: {
        ++counters.deltas_applied;
        relay.heard(delta, link.node(), now);
        members.holds(delta.origin, delta.to, now, news, output.events);
        break;
    }
    case Replicas::Outcome::diverged:
        ++counters.divergences;
        output.events.emplace_back(Diverged{delta.origin, delta.to});
        (void)data_links.want(delta.origin, now);
        break;
    case Replicas::Outcome::too_many:
        return reject(link, "more users and channels than a node may have", output);
    case Replicas::Outcome::gap:
        ask_neighbour(link, delta.origin, delta.epoch, now, output);
        ++counters.deltas_ignored;
        return;
    case Replicas::Outcome::ignored:
    case Replicas::Outcome::full: ++counters.deltas_ignored; return;
    }
    told_of(delta, now, output);
}

// ---- what is passed on

void Mesh::Parts::pass_on(const proto::Suspect& suspect, NodeId but) {
    relay.for_each_follower([&](NodeId follower) {
        if (follower != but && follower != suspect.by) tell(follower, suspect);
    });
}

void Mesh::Parts::spread_suspicion(const Member& member) {
    if (!overlay.is_on() || !overlay.is_neighbour(member.node)) return;
    const proto::Suspect suspect{member.node, member.epoch, member.refute, identity.node};
    pass_on(suspect, member.node);
    tell(member.node, suspect);
}

// Numbered however large the mesh is: when it grows, what neighbours pass on may overtake what went
// straight, and is then heard instead of it, never before it.
void Mesh::Parts::spread(const Publish& publish, MeshOutput& output) {
    output.delivers.push_back(Router::deliver_here(publish));
    const proto::Spread told{
        .origin = identity.node,
        .epoch = identity.epoch,
        .number = ++spreads,
        .payload_kind = publish.payload_kind,
        .body = publish.body()};
    const proto::Forward whole = Router::frame_of(publish);  // of a version without Spread
    links.for_each_node([&](NodeId, Link& link) {
        if (link.version() >= proto::since_version<proto::Spread>) return pass_on(told, link);
        (void)reach().forward(link, whole);
    });
}

void Mesh::Parts::pass_on(const proto::Spread& told, Link& link) {
    if (link.queue.waiting_bytes(FrameClass::messages) >= config.link_message_bytes_max) {
        ++counters.forwards_dropped;
    } else if (links.send(link, FrameClass::messages, told)) {
        ++counters.spreads_sent;
    }
}

void Mesh::Parts::on_frame(Link& link, const proto::Spread& told, Now, MeshOutput& output) {
    const Member* const origin = members.find(told.origin);
    if (origin == nullptr || origin->epoch != told.epoch || !relay.heard(told)) return;
    ++counters.forwards_received;
    output.delivers.push_back(
        {.target = Target::everybody, .payload_kind = told.payload_kind, .body = told.body});
    relay.for_each_follower([&](NodeId follower) {
        Link* const to = links.to(follower);
        if (to != nullptr && follower != link.node() && follower != told.origin) pass_on(told, *to);
    });
}

}  // namespace grapevine::mesh
