/// One chat client: a session on one node at a time, lines in, messages out. Moves to the next
/// address when its node goes away. Never sends a line twice: what was under way when the
/// connection broke is reported as unknown.
#pragma once

#include "cli/line_reader.hpp"
#include "cli/terminal.hpp"
#include "node/edge_counters.hpp"
#include "node/loop.hpp"
#include "node/transport/web_socket.hpp"
#include "proto/client_codec.hpp"

#include <asio/signal_set.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::cli {

/// `ws://host:port/path`, taken apart.
struct ChatUrl {
    std::string text;
    std::string host;
    std::uint16_t port = 0;
    std::string path;
};

class Chat final : public node::SocketOwner {
public:
    Chat(std::vector<ChatUrl> urls, std::string user, std::string channel);

    /// Returns an exit code when the person leaves, the pipe ends, or no node will have us.
    int run();

private:
    /// waiting ─▶ dialling ─▶ connecting ─▶ subscribing ─▶ talking ─▶ leaving
    ///    ▲           └────────────┴─────────────┴────────────┤
    ///    └────────────────── connection gone ────────────────┘
    enum class Phase : std::uint8_t {
        waiting,
        dialling,
        connecting,
        subscribing,
        talking,
        leaving
    };

    /// What a reply will answer.
    struct Question {
        proto::CommandKind kind = proto::CommandKind::none;
        std::string line;
    };

    void opened(node::SocketId id, const node::Opening& opening) override;
    void received(node::SocketId id, const proto::Bytes& payload, node::FrameKind kind) override;
    void closed(node::SocketId id, const node::Ending& ending) override;

    void dial();
    void dial_later();
    void subscribe();
    void on_line(std::optional<std::string_view> line);
    void take_line(std::string_view line);
    void obey(std::string_view line);
    void say(std::string_view channel, std::string_view text, std::string_view line);
    void ask_status(std::string_view names, std::string_view line);
    void ask(proto::Command command, std::string_view line);
    void on_reply(const proto::Reply& reply);
    void on_error(const proto::Reply& reply, const Question& question);
    void on_talking();
    void show_publication(const proto::Reply& reply);
    void show_status(std::string_view data);
    void read_on();
    void leave_when_answered();
    void leave();
    [[nodiscard]] int verdict() const;
    void stop(int exit_code);
    void on_silence();
    void on_patience_end();
    void notice(const std::string& text) const;

    std::vector<ChatUrl> urls_;
    std::string user_;
    std::string channel_;

    node::Loop loop_;
    node::EdgeCounters counters_;
    node::WebSockets sockets_{loop_, counters_};
    LineReader reader_;
    asio::signal_set signals_;
    proto::ClientScratch scratch_;
    Terminal out_;
    Terminal err_;
    bool is_interactive_;
    std::minstd_rand jitter_{std::random_device{}()};

    Phase phase_ = Phase::waiting;
    node::SocketId socket_;
    std::size_t url_ = 0;
    std::string node_name_;
    bool ever_talked_ = false;
    unsigned attempts_ = 0;
    /// Said once, not at every attempt.
    std::string last_news_;
    node::TimerId redial_;
    node::TimerId silence_;
    node::TimerId patience_;

    std::uint32_t last_id_ = 0;
    /// At most `questions_max` of them: reading stdin waits for answers.
    std::map<std::uint32_t, Question> questions_;
    /// A line that came while no node was there to take it.
    std::optional<std::string> held_line_;
    bool input_ended_ = false;
    bool all_confirmed_ = true;
    int exit_code_ = 0;
};

}  // namespace grapevine::cli
