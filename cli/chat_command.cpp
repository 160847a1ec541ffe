#include "cli/chat_command.hpp"

#include "cli/chat.hpp"
#include "cli/node_command.hpp"
#include "cli/usage_error.hpp"
#include "proto/limits.hpp"

#include <utility>

namespace grapevine::cli {
namespace {

constexpr std::string_view default_url = "ws://127.0.0.1:8000/connection/websocket";
constexpr std::string_view scheme = "ws://";

ChatUrl parse_url(const std::string& text) {
    if (!text.starts_with(scheme)) {
        throw UsageError("--url '" + text + "': write for example " + std::string(default_url));
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

std::string checked(std::string_view flag, const std::string& value, std::size_t bytes_max) {
    if (value.empty() || value.size() > bytes_max || printable(value) != value ||
        !proto::is_utf8(value)) {
        throw UsageError(
            std::string(flag) + " '" + printable(value) + "': use 1 to " +
            std::to_string(bytes_max) + " bytes of UTF-8 without control characters");
    }
    return value;
}

}  // namespace

int chat_command(const ChatOptions& options) {
    std::vector<ChatUrl> urls;
    for (const std::string& url : options.urls)
        urls.push_back(parse_url(url));
    if (urls.empty()) urls.push_back(parse_url(std::string(default_url)));
    std::string user = checked("--user", options.user, proto::limits::user_name_bytes);
    std::string channel = checked("--channel", options.channel, proto::limits::channel_name_bytes);

    Chat chat(std::move(urls), std::move(user), std::move(channel));
    return chat.run();
}

}  // namespace grapevine::cli
