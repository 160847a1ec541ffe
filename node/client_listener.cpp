#include "node/client_listener.hpp"

#include "proto/codes.hpp"

#include <utility>

namespace grapevine::node {
namespace {

constexpr std::string_view protobuf_subprotocol = "centrifuge-protobuf";

mesh::SessionId session_of(SocketId id) {
    return mesh::SessionId{id.value};
}

}  // namespace

ClientListener::ClientListener(
    ClientTurn& turn,
    WebSockets& sockets,
    HttpConnections& http,
    AllowedOrigins origins,
    const Page& page)
    : turn_(turn), sockets_(sockets), http_(http), page_(page), origins_(std::move(origins)) {}

void ClientListener::send(const mesh::SendToSession& send) {
    const SocketId id{send.session.value};
    sockets_.send(id, send.message, kinds_[slot_of(id)]);
}

void ClientListener::close(const mesh::CloseSession& close) {
    // A slow one would not read its backlog: the code goes instead of it, or the connection is
    // reset.
    const Queued queued =
        close.code == proto::CloseCode::slow ? Queued::discard : Queued::send_first;
    sockets_.close(SocketId{close.session.value}, close.code, queued);
}

UpgradeAnswer ClientListener::upgrade(const HttpHead& head) {
    if (head.path != "/connection/websocket")
        return RejectUpgrade{404, "there is no WebSocket here; connect to /connection/websocket\n"};
    if (!origins_.allow(head)) return RejectUpgrade{403, "pages of this origin may not connect\n"};
    if (turn_.is_leaving()) return RejectUpgrade{503, "this node is leaving\n"};
    AcceptUpgrade accepted{.owner = this};
    for (const std::string_view offered : head.list("sec-websocket-protocol"))
        if (offered == protobuf_subprotocol) accepted.subprotocol = offered;
    const bool protobuf =
        !accepted.subprotocol.empty() || head.query_value("cf_protocol") == "protobuf";
    accepted.token =
        static_cast<std::uint64_t>(protobuf ? proto::Encoding::protobuf : proto::Encoding::json);
    return accepted;
}

void ClientListener::requested(RequestId id, const Request& request) {
    if (const auto file = answer_from(page_, request.head)) {
        http_.answer(id, *file);
    } else if (request.head.path == "/healthz") {
        http_.answer(id, {.body = "ok\n"});
    } else if (request.head.path == "/") {
        http_.answer(id, {.body = "Grapevine. Connect a WebSocket to /connection/websocket\n"});
    } else {
        http_.answer(id, {.status = 404, .body = "not found\n"});
    }
}

void ClientListener::opened(SocketId id, const Opening& opening) {
    const auto encoding = static_cast<proto::Encoding>(opening.token);
    if (kinds_.size() <= slot_of(id)) kinds_.resize(slot_of(id) + 1);
    kinds_[slot_of(id)] = encoding == proto::Encoding::json ? FrameKind::text : FrameKind::binary;
    ++open_;
    const auto word = [this] { return std::uint64_t{entropy_.word()} << 32 | entropy_.word(); };
    turn_.tell(mesh::SessionOpened{session_of(id), encoding, {word(), word()}});
}

void ClientListener::received(SocketId id, const proto::Bytes& payload, FrameKind kind) {
    if (kind != kinds_[slot_of(id)]) {
        ++wrong_kind_;
        sockets_.close(id, proto::CloseCode::inappropriate_protocol);
        return;
    }
    turn_.tell(mesh::SessionReceived{session_of(id), payload.view()});
}

void ClientListener::drained(SocketId id, std::size_t bytes) {
    turn_.tell(mesh::SessionDrained{session_of(id), bytes});
}

void ClientListener::closed(SocketId id, const Ending&) {
    --open_;
    turn_.tell(mesh::SessionClosed{session_of(id)});
}

}  // namespace grapevine::node
