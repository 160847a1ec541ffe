/// The head of a request as nearly all who want a WebSocket write it, read in one pass.
#pragma once

#include "node/http_head.hpp"

#include <cstddef>
#include <string_view>

namespace grapevine::node {

/// Bytes of the plain head that `bytes` begin with, or 0. `head` is then what HttpReader would
/// make of it, with views into `bytes`; else it is anything.
///
/// Plain is: whole, at most 8 KiB, `GET /... HTTP/1.1`, well-formed lines, one Host, and nothing
/// that says how the body or the connection goes on but `Connection: Upgrade` or `keep-alive,
/// Upgrade`. Whatever else comes is not wrong for that: HttpReader has to judge it.
std::size_t read_plain_head(std::string_view bytes, HttpHead& head);

}  // namespace grapevine::node
