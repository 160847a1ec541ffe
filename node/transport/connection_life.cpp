// One connection from its first byte to its ending.
#include "node/transport/hub.hpp"
#include "proto/check.hpp"
#include "proto/utf8.hpp"

/// What websocketpp does when a handshake has succeeded. It would get there by reading, checking
/// and answering one with streams and locales: more than a third of all that a connect cost.
template <>
void websocketpp::connection<grapevine::node::policy::Config>::start() {
    constexpr int version = 13;
    m_processor = get_processor(version);
    m_internal_state = session::internal_state::PROCESS_CONNECTION;
    m_state = session::state::open;
    m_buf_cursor = 0;
    read_frame();
}

namespace grapevine::node {

std::uint32_t policy::RandomWords::operator()() {
    thread_local Entropy entropy;
    return entropy.word();
}

namespace {

namespace ws = websocketpp;
using policy::ConnectionState;
using policy::FrameMask;

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
/// Every byte counts a hundred thousand times: docs/memory.md has the whole account.
static_assert(sizeof(policy::Connection) <= 304, "our part of a connection");
static_assert(sizeof(WsConnection) <= 1304, "a connection, websocketpp's part and ours");

/// What a close frame has room for.
constexpr std::size_t close_reason_bytes_max = 123;

bool is_protocol_error(std::uint16_t code) {
    return code == close_codes::protocol_error || code == close_codes::invalid_payload;
}

/// At most `bytes_max` bytes, without half a character at the end.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80)
        --bytes_max;
    return text.substr(0, bytes_max);
}

}  // namespace

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
            received(
                *raw, message->bytes(), message->is_text() ? FrameKind::text : FrameKind::binary);
        });
    connection->set_ping_handler([this, raw](const ws::connection_hdl&, const std::string& said) {
        pinged(*raw, said);
        return false;
    });
    connection->set_close_handler([this, raw](const ws::connection_hdl&) { ended(*raw); });
    slots_[slot_of(id)].connection = connection;
    connection->start();

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
    // Who has gone is told before what comes next: nothing is to be written to a connection that
    // is known to be over.
    if (!endings_.empty()) report_endings();
    if (is_over_) return;
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
        // Nearly all messages come whole and in one frame, and need no more than their mask taken
        // off. The rest goes through websocketpp, which sees it from the start of a frame.
        if (step.head_bytes != 0 && connection.get_state() == ws::session::state::open)
            take_whole(connection, bytes.substr(0, step.bytes), step.head_bytes);
        else
            connection.feed(bytes.substr(0, step.bytes));
        bytes.remove_prefix(step.bytes);
        switch (step.verdict) {
        case FrameGuard::Verdict::fine: break;
        case FrameGuard::Verdict::protocol_error:
            condemn(
                connection,
                Ending::How::protocol_error,
                close_codes::protocol_error,
                "invalid frame");
            break;
        case FrameGuard::Verdict::oversize:
            condemn(connection, Ending::How::oversize, state.oversize_code, "message too large");
            break;
        }
    }
    if (!state.has_ended && connection.get_state() == ws::session::state::closing)
        notice_closing(connection);
}

void WebSockets::Hub::take_whole(
    WsConnection& connection, std::string_view frame, std::size_t head_bytes) {
    const std::string_view payload = frame.substr(head_bytes);
    // Taken out meanwhile: the owner may do anything, and be told of another message.
    proto::Bytes bytes = std::exchange(whole_, {});
    if (bytes.holders() != 1 || bytes.string().capacity() < payload.size())
        bytes = proto::Bytes::with_capacity(payload.size());
    std::string& text = bytes.writable();
    text.assign(payload);
    if (!connection.state().is_client)
        policy::unmask(text, frame.substr(head_bytes - FrameGuard::mask_bytes));
    const bool is_text = (frame.front() & 0x0f) == ws::frame::opcode::text;
    received(connection, bytes, is_text ? FrameKind::text : FrameKind::binary);
    if (bytes.size() <= proto::Bytes::plentiful_bytes) whole_ = std::move(bytes);
}

void WebSockets::Hub::received(
    WsConnection& connection, const proto::Bytes& payload, FrameKind kind) {
    const ConnectionState& state = connection.state();
    if (state.is_closing) return;
    if (kind == FrameKind::text && !proto::is_utf8(payload.view()))
        return condemn(
            connection, Ending::How::protocol_error, close_codes::invalid_payload, "invalid UTF-8");
    ++counters_.messages_in;
    state.owner->received(state.id, payload, kind);
}

void WebSockets::Hub::pinged(WsConnection& connection, std::string_view said) {
    ConnectionState& state = connection.state();
    if (state.is_closing) return;
    if (!state.ping) state.ping = std::make_unique<std::string>();
    state.ping->assign(said);
    list_output(state);
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
    // It says that it has something to write, and writes as soon as it has all of this.
    const bool was_listed = state.is_output_listed;
    state.is_output_listed = true;
    if (const auto ping = std::exchange(state.ping, nullptr)) {
        ws::lib::error_code ignored;
        connection.pong(*ping, ignored);
    }
    for (std::size_t count = 0; count < handed_messages_max && !state.queue.empty(); ++count) {
        const std::size_t size = state.queue.front()->get_payload().size();
        if (count > 0 && state.handed_bytes + size > handed_bytes_max) break;
        state.handed_bytes += size;
        connection.send(state.queue.front());
        state.queue.pop();
        ++counters_.messages_out;
    }
    state.is_output_listed = was_listed;
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
    if (!state.queue.empty() || state.ping || state.is_closing) list_output(state);
}

/// websocketpp closes by itself: it answers the peer's close.
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
    const bool has_peer_finished = as_ws(base).get_remote_close_code() != close_codes::none_seen;
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
            .how = *state.how,
            .code = state.is_closed_by_us ? state.close_code : close_codes::none_seen};
    if (state.is_closed_by_us && state.is_close_written)
        return {.how = How::closed_by_us, .code = state.close_code};
    // An answer repeats what the peer said; anything else is what websocketpp found wrong.
    const bool is_answer = local == remote && connection.get_local_close_reason() ==
                                                  connection.get_remote_close_reason();
    if (!state.is_closed_by_us && is_protocol_error(local) && !is_answer)
        return {.how = How::protocol_error, .code = local};
    if (remote != close_codes::none_seen)
        return {
            .how = How::closed_by_peer,
            .code = remote,
            .reason = connection.get_remote_close_reason()};
    return {};
}

void WebSockets::Hub::arm_grace(policy::Connection& connection) {
    loop_.disarm(connection.state().deadline);
    connection.state().deadline =
        loop_.arm(close_grace, TimerCall::to<&policy::Connection::time_out>(&connection));
}

}  // namespace grapevine::node
