#include "node/mesh_listener.hpp"

#include "node/config.hpp"

#include <algorithm>

namespace grapevine::node {
namespace {

constexpr std::string_view path_prefix = "/mesh/";
/// Addresses of one name that a single dial tries, one after the other.
constexpr std::size_t addresses_max = proto::limits::addresses_per_member;

SocketOptions link_options() {
    return {// Nobody unknown makes us hold more: trust() raises it.
            .message_bytes_max = proto::limits::mesh_handshake_bytes,
            .oversize_code = 1002,
            .kernel_unsent_max = 128 * 1024};
}

mesh::DialFailure failure_of(const Ending& ending) {
    switch (ending.how) {
    case Ending::How::not_listening: return mesh::DialFailure::refused;
    case Ending::How::timed_out: return mesh::DialFailure::timeout;
    default: return mesh::DialFailure::unreachable;
    }
}

}  // namespace

MeshListener::MeshListener(
    Loop& loop, Turn& turn, WebSockets& sockets, HttpConnections& http, const NodeConfig& config)
    : loop_(loop),
      turn_(turn),
      sockets_(sockets),
      http_(http),
      path_(std::string{path_prefix} + config.cluster),
      resolver_(loop, config.dns_servers) {}

MeshListener::~MeshListener() {
    *alive_ = false;
}

void MeshListener::send(const mesh::SendFrame& send) {
    const auto found = sockets_of_.find(send.link);
    if (found != sockets_of_.end()) sockets_.send(found->second, send.message, FrameKind::binary);
}

void MeshListener::close(const mesh::CloseLink& close) {
    if (looked_up_.erase(close.link) != 0) {
        // Not from inside this call: the driver's intentions are being carried out.
        loop_.post([this, alive = alive_, failed = mesh::DialFailed{close.link}] {
            if (*alive) turn_.tell(failed);
        });
        return;
    }
    const auto found = sockets_of_.find(close.link);
    if (found == sockets_of_.end()) return;
    // Who has been silent does not read either; the others get what was queued for them.
    if (close.why == mesh::LinkEnd::silent) {
        sockets_.reset(found->second);
    } else {
        sockets_.close(found->second, 1000, "");
    }
}

void MeshListener::trust(const mesh::TrustLink& trust) {
    const auto found = sockets_of_.find(trust.link);
    if (found != sockets_of_.end())
        sockets_.set_message_limit(found->second, proto::limits::mesh_message_bytes);
}

void MeshListener::dial(const mesh::Dial& dial) {
    asio::error_code not_a_number;
    asio::ip::make_address(split_address(dial.address).host, not_a_number);
    if (!not_a_number) return connect(dial, {&dial.address, 1});
    // What a node told of itself may be a name.
    looked_up_.insert(dial.link);
    resolver_.resolve(dial.address, [this, dial](const mesh::Resolved& resolved) {
        if (looked_up_.erase(dial.link) == 0) return;  // given up meanwhile
        if (resolved.addresses.empty())
            return turn_.tell(mesh::DialFailed{dial.link, mesh::DialFailure::unreachable});
        connect(dial, resolved.addresses);
    });
}

void MeshListener::connect(const mesh::Dial& dial, std::span<const std::string> addresses) {
    const Address address = split_address(dial.address);
    DialOptions options{
        .host = address.host,
        .port = address.port,
        .addresses = {},
        .path = path_,
        .timeout = dial.within,
        .masking = Masking::zero_key,
        .socket = link_options(),
        .token = dial.link.value};
    for (const std::string& known : addresses.first(std::min(addresses.size(), addresses_max)))
        options.addresses.push_back(asio::ip::make_address(split_address(known).host));
    const SocketId id = sockets_.dial(std::move(options), *this);
    sockets_of_[dial.link] = id;
    links_of_[id] = {dial.link};
}

void MeshListener::resolve(const mesh::Resolve& resolve) {
    if (!resolving_.insert(resolve.seed).second) return;
    resolver_.resolve(resolve.seed, [this](const mesh::Resolved& resolved) {
        resolving_.erase(resolved.seed);
        turn_.tell(resolved);
    });
}

UpgradeAnswer MeshListener::upgrade(const HttpHead& head) {
    // Which cluster is checked again, with words for people on both sides, by the handshake that
    // follows.
    if (!head.path.starts_with(path_prefix))
        return RejectUpgrade{404, "this listener is for nodes only\n"};
    if (head.count("origin") != 0) return RejectUpgrade{403, "this listener is for nodes only\n"};
    return AcceptUpgrade{.owner = this, .socket = link_options()};
}

void MeshListener::requested(RequestId id, const Request&) {
    http_.answer(id, {.status = 404, .body = "this listener is for nodes only\n", .close = true});
}

void MeshListener::opened(SocketId id, const Opening& opening) {
    const mesh::LinkId link{
        opening.token != 0 ? opening.token : mesh::accepted_link_bit | ++accepted_};
    sockets_of_[link] = id;
    links_of_[id] = {link, /*is_open=*/true};
    mesh::LinkOpened opened{.link = link, .address = sockets_.remote_address(id)};
    fill_random(std::as_writable_bytes(std::span{opened.nonce}));
    turn_.tell(opened);
}

void MeshListener::received(SocketId id, const proto::Bytes& payload, FrameKind kind) {
    // A text message is not our protocol; Mesh says so to whoever sent it and counts it.
    const std::string_view message =
        kind == FrameKind::binary ? payload.view() : std::string_view{"\0", 1};
    turn_.tell(mesh::LinkReceived{links_of_.at(id).link, message});
}

void MeshListener::drained(SocketId id, std::size_t bytes) {
    turn_.tell(mesh::LinkDrained{links_of_.at(id).link, bytes});
}

void MeshListener::closed(SocketId id, const Ending& ending) {
    const auto found = links_of_.find(id);
    if (found == links_of_.end()) return;
    const OpenLink ended = found->second;
    links_of_.erase(found);
    sockets_of_.erase(ended.link);
    if (ended.is_open) {
        turn_.tell(mesh::LinkClosed{ended.link});
    } else {
        turn_.tell(mesh::DialFailed{ended.link, failure_of(ending)});
    }
}

}  // namespace grapevine::node
