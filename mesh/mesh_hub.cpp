// The hub of Mesh: each input, fact and piece of news is handed to whom it concerns. Decisions
// belong to the components; if something here grows an `if`, that `if` has an owner elsewhere.
#include "mesh/address.hpp"
#include "mesh/mesh_parts.hpp"
#include "mesh/status.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {
namespace {

/// How often silence, dials and lingering channels are looked at: their times are exact to this.
constexpr Duration tick_every = 100ms;
/// Sweeps per tick: about a million places a second are swept behind a node that is gone.
constexpr int sweeps_per_tick = 16;
constexpr int hand_outs_per_turn = 4;
/// How often dials are looked at while nothing changes: each look costs as much as there are nodes.
constexpr Duration look_at_dials_every = 500ms;

Identity identity_of(const MeshConfig& config, proto::HashKey key, Now start) {
    return {
        .cluster = config.cluster,
        .name = config.name,
        .secret = config.secret,
        .also_accepted = config.also_accepted,
        .advertise = config.advertise,
        .node = proto::node_id_of(key, config.name),
        .epoch = Epoch{static_cast<std::uint64_t>(
            std::max<Duration::rep>(1, start.wall.time_since_epoch().count()))},
        .boot = config.boot,
        .version_min = config.version_min,
        .version_max = config.version_max,
        .features = config.replicate_names ? proto::feature_names : 0};
}

proto::HashKey hash_key_of(const MeshConfig& config) {
    proto::HashKey key = proto::HashKey::of_cluster(config.cluster);
    if (config.key_bits < 64) key.mask = (std::uint64_t{1} << config.key_bits) - 1;
    return key;
}

NameBudget name_budget_of(const MeshConfig& config) {
    if (!config.replicate_names) return {};
    return {
        config.node_names_bytes_max, config.all_names_bytes_max, proto::mix64(~config.rng_seed)};
}

/// What others should dial: the peer's own word, its host taken from the link if it only told a
/// port. Empty: it told nothing that could be dialled.
std::string address_of(const proto::Welcome& welcome, const Link& link) {
    std::string address = welcome.advertise;
    if (address.starts_with(':'))
        address.insert(0, link.address.substr(0, link.address.rfind(':')));
    return is_address(address) ? address : std::string{};
}

/// Who is coming in need not be dialled. And until a link that neither end needs has ended, its
/// node has no other: so order survives.
bool comes_or_rests(const Link& link) {
    const bool comes_in = !link.dialled && !link.is_tunnel() && !link.is_complete();
    return link.node() && ((comes_in && !link.closing) || link.resting);
}

}  // namespace

Mesh::Parts::Parts(const Mesh& owner, MeshConfig configured, Now start)
    : mesh(owner),
      config(std::move(configured)),
      hash_key(hash_key_of(config)),
      identity(identity_of(config, hash_key, start)),
      rng(config.rng_seed),
      started(start.steady),
      tables(identity.node, proto::mix64(config.rng_seed)),
      links(config, counters),
      members(config),
      probes(config, config.boot.value),
      tunnels(identity.node),
      overlay(config, identity.node),
      relay(config),
      data_links(config),
      dialer(config, rng.fork()),
      name_budget(name_budget_of(config)),
      replicas(config.node_keys_max, &name_budget),
      replication(config, identity.node, identity.epoch, name_budget),
      local_counts(config.channel_linger),
      router(reach()),
      flows(reach()),
      arrivals(reach()),
      receipts(config, counters),
      inquiries(config),
      tick_at(start.steady),
      last_message{proto::mix64(config.boot.value)} {}

Reach Mesh::Parts::reach() {
    return {
        identity.node, config, tables, replicas, replication.log(), links, data_links, counters};
}

// ---- inputs

void Mesh::Parts::on(const LinkOpened& opened, Now now, MeshOutput& output) {
    links.on(opened, identity, now, output);
    settle(now, output);
}

void Mesh::Parts::on(const LinkReceived& received, Now now, MeshOutput& output) {
    Link* const link = links.find(received.link);
    if (link == nullptr || link->closing || !link->handshake) return;
    link->last_heard = now.steady;
    read(*link, received.message, now, output);
}

void Mesh::Parts::on(const LinkClosed& closed, Now now, MeshOutput& output) {
    links.on(closed, facts, output);
    settle(now, output);
}

void Mesh::Parts::on(const LinkDrained& drained, Now, MeshOutput&) {
    Link* const link = links.find(drained.link);
    if (link == nullptr) return;
    link->queue.drained(drained.bytes);
    links.mark_dirty(*link);
}

void Mesh::Parts::on(const DialFailed& failed, Now now, MeshOutput& output) {
    links.on(failed, facts);
    settle(now, output);
}

void Mesh::Parts::on(const Resolved& resolved, Now now, MeshOutput& output) {
    ++(resolved.whole ? counters.seeds_resolved : counters.seeds_unresolved);
    counters.seed_addresses_left_out += dialer.resolved(resolved, now, output.events);
    dial_due(now, output);
}

void Mesh::Parts::on(const LocalChange& change, Now now, MeshOutput& output) {
    if (!change.name.empty()) replication.learn(change.key, change.name);
    if (const auto recorded = local_counts.on(change, now))
        replication.record(*recorded, tables, links, now);
    if (change.session) output.joined.push_back({change.session, replication.log().version()});
    if (change.kind == TableKind::users) flows.touched(change.key, now, output);
    flows.advanced(now, output);
    tell_receipts(output);
}

void Mesh::Parts::on(LeaveWanted, Now now, MeshOutput& output) {
    if (is_leaving) return;
    is_leaving = true;
    leave_by = now.steady + config.leave_within;
    // Who is told that this node leaves reads nothing of it that comes later.
    arrivals.hurry(now);
    links.hand_out(facts, output);
    settle(now, output);
    const proto::Leave leave = last_words();
    links.for_each_node([&](NodeId, Link& link) { links.send(link, FrameClass::control, leave); });
    // Who was welcomed a moment ago may take this node for a member by now.
    links.for_each([&](Link& link) {
        if (link.handshake && !link.is_complete() && !link.closing) refuse_as_leaving(link, output);
    });
    settle(now, output);
    flows.end_all(now);
    tell_receipts(output);
    leave_if_done(now, output);
}

void Mesh::Parts::on(TimeReached, Now now, MeshOutput& output) {
    if (now.steady >= tick_at) tick(now, output);
}

void Mesh::Parts::on(TurnEnded, Now now, MeshOutput& output) {
    if (replication.flush_at() != never) replication.flush(now, links, counters);
    arrivals.flush(now);
    replication.begin_turn(now, links);
    relay.pump(now, replicas, links, counters);
    dial_wanted(now, output);
    if (std::exchange(is_told_of_nodes, false)) dial_changed(now, output);
    // Handing out may end an old link, which may let another be used: its frames leave in this turn
    // too.
    for (int round = 0; round < hand_outs_per_turn && links.any_dirty(); ++round) {
        links.for_each_dirty(
            [&](Link& link) { replication.pump(link, now, tables, links, counters); });
        links.hand_out(facts, output);
        settle(now, output);  // which queues what tunnels say on the links that carry them
    }
}

void Mesh::Parts::on(const Question& question, Now now, MeshOutput& output) {
    Bytes json = Bytes::with_capacity(256);
    switch (question.kind) {
    case Question::Kind::user_status:
        append_user_status(json.writable(), mesh, question.users);
        break;
    case Question::Kind::cluster: append_cluster(json.writable(), mesh, Reader::client, now); break;
    }
    output.answers.push_back({question.asker, std::move(json), {}});
}

// ---- facts and news

void Mesh::Parts::settle(Now now, MeshOutput& output) {
    if (is_settling) return;  // whoever settles takes what was added
    is_settling = true;
    // Handling one may add more; they are taken in the order they came. Every one ends a link, a
    // dial or a state, so this ends too.
    do {
        for (std::size_t fact = 0, item = 0; fact < facts.size() || item < news.size();) {
            if (item < news.size()) {
                const MemberNews next = news[item++];
                on_news(next, now, output);
            } else {
                const LinkFact next = std::move(facts[fact++]);
                std::visit([&](const auto& told) { on_fact(told, now, output); }, next);
            }
        }
        facts.clear();
        news.clear();
    } while (wrap_tunnels(output));
    is_settling = false;
    if (std::exchange(places_changed, false))
        flows.disturbed(std::exchange(users_moved, false), now, output);
    tell_receipts(output);
    read_tunnels(now, output);
}

void Mesh::Parts::on_fact(const LinkProven& proven, Now now, MeshOutput& output) {
    Link* const link = links.find(proven.link);
    if (link == nullptr || link->closing) return;
    if (is_leaving) return refuse_as_leaving(*link, output);
    const proto::Hello& peer = link->handshake->peer();
    const Replica* const replica = replicas.find(peer.node_id);
    const bool has_copy = replica != nullptr && replica->epoch == peer.epoch && !replica->discarded;
    links.welcome(
        proven.link,
        {.your_epoch_floor = members.floor_for(peer),
         .advertise = identity.advertise,
         .your_version = has_copy ? replica->version : Version{}},
        now,
        facts,
        output);
}

void Mesh::Parts::on_fact(const LinkEstablished& established, Now now, MeshOutput& output) {
    Link* const link = links.find(established.link);
    if (link == nullptr || !link->is_complete()) return;
    // It was welcome until now. Shown nothing of this node, the peer need not find out.
    if (is_leaving) {
        links.send(*link, FrameClass::control, last_words());
        return refuse_as_leaving(*link, output);
    }
    const Handshake& handshake = *link->handshake;
    if (handshake.peers_welcome().your_epoch_floor >= identity.epoch)
        return raise_epoch(handshake.peers_welcome().your_epoch_floor, now, output);
    if (members.floor_for(handshake.peer()) >= handshake.peer().epoch)
        return links.refuse(
            *link,
            proto::RefuseReason::stale_epoch,
            "a later epoch of this node is known",
            facts,
            output);
    if (members.find(link->node()) == nullptr && members.size() >= config.members_max) {
        output.events.emplace_back(LimitReached{"members"});
        return links.refuse(
            *link,
            proto::RefuseReason::protocol_error,
            "too many nodes are known here",
            facts,
            output);
    }
    links.activate(link->id, replication.log().version(), replication.log().sethash());
    if (!established.first) return;

    const NodeId node = link->node();
    const Member* const known = members.find(node);
    const std::string address = link->is_tunnel() ? (known != nullptr ? known->address : "")
                                                  : address_of(handshake.peers_welcome(), *link);
    if (!address.empty() && !link->is_tunnel() && !dialer.is_at(address, node, now))
        output.events.emplace_back(LimitReached{"addresses"});
    const bool is_new = members.linked(handshake.peer(), address, now, news, output.events);
    if (is_new && !replicas.begin(node, handshake.peer().epoch, tables))
        output.events.emplace_back(LimitReached{"table slots"});
    relay.unfollow(node);
    link->needed_at = now.steady;
    data_links.linked(node, link->queue, link->version());
    replication.begin(*link, handshake.peers_welcome().your_version);
    links.mark_dirty(*link);
    introduce(*link, is_new);
    places_changed = true;
}

void Mesh::Parts::on_fact(const LinkActivated& activated, Now now, MeshOutput& output) {
    const Link* const link = links.find(activated.link);
    if (link == nullptr) return;
    const Replica* const replica = replicas.find(link->node());
    if (replica == nullptr) return;
    members.ready_at(link->node(), activated.active.version);
    members.holds(link->node(), replica->version, now, news, output.events);
}

void Mesh::Parts::on_fact(const SendingMoved& moved, Now, MeshOutput&) {
    Link* const from = links.find(moved.from);
    Link* const to = links.find(moved.to);
    if (from == nullptr || to == nullptr) return;
    // A snapshot that was under way does not move: whoever was told half of one is told anew.
    const bool interrupted = from->sync.snapshot.has_value();
    to->needed_at = from->needed_at;
    to->used = from->used;
    replication.begin(*to, interrupted ? Version{} : from->sync.sent);
    to->sync.wants_snapshot = interrupted;
    from->sync = {};
    links.mark_dirty(*to);
    places_changed = true;
}

void Mesh::Parts::on_fact(const LinkReadable& readable, Now now, MeshOutput& output) {
    Link* const link = links.find(readable.link);
    if (link == nullptr) return;
    const std::vector<Bytes> kept = std::exchange(link->kept, {});
    link->kept_bytes = 0;
    for (const Bytes& message : kept) {
        if (link->closing) return;
        read(*link, message.view(), now, output);
        output.alive.push_back(message);
    }
}

void Mesh::Parts::on_fact(const LinkEnded& ended, Now now, MeshOutput&) {
    flows.link_ended(ended.link, ended.replaced, now);
    places_changed = true;
}

void Mesh::Parts::on_fact(const NodeRests& rests, Now now, MeshOutput& output) {
    close_tunnels(rests.node, output);
    relay.unfollow(rests.node);
    members.rests(rests.node, now);
    places_changed = true;
}

void Mesh::Parts::on_fact(const NodeLost& lost, Now now, MeshOutput& output) {
    close_tunnels(lost.node, output);
    relay.unfollow(lost.node);
    flows.node_lost(lost.node, now);
    arrivals.node_lost(lost.node);
    inquiries.node_lost(lost.node);
    tell_inquired(output);
    places_changed = true;
    replicas.drop_staged(lost.node, tables);
    if (is_leaving) return leave_if_done(now, output);
    members.lost_link(lost.node, now, news, output.events);
}

void Mesh::Parts::on_fact(const DialEnded& ended, Now now, MeshOutput& output) {
    if (ended.is_self) {
        output.events.emplace_back(SelfDialled{ended.address});
        return dialer.is_self(ended.address, now);
    }
    if (ended.wrong_node) return dialer.wrong_node(ended.address);
    const NodeId node = dialer.node_at(ended.address);
    dialer.ended(ended.address, ended.node, ended.complete, now);
    const Member* const member = members.find(node);
    if (ended.refused && member != nullptr && member->address == ended.address)
        members.refused(node, now, news, output.events);
    else if (!ended.complete && !ended.refused && node)
        try_tunnel(node, now, output);
}

void Mesh::Parts::on_fact(const LinkRefused& refused, Now now, MeshOutput& output) {
    refusals.note(refused, now);
    output.events.emplace_back(refused);
}

void Mesh::Parts::on_news(const MemberNews& told, Now now, MeshOutput& output) {
    switch (told.what) {
    case MemberNews::What::show:
    case MemberNews::What::hide:
        replicas.show(told.node, told.what == MemberNews::What::show, tables);
        places_changed = true;
        break;
    case MemberNews::What::redial:
        dialer.redial(told.node, now);
        dial_changed(now, output);
        break;
    case MemberNews::What::probe: ask_about(told.node, now); break;
    case MemberNews::What::accuse:
        ++counters.suspicions;
        tell_suspicion(told.node);
        break;
    case MemberNews::What::drop_links:
        ++counters.downs;
        links.close_node(told.node, LinkEnd::silent, facts, output);
        break;
    case MemberNews::What::drop_deaf:
        links.close_node(told.node, LinkEnd::silent, facts, output);
        break;
    case MemberNews::What::part:
        take_leave_of(told.node, output);
        replicas.part(told.node);
        places_changed = true;
        break;
    case MemberNews::What::forget:
        take_leave_of(told.node, output);
        replicas.forget(told.node, tables);
        places_changed = true;
        break;
    }
}

void Mesh::Parts::take_leave_of(NodeId node, MeshOutput& output) {
    links.close_node(node, LinkEnd::member_left, facts, output);
    arrivals.forget(node);
    inquiries.node_left(node);
    tell_inquired(output);
    probes.forget(node);
    relay.forget(node);
    data_links.forget(node);
    dialer.forget(node);
}

// ---- time

void Mesh::Parts::tick(Now now, MeshOutput& output) {
    // A loop that was stopped for long has not listened: nobody is silent for that.
    const Duration late = now.steady - tick_at;
    health.was_late(late, now);
    if (late > config.suspect_after / 2) {
        links.forgive(late);
        members.forgive(late);
    }
    tick_at = now.steady + tick_every;

    links.tick(now, health.factor(), facts, output);
    settle(now, output);
    Members::LastHeard last_heard;
    links.for_each_node(
        [&](NodeId node, const Link& link) { last_heard.emplace_back(node, link.last_heard); });
    members.tick(last_heard, health.factor(), now, news, output.events);
    settle(now, output);
    tick_liveness(now);
    tick_overlay(now, output);
    if (now.steady >= look_at_dials)
        dial_due(now, output);
    else if (dialer.any_open())
        dial_changed(now, output);
    ping_due(now);
    tell_members_due(now);
    while (const auto gone = local_counts.next_gone(now))
        replication.record(*gone, tables, links, now);
    for (int sweep = 0; sweep < sweeps_per_tick && tables.sweep_some(); ++sweep) {
    }
    for (int sweep = 0; sweep < sweeps_per_tick && name_budget.sweep_some(); ++sweep) {
    }
    flows.tick(now, output);
    receipts.tick(now);
    inquiries.tick(now);
    tell_inquired(output);
    arrivals.tick(now);
    tell_receipts(output);
    if (is_leaving) leave_if_done(now, output);
}

void Mesh::Parts::dial_due(Now now, MeshOutput& output) {
    if (is_leaving) return;
    look_at_dials = now.steady + look_at_dials_every;
    std::vector<NodeId> satisfied;
    members.for_each([&](const Member& member) {
        if (is_reached(member)) satisfied.push_back(member.node);
    });
    const std::size_t reached = satisfied.size();
    links.for_each([&](const Link& link) {
        if (comes_or_rests(link)) satisfied.push_back(link.node());
    });
    if (satisfied.size() != reached) {
        std::sort(satisfied.begin(), satisfied.end());
        satisfied.erase(std::unique(satisfied.begin(), satisfied.end()), satisfied.end());
    }
    dial(dialer.due(satisfied, members.expected(now), now), now, output);
}

void Mesh::Parts::dial_changed(Now now, MeshOutput& output) {
    if (is_leaving) return;
    const auto is_satisfied = [&](NodeId node) {
        const Member* const member = members.find(node);
        if (member != nullptr && is_reached(*member)) return true;
        const std::vector<Link*>& all = links.all_to(node);
        return std::any_of(
            all.begin(), all.end(), [](const Link* link) { return comes_or_rests(*link); });
    };
    dial(dialer.due_since(is_satisfied, now), now, output);
}

bool Mesh::Parts::is_reached(const Member& member) const {
    const Link* const link = links.to(member.node);
    const bool is_direct = link != nullptr && !link->is_tunnel();
    return (is_direct && !member.is_deaf && member.state != MemberState::suspect) ||
           is_told_of(member);
}

void Mesh::Parts::dial(const Dialer::Wanted& wanted, Now now, MeshOutput& output) {
    for (const auto& call : wanted.calls)
        links.dial(call.address, call.expected, now, output);
    for (const std::string& seed : wanted.seeds)
        output.resolves.push_back({seed});
}

void Mesh::Parts::ping_due(Now now) {
    links.for_each([&](Link& link) {
        if (!link.is_usable() || now.steady - link.last_ping < config.heartbeat) return;
        link.last_ping = now.steady;
        links.send(
            link,
            FrameClass::control,
            proto::Ping{
                .seq = ++link.pings,
                .sent_us = static_cast<std::uint64_t>(now.steady.time_since_epoch().count()),
                .version = replication.log().version(),
                .sethash = replication.log().sethash()});
    });
}

void Mesh::Parts::send_members(Link& link, const std::vector<NodeId>& known) {
    proto::Members all;
    members.for_each([&](const Member& member) {
        // Only who lives here is told: addresses of the dead would be dialled by every newcomer.
        if (member.node == link.node() || !(member.linked || is_told_of(member))) return;
        if (std::binary_search(known.begin(), known.end(), member.node)) return;
        all.members.push_back(members.fact(member));
        if (all.members.size() < proto::limits::members_per_frame) return;
        links.send(link, FrameClass::control, all);
        all.members.clear();
    });
    if (!all.members.empty()) links.send(link, FrameClass::control, all);
}

void Mesh::Parts::tell_members(Link& link) {
    send_members(link);
    const Member* const newcomer = members.find(link.node());
    const proto::Members news_of_it{{members.fact(*newcomer)}};
    links.for_each_node([&](NodeId node, Link& other) {
        if (node != newcomer->node) links.send(other, FrameClass::control, news_of_it);
    });
}

void Mesh::Parts::tell_members_due(Now now) {
    if (now.steady < tell_members_at || links.nodes() == 0) return;
    tell_members_at = now.steady + std::min(config.tell_members_every, config.keep_down / 3);
    std::uint64_t chosen = rng.below(links.nodes());
    links.for_each_node([&](NodeId, Link& link) {
        if (chosen-- == 0) send_members(link);
    });
}

void Mesh::Parts::raise_epoch(Epoch seen, Now now, MeshOutput& output) {
    // The clock went back, or this is a copy of a machine: begin a life that is later than any
    // seen.
    const Epoch raised{seen.value + 1};
    output.events.emplace_back(EpochRaised{identity.epoch, raised});
    identity.epoch = raised;
    replication.restart(raised);
    refute = 0;
    beats = spreads = 0;
    links.close_all(LinkEnd::epoch_raised, facts, output);
    members.for_each([&](const Member& member) { dialer.redial(member.node, now); });
}

proto::Leave Mesh::Parts::last_words() const {
    return {identity.epoch, replication.log().version()};
}

void Mesh::Parts::refuse_as_leaving(Link& link, MeshOutput& output) {
    links.refuse(link, proto::RefuseReason::leaving, "this node is leaving", facts, output);
}

void Mesh::Parts::leave_if_done(Now now, MeshOutput& output) {
    if (has_left || (links.nodes() != 0 && now.steady < leave_by)) return;
    has_left = true;
    output.has_left = true;
    links.close_all(LinkEnd::leaving, facts, output);
}

}  // namespace grapevine::mesh
