#include "mesh/router.hpp"

#include "proto/mesh_codec.hpp"

namespace grapevine::mesh {
namespace {

/// Tags, lengths and ids of an encoded Forward besides its name and body.
constexpr std::size_t forward_overhead_bytes = 40;

Deliver deliver_here(const Publish& publish) {
    return {
        .target = publish.target,
        .payload_kind = publish.payload_kind,
        .key = publish.key,
        .name = publish.name(),
        .body = publish.body()};
}

}  // namespace

void Router::publish(
    const Publish& publish,
    const Tables& tables,
    Links& links,
    MeshCounters& counters,
    MeshOutput& output) {
    ++counters.published;
    bool wanted = false;
    switch (publish.target) {
    case Target::user: wanted = to_user(publish, tables, links, counters, output); break;
    case Target::channel: wanted = to_channel(publish, tables, links, counters, output); break;
    case Target::everybody: wanted = to_everybody(publish, links, counters, output); break;
    }
    if (!wanted) ++counters.published_nowhere;
}

bool Router::to_channel(
    const Publish& publish,
    const Tables& tables,
    Links& links,
    MeshCounters& counters,
    MeshOutput& output) {
    return to_places(proto::TableKind::channels, publish, tables, links, counters, output);
}

bool Router::to_user(
    const Publish& publish,
    const Tables& tables,
    Links& links,
    MeshCounters& counters,
    MeshOutput& output) {
    return to_places(proto::TableKind::users, publish, tables, links, counters, output);
}

bool Router::to_places(
    proto::TableKind kind,
    const Publish& publish,
    const Tables& tables,
    Links& links,
    MeshCounters& counters,
    MeshOutput& output) {
    bool wanted = false;
    tables.for_each_place(kind, publish.key, [&](Slot slot) {
        wanted = true;
        if (slot == Tables::self_slot) {
            output.delivers.push_back(deliver_here(publish));
        } else if (Link* const link = links.to(tables.node_of(slot))) {
            forward(publish, *link, links, counters);
        }
    });
    return wanted;
}

bool Router::to_everybody(
    const Publish& publish, Links& links, MeshCounters& counters, MeshOutput& output) {
    output.delivers.push_back(deliver_here(publish));
    links.for_each_node([&](NodeId, Link& link) { forward(publish, link, links, counters); });
    return true;
}

void Router::forward(const Publish& publish, Link& link, Links& links, MeshCounters& counters) {
    if (link.queue.waiting_bytes(FrameClass::messages) >= config_.link_message_bytes_max) {
        ++counters.forwards_dropped;
        return;
    }
    const proto::Forward frame{
        .copy = 0,
        .target = publish.target,
        .name = publish.name(),
        .payload_kind = publish.payload_kind,
        .body = publish.body(),
        .known = {},
        .message_id = {}};
    proto::append_frame(
        link.queue.open(
            FrameClass::messages, frame.name.size() + frame.body.size() + forward_overhead_bytes),
        frame);
    link.queue.appended(FrameClass::messages);
    links.mark_dirty(link);
    ++counters.forwards_sent;
}

void Router::deliver(
    const proto::Forward& forward,
    proto::HashKey hash_key,
    MeshCounters& counters,
    MeshOutput& output) {
    ++counters.forwards_received;
    const std::uint64_t key =
        forward.target == Target::everybody ? 0 : proto::siphash13(hash_key, forward.name);
    output.delivers.push_back(
        {.target = forward.target,
         .payload_kind = forward.payload_kind,
         .key = key,
         .name = forward.name,
         .body = forward.body});
}

}  // namespace grapevine::mesh
