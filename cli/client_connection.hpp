/// One session on one node, as a client has it: dials, says who it is, answers pings, and notices
/// when nobody is there any more. What is asked, and whether to dial again after the end, is its
/// owner's business. Nothing is ever sent twice.
#pragma once

#include "cli/client_url.hpp"
#include "node/edge_counters.hpp"
#include "node/loop.hpp"
#include "node/transport/web_socket.hpp"
#include "proto/client_codec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace grapevine::cli {

/// How a connection ended, or why there was none.
struct ConnectionEnd {
    std::string words;  ///< for people
    bool is_final = false;  ///< the node said not to come back
};

/// What a node said was wrong, with its number, safe to print.
std::string words_of(const proto::Reply& error);

/// Whose connection it is. Views are valid during the call.
class ConnectionOwner {
public:
    /// The node took us; `node` is its name.
    virtual void connected(std::string_view node) = 0;
    /// It did not, and says why. The end follows.
    virtual void refused(const proto::Reply& error) = 0;
    /// A reply to what was asked, or a push.
    virtual void replied(const proto::Reply& reply) = 0;
    /// Once after each dial. Nothing follows.
    virtual void ended(const ConnectionEnd& end) = 0;

protected:
    ~ConnectionOwner() = default;
};

/// Who one is. A node that asks for tokens goes by the token alone, others by the name.
struct Identity {
    std::string user;  ///< empty: nobody in particular
    std::string token;  ///< empty: none
};

class ClientConnection final : node::SocketOwner {
public:
    ClientConnection(node::Loop& loop, ConnectionOwner& owner, Identity identity);

    /// After the end of the one before.
    void dial(const ClientUrl& url);
    /// Gives the id that the reply will have. Nothing if this is longer than a message can be.
    std::optional<std::uint32_t> ask(proto::Command command);
    /// In order; the end follows.
    void close();
    /// At once; the end follows.
    void reset();
    [[nodiscard]] bool is_open() const { return sockets_.is_open(socket_); }

private:
    void opened(node::SocketId id, const node::Opening& opening) override;
    void received(node::SocketId id, const proto::Bytes& payload, node::FrameKind kind) override;
    void closed(node::SocketId id, const node::Ending& ending) override;
    void on_reply(const proto::Reply& reply);
    void on_silence();
    void listen_on();
    /// Resets, and lets the end say why.
    void give_up(std::string_view why);

    node::Loop& loop_;
    ConnectionOwner& owner_;
    Identity identity_;
    node::EdgeCounters counters_;
    node::WebSockets sockets_{loop_, counters_};
    proto::ClientScratch scratch_;
    node::SocketId socket_;
    node::TimerId silence_;
    std::uint32_t last_id_ = 0;
    std::optional<std::uint32_t> connect_id_;  ///< until it is answered
    std::string why_gone_;
};

}  // namespace grapevine::cli
