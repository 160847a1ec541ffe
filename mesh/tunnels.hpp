/// Links through a third node, for when two nodes cannot reach each other but both reach it.
///
///   A ═ Tunnel{A to X, data} ═▶ P ═ the same ═▶ X
///
/// To both ends such a link is a link like any other, with its own handshake, order, heartbeats and
/// replication; only what carries it differs. P looks at nothing but who it is from and for, keeps
/// no state, and carries one hop: tunnels do not go through tunnels. At most flight bytes are on
/// their way, because the other end says what it has read.
///
/// Says which link a Tunnel frame is about, and makes the frames of a link. What happens to the
/// link is Links' business.
#pragma once

#include "mesh/link.hpp"
#include "proto/bytes.hpp"
#include "proto/mesh_frames.hpp"

#include <map>
#include <optional>
#include <vector>

namespace grapevine::mesh {

using proto::LinkId;
using proto::NodeId;

/// A message of a link that another node carries.
struct TunnelHeard {
    LinkId link;
    proto::Bytes message;
};

class Tunnels {
public:
    explicit Tunnels(NodeId self) : self_(self) {}

    /// This node opened a link to `to` through `via`.
    void opened(LinkId link, NodeId to, NodeId via);
    /// Somebody opened one to here, whose frames come through `via`. Its link's id; nothing if
    /// there are too many, or it is open already.
    std::optional<LinkId> accepted(const proto::Tunnel& open, NodeId via);
    /// The link that this frame is about; nothing if it is none of ours.
    [[nodiscard]] std::optional<LinkId> find(const proto::Tunnel& frame, NodeId via) const;
    void closed(LinkId link);

    /// A frame of this link, to be sent to via(). The link must be a tunnel.
    [[nodiscard]] proto::Tunnel frame_of(LinkId link, proto::TunnelStep step) const;
    [[nodiscard]] NodeId via(LinkId link) const;
    [[nodiscard]] bool contains(LinkId link) const { return ends_.contains(link); }
    /// To this node, opened by us.
    [[nodiscard]] bool leads_to(NodeId node) const;
    /// Links that this node carries for us.
    [[nodiscard]] std::vector<LinkId> through(NodeId via) const;
    [[nodiscard]] std::size_t size() const { return ends_.size(); }

private:
    /// A tunnel as both ends name it: who opened it, and that one's number for it.
    struct Name {
        NodeId opener;
        std::uint64_t id = 0;
        friend auto operator<=>(const Name&, const Name&) = default;
    };
    struct End {
        Name name;
        NodeId peer;
        NodeId via;
    };
    [[nodiscard]] static Name name_of(const proto::Tunnel& frame) {
        return {frame.opener, frame.id};
    }

    NodeId self_;
    std::map<Name, LinkId> links_;
    std::map<LinkId, End> ends_;
    std::uint64_t accepted_ = 0;
};

}  // namespace grapevine::mesh
