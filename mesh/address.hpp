/// Addresses that peers tell are dialled, repeated to others and logged: only what looks like one
/// is believed.
#pragma once

#include "proto/limits.hpp"

#include <algorithm>
#include <string_view>

namespace grapevine::mesh {

/// `host:port` or `[v6]:port` within limits::address_bytes, port 1 to 65535.
inline bool is_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (text.size() > proto::limits::address_bytes || colon == std::string_view::npos || colon == 0)
        return false;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_of_host = [&](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view{".-_:%[]"}.find(c) != std::string_view::npos;
    };
    const std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit))
        return false;
    unsigned number = 0;
    for (const char digit : port)
        number = number * 10 + static_cast<unsigned>(digit - '0');
    return number >= 1 && number <= 65535 && std::all_of(host.begin(), host.end(), is_of_host);
}

}  // namespace grapevine::mesh
