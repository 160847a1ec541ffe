/// A `send` as a client or a back end wrote it, made a value for Mesh. Who asks, and who sends, is
/// the caller's to add.
#pragma once

#include "mesh/exchange.hpp"
#include "proto/json_reading.hpp"

#include <utility>

namespace grapevine::mesh {

inline Wait wait_of(std::string_view text) {
    if (text == "client") return Wait::client;
    return text == "node" ? Wait::node : Wait::none;
}

/// Of a body without a fault.
inline SendToUsers send_request(proto::SendBody body) {
    return {
        .asker = {},
        .wait = wait_of(body.wait),
        .at_least_once = body.at_least_once,
        .payload_kind = PayloadKind::json,
        .users = std::move(body.users),
        .data = std::string{body.data},
        .user = {},
        .client = {},
        .idempotency_key = std::string{body.idempotency_key},
    };
}

}  // namespace grapevine::mesh
