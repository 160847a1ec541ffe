/// The listener for the public: WebSocket sessions at /connection/websocket, the chat at /, and
/// /healthz.
#pragma once

#include "node/client_turn.hpp"
#include "node/front.hpp"
#include "node/origin.hpp"
#include "node/pages.hpp"
#include "node/transport/web_socket.hpp"

#include <vector>

namespace grapevine::node {

/// Of a client that does not read, the kernel would keep up to 4 MiB, which no budget of ours
/// counts. Less: more wake-ups for a client that reads much.
inline constexpr std::size_t client_unsent_bytes = 128 * 1024;

class ClientListener final : public Router, public SocketOwner {
public:
    /// `page`: the chat, or without files none.
    ClientListener(
        ClientTurn& turn,
        WebSockets& sockets,
        HttpConnections& http,
        AllowedOrigins origins,
        const Page& page);

    // ---- what Sessions intends
    void send(const mesh::SendToSession& send);
    void close(const mesh::CloseSession& close);

    // ---- Router
    UpgradeAnswer upgrade(const HttpHead& head) override;
    void requested(RequestId id, const Request& request) override;

    // ---- SocketOwner
    void opened(SocketId id, const Opening& opening) override;
    void received(SocketId id, const proto::Bytes& payload, FrameKind kind) override;
    void drained(SocketId id, std::size_t bytes) override;
    void closed(SocketId id, const Ending& ending) override;

    [[nodiscard]] std::size_t open_count() const { return open_; }
    /// Messages of the other kind than the session's encoding asks for, and where they led: 3506.
    [[nodiscard]] std::uint64_t wrong_kind_count() const { return wrong_kind_; }

private:
    ClientTurn& turn_;
    WebSockets& sockets_;
    HttpConnections& http_;
    Page page_;
    Entropy entropy_;
    std::vector<FrameKind> kinds_;  ///< by slot: what this session speaks
    std::size_t open_ = 0;
    std::uint64_t wrong_kind_ = 0;
    AllowedOrigins origins_;
};

}  // namespace grapevine::node
