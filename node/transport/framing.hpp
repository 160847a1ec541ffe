/// Makes frames of payloads, once for all who get the same.
#pragma once

#include "node/system_clock.hpp"
#include "node/transport/message.hpp"
#include "node/transport/web_socket.hpp"
#include "proto/bytes.hpp"

namespace grapevine::node::policy {

/// How a connection masks its frames. Servers do not.
enum class FrameMask : std::uint8_t { none, zero_key, random_key };

/// Takes the mask off, or puts it on: `key` begins with its four bytes.
void unmask(std::string& text, std::string_view key);

/// Remembers the last frame: a fan-out asks for the same one a thousand times in a row. A random
/// key means a copy for each.
class Framing {
public:
    MessagePtr frame(const proto::Bytes& payload, FrameKind kind, FrameMask mask);
    /// Lets go of the last payload.
    void forget() { last_.reset(); }

private:
    MessagePtr make(const proto::Bytes& payload, FrameKind kind, FrameMask mask);

    MessagePtr last_;
    FrameKind last_kind_ = FrameKind::text;
    FrameMask last_mask_ = FrameMask::none;
    Entropy entropy_;
};

}  // namespace grapevine::node::policy
