/// The transport that websocketpp sees: a connection is read when bytes come and written when the
/// turn ends.
#pragma once

#include "node/stream.hpp"
#include "node/transport/frame_guard.hpp"
#include "node/transport/message.hpp"
#include "node/transport/web_socket.hpp"

#include <websocketpp/common/connection_hdl.hpp>
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/transport/base/connection.hpp>
#include <websocketpp/transport/base/endpoint.hpp>
#include <websocketpp/uri.hpp>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace grapevine::node::policy {

class Connection;

/// Who drives connections: the hub of all web sockets of a loop.
class ConnectionOwner {
public:
    virtual void readable(Connection& connection) = 0;
    /// websocketpp has something to write.
    virtual void has_output(Connection& connection) = 0;
    /// What websocketpp last wrote is with the kernel.
    virtual void written(Connection& connection) = 0;
    /// websocketpp is through with it.
    virtual void shut_down(Connection& connection) = 0;
    virtual void timed_out(Connection& connection) = 0;
    virtual EdgeCounters& counters() = 0;

protected:
    ~ConnectionOwner() = default;
};

/// Everything we know about one connection besides what websocketpp keeps.
struct ConnectionState {
    SocketOwner* owner = nullptr;
    SocketId id{};
    std::uint64_t token = 0;
    FrameGuard guard{true, 0};
    /// Framed, not handed to websocketpp. We can drop it, and count it.
    MessageQueue queue;
    /// Payload bytes in `queue` and at websocketpp.
    std::size_t buffered_bytes = 0;
    /// Payload bytes at websocketpp.
    std::size_t handed_bytes = 0;
    /// Payload bytes written since the last report.
    std::size_t drained_bytes = 0;
    /// Read but not looked at while reading is paused.
    std::unique_ptr<std::string> unread;
    /// What the last ping said that was not answered: the latest is all that has to be (RFC 6455,
    /// section 5.5.3), and a peer who does not read may send any number.
    std::unique_ptr<std::string> ping;
    /// What to close with once the queue is empty.
    struct LastWords {
        std::uint16_t code;
        std::string reason;
    };
    std::unique_ptr<LastWords> last_words;
    TimerId deadline{};
    std::uint16_t oversize_code = 0;
    std::uint16_t close_code = 0;
    /// How it ended, if we know better than the close codes.
    std::optional<Ending::How> how;

    bool is_client : 1 = false;
    bool masks_with_random_keys : 1 = false;
    bool reports_drained : 1 = false;
    bool is_output_listed : 1 = false;
    bool is_drain_listed : 1 = false;
    bool is_paused : 1 = false;
    bool is_listening : 1 = false;
    bool is_closing : 1 = false;
    bool is_closed_by_us : 1 = false;
    /// The peer broke the rules: nothing of what it sends is looked at any more.
    bool is_condemned : 1 = false;
    bool was_slow : 1 = false;
    bool is_close_handed : 1 = false;
    bool is_close_in_flight : 1 = false;
    bool is_close_written : 1 = false;
    bool has_ended : 1 = false;
};

struct Timer {
    void cancel() {}
};

/// Lives from adoption until websocketpp and every pending wait have let go of it.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    // ---- ours
    void attach(ConnectionOwner& owner, Stream stream) {
        owner_ = &owner;
        stream_.emplace(std::move(stream));
    }
    /// Nobody hears of it any more.
    void detach() {
        owner_ = nullptr;
        stream_->close();
    }
    Stream& stream() { return *stream_; }
    const Stream& stream() const { return *stream_; }
    ConnectionState& state() { return state_; }
    const ConnectionState& state() const { return state_; }

    void listen() {
        if (state_.is_listening || !stream_->is_open()) return;
        state_.is_listening = true;
        stream_->when_readable([self = shared_from_this()](std::error_code) {
            self->state_.is_listening = false;
            // An error shows itself in the read that follows.
            if (self->owner_ != nullptr && self->stream_->is_open()) self->owner_->readable(*self);
        });
    }
    /// Gives bytes to websocketpp, which is always waiting for some while it is open.
    void feed(std::string_view bytes) {
        while (!bytes.empty() && on_read_ != nullptr) {
            const std::size_t count = std::min(bytes.size(), read_room_);
            std::memcpy(read_into_, bytes.data(), count);
            bytes.remove_prefix(count);
            (*std::exchange(on_read_, nullptr))({}, count);
        }
    }
    /// Tells websocketpp that nothing more will come.
    void feed_end() {
        if (on_read_ != nullptr)
            (*std::exchange(on_read_, nullptr))(make_error(websocketpp::transport::error::eof), 0);
    }
    [[nodiscard]] bool is_writing() const { return on_written_ != nullptr; }
    void time_out() {
        if (owner_ != nullptr) owner_->timed_out(*this);
    }

    // ---- what websocketpp asks of a transport connection
    using ptr = std::shared_ptr<Connection>;
    using timer_ptr = std::shared_ptr<Timer>;
    using alog_type = websocketpp::log::stub;
    using elog_type = websocketpp::log::stub;

    Connection(bool, const std::shared_ptr<alog_type>&, const std::shared_ptr<elog_type>&) {}

    ptr get_shared() { return shared_from_this(); }
    bool is_secure() const { return false; }
    void set_uri(const websocketpp::uri_ptr&) {}
    std::string get_remote_endpoint() const { return {}; }
    websocketpp::connection_hdl get_handle() const { return handle_; }
    /// Never asked: deadlines are on the loop's wheel.
    timer_ptr set_timer(long, const websocketpp::transport::timer_handler&) { return {}; }

protected:
    using ReadHandler = websocketpp::transport::read_handler;
    using WriteHandler = websocketpp::transport::write_handler;
    using Buffers = std::vector<websocketpp::transport::buffer>;

    void set_handle(websocketpp::connection_hdl handle) { handle_ = std::move(handle); }

    /// websocketpp waits for frames with one handler that it keeps.
    void async_read_at_least(std::size_t, char* into, std::size_t room, ReadHandler& handler) {
        read_into_ = into;
        read_room_ = room;
        on_read_ = &handler;
    }

    /// Frames: written now; if the kernel is full, when it has room again.
    void async_write(const Buffers& buffers, WriteHandler& handler) {
        writing_ = &buffers;
        writing_index_ = 0;
        writing_offset_ = 0;
        on_written_ = &handler;
        write_on();
    }

    /// websocketpp only ever defers its write: everything of a turn goes out together.
    template <class Handler>
    websocketpp::lib::error_code dispatch(const Handler&) {
        if (owner_ != nullptr) owner_->has_output(*this);
        return {};
    }

    void async_shutdown(const websocketpp::transport::shutdown_handler& handler) {
        on_read_ = nullptr;
        on_written_ = nullptr;
        if (owner_ != nullptr) owner_->shut_down(*this);
        handler({});
    }

private:
    static std::error_code make_error(websocketpp::transport::error::value value) {
        return websocketpp::transport::error::make_error_code(value);
    }

    void write_on();
    [[nodiscard]] std::span<const iovec> gather() const;
    /// Whether all is written.
    bool advance(std::size_t bytes);
    void complete_write(std::error_code error);

    ConnectionOwner* owner_ = nullptr;
    std::optional<Stream> stream_;
    ConnectionState state_;
    websocketpp::connection_hdl handle_;

    char* read_into_ = nullptr;
    std::size_t read_room_ = 0;
    ReadHandler* on_read_ = nullptr;

    const Buffers* writing_ = nullptr;
    std::size_t writing_index_ = 0;
    std::size_t writing_offset_ = 0;
    WriteHandler* on_written_ = nullptr;
};

/// What websocketpp asks of a transport: nothing is left to do for it.
class Endpoint {
public:
    using transport_con_type = Connection;
    using transport_con_ptr = Connection::ptr;
    using concurrency_type = websocketpp::concurrency::none;
    using alog_type = Connection::alog_type;
    using elog_type = Connection::elog_type;

    bool is_secure() const { return false; }

protected:
    void init_logging(const std::shared_ptr<alog_type>&, const std::shared_ptr<elog_type>&) {}
    websocketpp::lib::error_code init(const transport_con_ptr&) { return {}; }
    void async_connect(
        const transport_con_ptr&,
        const websocketpp::uri_ptr&,
        const websocketpp::transport::connect_handler& handler) {
        handler({});
    }
};

}  // namespace grapevine::node::policy
