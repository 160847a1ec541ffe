#include "mesh/router.hpp"

#include "mesh/check.hpp"
#include "proto/mesh_versions.hpp"

namespace grapevine::mesh {
Deliver Router::deliver_here(const Publish& publish) {
    return {
        .target = publish.target,
        .payload_kind = publish.payload_kind,
        .key = publish.key,
        .name = publish.name(),
        .body = publish.body()};
}

proto::Forward Router::frame_of(const Publish& publish) {
    return {
        .copy = 0,
        .target = publish.target,
        .name = publish.name(),
        .payload_kind = publish.payload_kind,
        .body = publish.body(),
        .known = {},
        .message_id = {}};
}

void Router::publish(const Publish& publish, Now now, MeshOutput& output) {
    check(publish.target == Target::channel, "messages to users go through their flows");
    bool wanted = false;
    std::string_view encoded;  // once for all links
    reach_.tables.for_each_place(proto::TableKind::channels, publish.key, [&](Slot slot) {
        wanted = true;
        if (slot == Tables::self_slot) {
            output.delivers.push_back(deliver_here(publish));
        } else if (Link* const link = reach_.links.to(reach_.tables.node_of(slot))) {
            (void)reach_.forward(*link, frame_of(publish), encoded);
        } else if (!reach_.has_parted(reach_.tables.node_of(slot))) {
            reach_.forward_later(reach_.tables.node_of(slot), frame_of(publish), now);
        }
    });
    if (!wanted) ++reach_.counters.published_nowhere;
}

void Router::announce(const Publish& publish, Now now, MeshOutput& output) {
    ++reach_.counters.comings_told;
    std::string_view encoded;  // once for all links
    reach_.tables.for_each_place(proto::TableKind::channels, publish.key, [&](Slot slot) {
        const NodeId node = reach_.tables.node_of(slot);
        if (slot == Tables::self_slot) {
            output.delivers.push_back(deliver_here(publish));
        } else if (Link* const link = reach_.links.to(node)) {
            if (link->version() >= proto::watchers_since_version)
                (void)reach_.forward(*link, frame_of(publish), encoded);
        } else if (!reach_.has_parted(node)) {
            reach_.forward_later(node, frame_of(publish), now, proto::watchers_since_version);
        }
    });
}

}  // namespace grapevine::mesh
