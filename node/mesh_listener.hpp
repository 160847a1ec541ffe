/// The listener for other nodes, and the links that this node dials: both are the same to Mesh.
#pragma once

#include "node/config.hpp"
#include "node/front.hpp"
#include "node/resolver.hpp"
#include "node/transport/web_socket.hpp"
#include "node/turn.hpp"

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>

namespace grapevine::node {

class MeshListener final : public Router, public SocketOwner {
public:
    MeshListener(
        Loop& loop,
        Turn& turn,
        WebSockets& sockets,
        HttpConnections& http,
        const NodeConfig& config);
    ~MeshListener() override;

    // ---- what Mesh intends
    void send(const mesh::SendFrame& send);
    void close(const mesh::CloseLink& close);
    void trust(const mesh::TrustLink& trust);
    void dial(const mesh::Dial& dial);
    void resolve(const mesh::Resolve& resolve);

    // ---- Router
    UpgradeAnswer upgrade(const HttpHead& head) override;
    void requested(RequestId id, const Request& request) override;

    // ---- SocketOwner
    void opened(SocketId id, const Opening& opening) override;
    void received(SocketId id, const proto::Bytes& payload, FrameKind kind) override;
    void drained(SocketId id, std::size_t bytes) override;
    void closed(SocketId id, const Ending& ending) override;

    [[nodiscard]] std::size_t open_count() const { return sockets_of_.size(); }

private:
    /// To any of these addresses of the node that is meant, in order.
    void connect(const mesh::Dial& dial, std::span<const std::string> addresses);

    Loop& loop_;
    Turn& turn_;
    WebSockets& sockets_;
    HttpConnections& http_;
    std::string path_;
    Entropy entropy_;
    Resolver resolver_;
    struct OpenLink {
        mesh::LinkId link;
        bool is_open = false;  ///< false: the dial is under way
    };
    std::map<mesh::LinkId, SocketId> sockets_of_;
    std::map<SocketId, OpenLink> links_of_;
    std::set<mesh::LinkId> looked_up_;  ///< dials that wait for the address of a name
    std::set<std::string> resolving_;  ///< seeds that were asked for: each once at a time
    std::uint64_t accepted_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< what was posted outlives us
};

}  // namespace grapevine::node
