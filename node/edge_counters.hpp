/// What happened at the edge, as numbers. One per loop, read by the metrics page.
#pragma once

#include <cstdint>

namespace grapevine::node {

struct EdgeCounters {
    // ---- accepting
    std::uint64_t accepted = 0;
    std::uint64_t accept_errors = 0;
    /// Times that accepting paused because the process had no descriptor left.
    std::uint64_t accept_pauses = 0;

    /// Clients turned away because the descriptors left are for links and operators.
    std::uint64_t clients_refused_full = 0;

    // ---- the front
    std::uint64_t upgrades = 0;
    std::uint64_t head_invalid = 0;
    std::uint64_t head_too_large = 0;
    std::uint64_t head_timeouts = 0;
    std::uint64_t head_abandoned = 0;
    std::uint64_t handshake_invalid = 0;
    std::uint64_t handshake_version = 0;
    /// Refused by the router: unknown path, foreign origin, draining.
    std::uint64_t handshake_refused = 0;

    // ---- http
    std::uint64_t http_requests = 0;
    std::uint64_t http_errors = 0;
    std::uint64_t http_timeouts = 0;
    std::uint64_t http_bytes_out = 0;

    // ---- web sockets
    std::uint64_t opened = 0;
    std::uint64_t closed = 0;
    std::uint64_t dials = 0;
    std::uint64_t dials_failed = 0;
    /// Closed while more was queued than the peer had read, and the close code still went out.
    std::uint64_t slow_closed = 0;
    /// Closed by us without the code reaching the wire in time.
    std::uint64_t resets = 0;
    /// The code went out but the peer did not answer it in time.
    std::uint64_t close_timeouts = 0;
    std::uint64_t oversize = 0;
    std::uint64_t protocol_errors = 0;
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    /// As on the wire, frame headers included, handshakes not.
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    /// System calls that wrote, and times that the kernel had no room.
    std::uint64_t writes = 0;
    std::uint64_t writes_full = 0;
};

}  // namespace grapevine::node
