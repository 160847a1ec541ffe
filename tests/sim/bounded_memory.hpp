/// BoundedMemory: every queue and list of a process stays under its configured bound, at all times.
#pragma once

#include "proto/limits.hpp"
#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <string>

namespace grapevine::sim {

class BoundedMemory {
public:
    explicit BoundedMemory(Verdict& verdict) : verdict_(verdict) {}

    void on(const QueuesSeen& seen) {
        const mesh::MeshConfig& limits = seen.limits;
        // Control frames and one frame above each bound have no bound of their own: a megabyte is
        // ample.
        const std::size_t slack = 1024 * 1024;
        check(
            seen,
            "link_queued_bytes",
            seen.link_queued_bytes,
            limits.link_message_bytes_max + limits.link_delta_bytes_max + slack);
        check(
            seen,
            "link_flight_bytes",
            seen.link_flight_bytes,
            limits.link_flight_bytes_max + 2 * proto::limits::mesh_message_bytes);
        check(
            seen,
            "session_queued_bytes",
            seen.session_queued_bytes,
            seen.session_limit_bytes + proto::limits::forward_body_bytes);
        check(seen, "links", seen.links, limits.links_max);
        check(seen, "members", seen.members, limits.members_max);
        check(seen, "flows", seen.flows.flows, limits.flows_max);
        check(seen, "flow_messages", seen.flows.messages, limits.held_messages_max);
        check(seen, "flow_bytes", seen.flows.bytes, limits.held_bytes_max);
        check(seen, "parked", seen.flows.parked, seen.flows.messages);
        check(seen, "copies", seen.flows.copies, seen.flows.messages * (limits.members_max + 1));
        check(seen, "receipts", seen.flows.receipts, limits.receipts_max);
        check(seen, "idempotency_keys", seen.flows.idempotency_keys, limits.idempotency_keys_max);
    }

private:
    void check(const QueuesSeen& seen, std::string_view what, std::size_t is, std::size_t bound) {
        if (is <= bound) return;
        verdict_.violated(
            "BoundedMemory",
            std::string{what} + "=" + std::to_string(is) + " bound=" + std::to_string(bound) +
                " process=" + std::to_string(seen.process.value));
    }

    Verdict& verdict_;
};

}  // namespace grapevine::sim
