#include "tests/sim/fake_peer.hpp"

#include <utility>

namespace grapevine::sim {

namespace {

void append_little_endian(std::string& out, std::uint64_t number) {
    for (int byte = 0; byte < 8; ++byte)
        out += static_cast<char>((number >> (8 * byte)) & 0xff);
}

std::string party(const proto::Hello& who) {
    std::string text = who.nonce;
    append_little_endian(text, who.node_id.value);
    append_little_endian(text, who.epoch.value);
    append_little_endian(text, who.boot.value);
    return text;
}

}  // namespace

FakePeer::FakePeer(Stage& stage, std::string name, std::string ip, std::string secret)
    : stage_(stage),
      secret_(std::move(secret)),
      host_(stage.network.add_host(*this, std::move(ip))) {
    stage.hostile.insert(host_);
    hello.cluster = "test";
    hello.name = std::move(name);
    hello.node_id = proto::node_id_of(proto::HashKey::of_cluster(hello.cluster), hello.name);
    stage.liars.insert(hello.node_id);
    stage.checkers.see(LiarCame{.node = hello.name});
    hello.epoch = proto::Epoch{1};
    hello.boot = proto::Boot{stage.rng.next()};
    hello.nonce = std::string(proto::nonce_bytes, 'n');
}

void FakePeer::dial(const Node& node) {
    ++hello.dial_seq;
    socket_ = stage_.network.dial(host_, node.mesh_address());
}

void FakePeer::send(const proto::MeshFrame& frame) {
    std::string bytes;
    proto::append_frame(bytes, frame);
    send_raw(bytes);
}

void FakePeer::announce(const std::string& user, std::uint8_t sessions) {
    const std::uint64_t key =
        proto::user_key_of(proto::HashKey::of_cluster(hello.cluster), user).value;
    const proto::Version from = version_;
    ++version_.value;
    send(proto::Delta{
        .origin = hello.node_id,
        .epoch = hello.epoch,
        .from = from,
        .to = version_,
        .changes = {{.key = key, .kind = proto::TableKind::users, .count = sessions}},
        .hash_after = {}});
}

void FakePeer::done(std::uint64_t copy) {
    send(proto::Done{.copies = proto::CopyList::of({&copy, 1}), .sessions = {}});
}

void FakePeer::nack(std::uint64_t copy) {
    send(proto::Nack{.copies = proto::CopyList::of({&copy, 1}), .version = version_});
}

std::string FakePeer::forward(const std::string& user, std::uint64_t copy, proto::Version known) {
    const std::string payload = R"({"seq":)" + std::to_string(++stage_.sayings) + R"(,"from":")" +
                                hello.name + R"(","to":"#)" + user + "\"}";
    stage_.checkers.see(Said{
        .by = {.process = ProcessKey{~std::uint64_t{0}}},
        .channel = "#" + user,
        .payload = payload});
    std::string body;
    proto::append_publication(body, proto::Publication{.data = payload});
    send(proto::Forward{
        .copy = copy,
        .target = proto::Target::user,
        .name = user,
        .payload_kind = proto::PayloadKind::json,
        .body = body,
        .known = known,
        .message_id = {}});
    return payload;
}

bool FakePeer::was_refused_for(proto::RefuseReason reason) const {
    for (const proto::MeshFrame& frame : heard_)
        if (const auto* refuse = std::get_if<proto::Refuse>(&frame);
            refuse != nullptr && refuse->reason == reason)
            return true;
    return false;
}

void FakePeer::opened(Socket socket) {
    if (socket == socket_ && greets) send(hello);
}

void FakePeer::received(Socket socket, const proto::Bytes& message) {
    if (socket != socket_) return;
    proto::MeshReader reader{message.view()};
    proto::MeshFrame frame;
    for (;;) {
        const auto step = reader.next(frame);
        if (step == proto::MeshReader::Step::end) return;
        if (step == proto::MeshReader::Step::malformed)
            return stage_.verdict.violated(
                "WellFormed", "a node sent " + std::string{reader.why()});
        if (const auto* forward = std::get_if<proto::Forward>(&frame))
            forwarded_.emplace_back(forward->body);
        else if (!std::holds_alternative<proto::Tunnel>(frame))
            heard_.push_back(frame);
        // What it views is not kept.
        if (auto* const beats = std::get_if<proto::Beats>(&frame))
            std::get<proto::Beats>(heard_.back()).again = {};
        take(frame);
    }
}

void FakePeer::take(const proto::MeshFrame& frame) {
    if (const auto* forward = std::get_if<proto::Forward>(&frame); forward != nullptr && on_forward)
        on_forward(*forward);
    if (const auto* tunnel = std::get_if<proto::Tunnel>(&frame); tunnel != nullptr && on_tunnel)
        on_tunnel(*tunnel);
    if (const auto* ack = std::get_if<proto::HelloAck>(&frame); ack != nullptr && proves_itself)
        send(proto::Auth{.mac = mac("dialer", ack->hello)});
    if (std::holds_alternative<proto::Auth>(frame) && welcomes) send(welcome);
    if (std::holds_alternative<proto::Welcome>(frame) && welcomes) send(active);
    if (const auto* ping = std::get_if<proto::Ping>(&frame); ping != nullptr && answers_pings)
        send(
            proto::Pong{.seq = ping->seq, .sent_us = ping->sent_us, .your_version = ping->version});
}

/// HMAC over role, cluster and both parties, the dialer's first.
proto::Sha256 FakePeer::mac(std::string_view role, const proto::Hello& peer) const {
    std::string message = "grapevine link 1 " + std::string{role} + "\n" + hello.cluster + '\0';
    message += party(hello) + party(peer);
    return proto::hmac_sha256(secret_, message);
}

}  // namespace grapevine::sim
