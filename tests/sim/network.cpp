#include "tests/sim/network.hpp"

#include <algorithm>

namespace grapevine::sim {

namespace {

/// How long an end that was told of a gentle close may still say something.
constexpr Duration finishes_within = 6ms;

}  // namespace

Network::Network(Scheduler& clock, mesh::Rng rng, NetworkOptions options)
    : clock_(clock), rng_(rng), options_(options) {}

HostId Network::add_host(Host& host, std::string ip) {
    hosts_.push_back(HostPlace{
        .host = &host, .ip = std::move(ip), .lost = false, .paused = false, .backlog = {}});
    return HostId{static_cast<std::uint32_t>(hosts_.size() - 1)};
}

void Network::listen(HostId host, std::string address) {
    listeners_[std::move(address)] = host;
}

void Network::stop_listening(HostId host) {
    std::erase_if(listeners_, [host](const auto& listener) { return listener.second == host; });
}

Network::Connection* Network::find(ConnectionId id) {
    return by_id_[id.value];
}

const Network::Connection* Network::find(ConnectionId id) const {
    return by_id_[id.value];
}

// ---- conditions

const Path& Network::path(HostId from, HostId to) const {
    const auto found = paths_.find({from, to});
    return found != paths_.end() ? found->second : options_.path;
}

Duration Network::draw_latency(HostId from, HostId to) {
    const Latency& latency = path(from, to).latency;
    Duration drawn = latency.least +
                     Duration{static_cast<Duration::rep>(rng_.below(
                         static_cast<std::uint64_t>((latency.most - latency.least).count()) + 1))};
    if (latency.spike_one_in != 0 && rng_.one_in(latency.spike_one_in)) drawn += latency.spike;
    return drawn;
}

void Network::set_path(HostId from, HostId to, Path path) {
    paths_[{from, to}] = path;
}

void Network::set_path_both_ways(HostId left, HostId right, Path path) {
    set_path(left, right, path);
    set_path(right, left, path);
}

void Network::block(HostId from, HostId to) {
    blocked_.insert({from, to});
}

void Network::unblock(HostId from, HostId to) {
    if (blocked_.erase({from, to}) == 0) return;
    for (auto& [id, connection] : connections_)
        for (const Side side : {Side::dialer, Side::acceptor}) {
            if (end(connection, side).host != from || end(connection, other(side)).host != to)
                continue;
            const Duration wait{static_cast<Duration::rep>(
                rng_.below(static_cast<std::uint64_t>(options_.retransmit_within.count()) + 1))};
            clock_.in(wait, [this, moving = id, side] {
                arm(moving, side);
                reset_if_vanished(moving, side);
            });
        }
}

void Network::unblock_all() {
    const auto blocked = blocked_;
    for (const auto& [from, to] : blocked)
        unblock(from, to);
}

/// Whether what is in flight from `from` cannot arrive now. Whoever ends the reason arms it again.
bool Network::is_held(Connection& connection, Side from) const {
    const End& sender = end(connection, from);
    const End& receiver = end(connection, other(from));
    return blocked_.contains({sender.host, receiver.host}) ||
           out(connection, from).stalled_until > clock_.time() ||
           hosts_[receiver.host.value].paused || hosts_[receiver.host.value].lost ||
           receiver.vanished || !receiver.reading;
}

// ---- dialling

Socket Network::dial(HostId from, std::string_view address) {
    const ConnectionId id{++dialled_};
    Connection& connection = connections_[id];
    by_id_.push_back(&connection);
    connection.address = address;
    ++dials_[connection.address];
    End& dialer = end(connection, Side::dialer);
    dialer.host = from;
    dialer.exists = true;
    end(connection, Side::acceptor).host = from;
    for (std::size_t at = 0; at < hosts_.size(); ++at)
        if (address.substr(0, address.rfind(':')) == hosts_[at].ip)
            end(connection, Side::acceptor).host = HostId{static_cast<std::uint32_t>(at)};
    clock_.in(draw_latency(from, end(connection, Side::acceptor).host), [this, id] { reach(id); });
    clock_.in(options_.dial_timeout, [this, id] { fail_dial(id, mesh::DialFailure::timeout); });
    return Socket{.connection = id, .side = Side::dialer};
}

/// The dial came to where the address points.
void Network::reach(ConnectionId id) {
    Connection* connection = find(id);
    if (connection == nullptr || end(*connection, Side::dialer).closed) return;
    const HostId from = end(*connection, Side::dialer).host;
    const HostId to = end(*connection, Side::acceptor).host;
    if (connection->address.substr(0, connection->address.rfind(':')) != hosts_[to.value].ip)
        return fail_dial(id, mesh::DialFailure::unreachable);
    HostPlace& place = hosts_[to.value];
    if (place.lost || is_blocked(from, to)) return;  // the dialer's timeout ends it
    const auto listener = listeners_.find(connection->address);
    if (listener == listeners_.end()) {
        clock_.in(draw_latency(to, from), [this, id, from, to] {
            if (!is_blocked(to, from)) fail_dial(id, mesh::DialFailure::refused);
        });
        return;
    }
    if (place.paused)
        place.backlog.push_back(id);
    else
        accept(id, *connection, to);
}

void Network::accept(ConnectionId id, Connection& connection, HostId host) {
    End& acceptor = end(connection, Side::acceptor);
    acceptor.exists = true;
    acceptor.open = true;
    put_in_flight(
        id,
        connection,
        Side::acceptor,
        Item{.kind = Item::Kind::opened, .message = {}, .code = 0, .due = {}},
        0us);
    const std::string peer = hosts_[end(connection, Side::dialer).host.value].ip + ":" +
                             std::to_string(id.value + 32768);
    hosts_[host.value].host->accepted(
        Socket{.connection = id, .side = Side::acceptor}, connection.address, peer);
}

void Network::fail_dial(ConnectionId id, mesh::DialFailure why) {
    Connection* connection = find(id);
    if (connection == nullptr) return;
    End& dialer = end(*connection, Side::dialer);
    if (dialer.open || dialer.closed) return;
    dialer.closed = true;
    const HostId host = dialer.host;
    put_in_flight(
        id,
        *connection,
        Side::dialer,
        Item{.kind = Item::Kind::close, .message = {}, .code = 0, .due = {}},
        0us);
    forget_if_over(id);
    hosts_[host.value].host->dial_failed(Socket{.connection = id, .side = Side::dialer}, why);
}

// ---- moving messages

void Network::send(Socket socket, proto::Bytes message) {
    Connection* connection = find(socket.connection);
    if (connection == nullptr) return;
    End& sender = end(*connection, socket.side);
    if (!sender.open || sender.closing || sender.closed) return;
    Direction& direction = out(*connection, socket.side);
    direction.unsent_bytes += message.size();
    direction.unsent.push_back(
        Item{.kind = Item::Kind::data, .message = std::move(message), .code = 0, .due = {}});
    if (end(*connection, other(socket.side)).vanished)
        clock_.in(2ms, [this, socket] { reset_if_vanished(socket.connection, socket.side); });
    pump(socket.connection, socket.side);
}

/// Hands to the kernel what it has room for.
void Network::pump(ConnectionId id, Side from) {
    Connection& connection = *find(id);
    Direction& direction = out(connection, from);
    while (!direction.unsent.empty()) {
        const std::size_t bytes = direction.unsent.front().message.size();
        const std::size_t held =
            direction.swallows ? direction.swallowed_bytes : direction.flight_bytes;
        if (held != 0 && held + bytes > options_.window_bytes) return;
        Item item = std::move(direction.unsent.front());
        direction.unsent.pop_front();
        direction.unsent_bytes -= bytes;
        const std::uint64_t rate =
            path(end(connection, from).host, end(connection, other(from)).host).bytes_per_ms;
        const Duration busy{rate == 0 ? 0 : static_cast<Duration::rep>(bytes * 1000 / rate)};
        direction.line_free = std::max(direction.line_free, clock_.time()) + busy;
        if (item.kind == Item::Kind::data)
            clock_.at(direction.line_free, [this, id, from, bytes] {
                Connection* sending = find(id);
                if (sending == nullptr || end(*sending, from).closed || end(*sending, from).closing)
                    return;
                hosts_[end(*sending, from).host.value].host->drained(
                    Socket{.connection = id, .side = from}, bytes);
            });
        if (direction.swallows)
            direction.swallowed_bytes += bytes;
        else
            put_in_flight(
                id, connection, from, std::move(item), direction.line_free - clock_.time());
    }
}

void Network::put_in_flight(
    ConnectionId id, Connection& connection, Side from, Item item, Duration delay) {
    Direction& direction = out(connection, from);
    if (direction.swallows) return;
    const Duration latency =
        draw_latency(end(connection, from).host, end(connection, other(from)).host);
    item.due = std::max(direction.last_due, clock_.time() + delay + latency);
    direction.last_due = item.due;
    direction.flight_bytes += item.message.size();
    direction.flight.push_back(std::move(item));
    arm(id, from);
}

void Network::arm(ConnectionId id, Side from) {
    Connection* connection = find(id);
    if (connection == nullptr) return;
    Direction& direction = out(*connection, from);
    if (direction.armed || direction.flight.empty()) return;
    direction.armed = true;
    clock_.at(direction.flight.front().due, [this, id, from] { arrive(id, from); });
}

void Network::arrive(ConnectionId id, Side from) {
    Connection* connection = find(id);
    if (connection == nullptr) return;
    Direction& direction = out(*connection, from);
    direction.armed = false;
    if (direction.flight.empty() || is_held(*connection, from)) return;
    if (direction.flight.front().due > clock_.time()) return arm(id, from);
    Item item = std::move(direction.flight.front());
    direction.flight.pop_front();
    direction.flight_bytes -= item.message.size();
    take(id, *connection, other(from), item);
    if (find(id) == nullptr) return;
    pump(id, from);
    arm(id, from);
}

void Network::take(ConnectionId id, Connection& connection, Side to, Item& item) {
    End& receiver = end(connection, to);
    if (!receiver.exists || receiver.closed) return;
    const Socket socket{.connection = id, .side = to};
    switch (item.kind) {
    case Item::Kind::opened:
        if (receiver.closing) return;
        receiver.open = true;
        return hosts_[receiver.host.value].host->opened(socket);
    case Item::Kind::data:
        if (receiver.closing && !receiver.hears_while_closing) return;
        ++messages_delivered_;
        return hosts_[receiver.host.value].host->received(socket, item.message);
    case Item::Kind::close:
        if (!receiver.open) return fail_dial(id, mesh::DialFailure::unreachable);
        if (end(connection, other(to)).is_gentle) {
            clock_.in(finishes_within, [this, socket] { close(socket); });
            return hosts_[receiver.host.value].host->closed(socket, item.code);
        }
        return tell_closed(id, to, item.code);
    }
}

// ---- ends

void Network::close(Socket socket, std::uint16_t code, Duration within) {
    Connection* connection = find(socket.connection);
    if (connection == nullptr) return;
    End& closer = end(*connection, socket.side);
    if (closer.closing || closer.closed) return;
    closer.closing = true;
    closer.hears_while_closing = rng_.one_in(2);
    if (!closer.open) return tell_closed_in(socket.connection, socket.side, 0us);
    out(*connection, socket.side)
        .unsent.push_back(Item{.kind = Item::Kind::close, .message = {}, .code = code, .due = {}});
    tell_closed_in(socket.connection, socket.side, within);
    pump(socket.connection, socket.side);
}

void Network::close_gently(Socket socket) {
    close(socket);
    Connection* const connection = find(socket.connection);
    if (connection == nullptr) return;
    End& closer = end(*connection, socket.side);
    closer.hears_while_closing = closer.is_gentle = true;
}

void Network::reset(Socket socket) {
    Connection* connection = find(socket.connection);
    if (connection == nullptr || end(*connection, socket.side).closed) return;
    Direction& direction = out(*connection, socket.side);
    direction.flight.clear();
    direction.flight_bytes = 0;
    end(*connection, socket.side).closing = true;
    tell_closed_in(socket.connection, socket.side, 0us);
}

void Network::tell_closed_in(ConnectionId id, Side side, Duration delay) {
    clock_.in(delay, [this, id, side] { tell_closed(id, side, 0); });
}

/// This end is over: its host hears so, and the other end will hear it too if anything still
/// arrives there.
void Network::tell_closed(ConnectionId id, Side side, std::uint16_t code) {
    Connection* connection = find(id);
    if (connection == nullptr) return;
    End& closed = end(*connection, side);
    if (!closed.exists || closed.closed) return;
    closed.closed = true;
    Direction& direction = out(*connection, side);
    direction.unsent.clear();
    direction.unsent_bytes = 0;
    put_in_flight(
        id,
        *connection,
        side,
        Item{.kind = Item::Kind::close, .message = {}, .code = 0, .due = {}},
        0us);
    const HostId host = closed.host;
    forget_if_over(id);
    hosts_[host.value].host->closed(Socket{.connection = id, .side = side}, code);
}

void Network::forget_if_over(ConnectionId id) {
    const Connection& connection = *find(id);
    for (const End& one : connection.ends)
        if (one.exists && !one.closed) return;
    connections_.erase(id);
    by_id_[id.value] = nullptr;
}

void Network::set_reading(Socket socket, bool reading) {
    Connection* connection = find(socket.connection);
    if (connection == nullptr) return;
    end(*connection, socket.side).reading = reading;
    if (reading) arm(socket.connection, other(socket.side));
}

// ---- faults of one connection

/// From now on the direction takes and loses everything; of what is in flight a prefix may still
/// arrive.
void Network::cut(ConnectionId id, Connection& connection, Side from, bool keep_a_prefix) {
    Direction& direction = out(connection, from);
    const std::size_t kept = keep_a_prefix ? rng_.below(direction.flight.size() + 1) : 0;
    while (direction.flight.size() > kept) {
        direction.flight_bytes -= direction.flight.back().message.size();
        direction.flight.pop_back();
    }
    direction.swallows = true;
    pump(id, from);
}

void Network::break_connection(
    ConnectionId id, std::optional<Duration> dialer_told, std::optional<Duration> acceptor_told) {
    Connection* connection = find(id);
    if (connection == nullptr) return;
    for (const Side from : {Side::dialer, Side::acceptor}) {
        Direction& direction = out(*connection, from);
        cut(id, *connection, from, true);
        const std::optional<Duration> told = from == Side::dialer ? acceptor_told : dialer_told;
        if (!told.has_value()) continue;
        const Instant due = std::max(
            direction.flight.empty() ? clock_.time() : direction.flight.back().due,
            clock_.time() + *told);
        direction.flight.push_back(
            Item{.kind = Item::Kind::close, .message = {}, .code = 0, .due = due});
        arm(id, from);
    }
}

void Network::stall(ConnectionId id, Side from, Duration span) {
    Connection* connection = find(id);
    if (connection == nullptr) return;
    Direction& direction = out(*connection, from);
    direction.stalled_until = std::max(direction.stalled_until, clock_.time() + span);
    clock_.at(direction.stalled_until, [this, id, from] { arm(id, from); });
}

void Network::blackhole(ConnectionId id, Side from, std::optional<Duration> error_after) {
    Connection* connection = find(id);
    if (connection == nullptr) return;
    cut(id, *connection, from, false);
    if (error_after.has_value()) tell_closed_in(id, from, *error_after);
}

// ---- faults of a host

void Network::process_gone(HostId host) {
    for (const ConnectionId id : connections())
        for (const Side side : {Side::dialer, Side::acceptor}) {
            Connection* connection = find(id);
            if (connection == nullptr) break;
            End& gone = end(*connection, side);
            if (gone.host != host || !gone.exists || gone.closed) continue;
            Direction& direction = out(*connection, side);
            const std::size_t kept = rng_.below(direction.flight.size() + 1);
            while (direction.flight.size() > kept) {
                direction.flight_bytes -= direction.flight.back().message.size();
                direction.flight.pop_back();
            }
            direction.unsent.clear();
            direction.unsent_bytes = 0;
            gone.closed = true;
            put_in_flight(
                id,
                *connection,
                side,
                Item{.kind = Item::Kind::close, .message = {}, .code = 0, .due = {}},
                0us);
            forget_if_over(id);
        }
    hosts_[host.value].backlog.clear();
}

void Network::host_lost(HostId host) {
    hosts_[host.value].lost = true;
    for (const ConnectionId id : connections())
        for (const Side side : {Side::dialer, Side::acceptor}) {
            Connection* connection = find(id);
            if (connection == nullptr) break;
            End& gone = end(*connection, side);
            if (gone.host != host || !gone.exists || gone.closed) continue;
            gone.closed = true;
            gone.vanished = true;
            out(*connection, side).unsent.clear();
            out(*connection, side).unsent_bytes = 0;
            cut(id, *connection, side, false);
            forget_if_over(id);
        }
    hosts_[host.value].backlog.clear();
}

void Network::host_back(HostId host) {
    hosts_[host.value].lost = false;
    for (const auto& [id, connection] : connections_)
        for (const Side side : {Side::dialer, Side::acceptor})
            if (connection.ends[static_cast<std::size_t>(side)].host == host &&
                connection.ends[static_cast<std::size_t>(side)].vanished &&
                !connection.out[static_cast<std::size_t>(other(side))].flight.empty()) {
                const Duration wait{static_cast<Duration::rep>(rng_.below(
                    static_cast<std::uint64_t>(options_.retransmit_within.count()) + 1))};
                clock_.in(
                    wait, [this, orphan = id, side] { reset_if_vanished(orphan, other(side)); });
            }
}

/// A machine that came back answers what belongs to its former life with a reset.
void Network::reset_if_vanished(ConnectionId id, Side survivor) {
    Connection* connection = find(id);
    if (connection == nullptr) return;
    const End& lost = end(*connection, other(survivor));
    const HostId here = end(*connection, survivor).host;
    if (!lost.vanished || hosts_[lost.host.value].lost) return;
    if (is_blocked(here, lost.host) || is_blocked(lost.host, here)) return;
    if (!end(*connection, survivor).open)
        fail_dial(id, mesh::DialFailure::unreachable);
    else
        tell_closed(id, survivor, 0);
}

void Network::set_paused(HostId host, bool paused) {
    HostPlace& place = hosts_[host.value];
    place.paused = paused;
    if (paused) return;
    const std::vector<ConnectionId> backlog = std::exchange(place.backlog, {});
    for (const ConnectionId id : backlog)
        if (Connection* connection = find(id);
            connection != nullptr && listeners_.contains(connection->address))
            accept(id, *connection, host);
    for (const auto& [id, connection] : connections_)
        for (const Side side : {Side::dialer, Side::acceptor})
            if (connection.ends[static_cast<std::size_t>(side)].host == host) arm(id, other(side));
}

// ---- views

std::vector<ConnectionId> Network::connections() const {
    std::vector<ConnectionId> ids;
    for (const auto& [id, connection] : connections_)
        ids.push_back(id);
    return ids;
}

std::vector<ConnectionId> Network::between(HostId left, HostId right) const {
    std::vector<ConnectionId> ids;
    for (const auto& [id, connection] : connections_) {
        const HostId dialer = connection.ends[0].host;
        const HostId acceptor = connection.ends[1].host;
        if ((dialer == left && acceptor == right) || (dialer == right && acceptor == left))
            ids.push_back(id);
    }
    return ids;
}

bool Network::is_open(Socket socket) const {
    const Connection* connection = find(socket.connection);
    if (connection == nullptr) return false;
    const End& one = connection->ends[static_cast<std::size_t>(socket.side)];
    return one.open && !one.closed;
}

std::size_t Network::unsent_bytes(Socket socket) const {
    const Connection* connection = find(socket.connection);
    return connection != nullptr
               ? connection->out[static_cast<std::size_t>(socket.side)].unsent_bytes
               : 0;
}

HostId Network::peer_of(Socket socket) const {
    const Connection* connection = find(socket.connection);
    return connection != nullptr
               ? connection->ends[static_cast<std::size_t>(other(socket.side))].host
               : HostId{};
}

}  // namespace grapevine::sim
