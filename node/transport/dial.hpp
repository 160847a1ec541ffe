/// One attempt to reach a WebSocket server.
#pragma once

#include "node/loop.hpp"
#include "node/stream.hpp"
#include "node/transport/handshake.hpp"
#include "node/transport/web_socket.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::node {

/// Who waits for a dial. One of the two is called, once, unless it was cancelled.
class DialOwner {
public:
    virtual ~DialOwner() = default;
    /// `received` came after the answer's head.
    virtual void dial_succeeded(SocketId id, Stream stream, std::string_view received) = 0;
    virtual void dial_failed(SocketId id, const Ending& ending) = 0;
};

/// Looks the name up, tries its addresses in order, shakes hands and checks the answer; all within
/// one timeout. Nothing of it comes from inside `start`.
class Dial : public std::enable_shared_from_this<Dial> {
public:
    Dial(Loop& loop, DialOwner& owner, SocketId id, DialOptions options);

    void start();
    void cancel();
    [[nodiscard]] const DialOptions& options() const { return options_; }

private:
    void resolve();
    void connect_next();
    /// A listener that is just closed resets who waits to be accepted. Asked once more, its host
    /// says that nobody listens; or somebody does, and answers.
    void was_reset();
    void shake_hands();
    void listen();
    void receive();
    void time_out();
    void fail(Ending::How how, std::string_view why, std::uint16_t code = 1006);
    void cancel_connection();
    /// Whom to tell, if still anybody; nobody afterwards.
    DialOwner* finish();

    Loop& loop_;
    DialOwner* owner_;
    SocketId id_;
    DialOptions options_;
    asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type> resolver_;
    std::vector<asio::ip::tcp::endpoint> addresses_;
    std::size_t next_address_ = 0;
    bool asked_again_ = false;
    TcpSocket socket_;
    std::unique_ptr<Stream> stream_;
    ClientHandshake handshake_;
    std::string received_;
    TimerId deadline_{};
};

}  // namespace grapevine::node
