/// A peer cranked by hand: it speaks the frames between nodes itself and can say anything, at any
/// time, nonsense included. By default it completes the handshake like an honest node and answers
/// pings.
#pragma once

#include "proto/hash.hpp"
#include "proto/mesh_codec.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/stage.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace grapevine::sim {

class FakePeer final : public Host {
public:
    FakePeer(Stage& stage, std::string name, std::string ip, std::string secret = "open sesame");

    /// What it claims to be. Change it before dialling.
    proto::Hello hello;
    /// The epoch floor and version it grants to whom it meets.
    proto::Welcome welcome;
    /// What it says once it welcomed: which link it uses besides, if any.
    proto::LinkActive active;
    bool greets = true;  ///< sends Hello when its dial is open
    bool proves_itself = true;  ///< answers HelloAck with a right Auth
    bool welcomes = true;  ///< sends Welcome and LinkActive once the other end is proven
    bool answers_pings = true;
    /// Called with every Forward; what it views is valid meanwhile. Nothing is answered otherwise.
    std::function<void(const proto::Forward&)> on_forward;
    /// Called with every Tunnel, likewise: it is asked to carry.
    std::function<void(const proto::Tunnel&)> on_tunnel;

    void dial(const Node& node);
    void close() { stage_.network.close(socket_); }
    void send(const proto::MeshFrame& frame);
    void send_raw(std::string_view bytes) {
        stage_.network.send(socket_, proto::Bytes::copy_of(bytes));
    }

    /// Its log goes on by one change: it has, or no longer has, sessions of this user.
    void announce(const std::string& user, std::uint8_t sessions = 1);
    void done(std::uint64_t copy);
    void nack(std::uint64_t copy);
    /// A copy of something that the HTTP API of a node that never was said.
    std::string forward(const std::string& user, std::uint64_t copy, proto::Version known);
    [[nodiscard]] proto::Version version() const { return version_; }

    [[nodiscard]] bool is_open() const { return stage_.network.is_open(socket_); }
    /// The node took it in: LinkActive was heard.
    [[nodiscard]] bool is_taken_in() const { return count<proto::LinkActive>() > 0; }
    [[nodiscard]] bool was_refused_for(proto::RefuseReason reason) const;
    [[nodiscard]] HostId host() const { return host_; }
    /// Frames heard, without Forwards, whose text is in `forwarded`, and without Tunnels.
    [[nodiscard]] const std::vector<proto::MeshFrame>& heard() const { return heard_; }
    [[nodiscard]] const std::vector<std::string>& forwarded() const { return forwarded_; }
    template <class Frame>
    [[nodiscard]] std::size_t count() const {
        std::size_t counted = 0;
        for (const proto::MeshFrame& frame : heard_)
            counted += std::holds_alternative<Frame>(frame) ? 1 : 0;
        return counted;
    }

    void accepted(Socket, std::string_view, std::string) override {}
    void opened(Socket socket) override;
    void dial_failed(Socket, mesh::DialFailure) override {}
    void received(Socket socket, const proto::Bytes& message) override;
    void drained(Socket, std::size_t) override {}
    void closed(Socket, std::uint16_t) override {}

private:
    void take(const proto::MeshFrame& frame);
    [[nodiscard]] proto::Sha256 mac(std::string_view role, const proto::Hello& peer) const;

    Stage& stage_;
    std::string secret_;
    HostId host_;
    Socket socket_;
    proto::Epoch peer_epoch_;
    proto::Version version_;
    std::vector<proto::MeshFrame> heard_;
    std::vector<std::string> forwarded_;
};

}  // namespace grapevine::sim
