/// Where names are and how to get there: what those who send publications look at. A bundle of
/// references to components of one Mesh.
#pragma once

#include "mesh/data_links.hpp"
#include "mesh/links.hpp"
#include "mesh/mesh.hpp"
#include "mesh/origin_log.hpp"
#include "mesh/replicas.hpp"
#include "mesh/tables.hpp"
#include "proto/mesh_codec.hpp"

namespace grapevine::mesh {

struct Reach {
    NodeId self;
    const MeshConfig& config;
    const Tables& tables;
    const Replicas& replicas;
    const OriginLog& log;  ///< of this node
    Links& links;
    DataLinks& data_links;
    MeshCounters& counters;

    /// Queues one frame. False, and nothing is queued, if that link has too much waiting already.
    /// `encoded`: the frame as another link has it; if that is nothing yet, as this one has it.
    [[nodiscard]] bool
    forward(Link& link, const proto::Forward& frame, std::string_view& encoded) const {
        // Tags, lengths and numbers around name and body.
        constexpr std::size_t overhead_bytes = 56;
        if (link.queue.waiting_bytes(FrameClass::messages) >= config.link_message_bytes_max) {
            ++counters.forwards_dropped;
            return false;
        }
        if (!encoded.empty())
            link.queue.append(FrameClass::messages, encoded);
        else
            encoded = link.queue.append(
                FrameClass::messages,
                frame.name.size() + frame.body.size() + overhead_bytes,
                frame);
        links.mark_dirty(link);
        link.used = true;
        ++counters.forwards_sent;
        return true;
    }
    /// To one link.
    [[nodiscard]] bool forward(Link& link, const proto::Forward& frame) const {
        std::string_view encoded;
        return forward(link, frame, encoded);
    }
    /// Like forward(), to a node that has no link: it waits until there is one, but not for long.
    void forward_later(
        NodeId node,
        const proto::Forward& frame,
        Now now,
        std::uint32_t version = proto::mesh_version_min) const {
        std::string encoded;
        proto::append_frame(encoded, frame);
        if (data_links.wait(node, encoded, now, version))
            ++counters.forwards_sent;
        else
            ++counters.forwards_dropped;
    }
    /// How much of a node's log is in the tables.
    [[nodiscard]] Version known_of(NodeId node) const {
        if (node == self) return log.version();
        const Replica* const replica = replicas.find(node);
        return replica != nullptr ? replica->version : Version{};
    }
    /// Its users are shown although it has left.
    [[nodiscard]] bool has_parted(NodeId node) const {
        const Replica* const replica = replicas.find(node);
        return replica != nullptr && replica->parted;
    }
};

}  // namespace grapevine::mesh
