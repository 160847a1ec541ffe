/// The door: every accepted connection belongs to the front until the first request head was read.
#pragma once

#include "node/edge_counters.hpp"
#include "node/http_connection.hpp"
#include "node/http_head.hpp"
#include "node/loop.hpp"
#include "node/transport/web_socket.hpp"

#include <memory>
#include <string>
#include <unordered_set>
#include <variant>

namespace grapevine::node {

/// The handshake may go on.
struct AcceptUpgrade {
    SocketOwner* owner = nullptr;
    /// One of those the client offered, or empty.
    std::string subprotocol;
    SocketOptions socket;
    /// Comes back in `opened`.
    std::uint64_t token = 0;
};

struct RejectUpgrade {
    int status = 403;
    std::string text;
};

using UpgradeAnswer = std::variant<AcceptUpgrade, RejectUpgrade>;

/// Decides by path, origin and state of the node. The front has already checked that the handshake
/// is correct.
class Router : public HttpService {
public:
    /// `head` is valid during the call. Offered subprotocols:
    /// `head.list("sec-websocket-protocol")`.
    virtual UpgradeAnswer upgrade(const HttpHead& head) = 0;
};

struct FrontOptions {
    /// From accept to the end of the head. Longer: a slow attacker holds descriptors cheaply.
    Duration head = std::chrono::seconds{5};
};

/// Reads heads of at most 8 KiB, then gives the connection to the WebSocket transport or to HTTP.
/// What is not a correct HTTP head or not a correct handshake gets a plain HTTP error and is
/// closed; all counted. Has no say in anything else.
class Front final : public Upgrader {
public:
    Front(
        Loop& loop,
        WebSockets& sockets,
        HttpConnections& http,
        Router& router,
        EdgeCounters& counters,
        FrontOptions options = {});
    ~Front() override;
    Front(const Front&) = delete;
    Front& operator=(const Front&) = delete;

    void adopt(TcpSocket socket);
    /// Answers a request for a WebSocket, and gives the connection on if the answer is yes.
    void upgrade(Stream stream, const HttpHead& head, std::string_view received) override;
    /// Connections whose head is not complete.
    [[nodiscard]] std::size_t size() const { return visitors_.size(); }

private:
    class Visitor;
    friend class Visitor;

    void refuse(Stream stream, int status, std::string_view why);
    void abandon(Stream stream);

    Loop& loop_;
    WebSockets& sockets_;
    HttpConnections& http_;
    Router& router_;
    EdgeCounters& counters_;
    FrontOptions options_;
    std::unordered_set<std::shared_ptr<Visitor>> visitors_;
    HttpHead plain_head_;  ///< the last one; kept for its room
};

}  // namespace grapevine::node
