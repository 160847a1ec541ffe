#include "node/transport/web_socket.hpp"

#include "node/transport/dial.hpp"
#include "node/transport/framing.hpp"
#include "node/transport/policies.hpp"
#include "proto/check.hpp"

#include <websocketpp/client.hpp>
#include <websocketpp/server.hpp>

#include <algorithm>

namespace grapevine::node {

std::uint32_t policy::RandomWords::operator()() {
    thread_local Entropy entropy;
    return entropy.word();
}

namespace {

namespace ws = websocketpp;
using policy::ConnectionState;
using policy::FrameMask;
using Server = ws::server<policy::Config>;
using Client = ws::client<policy::Config>;
using WsConnection = ws::connection<policy::Config>;
using WsPointer = WsConnection::ptr;

/// Handed to websocketpp at a time. More: larger writes; less: more of a slow connection's queue
/// can still be dropped.
constexpr std::size_t handed_bytes_max = 16 * 1024;
/// websocketpp keeps room for the largest batch it ever wrote, about 48 bytes a message, on every
/// connection.
constexpr std::size_t handed_messages_max = 64;
/// Written by one connection in one turn before the others have theirs.
constexpr std::size_t written_per_turn_max = 1024 * 1024;
/// For a peer to take our close code, and again to answer it.
constexpr Duration close_grace = std::chrono::seconds{1};
/// What a close frame has room for.
constexpr std::size_t close_reason_bytes_max = 123;

constexpr std::uint16_t code_none_given = 1005;
constexpr std::uint16_t code_none_seen = 1006;
constexpr std::uint16_t code_protocol_error = 1002;
constexpr std::uint16_t code_invalid_payload = 1007;

constexpr std::uint32_t generation_mask = (1U << 24) - 1;

constexpr SocketId make_id(std::uint8_t loop, std::uint32_t generation, std::uint32_t slot) {
    return SocketId{
        (std::uint64_t{loop} << 56) | (std::uint64_t{generation & generation_mask} << 32) | slot};
}

/// Whether valid UTF-8 stops in the middle of a character. websocketpp checks everything but this
/// when a message came in fragments.
bool ends_inside_character(std::string_view text) {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xc0) == 0x80) continue;
        const std::size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        return length > back;
    }
    return false;
}

bool is_protocol_error(std::uint16_t code) {
    return code == code_protocol_error || code == code_invalid_payload;
}

}  // namespace

/// Everything behind the facade. Connections and dials tell it what happens; it tells their owners.
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
        FrameMask mask);
    void listen_on(WsConnection& connection);
    void deliver(WsConnection& connection, std::string_view bytes);
    void received(WsConnection& connection, const policy::Message& message);
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
    void list_output(ConnectionState& state);
    void list_drained(ConnectionState& state);
    void schedule();
    void end_turn();
    void report_drained();
    void report_endings();

    void arm_grace(policy::Connection& connection);

    Loop& loop_;
    EdgeCounters& counters_;
    Server server_;
    Client client_;
    policy::Framing framing_;
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

namespace {

WsConnection& as_ws(policy::Connection& base) {
    return static_cast<WsConnection&>(base);
}

FrameMask mask_of(const ConnectionState& state) {
    if (!state.is_client) return FrameMask::none;
    return state.masks_with_random_keys ? FrameMask::random_key : FrameMask::zero_key;
}

void drop_queue(ConnectionState& state) {
    state.queue.clear();
    state.buffered_bytes = state.handed_bytes;
}

/// At most `bytes_max` bytes, without half a character at the end.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80)
        --bytes_max;
    return text.substr(0, bytes_max);
}

}  // namespace

// ---------------------------------------------------------------- slots

SocketId WebSockets::Hub::reserve() {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return make_id(loop_index_, slots_[slot].generation, slot);
}

bool WebSockets::Hub::is_current(SocketId id) const {
    const std::uint32_t slot = slot_of(id);
    return slot < slots_.size() && make_id(loop_index_, slots_[slot].generation, slot) == id;
}

WsConnection* WebSockets::Hub::find(SocketId id) const {
    return is_current(id) ? slots_[slot_of(id)].connection.get() : nullptr;
}

bool WebSockets::Hub::cancel_dial(SocketId id) {
    if (!is_current(id) || !slots_[slot_of(id)].dial) return false;
    slots_[slot_of(id)].dial->cancel();
    retire(id, {.how = Ending::How::reset_by_us});
    return true;
}

/// The id is void from now on; its slot is free when the owner has heard of it.
void WebSockets::Hub::retire(SocketId id, const Ending& ending) {
    Slot& slot = slots_[slot_of(id)];
    endings_.push_back(
        {.id = id,
         .owner = slot.owner,
         .ending = ending,
         .reason = std::string{ending.reason},
         .connection = std::exchange(slot.connection, nullptr)});
    slot.dial.reset();
    ++slot.generation;
    if ((slot.generation & generation_mask) == 0) ++slot.generation;
    schedule();
}

// ---------------------------------------------------------------- the facade calls

SocketId WebSockets::Hub::adopt(
    Stream stream,
    std::string_view received,
    SocketOwner& owner,
    const SocketOptions& options,
    const Opening& opening) {
    const SocketId id = reserve();
    slots_[slot_of(id)].owner = &owner;
    open(id, std::move(stream), received, options, opening, FrameMask::none);
    return is_current(id) ? id : SocketId{};
}

SocketId WebSockets::Hub::dial(DialOptions options, SocketOwner& owner) {
    const SocketId id = reserve();
    Slot& slot = slots_[slot_of(id)];
    ++counters_.dials;
    slot.owner = &owner;
    slot.dial = std::make_shared<Dial>(loop_, *this, id, std::move(options));
    slot.dial->start();
    return id;
}

bool WebSockets::Hub::send(SocketId id, const proto::Bytes& payload, FrameKind kind) {
    WsConnection* const connection = find(id);
    if (connection == nullptr || connection->state().is_closing) return false;
    ConnectionState& state = connection->state();
    state.queue.push(framing_.frame(payload, kind, mask_of(state)));
    state.buffered_bytes += payload.size();
    list_output(state);
    return true;
}

void WebSockets::Hub::close(
    SocketId id, std::uint16_t code, std::string_view reason, Queued queued) {
    if (cancel_dial(id)) return;
    WsConnection* const connection = find(id);
    if (connection == nullptr || connection->state().is_closing) return;
    ConnectionState& state = connection->state();
    state.was_slow = connection->is_writing();
    if (queued == Queued::discard) drop_queue(state);
    begin_closing(*connection, code, reason);
}

void WebSockets::Hub::reset(SocketId id) {
    if (cancel_dial(id)) return;
    if (WsConnection* const connection = find(id)) {
        ++counters_.resets;
        end(*connection, Ending::How::reset_by_us);
    }
}

void WebSockets::Hub::set_message_limit(SocketId id, std::size_t bytes) {
    if (WsConnection* const connection = find(id)) {
        connection->state().guard.set_limit(bytes);
        connection->set_max_message_size(bytes);
    }
}

void WebSockets::Hub::pause_reading(SocketId id) {
    WsConnection* const connection = find(id);
    if (connection != nullptr && !connection->state().is_closing)
        connection->state().is_paused = true;
}

void WebSockets::Hub::resume_reading(SocketId id) {
    WsConnection* const connection = find(id);
    if (connection == nullptr || !connection->state().is_paused) return;
    connection->state().is_paused = false;
    // What was read already comes at the end of the turn, not from inside the owner's call.
    list_output(connection->state());
}

void WebSockets::Hub::abandon_all() {
    is_over_ = true;
    for (Slot& slot : slots_) {
        if (slot.dial) slot.dial->cancel();
        if (!slot.connection) continue;
        loop_.disarm(slot.connection->state().deadline);
        slot.connection->stream().reset();
        slot.connection->detach();
    }
    slots_.clear();
    endings_.clear();
    framing_.forget();
}

// ---------------------------------------------------------------- one connection

void WebSockets::Hub::open(
    SocketId id,
    Stream stream,
    std::string_view received_bytes,
    const SocketOptions& options,
    const Opening& opening,
    FrameMask mask) {
    ws::lib::error_code ignored;
    const bool is_client = mask != FrameMask::none;
    const WsPointer connection =
        is_client ? client_.get_connection(policy::any_uri(), ignored) : server_.get_connection();
    if (options.kernel_unsent_max > 0) stream.limit_unsent(options.kernel_unsent_max);
    connection->attach(*this, std::move(stream));
    ConnectionState& state = connection->state();
    state.owner = slots_[slot_of(id)].owner;
    state.id = id;
    state.token = opening.token;
    state.guard = FrameGuard{!is_client, options.message_bytes_max};
    state.oversize_code = options.oversize_code;
    state.is_client = is_client;
    state.masks_with_random_keys = mask == FrameMask::random_key;
    state.reports_drained = options.report_drained;

    WsConnection* const raw = connection.get();
    connection->set_max_message_size(options.message_bytes_max);
    connection->set_message_handler(
        [this, raw](const ws::connection_hdl&, const policy::MessagePtr& message) {
            received(*raw, *message);
        });
    connection->set_close_handler([this, raw](const ws::connection_hdl&) { ended(*raw); });
    slots_[slot_of(id)].connection = connection;
    connection->start();
    proto::check(connection->get_state() == ws::session::state::open, "a checked handshake opens");

    ++counters_.opened;
    state.owner->opened(id, opening);
    counters_.bytes_in += received_bytes.size();
    deliver(*connection, received_bytes);
    listen_on(*connection);
}

void WebSockets::Hub::dial_succeeded(SocketId id, Stream stream, std::string_view received_bytes) {
    const std::shared_ptr<Dial> dial = std::exchange(slots_[slot_of(id)].dial, nullptr);
    const DialOptions& options = dial->options();
    const bool is_random = options.masking == Masking::random_key;
    open(
        id,
        std::move(stream),
        received_bytes,
        options.socket,
        {.token = options.token, .subprotocol = options.subprotocol},
        is_random ? FrameMask::random_key : FrameMask::zero_key);
}

void WebSockets::Hub::dial_failed(SocketId id, const Ending& ending) {
    ++counters_.dials_failed;
    retire(id, ending);
}

void WebSockets::Hub::listen_on(WsConnection& connection) {
    const ConnectionState& state = connection.state();
    if (!state.has_ended && !state.is_condemned && !state.is_paused) connection.listen();
}

void WebSockets::Hub::readable(policy::Connection& base) {
    WsConnection& connection = as_ws(base);
    const std::span<char> buffer = loop_.read_buffer();
    const IoResult result = connection.stream().read_some(buffer);
    switch (result.status) {
    case IoResult::Status::done:
        counters_.bytes_in += result.bytes;
        deliver(connection, {buffer.data(), result.bytes});
        break;
    case IoResult::Status::would_block: break;
    case IoResult::Status::ended:
    case IoResult::Status::failed: return connection.feed_end();
    }
    listen_on(connection);
}

/// One frame at a time, so that a pause, a new limit or an end takes effect at once.
void WebSockets::Hub::deliver(WsConnection& connection, std::string_view bytes) {
    ConnectionState& state = connection.state();
    while (!bytes.empty() && !state.has_ended && !state.is_condemned) {
        if (state.is_paused) {
            if (!state.unread) state.unread = std::make_unique<std::string>();
            state.unread->append(bytes);
            return;
        }
        const FrameGuard::Step step = state.guard.check(bytes);
        connection.feed(bytes.substr(0, step.bytes));
        bytes.remove_prefix(step.bytes);
        switch (step.verdict) {
        case FrameGuard::Verdict::fine: break;
        case FrameGuard::Verdict::protocol_error:
            condemn(connection, Ending::How::protocol_error, code_protocol_error, "invalid frame");
            break;
        case FrameGuard::Verdict::oversize:
            condemn(connection, Ending::How::oversize, state.oversize_code, "message too large");
            break;
        }
    }
    if (!state.has_ended && connection.get_state() == ws::session::state::closing)
        notice_closing(connection);
}

void WebSockets::Hub::received(WsConnection& connection, const policy::Message& message) {
    const ConnectionState& state = connection.state();
    if (state.is_closing) return;
    const bool is_text = message.get_opcode() == ws::frame::opcode::text;
    if (is_text && ends_inside_character(message.get_payload()))
        return condemn(
            connection, Ending::How::protocol_error, code_invalid_payload, "invalid UTF-8");
    ++counters_.messages_in;
    state.owner->received(state.id, message.bytes(), is_text ? FrameKind::text : FrameKind::binary);
}

/// Writes until there is nothing more or the kernel is full.
void WebSockets::Hub::flush(WsConnection& connection) {
    const auto self = connection.get_shared();
    ConnectionState& state = connection.state();
    state.is_output_listed = false;
    if (state.unread && !state.is_paused) {
        const auto unread = std::exchange(state.unread, nullptr);
        deliver(connection, *unread);
    }
    listen_on(connection);
    std::size_t written_bytes = 0;
    while (!state.has_ended && !connection.is_writing()) {
        if (state.is_condemned && state.is_close_written) return end(connection, *state.how);
        if (written_bytes >= written_per_turn_max) return list_output(state);
        hand_over(connection);
        written_bytes += state.handed_bytes;
        state.is_close_in_flight = state.is_close_handed;
        connection.write_frame();
        if (state.queue.empty() && !state.last_words) return;
    }
}

void WebSockets::Hub::hand_over(WsConnection& connection) {
    ConnectionState& state = connection.state();
    // websocketpp answers a peer's close by itself and takes nothing more.
    if (connection.get_state() != ws::session::state::open) drop_queue(state);
    for (std::size_t count = 0; count < handed_messages_max && !state.queue.empty(); ++count) {
        const std::size_t size = state.queue.front()->get_payload().size();
        if (count > 0 && state.handed_bytes + size > handed_bytes_max) return;
        state.handed_bytes += size;
        connection.send(state.queue.front());
        state.queue.pop();
        ++counters_.messages_out;
    }
    if (!state.queue.empty() || !state.last_words) return;
    const auto words = std::exchange(state.last_words, nullptr);
    ws::lib::error_code error;
    connection.close(words->code, words->reason, error);
    state.is_close_handed = true;
    // A code that may not be on the wire is the owner's mistake; the connection ends without one.
    if (error) end(connection, Ending::How::closed_by_us);
}

void WebSockets::Hub::written(policy::Connection& base) {
    ConnectionState& state = base.state();
    if (state.handed_bytes > 0) {
        state.buffered_bytes -= state.handed_bytes;
        state.drained_bytes += state.handed_bytes;
        state.handed_bytes = 0;
        list_drained(state);
    }
    if (state.is_close_in_flight && !state.is_close_written) {
        state.is_close_written = true;
        if (state.was_slow) ++counters_.slow_closed;
        arm_grace(base);
    }
    if (!state.queue.empty() || state.is_closing) list_output(state);
}

/// websocketpp closes by itself: it answers the peer's close, or found invalid UTF-8.
void WebSockets::Hub::notice_closing(WsConnection& connection) {
    ConnectionState& state = connection.state();
    if (state.is_closing) return;
    state.is_closing = true;
    state.is_close_handed = true;
    state.is_paused = false;
    drop_queue(state);
    arm_grace(connection);
    list_output(state);
}

void WebSockets::Hub::condemn(
    WsConnection& connection, Ending::How how, std::uint16_t code, std::string_view reason) {
    ConnectionState& state = connection.state();
    ++(how == Ending::How::oversize ? counters_.oversize : counters_.protocol_errors);
    if (state.is_closing) return end(connection, how);
    state.is_condemned = true;
    state.how = how;
    drop_queue(state);
    begin_closing(connection, code, reason);
}

void WebSockets::Hub::begin_closing(
    WsConnection& connection, std::uint16_t code, std::string_view reason) {
    ConnectionState& state = connection.state();
    state.is_closing = true;
    state.is_closed_by_us = true;
    state.is_paused = false;
    state.close_code = code;
    state.last_words = std::make_unique<ConnectionState::LastWords>(
        ConnectionState::LastWords{code, std::string{cut(reason, close_reason_bytes_max)}});
    arm_grace(connection);
    list_output(state);
}

void WebSockets::Hub::timed_out(policy::Connection& base) {
    const ConnectionState& state = base.state();
    if (!state.is_close_written) {
        ++counters_.resets;
        return end(as_ws(base), Ending::How::reset_by_us);
    }
    ++counters_.close_timeouts;
    as_ws(base).terminate({});
}

void WebSockets::Hub::end(WsConnection& connection, Ending::How how) {
    if (connection.state().has_ended) return;
    connection.state().how = how;
    connection.terminate({});
}

void WebSockets::Hub::shut_down(policy::Connection& base) {
    const ConnectionState& state = base.state();
    Stream& stream = base.stream();
    if (state.how == Ending::How::reset_by_us) return stream.reset();
    // With unread input a plain close would be a reset, and that can overtake our close code.
    const bool has_peer_finished = as_ws(base).get_remote_close_code() != code_none_seen;
    if (state.is_close_written && (state.is_condemned || !has_peer_finished))
        return close_gently(loop_, std::move(stream));
    stream.close();
}

void WebSockets::Hub::ended(WsConnection& connection) {
    ConnectionState& state = connection.state();
    if (state.has_ended) return;
    state.has_ended = true;
    loop_.disarm(state.deadline);
    ++counters_.closed;
    const Ending ending = describe(connection);
    if (ending.how == Ending::How::protocol_error && !state.is_condemned)
        ++counters_.protocol_errors;
    retire(state.id, ending);
}

Ending WebSockets::Hub::describe(const WsConnection& connection) const {
    using How = Ending::How;
    const ConnectionState& state = connection.state();
    const std::uint16_t local = connection.get_local_close_code();
    const std::uint16_t remote = connection.get_remote_close_code();
    if (state.how)
        return {
            .how = *state.how, .code = state.is_closed_by_us ? state.close_code : code_none_seen};
    if (state.is_closed_by_us && state.is_close_written)
        return {.how = How::closed_by_us, .code = state.close_code};
    // An answer repeats what the peer said; anything else is what websocketpp found wrong.
    const bool is_answer = local == remote && connection.get_local_close_reason() ==
                                                  connection.get_remote_close_reason();
    if (!state.is_closed_by_us && is_protocol_error(local) && !is_answer)
        return {.how = How::protocol_error, .code = local};
    if (remote != code_none_seen)
        return {
            .how = How::closed_by_peer,
            .code = remote,
            .reason = connection.get_remote_close_reason()};
    return {};
}

// ---------------------------------------------------------------- the end of the turn

void WebSockets::Hub::list_output(ConnectionState& state) {
    if (state.is_output_listed || state.has_ended) return;
    state.is_output_listed = true;
    outputs_.push_back(state.id);
    schedule();
}

void WebSockets::Hub::list_drained(ConnectionState& state) {
    if (!state.reports_drained || state.is_drain_listed) return;
    state.is_drain_listed = true;
    drained_.push_back(state.id);
    schedule();
}

void WebSockets::Hub::schedule() {
    if (is_scheduled_) return;
    is_scheduled_ = true;
    loop_.at_end_of_turn([hub = shared_from_this()] {
        if (!hub->is_over_) hub->end_turn();
    });
}

void WebSockets::Hub::end_turn() {
    is_scheduled_ = false;
    flushing_.swap(outputs_);
    for (const SocketId id : flushing_)
        if (WsConnection* const connection = find(id)) flush(*connection);
    flushing_.clear();
    report_drained();
    report_endings();
    framing_.forget();
}

void WebSockets::Hub::report_drained() {
    reporting_.swap(drained_);
    for (const SocketId id : reporting_) {
        WsConnection* const connection = find(id);
        if (connection == nullptr) continue;
        ConnectionState& state = connection->state();
        state.is_drain_listed = false;
        state.owner->drained(id, std::exchange(state.drained_bytes, 0));
    }
    reporting_.clear();
}

void WebSockets::Hub::report_endings() {
    std::vector<PendingEnding> endings;
    endings.swap(endings_);
    for (PendingEnding& pending : endings) {
        pending.ending.reason = pending.reason;
        pending.owner->closed(pending.id, pending.ending);
        if (is_over_) return;
        free_.push_back(slot_of(pending.id));
    }
}

void WebSockets::Hub::arm_grace(policy::Connection& connection) {
    loop_.disarm(connection.state().deadline);
    connection.state().deadline =
        loop_.arm(close_grace, TimerCall::to<&policy::Connection::time_out>(&connection));
}

// ---------------------------------------------------------------- the facade

WebSockets::WebSockets(Loop& loop, EdgeCounters& counters, std::uint8_t loop_index)
    : hub_(std::make_shared<Hub>(loop, counters, loop_index)) {}

WebSockets::~WebSockets() {
    hub_->abandon_all();
}

SocketId WebSockets::adopt(
    Stream stream,
    std::string_view received,
    SocketOwner& owner,
    const SocketOptions& options,
    const Opening& opening) {
    return hub_->adopt(std::move(stream), received, owner, options, opening);
}

SocketId WebSockets::dial(DialOptions options, SocketOwner& owner) {
    return hub_->dial(std::move(options), owner);
}

bool WebSockets::send(SocketId id, const proto::Bytes& payload, FrameKind kind) {
    return hub_->send(id, payload, kind);
}

void WebSockets::close(SocketId id, std::uint16_t code, std::string_view reason, Queued queued) {
    hub_->close(id, code, reason, queued);
}

void WebSockets::close(SocketId id, proto::CloseCode code, Queued queued) {
    hub_->close(id, static_cast<std::uint16_t>(code), text_of(code), queued);
}

void WebSockets::reset(SocketId id) {
    hub_->reset(id);
}

void WebSockets::set_message_limit(SocketId id, std::size_t bytes) {
    hub_->set_message_limit(id, bytes);
}

void WebSockets::pause_reading(SocketId id) {
    hub_->pause_reading(id);
}

void WebSockets::resume_reading(SocketId id) {
    hub_->resume_reading(id);
}

bool WebSockets::is_open(SocketId id) const {
    return hub_->find(id) != nullptr;
}

std::size_t WebSockets::buffered_bytes(SocketId id) const {
    const WsConnection* const connection = hub_->find(id);
    return connection != nullptr ? connection->state().buffered_bytes : 0;
}

std::string WebSockets::remote_address(SocketId id) const {
    const WsConnection* const connection = hub_->find(id);
    return connection != nullptr ? connection->stream().remote_address() : std::string{};
}

std::string WebSockets::local_address(SocketId id) const {
    const WsConnection* const connection = hub_->find(id);
    return connection != nullptr ? connection->stream().local_address() : std::string{};
}

std::uint64_t WebSockets::token(SocketId id) const {
    const WsConnection* const connection = hub_->find(id);
    return connection != nullptr ? connection->state().token : 0;
}

void WebSockets::set_token(SocketId id, std::uint64_t token) {
    if (WsConnection* const connection = hub_->find(id)) connection->state().token = token;
}

std::size_t WebSockets::size() const {
    return hub_->size();
}

}  // namespace grapevine::node
