#include "mesh/links.hpp"

#include "mesh/check.hpp"
#include "proto/mesh_codec.hpp"
#include "proto/mesh_versions.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

using proto::RefuseReason;

/// Control frames that wait for one peer. A peer that reads leaves a few hundred bytes waiting.
constexpr std::size_t control_bytes_max = 1024 * 1024;

/// An old link on which the peer goes on talking is waited for this many times as long: it may have
/// many seconds' worth of messages to say, but data that comes early on the new one is kept
/// meanwhile.
constexpr int talking_max = 10;

/// What a refusal says about the address that was dialled. Told after the dial's end, so that it
/// has the last word.
void note_address(const Link& link, RefuseReason reason, LinkFacts& facts) {
    if (!link.dialled) return;
    if (reason == RefuseReason::unexpected_node)
        facts.emplace_back(DialEnded{.address = link.address, .wrong_node = true});
}

/// Both are proven and lead to one process.
bool is_same_process(const Link& left, const Link& right) {
    return left.node() && left.node() == right.node() &&
           left.handshake->peer().boot == right.handshake->peer().boot;
}

/// Both ends have said all they will on it.
bool has_switched(const Link& link) {
    return link.switch_sent && link.switch_received && link.queue.waiting_bytes() == 0;
}

}  // namespace

Link* Links::find(LinkId id) {
    const auto found = links_.find(id);
    return found == links_.end() ? nullptr : &found->second;
}

Link* Links::to(NodeId node) {
    Link** const found = sending_.find(node);
    return found == nullptr ? nullptr : *found;
}

void Links::mark_dirty(Link& link) {
    if (link.dirty) return;
    link.dirty = true;
    dirty_.push_back(link.id);
}

bool Links::send(Link& link, FrameClass of, const proto::MeshFrame& frame) {
    if (link.closing || proto::version_of(frame) > link.version()) return false;
    if (of == FrameClass::control && link.queue.waiting_bytes(of) > control_bytes_max) {
        link.unread = true;
        return false;
    }
    encoded_.clear();
    proto::append_frame(encoded_, frame);
    link.queue.append(of, encoded_);
    mark_dirty(link);
    return true;
}

void Links::say(Link& link, const Handshake::Frames& frames) {
    for (const proto::MeshFrame& frame : frames)
        send(link, FrameClass::control, frame);
}

// ---- life of a link

void Links::dial(const std::string& address, NodeId expected, Now now, MeshOutput& output) {
    const LinkId id{++dials_};
    Link& link = links_[id];
    link.id = id;
    link.dialled = true;
    link.address = address;
    link.awaited = {now.steady, config_.dial_within};
    link.expected = expected;
    output.dials.push_back({id, address, config_.dial_within * patience_});
}

LinkId Links::open_tunnel(
    NodeId to,
    const std::string& via,
    Nonce nonce,
    const Identity& self,
    Now now,
    MeshOutput& output) {
    const LinkId id{tunnel_link_bit | ++dials_};
    Link& link = links_[id];
    link.id = id;
    link.dialled = true;
    link.address = "via " + via;
    link.awaited = {now.steady, config_.dial_within};
    link.expected = to;
    on(LinkOpened{id, link.address, nonce}, self, now, output);
    return id;
}

void Links::on(const LinkOpened& opened, const Identity& self, Now now, MeshOutput& output) {
    const bool dialled = (opened.link.value & accepted_link_bit) == 0;
    if (dialled && find(opened.link) == nullptr) return;  // given up meanwhile
    if (!dialled && links_.size() >= config_.links_max) {
        output.events.emplace_back(LimitReached{"links"});
        output.closes.push_back({opened.link, LinkEnd::refused});
        return;
    }
    Link& link = links_[opened.link];
    if (link.closing) return;
    link.id = opened.link;
    link.dialled = dialled;
    if (!dialled) link.address = opened.address;
    link.awaited = {now.steady, config_.dial_within};
    link.last_heard = now.steady;
    link.handshake.emplace(
        self,
        dialled,
        std::string{opened.nonce.begin(), opened.nonce.end()},
        dialled ? opened.link.value : 0,
        link.expected);
    Handshake::Frames frames;
    link.handshake->begin(frames);
    say(link, frames);
}

void Links::on(const LinkClosed& closed, LinkFacts& facts, MeshOutput& output) {
    Link* const link = find(closed.link);
    if (link == nullptr) return;
    if (!link->closing) {
        const LinkEnd why = link->resting ? LinkEnd::idle : LinkEnd::peer_closed;
        output.events.emplace_back(LinkDown{link->id, link->node(), why});
        ended(*link, has_switched(*link), facts, output);
    }
    const NodeId node = link->node();
    std::erase(of_node_.make(node).first, link);
    links_.erase(closed.link);
    if (!all_to(node).empty()) return;
    of_node_.erase(node);
    // Only a link that was proven can bring a LinkActive: without any there is none to compare.
    newest_.erase(node);
}

const std::vector<Link*>& Links::all_to(NodeId node) const {
    static const std::vector<Link*> none;
    const std::vector<Link*>* const found = of_node_.find(node);
    return found != nullptr ? *found : none;
}

void Links::on(const DialFailed& failed, LinkFacts& facts) {
    Link* const link = find(failed.link);
    if (link == nullptr) return;
    if (!link->closing)
        facts.emplace_back(
            DialEnded{.address = link->address, .refused = failed.why == DialFailure::refused});
    links_.erase(failed.link);
}

void Links::close(Link& link, LinkEnd why, LinkFacts& facts, MeshOutput& output) {
    if (link.closing) return;
    output.events.emplace_back(LinkDown{link.id, link.node(), why});
    output.closes.push_back({link.id, why});
    const bool in_order = why == LinkEnd::replaced || why == LinkEnd::idle;
    ended(link, in_order && has_switched(link), facts, output);
}

/// The link counts no more, whoever ended it: others that wait for it go on, its node may be lost.
void Links::ended(Link& link, bool replaced, LinkFacts& facts, MeshOutput& output) {
    link.closing = true;
    link.kept.clear();
    link.kept_bytes = 0;
    link.sync = {};
    // Readers may wait for a link that the peer uses already and whose handshake never ended here.
    release_readers(link, facts);
    if (!link.handshake || !link.handshake->is_complete()) {
        if (link.dialled)
            facts.emplace_back(DialEnded{.address = link.address, .node = link.node()});
        return;
    }
    facts.emplace_back(LinkEnded{link.id, replaced});
    const NodeId node = link.node();
    if (to(node) != &link) return;
    sending_.erase(node);
    // A newcomer that waited for this link's process to answer may come in now.
    for (Link* const other : all_to(node))
        if (other->is_usable()) {
            sending_.make(node).first = other;
            facts.emplace_back(LinkEstablished{other->id, /*first=*/true});
            return;
        }
    for (Link* const other : all_to(node))
        if (other->is_complete()) close(*other, LinkEnd::replaced, facts, output);
    facts.emplace_back(NodeLost{node});
    for (Link* const other : all_to(node))
        if (!other->closing && other->probe_nonce != 0) {
            other->probe_nonce = 0;
            other->awaited->within = config_.dial_within;
            facts.emplace_back(LinkProven{other->id});
        }
}

void Links::close_node(NodeId node, LinkEnd why, LinkFacts& facts, MeshOutput& output) {
    for (Link* const link : all_to(node))
        close(*link, why, facts, output);
}

void Links::close_all(LinkEnd why, LinkFacts& facts, MeshOutput& output) {
    for (auto& [id, link] : links_)
        close(link, why, facts, output);
}

void Links::refuse(
    Link& link, RefuseReason reason, std::string text, LinkFacts& facts, MeshOutput& output) {
    if (link.closing) return;
    send(
        link,
        FrameClass::control,
        proto::Refuse{reason, text.substr(0, proto::limits::refusal_text_bytes)});
    note_refusal(link, reason, std::move(text), /*by_peer=*/false, facts);
    while (Bytes message = link.queue.take(config_.link_flight_bytes_max))
        output.sends.push_back({link.id, std::move(message)});
    close(link, LinkEnd::refused, facts, output);
    note_address(link, reason, facts);
    if (reason == RefuseReason::is_self) note_self(link, facts);
}

void Links::note_refusal(
    const Link& link, RefuseReason reason, std::string text, bool by_peer, LinkFacts& facts) {
    ++counters_.links_refused;
    ++(by_peer ? counters_.refused_by_peers : counters_.refused_by_us)
          .at(static_cast<std::size_t>(reason));
    // Each dial of a peer comes from another port, which says nothing.
    const std::size_t end = link.dialled ? std::string::npos : link.address.rfind(':');
    facts.emplace_back(LinkRefused{
        .address = link.address.substr(0, end),
        .name = link.handshake ? link.handshake->peer().name : std::string{},
        .reason = reason,
        .text = std::move(text),
        .by_peer = by_peer});
}

/// We have reached ourselves. The accepting end knows by which dial; a stranger's word would not
/// do.
void Links::note_self(const Link& link, LinkFacts& facts) {
    const Link* const dial = link.dialled ? &link : find(LinkId{link.handshake->peer().dial_seq});
    if (dial != nullptr && dial->dialled)
        facts.emplace_back(DialEnded{.address = dial->address, .is_self = true});
}

void Links::refuse_name(Link& link, LinkFacts& facts, MeshOutput& output) {
    const std::string& name = link.handshake->peer().name;
    refuse(
        link,
        RefuseReason::duplicate_node,
        "another process named \"" + name + "\" is alive: choose another --name",
        facts,
        output);
}

bool Links::is_silent(const Link& link, Now now) const {
    return now.steady - link.last_heard > config_.suspect_after * patience_;
}

bool Links::is_overdue(const Link& link, Now now) const {
    if (!link.awaited) return false;
    const Duration most = link.awaited->within * patience_;
    const Duration waited = now.steady - link.awaited->since;
    if (waited < most) return false;
    // Who still talks on an old link has much to say before its LinkSwitch.
    const bool talks = link.is_complete() && link.sealed && now.steady - link.last_heard < most;
    return !talks || waited >= most * talking_max;
}

void Links::tick(Now now, int patience, LinkFacts& facts, MeshOutput& output) {
    patience_ = patience;
    for (auto& [id, link] : links_) {
        if (link.closing) continue;
        if (link.unread) {
            close(link, LinkEnd::unread, facts, output);
            continue;
        }
        if (!is_overdue(link, now)) continue;
        if (link.probe_nonce != 0) {
            // The old process did not answer in time: the newcomer takes its place.
            link.probe_nonce = 0;
            link.awaited = {now.steady, config_.dial_within};
            if (Link* const old = to(link.node()))
                close(*old, LinkEnd::replaced_process, facts, output);
            facts.emplace_back(LinkProven{id});
            continue;
        }
        const bool switching = link.is_complete() && (link.sealed || link.active_received);
        close(
            link, switching ? LinkEnd::switch_overdue : LinkEnd::handshake_timeout, facts, output);
    }
}

// ---- frames about the link itself

void Links::on_handshake(
    Link& link, const proto::MeshFrame& frame, Now now, LinkFacts& facts, MeshOutput& output) {
    if (const auto* refused = std::get_if<proto::Refuse>(&frame))
        return on(link, *refused, facts, output);
    const Handshake::Stage before = link.handshake->stage();
    const bool was_proven = link.handshake->is_proven();
    Handshake::Frames answers;
    const auto refusal = link.handshake->on(frame, answers);
    say(link, answers);
    if (refusal) return refuse(link, refusal->reason, refusal->text, facts, output);
    if (link.handshake->stage() != before) link.awaited = {now.steady, config_.dial_within};
    if (!was_proven && link.handshake->is_proven()) {
        std::vector<Link*>& all = of_node_.make(link.node()).first;
        all.push_back(&link);
        std::sort(all.begin(), all.end(), [](const Link* one, const Link* other) {
            return one->id < other->id;
        });
        proven(link, now, facts, output);
    }
    if (!link.closing && link.handshake->is_complete()) complete(link, now, facts, output);
}

void Links::proven(Link& link, Now now, LinkFacts& facts, MeshOutput& output) {
    output.trusts.push_back({link.id});
    const proto::Hello& peer = link.handshake->peer();
    const proto::Hello& self = link.handshake->self();
    if (peer.node_id == self.node_id) {
        // Two processes of one name meet. Both know who started later; the older one says so.
        if (std::pair{self.epoch, self.boot} < std::pair{peer.epoch, peer.boot})
            refuse_name(link, facts, output);
        return;
    }
    Link* const used = to(peer.node_id);
    if (used == nullptr) {
        facts.emplace_back(LinkProven{link.id});
        return;
    }
    if (used->handshake->peer().boot != peer.boot) {
        // The name is taken by a process that may still live: ask it before letting the newcomer
        // in.
        link.probe_nonce = proto::mix64(++probes_ ^ peer.boot.value) | 1;
        link.awaited = {now.steady, config_.probe_within};
        send(*used, FrameClass::control, proto::Probe{link.probe_nonce});
        return;
    }
    // What another node carries is never a reason against a link of our own.
    const bool is_spare = link.dialled && used->is_tunnel() <= link.is_tunnel() &&
                          (used->dialled || !link.handshake->expected_somebody());
    if (is_spare && !is_silent(*used, now))
        return refuse(
            link, RefuseReason::loser_link, "there is a link to this node already", facts, output);
    facts.emplace_back(LinkProven{link.id});
}

void Links::welcome(
    LinkId id, proto::Welcome welcome, Now now, LinkFacts& facts, MeshOutput& output) {
    Link* const link = find(id);
    if (link == nullptr || link->closing || link->handshake->stage() != Handshake::Stage::proven)
        return;
    // A probe of the older process may have shortened it.
    link->awaited = {now.steady, config_.dial_within};
    Handshake::Frames answers;
    link->handshake->welcome(std::move(welcome), answers);
    say(*link, answers);
    if (link->handshake->is_complete()) complete(*link, now, facts, output);
}

bool Links::is_better(const Link& link, const Link& than) const {
    if (link.is_tunnel() != than.is_tunnel()) return than.is_tunnel();
    const LinkName left = link.handshake->name();
    const LinkName right = than.handshake->name();
    if (left.initiator != right.initiator) return left.initiator < right.initiator;
    return left.dial_seq > right.dial_seq;
}

void Links::complete(Link& link, Now now, LinkFacts& facts, MeshOutput& output) {
    const proto::Hello& peer = link.handshake->peer();
    link.awaited = {now.steady, config_.switch_within};  // the peer's LinkActive
    link.completed = ++completions_;
    if (link.dialled)
        facts.emplace_back(
            DialEnded{.address = link.address, .node = peer.node_id, .complete = true});
    output.events.emplace_back(
        LinkUp{link.id, peer.node_id, peer.name, link.dialled, link.is_tunnel()});

    Link* used = to(peer.node_id);
    const auto is_gone = [&](const Link& old) {
        // A process that is over never takes the place of a later one.
        const proto::Hello& other = old.handshake->peer();
        if (other.boot != peer.boot || other.epoch != peer.epoch)
            return std::pair{other.epoch, other.boot} < std::pair{peer.epoch, peer.boot};
        if (is_silent(old, now)) return true;
        // Who dialled a known node anew has no link to it any more.
        return !link.dialled && link.handshake->expected_somebody() && !old.dialled &&
               link.is_tunnel() >= old.is_tunnel();
    };
    if (used != nullptr && is_gone(*used)) {
        // Put the newcomer in place first, so that closing the old one does not lose the node.
        Link& old = *used;
        const bool same_process = old.handshake->peer().boot == peer.boot;
        sending_.make(peer.node_id).first = &link;
        close(old, same_process ? LinkEnd::replaced : LinkEnd::replaced_process, facts, output);
        facts.emplace_back(LinkEstablished{link.id, /*first=*/true});
        return;
    }
    if (used == nullptr) {
        sending_.make(peer.node_id).first = &link;
        facts.emplace_back(LinkEstablished{link.id, /*first=*/true});
        return;
    }
    // Which of the two stays is decided when the peer has said whether it still uses the other.
    facts.emplace_back(LinkEstablished{link.id, /*first=*/false});
}

void Links::activate(LinkId id, proto::Version version, std::uint64_t sethash) {
    Link* const link = find(id);
    if (link == nullptr || !link->is_complete() || link->active_sent) return;
    link->active_sent = true;
    proto::LinkActive active{
        .version = version, .sethash = sethash, .after_initiator = {}, .number = ++activations_};
    const Link* const used = to(link->node());
    // Another process knows no link of this one, but may call one of its own the same.
    if (used != nullptr && used != link && !link->sealed && is_same_process(*used, *link)) {
        active.after_initiator = used->handshake->name().initiator;
        active.after_dial_seq = used->handshake->name().dial_seq;
    }
    send(*link, FrameClass::control, active);
}

void Links::on(
    Link& link, const proto::LinkActive& active, Now now, LinkFacts& facts, MeshOutput& output) {
    if (link.active_received) return;
    if (is_forsaken(link, active)) return close(link, LinkEnd::replaced, facts, output);
    link.active_received = true;
    if (!link.sealed) link.awaited.reset();
    const LinkName after{active.after_initiator, active.after_dial_seq};
    link.peers_other = after;
    if (!after.initiator) drop_forsaken(link, facts, output);
    if (const Link* const earlier = find_named(after, link)) link.read_after = earlier->id;
    facts.emplace_back(LinkActivated{link.id, active});

    Link* const used = to(link.node());
    if (used == nullptr || used == &link || link.sealed) return;
    if (!is_better(link, *used)) return seal(link, now);
    sending_.make(link.node()).first = &link;
    facts.emplace_back(SendingMoved{used->id, link.id});
    seal(*used, now);
}

bool Links::is_forsaken(const Link& link, const proto::LinkActive& active) {
    Newest& latest = newest_[link.node()];
    const proto::Boot boot = link.handshake->peer().boot;
    if (latest.boot == boot && active.number < latest.number)
        return link.handshake->name() != latest.after;
    latest = {boot, active.number, {active.after_initiator, active.after_dial_seq}};
    return false;
}

/// The peer says that this link is its only one. Older links that both had in use it has let go of:
/// what it wrote there may still arrive, and must not be read after what comes here. A link that
/// the peer took into use after this one (the two of a simultaneous dial) it has said so of.
void Links::drop_forsaken(Link& link, LinkFacts& facts, MeshOutput& output) {
    const NodeId node = link.node();
    for (Link* const other : all_to(node)) {
        if (other == &link || !other->is_complete() || !other->active_received) continue;
        if (other->completed > link.completed || other->peers_other == link.handshake->name())
            continue;
        const bool was_used = to(node) == other;
        if (was_used) sending_.make(node).first = &link;
        close(*other, LinkEnd::replaced, facts, output);
        if (was_used) facts.emplace_back(LinkEstablished{link.id, /*first=*/true});
    }
}

void Links::seal(Link& link, Now now) {
    link.sealed = true;
    link.awaited = {now.steady, config_.switch_within};
    mark_dirty(link);
}

const Link* Links::find_named(LinkName name, const Link& link) const {
    for (const Link* const other : all_to(link.node()))
        if (!other->closing && !other->switch_received && other != &link &&
            is_same_process(*other, link) && other->handshake->name() == name)
            return other;
    return nullptr;
}

void Links::release_readers(const Link& of, LinkFacts& facts) {
    for (Link* const link : all_to(of.node()))
        if (!link->closing && link->read_after == of.id) {
            link->read_after = {};
            facts.emplace_back(LinkReadable{link->id});
        }
}

void Links::on(Link& link, const proto::LinkSwitch&, LinkFacts& facts, MeshOutput& output) {
    link.switch_received = true;
    release_readers(link, facts);
    finish_switch(link, facts, output);
}

void Links::finish_switch(Link& link, LinkFacts& facts, MeshOutput& output) {
    if (has_switched(link))
        close(link, link.resting ? LinkEnd::idle : LinkEnd::replaced, facts, output);
}

void Links::rest(Link& link, Now now, LinkFacts& facts) {
    if (to(link.node()) != &link) return;
    const NodeId node = link.node();
    send(link, FrameClass::control, proto::Rest{proto::RestStep::ending});
    link.resting = true;
    seal(link, now);
    sending_.erase(node);
    // Another that was about to take over does so now.
    for (Link* const other : all_to(node))
        if (other->is_usable()) {
            sending_.make(node).first = other;
            facts.emplace_back(LinkEstablished{other->id, /*first=*/true});
            return;
        }
    facts.emplace_back(NodeRests{node});
}

void Links::on(Link& link, const proto::Rest& told, Now now, LinkFacts& facts) {
    link.peer_idle = told.step != proto::RestStep::needed;
    if (told.step == proto::RestStep::ending && !link.resting) rest(link, now, facts);
}

void Links::on(Link& link, const proto::Refuse& refused, LinkFacts& facts, MeshOutput& output) {
    const bool proven = link.handshake->is_proven();
    note_refusal(link, refused.reason, refused.text, /*by_peer=*/true, facts);
    if (refused.reason == RefuseReason::duplicate_node && proven) {
        output.events.emplace_back(NameTaken{link.address});
        output.must_stop = true;
    }
    close(link, LinkEnd::refused, facts, output);
    note_address(link, refused.reason, facts);
}

void Links::on(Link& link, const proto::Probe& probe) {
    send(link, FrameClass::control, proto::Echo{probe.nonce});
}

bool Links::on(Link& link, const proto::Echo& echo, LinkFacts& facts, MeshOutput& output) {
    for (Link* const newcomer : all_to(link.node()))
        if (!newcomer->closing && newcomer->probe_nonce != 0 &&
            newcomer->probe_nonce == echo.nonce) {
            newcomer->probe_nonce = 0;
            refuse_name(*newcomer, facts, output);
            return true;
        }
    return false;
}

// ---- keeping and handing out

void Links::keep(Link& link, std::string_view message, LinkFacts& facts, MeshOutput& output) {
    link.kept.push_back(Bytes::copy_of(message));
    link.kept_bytes += message.size();
    if (link.kept_bytes <= config_.kept_bytes_max) return;
    // The old link is too slow to be waited for: end it, and what was kept is read.
    close(links_.at(link.read_after), LinkEnd::switch_overdue, facts, output);
}

void Links::hand_out(LinkFacts& facts, MeshOutput& output) {
    for (std::size_t at = 0; at < dirty_.size(); ++at) {
        Link* const link = find(dirty_[at]);
        if (link == nullptr) continue;
        link->dirty = false;
        if (link->closing) continue;
        while (Bytes message = link->queue.take(config_.link_flight_bytes_max))
            output.sends.push_back({link->id, std::move(message)});
        if (!link->sealed || link->switch_sent || link->queue.waiting_bytes() != 0) continue;
        // The old link is empty: say that it is, as its last frame.
        link->switch_sent = true;
        send(*link, FrameClass::control, proto::LinkSwitch{});
        while (Bytes message = link->queue.take(config_.link_flight_bytes_max))
            output.sends.push_back({link->id, std::move(message)});
        if (const Link* const used = to(link->node()))
            output.events.emplace_back(LinkSwitched{link->node(), link->id, used->id});
        finish_switch(*link, facts, output);
    }
    dirty_.clear();
}

void Links::forgive(Duration lag) {
    for (auto& [id, link] : links_) {
        link.last_heard += lag;
        if (link.awaited) link.awaited->since += lag;
    }
}

void Links::check_invariants() const {
    for (const auto [node, link] : sending_) {
        check(
            link == find(link->id) && link->is_usable(),
            "the link in use is complete and not sealed");
        check(link->node() == node, "the link in use leads to its node");
    }
    for (const auto& [id, link] : links_) {
        const std::vector<Link*>& all = all_to(link.node());
        check(
            !link.node() || std::find(all.begin(), all.end(), &link) != all.end(),
            "a proven link is listed under its node");
        check(
            link.kept_bytes <= config_.kept_bytes_max + proto::limits::mesh_message_bytes,
            "kept bytes are bounded");
        check(
            link.closing || !link.is_usable() || sending_.contains(link.node()),
            "a usable link's node has a link in use");
        if (link.closing) continue;
        check(
            link.awaited || to(link.node()) == &link,
            "what is not in use must go on within a time");
        if (!must_keep(link)) continue;
        const Link* const earlier = find(link.read_after);
        check(
            earlier != nullptr && !earlier->closing && !earlier->switch_received &&
                is_same_process(*earlier, link),
            "what is kept waits for a link that will switch or end");
    }
}

}  // namespace grapevine::mesh
