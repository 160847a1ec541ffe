#include "node/mesh_listener.hpp"

#include "node/config.hpp"

#include <charconv>

namespace grapevine::node {
namespace {

constexpr std::string_view path_prefix = "/mesh/";
/// Addresses taken from one answer of the resolver: more only serves whoever forges answers.
constexpr std::size_t addresses_max = 256;

SocketOptions link_options() {
    return {// Nobody unknown makes us hold more: trust() raises it.
            .message_bytes_max = proto::limits::mesh_handshake_bytes,
            .oversize_code = 1002,
            .kernel_unsent_max = 128 * 1024};
}

/// "host:port" or "[v6]:port" apart. The text was checked when it was configured or made by us.
Address split(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    if (colon != std::string_view::npos) {
        const std::string_view digits = text.substr(colon + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), port);
    }
    return {std::string{host}, port};
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
    Loop& loop, Turn& turn, WebSockets& sockets, HttpConnections& http, std::string cluster)
    : loop_(loop),
      turn_(turn),
      sockets_(sockets),
      http_(http),
      path_(std::string{path_prefix} + cluster),
      resolver_(loop.context()) {}

MeshListener::~MeshListener() {
    *alive_ = false;
}

void MeshListener::send(const mesh::SendFrame& send) {
    const auto found = sockets_of_.find(send.link);
    if (found != sockets_of_.end()) sockets_.send(found->second, send.message, FrameKind::binary);
}

void MeshListener::close(const mesh::CloseLink& close) {
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
    const Address address = split(dial.address);
    const SocketId id = sockets_.dial(
        {.host = address.host,
         .port = address.port,
         .path = path_,
         .timeout = turn_.driver().mesh().config().dial_within,
         .masking = Masking::zero_key,
         .socket = link_options(),
         .token = dial.link.value},
        *this);
    sockets_of_[dial.link] = id;
    links_of_[id] = {dial.link};
}

void MeshListener::resolve(const mesh::Resolve& resolve) {
    const Address address = split(resolve.seed);
    // A number needs no resolver, and must not wait for the names before it.
    asio::error_code not_a_number;
    asio::ip::make_address(address.host, not_a_number);
    if (!not_a_number) {
        // Not from inside this call: it is one of those in which the driver's intentions are
        // carried out.
        loop_.post(
            [this, alive = alive_, resolved = mesh::Resolved{resolve.seed, {to_string(address)}}] {
                if (*alive) turn_.tell(resolved);
            });
        return;
    }
    if (!resolving_.insert(resolve.seed).second) return;
    resolver_.async_resolve(
        address.host,
        std::to_string(address.port),
        [this, alive = alive_, seed = resolve.seed](
            const asio::error_code& error, const auto& results) {
            if (!*alive) return;
            resolving_.erase(seed);
            mesh::Resolved resolved{.seed = seed, .addresses = {}};
            for (const auto& result : results) {
                if (error || resolved.addresses.size() == addresses_max) break;
                const auto endpoint = result.endpoint();
                resolved.addresses.push_back(
                    to_string(Address{endpoint.address().to_string(), endpoint.port()}));
            }
            turn_.tell(resolved);
        });
}

UpgradeAnswer MeshListener::upgrade(const HttpHead& head, std::string_view) {
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
