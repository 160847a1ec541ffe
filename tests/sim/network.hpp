/// The simulated network: ordered connections between hosts, as TCP gives them. Inside a live
/// connection nothing is lost or reordered; what goes wrong is what goes wrong with TCP: it is
/// slow, it stalls, it goes half-open, or it ends with an unknown suffix of what was sent lost and
/// each end told at its own time, or never.
///
///   dial ──▶ dialling ── opened ──▶ open ── close, break, crash ──▶ closing ── closed ──▶ (none)
///               └──────── dial_failed: refused, timeout, unreachable ────────────────────▶ (none)
#pragma once

#include "mesh/mesh.hpp"
#include "mesh/rng.hpp"
#include "proto/bytes.hpp"
#include "proto/ids.hpp"
#include "tests/sim/scheduler.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grapevine::sim {

using HostId = proto::Id<struct HostIdTag, std::uint32_t>;
using ConnectionId = proto::Id<struct ConnectionIdTag>;

enum class Side : std::uint8_t { dialer = 0, acceptor = 1 };
constexpr Side other(Side side) {
    return side == Side::dialer ? Side::acceptor : Side::dialer;
}

/// One end of one connection.
struct Socket {
    ConnectionId connection;
    Side side = Side::dialer;
    friend auto operator<=>(const Socket&, const Socket&) = default;
};

/// How long a message is under way: uniform in [least, most], now and then `spike` more.
struct Latency {
    Duration least = 200us;
    Duration most = 1ms;
    std::uint32_t spike_one_in = 0;  ///< 0: never
    Duration spike{};
};
/// One direction between two hosts.
struct Path {
    Latency latency;
    std::uint64_t bytes_per_ms = 0;  ///< 0: unlimited
};

struct NetworkOptions {
    Path path;  ///< of every pair without a path of its own
    std::size_t window_bytes = 256 * 1024;  ///< what the kernels hold of one direction
    Duration dial_timeout = 3s;  ///< when nothing answers at all
    Duration retransmit_within = 800ms;  ///< how soon data moves again after a partition
};

/// What a host hears of its connections.
class Host {
public:
    virtual ~Host() = default;
    virtual void accepted(Socket socket, std::string_view listener, std::string peer) = 0;
    virtual void opened(Socket socket) = 0;
    virtual void dial_failed(Socket socket, mesh::DialFailure why) = 0;
    virtual void received(Socket socket, const proto::Bytes& message) = 0;
    virtual void drained(Socket socket, std::size_t bytes) = 0;
    /// `code` is the other end's close code; 0 if it said none.
    virtual void closed(Socket socket, std::uint16_t code) = 0;
};

class Network {
public:
    Network(Scheduler& clock, mesh::Rng rng, NetworkOptions options);

    /// `ip` is the host's only address; it listens at `ip:port`s.
    HostId add_host(Host& host, std::string ip);
    void listen(HostId host, std::string address);
    /// A host that runs nothing gets another address.
    void move(HostId host, std::string ip) { hosts_[host.value].ip = std::move(ip); }
    void stop_listening(HostId host);

    // ---- what a host does
    Socket dial(HostId from, std::string_view address);
    void send(Socket socket, proto::Bytes message);
    /// What was sent goes out first, but the caller is told `closed` within `within` whatever
    /// happens.
    void close(Socket socket, std::uint16_t code = 0, Duration within = 1s);
    /// Closes as WebSockets do in good order: the other end finishes what it is about to say, and
    /// all of it is heard.
    void close_gently(Socket socket);
    /// At once; what was not delivered is lost.
    void reset(Socket socket);
    /// A reader that stops lets the window fill up.
    void set_reading(Socket socket, bool reading);

    // ---- conditions
    void set_path(HostId from, HostId to, Path path);
    void set_path_both_ways(HostId left, HostId right, Path path);
    /// Dials and data from `from` to `to` vanish until unblocked; open connections survive, as
    /// TCP's do.
    void block(HostId from, HostId to);
    void unblock(HostId from, HostId to);
    void unblock_all();
    [[nodiscard]] bool is_blocked(HostId from, HostId to) const {
        return blocked_.contains({from, to});
    }

    // ---- faults of one connection
    /// A suffix of each direction is lost. Each end is told after its time, or never.
    void break_connection(
        ConnectionId id,
        std::optional<Duration> dialer_told,
        std::optional<Duration> acceptor_told);
    /// Nothing moves from `from` to the other end for `span`; nobody is told.
    void stall(ConnectionId id, Side from, Duration span);
    /// From now on what `from` sends vanishes. It is told after `error_after`, or never.
    void blackhole(ConnectionId id, Side from, std::optional<Duration> error_after);

    // ---- faults of a host
    /// The process ended: the kernel closes its connections; a suffix of what it sent is lost.
    void process_gone(HostId host);
    /// The machine is gone: nobody is told anything.
    void host_lost(HostId host);
    /// It is there again and answers what belongs to its former life with a reset.
    void host_back(HostId host);
    /// Nobody reads or accepts; the kernel still takes what fits.
    void set_paused(HostId host, bool paused);

    // ---- views
    [[nodiscard]] std::vector<ConnectionId> connections() const;
    [[nodiscard]] std::vector<ConnectionId> between(HostId left, HostId right) const;
    [[nodiscard]] bool is_open(Socket socket) const;
    /// Given to send, and not yet taken by the kernel.
    [[nodiscard]] std::size_t unsent_bytes(Socket socket) const;
    /// Whose socket the other end is.
    [[nodiscard]] HostId peer_of(Socket socket) const;
    [[nodiscard]] const std::string& ip_of(HostId host) const { return hosts_[host.value].ip; }
    /// How often anybody dialled this address.
    [[nodiscard]] std::size_t dials_to(const std::string& address) const {
        const auto found = dials_.find(address);
        return found != dials_.end() ? found->second : 0;
    }
    [[nodiscard]] std::uint64_t messages_delivered() const { return messages_delivered_; }

private:
    struct Item {
        enum class Kind : std::uint8_t { opened, data, close };
        Kind kind = Kind::data;
        proto::Bytes message;
        std::uint16_t code = 0;
        Instant due;
    };
    /// From one end to the other.
    struct Direction {
        std::deque<Item> unsent;
        std::deque<Item> flight;
        std::size_t unsent_bytes = 0;
        std::size_t flight_bytes = 0;
        std::size_t swallowed_bytes = 0;
        Instant line_free;
        Instant last_due;
        Instant stalled_until;
        bool swallows = false;  ///< broken or blackholed: takes bytes, delivers none
        bool armed = false;  ///< an arrival is scheduled
    };
    struct End {
        HostId host;
        bool exists = false;  ///< the acceptor's end exists once it was accepted
        bool open = false;  ///< its host was told so
        bool closing = false;
        bool closed = false;
        bool hears_while_closing = false;
        bool is_gentle = false;
        bool reading = true;
        bool vanished = false;  ///< lost with its machine
    };
    struct Connection {
        std::array<End, 2> ends;
        std::array<Direction, 2> out;
        std::string address;
    };
    struct HostPlace {
        Host* host = nullptr;
        std::string ip;
        bool lost = false;
        bool paused = false;
        std::vector<ConnectionId> backlog;
    };

    Connection* find(ConnectionId id);
    [[nodiscard]] const Connection* find(ConnectionId id) const;
    static End& end(Connection& connection, Side side) {
        return connection.ends[static_cast<std::size_t>(side)];
    }
    static Direction& out(Connection& connection, Side side) {
        return connection.out[static_cast<std::size_t>(side)];
    }

    [[nodiscard]] const Path& path(HostId from, HostId to) const;
    Duration draw_latency(HostId from, HostId to);
    [[nodiscard]] bool is_held(Connection& connection, Side from) const;

    void reach(ConnectionId id);
    void accept(ConnectionId id, Connection& connection, HostId host);
    void fail_dial(ConnectionId id, mesh::DialFailure why);
    void pump(ConnectionId id, Side from);
    void
    put_in_flight(ConnectionId id, Connection& connection, Side from, Item item, Duration delay);
    void arm(ConnectionId id, Side from);
    void arrive(ConnectionId id, Side from);
    void take(ConnectionId id, Connection& connection, Side to, Item& item);
    void tell_closed(ConnectionId id, Side side, std::uint16_t code);
    void tell_closed_in(ConnectionId id, Side side, Duration delay);
    void reset_if_vanished(ConnectionId id, Side survivor);
    void cut(ConnectionId id, Connection& connection, Side from, bool keep_a_prefix);
    void forget_if_over(ConnectionId id);

    Scheduler& clock_;
    mesh::Rng rng_;
    NetworkOptions options_;
    std::vector<HostPlace> hosts_;
    std::map<std::string, HostId> listeners_;
    std::map<std::pair<HostId, HostId>, Path> paths_;
    std::set<std::pair<HostId, HostId>> blocked_;
    std::map<ConnectionId, Connection> connections_;
    std::vector<Connection*> by_id_{nullptr};  ///< of all there were: null if it is over
    std::uint64_t dialled_ = 0;
    std::map<std::string, std::size_t> dials_;
    std::uint64_t messages_delivered_ = 0;
};

}  // namespace grapevine::sim
