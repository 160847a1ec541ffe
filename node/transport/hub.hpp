/// Everything behind WebSockets. Only its two .cpp files include this: websocketpp takes long to
/// compile.
#pragma once

#include "node/transport/dial.hpp"
#include "node/transport/framing.hpp"
#include "node/transport/policies.hpp"
#include "node/transport/web_socket.hpp"

#include <websocketpp/client.hpp>
#include <websocketpp/server.hpp>

#include <memory>
#include <string>
#include <vector>

/// Opens it at once: there is no handshake left to be done.
template <>
void websocketpp::connection<grapevine::node::policy::Config>::start();
// Nobody reads its logs, but it would compose each line.
template <>
inline void websocketpp::connection<grapevine::node::policy::Config>::log_close_result() {}
template <>
inline void websocketpp::connection<grapevine::node::policy::Config>::log_fail_result() {}

namespace grapevine::node {

using WsServer = websocketpp::server<policy::Config>;
using WsClient = websocketpp::client<policy::Config>;
/// Server's and client's connections are of one type.
using WsConnection = websocketpp::connection<policy::Config>;
using WsPointer = WsConnection::ptr;

/// Close codes with a meaning of their own (RFC 6455, section 7.4.1).
namespace close_codes {
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t none_seen = 1006;
inline constexpr std::uint16_t invalid_payload = 1007;
}  // namespace close_codes

inline WsConnection& as_ws(policy::Connection& base) {
    return static_cast<WsConnection&>(base);
}

/// Forgets what was queued and not handed to websocketpp.
inline void drop_queue(policy::ConnectionState& state) {
    state.queue.clear();
    state.buffered_bytes = state.handed_bytes;
}

/// Connections and dials tell it what happens; it tells their owners.
class WebSockets::Hub final : public std::enable_shared_from_this<Hub>,
                              public policy::ConnectionOwner,
                              public DialOwner {
public:
    Hub(Loop& loop, EdgeCounters& counters, std::uint8_t loop_index)
        : loop_(loop), counters_(counters), loop_index_(loop_index) {
        server_.set_user_agent("");
        client_.set_user_agent("");
    }

    // ---- the facade calls
    SocketId adopt(
        Stream stream,
        std::string_view received,
        SocketOwner& owner,
        const SocketOptions& options,
        const Opening& opening);
    SocketId dial(DialOptions options, SocketOwner& owner);
    bool send(SocketId id, const proto::Bytes& payload, FrameKind kind);
    void close(SocketId id, std::uint16_t code, std::string_view reason, Queued queued);
    void reset(SocketId id);
    void set_message_limit(SocketId id, std::size_t bytes);
    void pause_reading(SocketId id);
    void resume_reading(SocketId id);
    void abandon_all();
    [[nodiscard]] WsConnection* find(SocketId id) const;
    [[nodiscard]] std::size_t size() const { return slots_.size() - free_.size(); }

    // ---- connections call
    void readable(policy::Connection& base) override;
    void has_output(policy::Connection& base) override { list_output(base.state()); }
    void written(policy::Connection& base) override;
    void shut_down(policy::Connection& base) override;
    void timed_out(policy::Connection& base) override;
    EdgeCounters& counters() override { return counters_; }

    // ---- dials call
    void dial_succeeded(SocketId id, Stream stream, std::string_view received) override;
    void dial_failed(SocketId id, const Ending& ending) override;

private:
    struct Slot {
        WsPointer connection;
        std::shared_ptr<Dial> dial;
        SocketOwner* owner = nullptr;
        std::uint32_t generation = 1;
    };

    /// Waits for the end of the turn. Keeps the connection, which may be in the middle of a call.
    struct PendingEnding {
        SocketId id;
        SocketOwner* owner;
        Ending ending;
        std::string reason;
        WsPointer connection;
    };

    // ---- slots
    SocketId reserve();
    [[nodiscard]] bool is_current(SocketId id) const;
    bool cancel_dial(SocketId id);
    void retire(SocketId id, const Ending& ending);

    // ---- one connection, in the order of its life
    void open(
        SocketId id,
        Stream stream,
        std::string_view received,
        const SocketOptions& options,
        const Opening& opening,
        policy::FrameMask mask);
    void listen_on(WsConnection& connection);
    void deliver(WsConnection& connection, std::string_view bytes);
    /// One whole data message in one frame, judged already.
    void take_whole(WsConnection& connection, std::string_view frame, std::size_t head_bytes);
    void received(WsConnection& connection, const proto::Bytes& payload, FrameKind kind);
    void pinged(WsConnection& connection, std::string_view said);
    void flush(WsConnection& connection);
    void hand_over(WsConnection& connection);
    void notice_closing(WsConnection& connection);
    void
    condemn(WsConnection& connection, Ending::How how, std::uint16_t code, std::string_view reason);
    void begin_closing(WsConnection& connection, std::uint16_t code, std::string_view reason);
    void end(WsConnection& connection, Ending::How how);
    void ended(WsConnection& connection);
    Ending describe(const WsConnection& connection) const;

    // ---- the end of the turn
    void list_output(policy::ConnectionState& state);
    void list_drained(policy::ConnectionState& state);
    void schedule();
    void end_turn();
    void report_drained();
    void report_endings();

    void arm_grace(policy::Connection& connection);

    Loop& loop_;
    EdgeCounters& counters_;
    WsServer server_;
    WsClient client_;
    policy::Framing framing_;
    proto::Bytes whole_;  ///< the last whole message, used again if nobody kept it
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<SocketId> outputs_;
    std::vector<SocketId> flushing_;
    std::vector<SocketId> drained_;
    std::vector<SocketId> reporting_;
    std::vector<PendingEnding> endings_;
    std::uint8_t loop_index_;
    bool is_scheduled_ = false;
    bool is_over_ = false;
};

}  // namespace grapevine::node
