/// WebSocket connections of one loop, accepted and dialled, behind ids.
#pragma once

#include "node/edge_counters.hpp"
#include "node/loop.hpp"
#include "node/stream.hpp"
#include "proto/bytes.hpp"
#include "proto/codes.hpp"
#include "proto/ids.hpp"
#include "proto/limits.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::node {

/// Slot in the low 32 bits, generation in the next 24, loop in the top 8: the layout of
/// proto::SessionId. An id whose connection is gone is recognised, and every function ignores it.
using SocketId = proto::Id<struct SocketIdTag>;

constexpr std::uint32_t slot_of(SocketId id) {
    return static_cast<std::uint32_t>(id.value);
}

enum class FrameKind : std::uint8_t { text, binary };

/// How a connection ended.
struct Ending {
    enum class How : std::uint8_t {
        closed_by_peer,  ///< the peer sent a close code
        closed_by_us,  ///< after `close`; the code went out
        reset_by_us,  ///< after `reset`, or the peer did not take our close code in time
        lost,  ///< the connection broke, or ended without a close code
        protocol_error,  ///< the peer broke RFC 6455; it was told the code
        oversize,  ///< a message over the limit; it was told the owner's code
        unresolved,  ///< dial: no address for that host
        not_listening,  ///< dial: the host is there and nobody listens, at the last address tried
        unreachable,  ///< dial: no route, at every address
        timed_out,  ///< dial: no complete handshake in time
        refused,  ///< dial: the answer was not a correct upgrade
    };
    How how = How::lost;
    /// Close code that was on the wire last, in either direction; 1005 none given, 1006 none seen.
    /// For `refused` by a correct HTTP answer, its status.
    std::uint16_t code = 1006;
    /// Valid during the call.
    std::string_view reason{};
};

/// Valid during the call.
struct Opening {
    std::uint64_t token = 0;
    std::string_view subprotocol;
};

/// Who owns connections. Facts come during a turn; `drained` and `closed` only at its end. Any
/// function of WebSockets may be called from inside, for any id.
class SocketOwner {
public:
    virtual ~SocketOwner() = default;
    virtual void opened(SocketId id, const Opening& opening) = 0;
    /// A complete message within the limit; text is valid UTF-8. Keep `payload` by copying the
    /// handle.
    virtual void received(SocketId id, const proto::Bytes& payload, FrameKind kind) = 0;
    /// This many bytes of payload went to the kernel since the last report.
    virtual void drained(SocketId, std::size_t) {}
    /// Once for every id that was adopted or dialled. Nothing follows.
    virtual void closed(SocketId id, const Ending& ending) = 0;
};

/// What one connection may do.
struct SocketOptions {
    /// A longer message closes the connection as soon as it is announced, before anything is
    /// allocated for it.
    std::size_t message_bytes_max = proto::limits::client_message_bytes;
    /// Not 1009: client libraries give up for good on it.
    std::uint16_t oversize_code = static_cast<std::uint16_t>(proto::CloseCode::bad_request);
    /// Bytes the kernel may hold unsent; 0 leaves it to the kernel. Between nodes, so that a
    /// heartbeat never waits behind megabytes; for clients, so that what they do not read is
    /// counted.
    std::size_t kernel_unsent_max = 0;
    /// Whether the owner wants `drained`.
    bool report_drained = true;
};

/// How a dialled connection masks what it sends. RFC 6455 wants random keys against browsers'
/// proxies; between nodes there is no browser, and a zero key lets a payload be shared and sent as
/// it is.
enum class Masking : std::uint8_t { random_key, zero_key };

struct DialOptions {
    /// Name, IPv4 address, or IPv6 address with or without brackets.
    std::string host;
    std::uint16_t port = 0;
    /// Of the host, to be tried in order. None: the system's resolver is asked, in a thread.
    std::vector<asio::ip::address> addresses;
    std::string path = "/";
    /// Offered when not empty; then the answer has to echo it.
    std::string subprotocol;
    /// More request headers, each "Name: value".
    std::vector<std::string> headers;
    Duration timeout = std::chrono::seconds{5};
    Masking masking = Masking::random_key;
    SocketOptions socket;
    std::uint64_t token = 0;
};

/// What happens to messages that were queued before `close`.
enum class Queued : std::uint8_t { send_first, discard };

/// All WebSocket connections of one loop. Bytes sent during a turn leave at its end, those of one
/// connection in one system call; a connection whose peer does not read costs its queue and nothing
/// else. The owner bounds queues with `buffered_bytes`.
class WebSockets {
public:
    WebSockets(Loop& loop, EdgeCounters& counters, std::uint8_t loop_index = 0);
    /// Resets what is still open, without telling anybody.
    ~WebSockets();
    WebSockets(const WebSockets&) = delete;
    WebSockets& operator=(const WebSockets&) = delete;

    /// Takes over a stream whose handshake was checked and answered (front.hpp). `received` came
    /// after the head. `opened` comes from inside this call; the id returned is void if the
    /// connection did not survive it.
    SocketId adopt(
        Stream stream,
        std::string_view received,
        SocketOwner& owner,
        const SocketOptions& options,
        const Opening& opening);
    /// Resolves, connects and shakes hands. `opened` or `closed` follows, not from inside this
    /// call.
    SocketId dial(DialOptions options, SocketOwner& owner);

    /// Queues. Fan-out: sending the same Bytes again and again costs one frame for all. False if
    /// the connection is gone or closing.
    bool send(SocketId id, const proto::Bytes& payload, FrameKind kind);
    /// Sends a close code after the queue, or instead of it. A peer that does not take it within a
    /// second is reset; one that takes it has another second to answer. No `received` follows.
    void close(
        SocketId id,
        std::uint16_t code,
        std::string_view reason,
        Queued queued = Queued::send_first);
    void close(SocketId id, proto::CloseCode code, Queued queued = Queued::send_first);
    /// Drops the connection, with a TCP reset.
    void reset(SocketId id);

    /// From the next frame on.
    void set_message_limit(SocketId id, std::size_t bytes);
    /// No `received` until resume_reading; TCP holds the peer back. That it vanished is noticed
    /// later.
    void pause_reading(SocketId id);
    void resume_reading(SocketId id);

    [[nodiscard]] bool is_open(SocketId id) const;
    /// Payload bytes that were queued and have not gone to the kernel.
    [[nodiscard]] std::size_t buffered_bytes(SocketId id) const;
    [[nodiscard]] std::string remote_address(SocketId id) const;
    [[nodiscard]] std::string local_address(SocketId id) const;
    [[nodiscard]] std::uint64_t token(SocketId id) const;
    void set_token(SocketId id, std::uint64_t token);
    /// Connections and dials.
    [[nodiscard]] std::size_t size() const;

private:
    class Hub;
    std::shared_ptr<Hub> hub_;
};

}  // namespace grapevine::node
