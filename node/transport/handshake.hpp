/// The opening handshake of RFC 6455, both sides, checked to the letter (sections 4.1 and 4.2).
#pragma once

#include "node/http_head.hpp"
#include "node/system_clock.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace grapevine::node {

/// HTTP status to refuse with, and why; 0 if all is well.
struct HandshakeVerdict {
    int status = 0;
    std::string_view why;
};

/// Whether a request asks for a WebSocket. Whether it does so correctly is check_handshake's
/// question.
bool asks_for_web_socket(const HttpHead& head);
/// 426 means that the answer has to name version 13.
HandshakeVerdict check_handshake(const HttpHead& head);

/// Sec-WebSocket-Accept for a key.
std::string accept_for(std::string_view key);
/// The answer to a correct handshake.
std::string switching_protocols(std::string_view key, std::string_view subprotocol);

/// A request to a server, and what its answer has to be.
struct ClientHandshake {
    std::string request{};
    std::string expected_accept{};
    std::string subprotocol{};

    struct Verdict {
        bool is_complete = false;
        bool is_correct = false;
        /// Status of the answer, if it had one.
        std::uint16_t status = 0;
        std::string_view why{};
        /// Bytes of the answer; what follows are frames.
        std::size_t size = 0;
    };
    /// Looks at all bytes that came so far.
    [[nodiscard]] Verdict check(std::string_view received) const;
};

struct ClientHandshakeOptions {
    std::string_view host_and_port;
    std::string_view path;
    std::string_view subprotocol;
    std::span<const std::string> headers;
};
ClientHandshake make_client_handshake(const ClientHandshakeOptions& options);

}  // namespace grapevine::node
