// The hub of Mesh, as far as it is asked who is subscribed to a channel: whom to ask, and whom to
// tell.
#include "mesh/mesh_parts.hpp"
#include "proto/client_codec.hpp"
#include "proto/hash.hpp"
#include "proto/mesh_codec.hpp"
#include "proto/mesh_versions.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace grapevine::mesh {
namespace {

using proto::Found;
using proto::FoundStep;

/// The first of these clients that go into one frame; none if the first is too long.
std::string_view first_part(std::string_view clients) {
    std::string_view rest = clients;
    std::size_t part = 0;
    proto::ClientInfo info;
    while (!rest.empty() && proto::take_present_client(rest, info)) {
        if (clients.size() - rest.size() > proto::limits::found_client_bytes) break;
        part = clients.size() - rest.size();
    }
    return clients.substr(0, part);
}

}  // namespace

void Mesh::Parts::on(const Inquiry& inquiry, Now now, MeshOutput& output) {
    const std::uint64_t key = proto::channel_key_of(hash_key, inquiry.channel).value;
    std::vector<NodeId> nodes;
    const Reach where = reach();
    tables.for_each_place(TableKind::channels, key, [&](Slot slot) {
        const NodeId node = tables.node_of(slot);
        if (slot != Tables::self_slot && !where.has_parted(node)) nodes.push_back(node);
    });
    ++counters.inquiries;
    const std::uint64_t number = inquiries.open(inquiry, nodes, now);
    if (number == 0) {
        ++counters.inquiries_refused;
        output.answers.push_back({inquiry.asker, {}, proto::ErrorCode::too_many_requests});
        return;
    }
    output.presence.emplace_back(
        LoopQuery{.number = number, .kind = inquiry.kind, .key = key, .channel = inquiry.channel});
    for (const NodeId node : nodes)
        if (!ask(node, {.number = number, .kind = inquiry.kind, .channel = inquiry.channel}, now))
            inquiries.cannot_ask(number, node);
}

bool Mesh::Parts::ask(NodeId node, const proto::Query& query, Now now) {
    Link* const link = links.to(node);
    if (link == nullptr) {
        std::string encoded;
        proto::append_frame(encoded, query);
        return data_links.wait(node, encoded, now, proto::since_version<proto::Query>);
    }
    link->used = true;
    // Behind so much, the answer would come too late.
    return link->queue.waiting_bytes(FrameClass::messages) < config.link_message_bytes_max &&
           links.send(*link, FrameClass::messages, query);
}

void Mesh::Parts::on(const LoopFound& found, Now, MeshOutput& output) {
    inquiries.on(found);
    tell_inquired(output);
}

void Mesh::Parts::on_frame(Link& link, const proto::Query& query, Now now, MeshOutput& output) {
    link.used = true;
    ++counters.inquiries;
    const std::uint64_t number = inquiries.open(link.node(), query, now);
    if (number == 0) {
        ++counters.inquiries_refused;
        return tell_found({link.node(), {.number = query.number, .clients = {}, .is_cut = true}});
    }
    const std::uint64_t key = proto::channel_key_of(hash_key, query.channel).value;
    output.presence.emplace_back(LoopQuery{
        .number = number, .kind = query.kind, .key = key, .channel = std::string{query.channel}});
}

void Mesh::Parts::on_frame(Link& link, const Found& found, Now, MeshOutput& output) {
    if (!inquiries.on(link.node(), found)) return reject(link, "clients cut off", output);
    tell_inquired(output);
}

void Mesh::Parts::tell_inquired(MeshOutput& output) {
    for (Inquired& inquired : inquiries.answers())
        output.presence.emplace_back(std::move(inquired));
    inquiries.answers().clear();
    for (const Inquiries::Reply& reply : inquiries.replies())
        tell_found(reply);
    inquiries.replies().clear();
    counters.inquiries_incomplete = inquiries.incomplete();
}

/// If that is too much for its link, it waits in vain and calls its answer incomplete.
void Mesh::Parts::tell_found(const Inquiries::Reply& reply) {
    Link* const link = links.to(reply.node);
    if (link == nullptr) return;
    std::string_view clients = reply.found.clients;
    std::span<const std::uint64_t> users = reply.found.users;
    std::uint64_t count = reply.found.count;
    bool is_cut = reply.found.is_cut;
    for (bool is_last = false; !is_last;) {
        if (link->queue.waiting_bytes(FrameClass::messages) >= config.link_message_bytes_max)
            return;
        const std::string_view part = first_part(clients);
        const auto some = users.first(std::min(users.size(), proto::limits::found_users));
        clients.remove_prefix(part.size());
        users = users.subspan(some.size());
        is_cut = is_cut || (part.empty() && !clients.empty());
        is_last = users.empty() && (clients.empty() || part.empty());
        links.send(
            *link,
            FrameClass::messages,
            Found{
                .number = reply.found.number,
                .step = !is_last ? FoundStep::more
                        : is_cut ? FoundStep::cut
                                 : FoundStep::last,
                .clients = part,
                .count = std::exchange(count, 0),
                .users = proto::CopyList::of(some)});
    }
}

}  // namespace grapevine::mesh
