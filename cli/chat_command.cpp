#include "cli/chat_command.hpp"

#include "cli/chat.hpp"
#include "cli/client_url.hpp"
#include "proto/limits.hpp"

#include <utility>

namespace grapevine::cli {

int chat_command(const ChatOptions& options) {
    std::vector<ClientUrl> urls = parse_client_urls(options.urls);
    std::string user = checked_name("--user", options.user, proto::limits::user_name_bytes);
    std::string channel =
        checked_name("--channel", options.channel, proto::limits::channel_name_bytes);

    Chat chat(std::move(urls), {std::move(user), options.token}, std::move(channel));
    return chat.run();
}

}  // namespace grapevine::cli
