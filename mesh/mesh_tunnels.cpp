// The hub of Mesh, as far as links through other nodes are concerned: frames of such links become
// frames of the links that carry them, and back.
#include "mesh/mesh_parts.hpp"
#include "proto/mesh_versions.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace grapevine::mesh {

using proto::Tunnel;
using proto::TunnelStep;

namespace {

/// Tags, lengths and numbers around the data of a told.
constexpr std::size_t tunnel_overhead_bytes = 64;

bool is_tunnel(LinkId link) {
    return (link.value & tunnel_link_bit) != 0;
}

}  // namespace

Link* Mesh::Parts::direct_to(NodeId node) {
    Link* const link = links.to(node);
    const bool fits =
        link != nullptr && !link->is_tunnel() && link->version() >= proto::since_version<Tunnel>;
    return fits ? link : nullptr;
}

/// New for each handshake, and known to nobody else: the system's entropy, spread.
Nonce Mesh::Parts::tunnel_nonce() {
    const std::array<std::uint64_t, 2> number{++nonces, config.boot.value};
    const proto::Sha256 mac = proto::hmac_sha256(
        config.entropy, {reinterpret_cast<const char*>(number.data()), sizeof number});
    Nonce nonce;
    std::copy_n(mac.begin(), nonce.size(), nonce.begin());
    return nonce;
}

/// In a large mesh few have a link to it.
NodeId Mesh::Parts::some_carrier(NodeId to) {
    std::vector<NodeId> some;
    if (overlay.is_on())
        for (const NodeId neighbour : overlay.neighbours_of(to))
            if (direct_to(neighbour) != nullptr) some.push_back(neighbour);
    if (!some.empty()) return some[rng.below(some.size())];
    some = some_members(1, to);
    return some.empty() ? NodeId{} : some.front();
}

void Mesh::Parts::try_tunnel(NodeId node, Now now, MeshOutput& output) {
    const Member* const member = members.find(node);
    const bool is_gone = member != nullptr && member->state == MemberState::left;
    if (is_leaving || is_gone || links.to(node) != nullptr || tunnels.leads_to(node)) return;
    NodeId via = member != nullptr ? member->relay : NodeId{};
    if (direct_to(via) == nullptr) via = some_carrier(node);
    if (!via) return;
    const LinkId link =
        links.open_tunnel(node, name_of(via), tunnel_nonce(), identity, now, output);
    tunnels.opened(link, node, via);
    ++counters.tunnels_opened;
    (void)send_through(link, tunnels.frame_of(link, TunnelStep::open));
}

bool Mesh::Parts::send_through(LinkId link, const Tunnel& told) {
    Link* const via = direct_to(tunnels.via(link));
    return via != nullptr && queue_tunnel(*via, told);
}

bool Mesh::Parts::queue_tunnel(Link& on, const Tunnel& told) {
    if (on.queue.waiting_bytes(FrameClass::messages) >= config.link_message_bytes_max) return false;
    on.queue.append(FrameClass::messages, told.data.size() + tunnel_overhead_bytes, told);
    links.mark_dirty(on);
    return true;
}

bool Mesh::Parts::wrap_tunnels(MeshOutput& output) {
    if (tunnels.size() == 0) return false;
    std::erase_if(output.trusts, [](const TrustLink& trust) { return is_tunnel(trust.link); });
    std::erase_if(output.sends, [&](const SendFrame& send) {
        if (!is_tunnel(send.link)) return false;
        if (!tunnels.contains(send.link)) return true;
        Tunnel told = tunnels.frame_of(send.link, TunnelStep::data);
        told.data = send.message.view();
        Link* const link = links.find(send.link);
        if (!send_through(send.link, told) && link != nullptr)
            links.close(*link, LinkEnd::peer_closed, facts, output);
        return true;
    });
    std::vector<LinkId> closed;
    std::erase_if(output.closes, [&](const CloseLink& close) {
        if (is_tunnel(close.link)) closed.push_back(close.link);
        return is_tunnel(close.link);
    });
    for (const LinkId link : closed) {
        if (!tunnels.contains(link)) continue;
        (void)send_through(link, tunnels.frame_of(link, TunnelStep::close));
        tunnels.closed(link);
        tunnels_ended.push_back(link);
    }
    return !facts.empty() || !news.empty();
}

void Mesh::Parts::close_tunnels(NodeId via, MeshOutput& output) {
    for (const LinkId id : tunnels.through(via))
        if (Link* const link = links.find(id))
            links.close(*link, LinkEnd::peer_closed, facts, output);
}

// ---- what peers say

void Mesh::Parts::on_frame(Link& link, const Tunnel& told, Now now, MeshOutput& output) {
    if (link.is_tunnel()) return reject(link, "a tunnel inside a tunnel", output);
    if (told.to == identity.node) return take(link, told, now, output);
    if (told.from != link.node()) return reject(link, "a tunnel of another node", output);
    carry(link, told);
}

void Mesh::Parts::carry(Link& from, const Tunnel& told) {
    Link* const to = direct_to(told.to);
    if (to != nullptr && to != &from && queue_tunnel(*to, told)) {
        ++counters.tunnel_frames_carried;
        from.used = to->used = true;  // so that they do not rest
        return;
    }
    ++counters.tunnel_frames_refused;
    end_of(from, told);
}

/// The other end need not wait to find out that a link is over.
void Mesh::Parts::end_of(Link& link, const Tunnel& told) {
    if (told.step == TunnelStep::close) return;
    const Tunnel answer{
        .from = told.to,
        .to = told.from,
        .opener = told.opener,
        .id = told.id,
        .step = TunnelStep::close,
        .bytes = 0,
        .data = {}};
    (void)links.send(link, FrameClass::control, answer);
}

void Mesh::Parts::take(Link& via, const Tunnel& told, Now now, MeshOutput& output) {
    if (told.step == TunnelStep::open) {
        const auto accepted = told.opener == told.from && !is_leaving
                                  ? tunnels.accepted(told, via.node())
                                  : std::nullopt;
        if (!accepted) return end_of(via, told);
        const LinkOpened opened{*accepted, "via " + name_of(via.node()), tunnel_nonce()};
        return links.on(opened, identity, now, output);
    }
    const auto id = tunnels.find(told, via.node());
    Link* const link = id ? links.find(*id) : nullptr;
    if (link == nullptr) return end_of(via, told);
    switch (told.step) {
    case TunnelStep::data: tunnels_heard.push_back({*id, Bytes::copy_of(told.data)}); break;
    case TunnelStep::drained:
        link->queue.drained(told.bytes);
        links.mark_dirty(*link);
        break;
    case TunnelStep::close:
        tunnels.closed(*id);
        links.on(LinkClosed{*id}, facts, output);
        break;
    case TunnelStep::open: break;
    }
}

/// Each message is read like one of a link of its own: what follows from a frame is done before the
/// next frame is read, so it must not be read while something else is being settled.
void Mesh::Parts::read_tunnels(Now now, MeshOutput& output) {
    if (is_reading_tunnels) return;  // whoever reads takes what was added
    is_reading_tunnels = true;
    for (std::size_t next = 0; next < tunnels_heard.size() || !tunnels_ended.empty();) {
        for (const LinkId ended : std::exchange(tunnels_ended, {}))
            links.on(LinkClosed{ended}, facts, output);
        if (next == tunnels_heard.size()) break;
        const TunnelHeard heard = std::move(tunnels_heard[next++]);
        hear(heard, now, output);
    }
    tunnels_heard.clear();
    is_reading_tunnels = false;
}

void Mesh::Parts::hear(const TunnelHeard& heard, Now now, MeshOutput& output) {
    if (!tunnels.contains(heard.link)) return;
    Tunnel told = tunnels.frame_of(heard.link, TunnelStep::drained);
    told.bytes = heard.message.size();
    (void)send_through(heard.link, told);
    on(LinkReceived{heard.link, heard.message.view()}, now, output);
    output.alive.push_back(heard.message);
}

}  // namespace grapevine::mesh
