// The facade, the slots behind the ids, and the end of the turn.
#include "node/transport/web_socket.hpp"

#include "node/transport/hub.hpp"

namespace grapevine::node {
namespace {

using policy::ConnectionState;
using policy::FrameMask;

constexpr std::uint32_t generation_mask = (1U << 24) - 1;

constexpr SocketId make_id(std::uint8_t loop, std::uint32_t generation, std::uint32_t slot) {
    return SocketId{
        (std::uint64_t{loop} << 56) | (std::uint64_t{generation & generation_mask} << 32) | slot};
}

FrameMask mask_of(const ConnectionState& state) {
    if (!state.is_client) return FrameMask::none;
    return state.masks_with_random_keys ? FrameMask::random_key : FrameMask::zero_key;
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
