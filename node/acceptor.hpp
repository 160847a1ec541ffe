/// Accepts TCP connections and gives each away.
#pragma once

#include "node/config.hpp"
#include "node/edge_counters.hpp"
#include "node/loop.hpp"

#include <asio/ip/tcp.hpp>

#include <memory>
#include <stdexcept>
#include <string>

namespace grapevine::node {

/// The environment does not allow what was configured. The text says what happened and what to do.
class CannotListen : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Where to listen for that address; names are looked up now. Throws CannotListen.
asio::ip::tcp::endpoint find_listen_endpoint(const Address& address);

/// Who takes what was accepted.
class AcceptorOwner {
public:
    virtual ~AcceptorOwner() = default;
    /// Nagle's algorithm is off. The owner may put it on this loop or on another one.
    virtual void accepted(TcpSocket socket) = 0;
    /// On which loop the next socket shall live.
    virtual Loop& loop_of_next() = 0;
};

struct AcceptorOptions {
    /// Of what an accepted socket writes, how much the kernel takes ahead of what it has sent
    /// (Stream::limit_unsent); 0: its own limit.
    std::size_t kernel_unsent_max = 0;
    /// The kernel keeps callers who have said nothing yet, for a second: most have when they are
    /// accepted, and are answered at once.
    bool waits_for_words = false;
};

/// Listens from construction to destruction, on one port without SO_REUSEPORT: with it, a second
/// process would silently take half of the connections. When the process has no descriptor left,
/// accepting pauses and is tried again; the kernel's queue holds the callers meanwhile.
class Acceptor {
public:
    /// Throws CannotListen. Port 0 lets the kernel choose.
    Acceptor(
        Loop& loop,
        const asio::ip::tcp::endpoint& address,
        AcceptorOwner& owner,
        EdgeCounters& counters,
        AcceptorOptions options = {});
    ~Acceptor();
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    [[nodiscard]] asio::ip::tcp::endpoint local_endpoint() const { return local_; }
    /// Stops listening; connections in the kernel's queue are refused.
    void close();

private:
    struct State;
    std::shared_ptr<State> state_;
    asio::ip::tcp::endpoint local_;
};

}  // namespace grapevine::node
