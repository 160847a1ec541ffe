#include "cli/client_url.hpp"

#include "cli/node_command.hpp"
#include "cli/terminal.hpp"
#include "cli/usage_error.hpp"
#include "proto/utf8.hpp"

#include <algorithm>

namespace grapevine::cli {
namespace {

constexpr std::string_view scheme = "ws://";

ClientUrl parse_client_url(const std::string& text) {
    if (!text.starts_with(scheme)) {
        throw UsageError(
            "--url '" + text + "': write for example " + std::string(default_client_url));
    }
    const auto slash = std::min(text.find('/', scheme.size()), text.size());
    std::string address = text.substr(scheme.size(), slash - scheme.size());
    const bool has_port =
        address.find(':', address.find(']') == std::string::npos ? 0 : address.find(']')) !=
        std::string::npos;
    if (!has_port && !address.empty()) address += ":80";
    const node::Address parsed = parse_address("--url", address, PortZero::refused);
    const std::string path = text.substr(slash);
    return {
        text,
        parsed.host,
        parsed.port,
        path.empty() || path == "/" ? "/connection/websocket" : path};
}

}  // namespace

std::vector<ClientUrl> parse_client_urls(const std::vector<std::string>& texts) {
    std::vector<ClientUrl> urls;
    for (const std::string& text : texts)
        urls.push_back(parse_client_url(text));
    if (urls.empty()) urls.push_back(parse_client_url(std::string(default_client_url)));
    return urls;
}

std::string checked_name(std::string_view flag, const std::string& value, std::size_t bytes_max) {
    if (value.empty() || value.size() > bytes_max || printable(value) != value ||
        !proto::is_utf8(value)) {
        throw UsageError(
            std::string(flag) + " '" + printable(value) + "': use 1 to " +
            std::to_string(bytes_max) + " bytes of UTF-8 without control characters");
    }
    return value;
}

}  // namespace grapevine::cli
