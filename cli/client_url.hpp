/// What `chat` and `send` take from the command line to become a client: addresses and names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::cli {

inline constexpr std::string_view default_client_url = "ws://127.0.0.1:8000/connection/websocket";

/// `ws://host:port/path`, taken apart.
struct ClientUrl {
    std::string text;
    std::string host;
    std::uint16_t port = 0;
    std::string path;
};

/// The values of `--url`; the default one if there is none. Throws UsageError.
std::vector<ClientUrl> parse_client_urls(const std::vector<std::string>& texts);

/// `value`, if it is 1 to `bytes_max` bytes of UTF-8 without control characters. Else UsageError
/// that names the flag.
std::string checked_name(std::string_view flag, const std::string& value, std::size_t bytes_max);

}  // namespace grapevine::cli
