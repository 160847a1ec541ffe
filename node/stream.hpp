/// Bytes in, bytes out, never blocking.
#pragma once

#include "node/loop.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <sys/uio.h>

namespace grapevine::node {

/// What a read or a write came to. `done` carries at least one byte.
struct IoResult {
    enum class Status : std::uint8_t { done, would_block, ended, failed };
    Status status = Status::done;
    std::size_t bytes = 0;
};

/// Owns a connected socket. The only two functions that move bytes are `read_some` and
/// `write_some`, so encryption has one place to go. Never raises SIGPIPE.
class Stream {
public:
    /// Whoever made the socket has turned Nagle's algorithm off.
    explicit Stream(TcpSocket socket);

    IoResult read_some(std::span<char> into);
    IoResult write_some(std::span<const iovec> parts);
    IoResult write_some(std::string_view bytes);

    template <class Handler>
    void when_readable(Handler&& handler) {
        socket_.async_wait(TcpSocket::wait_read, std::forward<Handler>(handler));
    }
    template <class Handler>
    void when_writable(Handler&& handler) {
        socket_.async_wait(TcpSocket::wait_write, std::forward<Handler>(handler));
    }

    /// Bytes that the kernel takes ahead of what it has sent. Small: what we queue ourselves can
    /// still be reordered or dropped. Large: fewer wake-ups.
    void limit_unsent(std::size_t bytes);
    /// Says that nothing follows; reading goes on.
    void finish_writing();
    void close();
    /// Closes so that the peer sees a reset and the kernel drops what is unsent.
    void reset();

    [[nodiscard]] bool is_open() const { return socket_.is_open(); }
    /// "192.0.2.1:40000", "[2001:db8::1]:40000", or empty when the peer is gone.
    [[nodiscard]] std::string remote_address() const;
    [[nodiscard]] std::string local_address() const;

private:
    TcpSocket socket_;
};

/// Closes without losing what was just written: says that nothing follows, discards what still
/// arrives and closes at the peer's end or after one second. (Closing a socket with unread input
/// sends a reset, and a reset can overtake the answer.)
void close_gently(Loop& loop, Stream stream);

}  // namespace grapevine::node
