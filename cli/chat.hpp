/// One chat client: a session on one node at a time, lines in, messages out. Moves to the next
/// address when its node goes away. Never sends a line twice: what was under way when the
/// connection broke is reported as unknown.
#pragma once

#include "cli/client_connection.hpp"
#include "cli/line_reader.hpp"
#include "cli/terminal.hpp"
#include "node/loop.hpp"

#include <asio/signal_set.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::cli {

class Chat final : ConnectionOwner {
public:
    Chat(std::vector<ClientUrl> urls, Identity identity, std::string channel);

    /// Returns an exit code when the person leaves, the pipe ends, or no node will have us.
    int run();

private:
    /// waiting ─▶ connecting ─▶ subscribing ─▶ talking ─▶ leaving
    ///    ▲            └─────────────┴────────────┤
    ///    └────────────── connection gone ────────┘
    enum class Phase : std::uint8_t { waiting, connecting, subscribing, talking, leaving };

    /// What a reply will answer.
    struct Question {
        proto::CommandKind kind = proto::CommandKind::none;
        std::string line;
    };

    void connected(std::string_view node) override;
    void refused(const proto::Reply& error) override;
    void replied(const proto::Reply& reply) override;
    void ended(const ConnectionEnd& end) override;

    void dial();
    void dial_later();
    void subscribe();
    void on_line(std::optional<std::string_view> line);
    void take_line(std::string_view line);
    void obey(std::string_view line);
    void say(std::string_view channel, std::string_view text, std::string_view line);
    void ask_status(std::string_view names, std::string_view line);
    void ask(const proto::Command& command, std::string_view line);
    void on_error(const proto::Reply& reply, const Question& question);
    void on_talking();
    void show_publication(const proto::Reply& reply);
    void show_status(std::string_view data);
    void read_on();
    void go_on();
    void leave_when_answered();
    void leave();
    [[nodiscard]] int verdict() const;
    void stop(int exit_code);
    void on_patience_end();
    void notice(const std::string& text) const;

    std::vector<ClientUrl> urls_;
    std::string user_;
    std::string channel_;

    node::Loop loop_;
    ClientConnection connection_;
    LineReader reader_;
    asio::signal_set signals_;
    Terminal out_;
    Terminal err_;
    bool is_interactive_;
    std::minstd_rand jitter_{std::random_device{}()};

    Phase phase_ = Phase::waiting;
    std::size_t url_ = 0;
    std::string node_name_;
    bool ever_talked_ = false;
    unsigned attempts_ = 0;
    /// Said once, not at every attempt.
    std::string last_news_;
    node::TimerId redial_;
    node::TimerId patience_;

    /// At most `questions_max` of them: reading stdin waits for answers.
    std::map<std::uint32_t, Question> questions_;
    /// A line that came while no node was there to take it.
    std::optional<std::string> held_line_;
    bool input_ended_ = false;
    bool all_confirmed_ = true;
    int exit_code_ = 0;
};

}  // namespace grapevine::cli
