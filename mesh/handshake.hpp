/// The first frames of one link: who are you, prove it, what do you have of mine.
///
///   dialer     begin ─▶ wait_hello_ack ─▶ wait_auth ─▶ proven ─▶ wait_welcome ─▶ complete
///   acceptor   begin ─▶ wait_hello ─────▶ wait_auth ─▶ proven ─▶ wait_welcome ─▶ complete
///
/// `proven` waits for the owner's decision (welcome() or a refusal): it may first have to ask
/// another link whether an older process of the same name still lives.
#pragma once

#include "proto/mesh_frames.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh {

/// Who this node is to others.
struct Identity {
    std::string cluster;
    std::string name;
    std::string secret;  ///< proven when dialling
    std::vector<std::string> also_accepted;  ///< of who dials, besides it
    std::string advertise;
    proto::NodeId node;
    proto::Epoch epoch;
    proto::Boot boot;
    std::uint32_t version_min = proto::mesh_version_min;  ///< of the protocol, that it speaks
    std::uint32_t version_max = proto::mesh_version_max;
    std::uint64_t features = 0;  ///< proto::feature_names
};

/// Names a link the same at both ends: who dialled, and that process's count of dials.
struct LinkName {
    proto::NodeId initiator;
    std::uint64_t dial_seq = 0;
    friend auto operator<=>(const LinkName&, const LinkName&) = default;
};

class Handshake {
public:
    enum class Stage : std::uint8_t {
        wait_hello,
        wait_hello_ack,
        wait_auth,
        proven,
        wait_welcome,
        complete
    };

    struct Refusal {
        proto::RefuseReason reason{};
        std::string text;
    };
    using Frames = std::vector<proto::MeshFrame>;

    /// `seq` and `expected` are the dialer's; an acceptor learns them from Hello.
    Handshake(
        const Identity& self,
        bool dialled,
        std::string nonce,
        std::uint64_t seq,
        proto::NodeId expected);

    /// Frames to send before anything was received.
    void begin(Frames& send);
    /// One received frame. Appends what to answer; a refusal ends the link.
    std::optional<Refusal> on(const proto::MeshFrame& frame, Frames& send);
    /// The owner's consent, at `proven`.
    void welcome(proto::Welcome welcome, Frames& send);

    [[nodiscard]] Stage stage() const { return stage_; }
    /// The peer has shown that it knows the secret: what it says may be believed.
    [[nodiscard]] bool is_proven() const { return stage_ >= Stage::proven; }
    [[nodiscard]] bool is_complete() const { return stage_ == Stage::complete; }
    /// The peer's Hello; empty before it came.
    [[nodiscard]] const proto::Hello& peer() const { return peer_; }
    [[nodiscard]] const proto::Hello& self() const { return self_; }
    [[nodiscard]] const proto::Welcome& peers_welcome() const { return *peers_welcome_; }
    /// The version that this link speaks: the highest that both ends do. Before the peer's Hello
    /// the lowest, so that nothing else is said.
    [[nodiscard]] std::uint32_t version() const { return version_; }
    [[nodiscard]] bool expected_somebody() const { return static_cast<bool>(expected_); }
    [[nodiscard]] LinkName name() const { return {dialled_ ? self_.node_id : peer_.node_id, seq_}; }

private:
    [[nodiscard]] std::optional<Refusal> check_peer() const;
    [[nodiscard]] std::optional<Refusal> agree_version();
    [[nodiscard]] proto::Sha256 mac_of(bool dialer, const std::string& secret) const;
    [[nodiscard]] bool takes_proof(const proto::Sha256& mac);

    std::vector<std::string> secrets_;  ///< the first is the one this link is proven with
    proto::Hello self_;
    proto::Hello peer_;
    std::optional<proto::Welcome> peers_welcome_;  ///< may come before we gave ours
    std::uint64_t seq_ = 0;
    proto::NodeId expected_;
    std::uint32_t version_;
    Stage stage_;
    bool dialled_;
    bool welcomed_ = false;
};

}  // namespace grapevine::mesh
