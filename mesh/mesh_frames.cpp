// What peers say, frame by frame. A frame that a correct peer cannot send ends the link.
#include "mesh/address.hpp"
#include "mesh/mesh_parts.hpp"
#include "proto/mesh_codec.hpp"
#include "proto/mesh_versions.hpp"

#include <utility>

namespace grapevine::mesh {
namespace {

/// A longer round trip would have ended the link.
constexpr std::uint64_t round_trip_us_max = 60'000'000;
/// A catch-up that is not answered is asked for again after this.
constexpr Duration catchup_again = 2s;

/// Frames that are about links and members, not about data: read at once, whatever link they come
/// on. That a link has no more data comes after what is kept of it.
bool is_urgent(const Link& link, const proto::MeshFrame& frame) {
    if (std::holds_alternative<proto::LinkSwitch>(frame)) return link.kept.empty();
    return !std::holds_alternative<proto::Names>(frame) &&
           !std::holds_alternative<proto::Delta>(frame) &&
           !std::holds_alternative<proto::SnapBegin>(frame) &&
           !std::holds_alternative<proto::SnapChunk>(frame) &&
           !std::holds_alternative<proto::SnapEnd>(frame) &&
           !std::holds_alternative<proto::Forward>(frame) &&
           !std::holds_alternative<proto::Tunnel>(frame) &&
           !std::holds_alternative<proto::Query>(frame) &&
           !std::holds_alternative<proto::Found>(frame) &&
           !std::holds_alternative<proto::Spread>(frame);
}

}  // namespace

void Mesh::Parts::read(Link& link, std::string_view message, Now now, MeshOutput& output) {
    proto::MeshReader reader{message};
    bool is_first = true;
    for (;;) {
        const auto step = reader.next(frame);
        if (step == proto::MeshReader::Step::end) break;
        if (step == proto::MeshReader::Step::malformed) {
            reject(link, std::string{reader.why()}, output);
            break;
        }
        // Classes never share a message, so the first frame speaks for all.
        if (is_first && links.must_keep(link) && !is_urgent(link, frame)) {
            links.keep(link, message, facts, output);
            break;
        }
        is_first = false;
        if (proto::version_of(frame) > link.version()) {
            reject(link, "a frame of a later version than this link speaks", output);
            break;
        }
        if (link.is_complete()) {
            std::visit([&](const auto& told) { on_frame(link, told, now, output); }, frame);
        } else {
            links.on_handshake(link, frame, now, facts, output);
        }
        if (!facts.empty() || !news.empty() || !tunnels_heard.empty()) settle(now, output);
        if (link.closing) break;
    }
    settle(now, output);
}

void Mesh::Parts::reject(Link& link, std::string why, MeshOutput& output) {
    ++counters.frames_rejected;
    output.events.emplace_back(FrameRejected{link.id, link.node(), std::move(why)});
    links.close(link, LinkEnd::protocol_error, facts, output);
}

void Mesh::Parts::on_frame(
    Link& link, const proto::LinkActive& active, Now now, MeshOutput& output) {
    links.on(link, active, now, facts, output);
}

void Mesh::Parts::on_frame(Link& link, const proto::LinkSwitch& switched, Now, MeshOutput& output) {
    links.on(link, switched, facts, output);
}

void Mesh::Parts::on_frame(Link& link, const proto::Refuse& refused, Now now, MeshOutput& output) {
    // It began to leave while this link was made, and has said so to its members already.
    if (refused.reason == proto::RefuseReason::leaving)
        on_frame(link, proto::Leave{link.handshake->peer().epoch, {}}, now, output);
    links.on(link, refused, facts, output);
}

void Mesh::Parts::on_frame(Link& link, const proto::Probe& probe, Now, MeshOutput&) {
    links.on(link, probe);
}

void Mesh::Parts::on_frame(Link& link, const proto::Ping& ping, Now now, MeshOutput& output) {
    const Replica* const replica = replicas.find(link.node());
    const Version held = replica != nullptr ? replica->held() : Version{};
    links.send(
        link,
        FrameClass::control,
        proto::Pong{.seq = ping.seq, .sent_us = ping.sent_us, .your_version = held});
    if (replica == nullptr) return;
    // A ping may overtake changes that are on their way. If a whole heartbeat brought none of what
    // an earlier one told of, they were lost on a link that died, and no later change may come to
    // show the gap. So was the end of a snapshot of which nothing more comes.
    const Version told = std::exchange(link.told_version, ping.version);
    const Version held_before = std::exchange(link.held_at_ping, held);
    const std::uint64_t staged = replica->staged ? replica->staged->chunks : 0;
    const std::uint64_t staged_before = std::exchange(link.staged_at_ping, staged);
    if (held < told && held == held_before && staged == staged_before)
        return ask_catchup(link, held, now, output);
    if (replicas.lags(link.node(), ping.version) == Replicas::Lag::ahead &&
        replicas.discard(link.node()))
        return react(link, Replicas::Outcome::diverged, now, output);
    if (ping.version != held) return;
    if (ping.sethash == replica->sums.sethash) {
        members.is_equal(link.node(), now);
    } else if (replicas.discard(link.node())) {
        react(link, Replicas::Outcome::diverged, now, output);
    } else {
        ask_catchup(link, Version{}, now, output);
    }
}

void Mesh::Parts::on_frame(Link& link, const proto::Pong& pong, Now now, MeshOutput&) {
    // What comes back is the peer's word, not ours: believed only if it can be.
    const auto now_us = static_cast<std::uint64_t>(now.steady.time_since_epoch().count());
    if (pong.sent_us <= now_us && now_us - pong.sent_us < round_trip_us_max)
        link.round_trip = Duration{static_cast<Duration::rep>(now_us - pong.sent_us)};
    link.sync.acked = pong.your_version;
}

void Mesh::Parts::on_frame(Link&, const proto::Members& told, Now now, MeshOutput& output) {
    // Each newcomer is told of by everybody: only the first who does so brings news.
    bool is_news = false;
    bool is_full = false;
    for (const proto::MemberFact& fact : told.members) {
        if (fact.node_id == identity.node) continue;
        const bool is_new_life = members.saw_epoch(fact.node_id, fact.epoch);
        if (fact.state == MemberState::left) continue;
        // It is told of us now, too. One of us dials: the smaller at once, which makes the better
        // link, the other if that leads to nothing.
        const bool dials = identity.node < fact.node_id;
        const Duration wait = dials ? Duration{} : config.give_way * health.factor();
        bool was_known = false;
        for (const std::string& address : fact.addresses) {
            if (!is_address(address)) continue;
            if (dialer.node_at(address))
                was_known = true;
            else if (dialer.learn(address, fact.node_id, now, wait))
                is_news = true;
            else
                is_full = true;
        }
        if (!dials || !was_known || !is_new_life) continue;
        dialer.redial(fact.node_id, now);
        is_news = true;
    }
    // Once for all of them: a liar's list is long.
    if (is_full) output.events.emplace_back(LimitReached{"addresses"});
    is_told_of_nodes = is_told_of_nodes || is_news;
}

void Mesh::Parts::on_frame(Link& link, const proto::Leave& leave, Now now, MeshOutput& output) {
    relay.left(link.node(), leave.epoch, now);
    members.left(link.node(), leave.epoch, now, news, output.events);
}

void Mesh::Parts::on_frame(Link& link, const proto::Catchup& catchup, Now, MeshOutput&) {
    if (catchup.origin != identity.node)
        (void)relay.catch_up(link.node(), catchup.origin, catchup.epoch, catchup.version);
    if (catchup.origin != identity.node || catchup.epoch != identity.epoch) return;
    replication.catch_up(link, catchup.version);
    links.mark_dirty(link);
}

void Mesh::Parts::on_frame(Link& link, const proto::Delta& delta, Now now, MeshOutput& output) {
    if (delta.origin != link.node()) return on_relayed(link, delta, now, output);
    const auto names = take_names(link, delta.origin, delta.changes, output);
    if (!names) return;
    const Replicas::Outcome outcome = replicas.apply(delta, tables, counters, *names);
    if (outcome == Replicas::Outcome::ignored) ++counters.deltas_ignored;
    if (outcome == Replicas::Outcome::applied) {
        ++counters.deltas_applied;
        // Where changes never rest, heartbeats always tell of some that are still on their way.
        if (delta.hash_after) members.is_equal(link.node(), now);
    }
    if (outcome == Replicas::Outcome::applied || outcome == Replicas::Outcome::diverged)
        told_of(delta, now, output);
    if (outcome == Replicas::Outcome::applied && passes_on()) relay.heard(delta, link.node(), now);
    react(link, outcome, now, output);
}

void Mesh::Parts::on_frame(Link& link, const proto::SnapBegin& begun, Now, MeshOutput& output) {
    if (begun.origin != link.node())
        return reject(link, "a snapshot of another node's log", output);
    replicas.begin_snapshot(begun, link.handshake->peer().epoch, tables);
}

void Mesh::Parts::on_frame(Link& link, const proto::SnapChunk& chunk, Now, MeshOutput& output) {
    if (chunk.origin != link.node())
        return reject(link, "a snapshot of another node's log", output);
    const auto names = take_names(link, chunk.origin, chunk.changes, output);
    if (names && replicas.apply(chunk, tables, *names) == Replicas::Outcome::too_many)
        reject(link, "more users and channels than a node may have", output);
}

void Mesh::Parts::on_frame(Link& link, const proto::SnapEnd& ended, Now now, MeshOutput& output) {
    if (ended.origin != link.node())
        return reject(link, "a snapshot of another node's log", output);
    const Replicas::Outcome outcome = replicas.finish_snapshot(ended, tables);
    if (outcome == Replicas::Outcome::applied) {
        ++counters.snapshots_applied;
        if (passes_on()) relay.replaced(link.node(), link.handshake->peer().epoch, ended.version);
        output.events.emplace_back(SnapshotApplied{link.node(), ended.version, ended.keys});
        places_changed = users_moved = true;
    }
    react(link, outcome, now, output);
}

void Mesh::Parts::on_frame(Link& link, const proto::Forward& forward, Now now, MeshOutput& output) {
    link.used = true;
    arrivals.on(link, forward, hash_key, now, output);
}

void Mesh::Parts::on_frame(Link& link, const proto::Done& done, Now now, MeshOutput& output) {
    flows.on(link.node(), done, now, output);
}

void Mesh::Parts::on_frame(Link& link, const proto::Nack& nack, Now now, MeshOutput& output) {
    flows.on(link.node(), nack, now, output);
}

void Mesh::Parts::on_frame(Link& link, const proto::Acked& acked, Now now, MeshOutput& output) {
    flows.acknowledged(link.node(), acked.message_id, acked.user, now, output);
}

void Mesh::Parts::told_of(const proto::Delta& delta, Now now, MeshOutput& output) {
    for (const Change& change : delta.changes)
        if (change.kind == TableKind::users) flows.touched(change.key, now, output);
    flows.advanced(now, output);
}

/// What follows from how far a replica got.
void Mesh::Parts::react(Link& link, Replicas::Outcome outcome, Now now, MeshOutput& output) {
    const Replica* const replica = replicas.find(link.node());
    if (replica == nullptr) return;
    switch (outcome) {
    case Replicas::Outcome::applied:
        members.holds(link.node(), replica->version, now, news, output.events);
        break;
    case Replicas::Outcome::diverged:
        ++counters.divergences;
        output.events.emplace_back(Diverged{link.node(), replica->version});
        ask_catchup(link, Version{}, now, output);
        break;
    case Replicas::Outcome::gap: ask_catchup(link, replica->version, now, output); break;
    case Replicas::Outcome::full: output.events.emplace_back(LimitReached{"table slots"}); break;
    case Replicas::Outcome::too_many:
        reject(link, "more users and channels than a node may have", output);
        break;
    case Replicas::Outcome::ignored: break;
    }
}

void Mesh::Parts::ask_catchup(Link& link, Version held, Now now, MeshOutput& output) {
    if (!replicas.may_ask(link.node(), now, catchup_again)) return;
    ++counters.catchups_asked;
    output.events.emplace_back(CatchupAsked{link.node(), held});
    links.send(
        link,
        FrameClass::control,
        proto::Catchup{
            .origin = link.node(), .epoch = link.handshake->peer().epoch, .version = held});
}

}  // namespace grapevine::mesh
