#include "mesh/handshake.hpp"

#include "mesh/check.hpp"
#include "proto/limits.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

using proto::RefuseReason;
using Refusal = Handshake::Refusal;

void append_fixed(std::string& out, std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8)
        out.push_back(static_cast<char>((value >> shift) & 0xff));
}

void append_party(std::string& out, const proto::Hello& hello) {
    out += hello.nonce;
    append_fixed(out, hello.node_id.value);
    append_fixed(out, hello.epoch.value);
    append_fixed(out, hello.boot.value);
}

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

std::string versions(const proto::Hello& hello) {
    return std::to_string(hello.proto_min) + " to " + std::to_string(hello.proto_max);
}

Refusal unexpected(std::string_view wanted) {
    return {
        RefuseReason::protocol_error,
        "the handshake went out of order: expected " + std::string(wanted)};
}

}  // namespace

Handshake::Handshake(
    const Identity& self,
    bool dialled,
    std::string nonce,
    std::uint64_t seq,
    proto::NodeId expected)
    : secrets_{self.secret},
      seq_(seq),
      expected_(expected),
      version_(self.version_min),
      stage_(dialled ? Stage::wait_hello_ack : Stage::wait_hello),
      dialled_(dialled) {
    if (!dialled)
        secrets_.insert(secrets_.end(), self.also_accepted.begin(), self.also_accepted.end());
    self_.cluster = self.cluster;
    self_.proto_min = self.version_min;
    self_.proto_max = self.version_max;
    self_.features = self.features;
    self_.node_id = self.node;
    self_.epoch = self.epoch;
    self_.boot = self.boot;
    self_.name = self.name;
    self_.nonce = std::move(nonce);
    self_.dial_seq = dialled ? seq : 0;
    self_.expected_node_id = dialled ? expected : proto::NodeId{};
}

void Handshake::begin(Frames& send) {
    if (dialled_) send.emplace_back(self_);
}

std::optional<Refusal> Handshake::check_peer() const {
    if (!peer_.node_id || peer_.epoch.value > proto::limits::epoch_max)
        return Refusal{RefuseReason::protocol_error, "no node has this id or epoch"};
    if (peer_.cluster != self_.cluster)
        return Refusal{
            RefuseReason::wrong_cluster,
            quoted(peer_.name) + " belongs to cluster " + quoted(peer_.cluster) + ", " +
                quoted(self_.name) + " to " + quoted(self_.cluster) +
                ": check --cluster and --seeds"};
    if (peer_.node_id == self_.node_id && peer_.boot == self_.boot)
        return Refusal{RefuseReason::is_self, "this address is the node itself"};
    if (dialled_ && expected_ && peer_.node_id != expected_)
        return Refusal{
            RefuseReason::unexpected_node, "another node answers here now: " + quoted(peer_.name)};
    if (!dialled_ && peer_.expected_node_id && peer_.expected_node_id != self_.node_id)
        return Refusal{
            RefuseReason::unexpected_node,
            "this is " + quoted(self_.name) + ", not the node you mean"};
    return std::nullopt;
}

std::optional<Refusal> Handshake::agree_version() {
    if (peer_.proto_min > peer_.proto_max)
        return Refusal{
            RefuseReason::protocol_error,
            "no node speaks mesh protocol " + versions(peer_) + ", as " + quoted(peer_.name) +
                " claims"};
    const std::uint32_t common = std::min(self_.proto_max, peer_.proto_max);
    if (common < self_.proto_min || common < peer_.proto_min)
        return Refusal{
            RefuseReason::wrong_version,
            quoted(peer_.name) + " speaks mesh protocol " + versions(peer_) + ", " +
                quoted(self_.name) + " speaks " + versions(self_) + ": upgrade " +
                quoted(peer_.proto_max < self_.proto_max ? peer_.name : self_.name)};
    version_ = common;
    return std::nullopt;
}

proto::Sha256 Handshake::mac_of(bool dialer, const std::string& secret) const {
    // Both nonces make it fresh, the role stops a reflected answer, ids and epochs bind what was
    // said.
    std::string message = dialer ? "grapevine link 1 dialer\n" : "grapevine link 1 acceptor\n";
    message += self_.cluster;
    message.push_back('\0');
    append_party(message, dialled_ ? self_ : peer_);
    append_party(message, dialled_ ? peer_ : self_);
    return proto::hmac_sha256(secret, message);
}

/// Whoever dials says which secret the link is proven with; the answer uses the same. All are
/// looked at, so that the time it takes does not tell which one was right.
bool Handshake::takes_proof(const proto::Sha256& mac) {
    std::size_t proven = secrets_.size();
    for (std::size_t at = 0; at < secrets_.size(); ++at)
        if (proto::equal_secrets(mac, mac_of(/*dialer=*/!dialled_, secrets_[at]))) proven = at;
    if (proven == secrets_.size()) return false;
    std::swap(secrets_.front(), secrets_[proven]);
    return true;
}

std::optional<Refusal> Handshake::on(const proto::MeshFrame& frame, Frames& send) {
    switch (stage_) {
    case Stage::wait_hello: {
        const auto* hello = std::get_if<proto::Hello>(&frame);
        if (hello == nullptr) return unexpected("HELLO");
        peer_ = *hello;
        seq_ = hello->dial_seq;
        expected_ = hello->expected_node_id;
        if (auto refusal = agree_version()) return refusal;
        if (auto refusal = check_peer()) return refusal;
        send.emplace_back(proto::HelloAck{self_});
        stage_ = Stage::wait_auth;
        return std::nullopt;
    }
    case Stage::wait_hello_ack: {
        const auto* ack = std::get_if<proto::HelloAck>(&frame);
        if (ack == nullptr) return unexpected("HELLO_ACK");
        peer_ = ack->hello;
        if (auto refusal = agree_version()) return refusal;
        if (auto refusal = check_peer()) return refusal;
        send.emplace_back(proto::Auth{mac_of(/*dialer=*/true, secrets_.front())});
        stage_ = Stage::wait_auth;
        return std::nullopt;
    }
    case Stage::wait_auth: {
        const auto* auth = std::get_if<proto::Auth>(&frame);
        if (auth == nullptr) return unexpected("AUTH");
        if (!takes_proof(auth->mac))
            return Refusal{
                RefuseReason::wrong_secret,
                quoted(peer_.name) + " and " + quoted(self_.name) +
                    " have different secrets: check --secret-file on both"};
        // Prove ourselves before any hold or refusal, so that the peer may believe those too.
        if (!dialled_) send.emplace_back(proto::Auth{mac_of(/*dialer=*/false, secrets_.front())});
        stage_ = Stage::proven;
        return std::nullopt;
    }
    case Stage::proven:
    case Stage::wait_welcome: {
        const auto* welcome = std::get_if<proto::Welcome>(&frame);
        if (welcome == nullptr || peers_welcome_) return unexpected("WELCOME");
        if (welcome->your_epoch_floor.value > proto::limits::epoch_max)
            return Refusal{RefuseReason::protocol_error, "an epoch that no node has"};
        peers_welcome_ = *welcome;
        if (welcomed_) stage_ = Stage::complete;
        return std::nullopt;
    }
    case Stage::complete: break;
    }
    return unexpected("nothing more");
}

void Handshake::welcome(proto::Welcome welcome, Frames& send) {
    check(stage_ == Stage::proven, "only a proven peer is welcomed");
    send.emplace_back(std::move(welcome));
    welcomed_ = true;
    stage_ = peers_welcome_ ? Stage::complete : Stage::wait_welcome;
}

}  // namespace grapevine::mesh
