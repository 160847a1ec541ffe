#include "cli/chat.hpp"

#include "cli/exit_codes.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <simdjson.h>
#include <unistd.h>
#include <utility>

namespace grapevine::cli {
namespace {

using namespace std::chrono_literals;

/// Lines sent ahead of their answers. More: a long pipe goes faster; fewer: less is unknown when a
/// node dies.
constexpr std::size_t questions_max = 64;
/// How long a pipe waits for its last answers, or for any node.
constexpr node::Duration patience_max = 15s;
constexpr node::Duration redial_min = 100ms;
constexpr node::Duration redial_max = 5s;

constexpr std::string_view help_text = "  TEXT            to the channel\n"
                                       "  /msg bob TEXT   to a user, on whichever node\n"
                                       "  /status bob     is the user connected, and where\n"
                                       "  /quit           leave";

/// The first word of `text`, which loses it.
std::string_view take_word(std::string_view& text) {
    const auto begin = std::min(text.find_first_not_of(' '), text.size());
    const auto end = std::min(text.find(' ', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

/// {"text": "..."} is what `grapevine chat` sends, a text what `grapevine send` does; anything else
/// is shown as the JSON it is.
std::string text_of_message(std::string_view data) {
    simdjson::dom::parser parser;
    simdjson::dom::element message;
    std::string_view text;
    if (parser.parse(data.data(), data.size()).get(message) != simdjson::SUCCESS)
        return printable(data);
    const bool is_text =
        message.get(text) == simdjson::SUCCESS || message["text"].get(text) == simdjson::SUCCESS;
    return printable(is_text ? text : data);
}

void print(const std::string& line) {
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace

Chat::Chat(std::vector<ClientUrl> urls, Identity identity, std::string channel)
    : urls_(std::move(urls)),
      user_(identity.user),
      channel_(std::move(channel)),
      connection_(loop_, *this, std::move(identity)),
      reader_(loop_.context(), [this](std::optional<std::string_view> line) { on_line(line); }),
      signals_(loop_.context(), SIGINT, SIGTERM),
      out_(STDOUT_FILENO),
      err_(STDERR_FILENO),
      is_interactive_(::isatty(STDIN_FILENO) != 0) {}

int Chat::run() {
    signals_.async_wait([this](std::error_code error, int) {
        if (!error) leave();
    });
    if (!is_interactive_) {
        patience_ = loop_.arm(patience_max, node::TimerCall::to<&Chat::on_patience_end>(this));
    }
    dial();
    loop_.run();
    return exit_code_;
}

// ---- the connection

void Chat::dial() {
    phase_ = Phase::connecting;
    connection_.dial(urls_[url_]);
}

void Chat::dial_later() {
    url_ = (url_ + 1) % urls_.size();
    phase_ = Phase::waiting;
    const node::Duration delay =
        std::min(redial_max, redial_min * (1U << std::min(attempts_++, 10U)));
    const auto share = std::uniform_int_distribution<int>(50, 100)(jitter_);
    redial_ = loop_.arm(delay * share / 100, node::TimerCall::to<&Chat::dial>(this));
}

void Chat::connected(std::string_view node) {
    node_name_ = printable(node);
    subscribe();
    go_on();
}

void Chat::refused(const proto::Reply& error) {
    const std::string words = words_of(error);
    if (error.temporary) {
        notice(err_.yellow("the node cannot take us now: " + words));
        return connection_.reset();
    }
    notice(err_.red("--user " + printable(user_) + ": " + words));
    stop(ExitCode::failed);
}

void Chat::subscribe() {
    // Personal and system channels are subscribed by the node.
    if (channel_.starts_with('#') || channel_.starts_with('$')) return on_talking();
    phase_ = Phase::subscribing;
    proto::Command command;
    command.kind = proto::CommandKind::subscribe;
    command.channel = channel_;
    ask(command, "");
}

void Chat::ended(const ConnectionEnd& end) {
    if (phase_ == Phase::leaving) return stop(verdict());

    const auto unknown =
        std::count_if(questions_.begin(), questions_.end(), [](const auto& question) {
            return question.second.kind == proto::CommandKind::publish;
        });
    questions_.clear();
    if (unknown > 0) {
        all_confirmed_ = false;
        notice(err_.yellow(
            std::to_string(unknown) + " message(s) under way may or may not have arrived"));
    }
    if (end.is_final) {
        notice(err_.red("sent away for good: " + end.words));
        return stop(ExitCode::failed);
    }
    if (!ever_talked_ && attempts_ + 1 >= urls_.size()) {
        notice(err_.red("--url " + urls_[url_].text + ": " + end.words));
        return stop(ExitCode::unreachable);
    }
    if (input_ended_ && !held_line_) return stop(verdict());

    if (phase_ == Phase::talking && !is_interactive_) {
        loop_.disarm(patience_);
        patience_ = loop_.arm(patience_max, node::TimerCall::to<&Chat::on_patience_end>(this));
    }
    const std::string who = node_name_.empty() ? urls_[url_].text : node_name_;
    dial_later();
    const std::string news = who + ": " + end.words + "; trying " + urls_[url_].text;
    if (news != std::exchange(last_news_, news)) notice(err_.yellow(news));
    node_name_.clear();
}

// ---- what is typed

void Chat::on_line(std::optional<std::string_view> line) {
    if (!line) {
        input_ended_ = true;
        return leave_when_answered();
    }
    take_line(*line);
    read_on();
}

void Chat::take_line(std::string_view line) {
    if (line.empty()) return;
    if (line.starts_with('/')) return obey(line);
    say(channel_, line, line);
}

void Chat::obey(std::string_view line) {
    std::string_view rest = line;
    const std::string_view verb = take_word(rest);
    if (verb == "/quit") {
        input_ended_ = true;
        reader_.stop();
        return leave_when_answered();
    }
    if (verb == "/help") return print(std::string(help_text));
    if (verb == "/msg") {
        const std::string_view user = take_word(rest);
        if (!user.empty() && !rest.empty()) return say("#" + std::string(user), rest, line);
    }
    if (verb == "/status" && rest.find_first_not_of(' ') != std::string_view::npos) {
        return ask_status(rest, line);
    }
    all_confirmed_ = false;
    notice(err_.red("not understood: " + printable(line)) + "\n" + std::string(help_text));
}

void Chat::say(std::string_view channel, std::string_view text, std::string_view line) {
    std::string data = "{\"text\":";
    proto::append_json_string(data, text);
    data += '}';
    proto::Command command;
    command.kind = proto::CommandKind::publish;
    command.channel = channel;
    command.data = data;
    ask(command, line);
}

void Chat::ask_status(std::string_view names, std::string_view line) {
    std::string data = "{\"users\":[";
    for (std::string_view name = take_word(names); !name.empty(); name = take_word(names)) {
        if (!data.ends_with('[')) data += ',';
        proto::append_json_string(data, name);
    }
    data += "]}";
    proto::Command command;
    command.kind = proto::CommandKind::rpc;
    command.method = "user_status";
    command.data = data;
    ask(command, line);
}

void Chat::ask(const proto::Command& command, std::string_view line) {
    const bool is_typed = !line.empty();  // subscribe is not
    if (is_typed && phase_ != Phase::talking) {
        held_line_ = std::string(line);
        return notice(err_.dim("no node; this line waits for one"));
    }
    const std::optional<std::uint32_t> id = connection_.ask(command);
    if (!id) {
        all_confirmed_ = false;
        return notice(err_.red(
            "not sent, longer than a message can be: " + printable(line.substr(0, 40)) + "..."));
    }
    questions_.emplace(*id, Question{command.kind, std::string(line)});
}

/// Asks for the next line when there is somebody to send it to, and nobody lags behind.
void Chat::read_on() {
    if (input_ended_ || held_line_ || phase_ == Phase::leaving) return;
    if (phase_ == Phase::talking ? questions_.size() < questions_max : is_interactive_)
        reader_.next();
}

// ---- what the node says

void Chat::replied(const proto::Reply& reply) {
    using Kind = proto::Reply::Kind;
    if (reply.kind == Kind::publication) return show_publication(reply);
    if (reply.id == 0) return;

    const auto found = questions_.find(reply.id);
    if (found == questions_.end()) return;
    const Question question = std::move(found->second);
    questions_.erase(found);

    if (reply.kind == Kind::error) {
        on_error(reply, question);
    } else if (question.kind == proto::CommandKind::subscribe) {
        on_talking();
    } else if (question.kind == proto::CommandKind::rpc) {
        show_status(reply.data);
    }
    go_on();
}

void Chat::go_on() {
    input_ended_ ? leave_when_answered() : read_on();
}

void Chat::on_error(const proto::Reply& reply, const Question& question) {
    const std::string words = words_of(reply);
    if (!question.line.empty()) {
        all_confirmed_ = false;
        return notice(err_.red("refused: " + printable(question.line) + ": " + words));
    }
    if (reply.temporary) {
        notice(err_.yellow("the node cannot take us now: " + words));
        return connection_.reset();
    }
    notice(err_.red("--channel " + printable(channel_) + ": " + words));
    stop(ExitCode::failed);
}

void Chat::on_talking() {
    phase_ = Phase::talking;
    attempts_ = 0;
    last_news_.clear();
    loop_.disarm(patience_);
    notice(
        err_.green((ever_talked_ ? "back, on " : "connected to ") + node_name_) + " as " +
        printable(user_) + ", in " + printable(channel_) +
        (is_interactive_ && !ever_talked_ ? " (/help)" : ""));
    ever_talked_ = true;
    if (held_line_) take_line(*std::exchange(held_line_, std::nullopt));
    read_on();
}

void Chat::show_publication(const proto::Reply& reply) {
    const bool is_direct = reply.channel.starts_with('#');
    const std::string where = is_direct ? "direct" : printable(reply.channel);
    const std::string who = printable(reply.publication.info.user);
    print(
        out_.dim("[" + where + "]") + " " + (who.empty() ? "" : out_.bold(who) + ": ") +
        text_of_message(reply.publication.data));
}

void Chat::show_status(std::string_view data) {
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    simdjson::dom::object users;
    if (parser.parse(data.data(), data.size()).get(answer) != simdjson::SUCCESS ||
        answer["users"].get(users) != simdjson::SUCCESS) {
        return print(printable(data));
    }
    for (const auto& [name, status] : users) {
        std::uint64_t sessions = 0;
        std::string nodes;
        simdjson::dom::array names;
        if (status["sessions"].get(sessions) != simdjson::SUCCESS || sessions == 0) {
            print(printable(name) + " is " + out_.yellow("offline"));
            continue;
        }
        if (status["nodes"].get(names) == simdjson::SUCCESS) {
            for (const auto node : names) {
                std::string_view text;
                if (node.get(text) == simdjson::SUCCESS)
                    nodes += (nodes.empty() ? " on " : ", ") + printable(text);
            }
        }
        print(
            printable(name) + " is " + out_.green("online") + ": " + std::to_string(sessions) +
            (sessions == 1 ? " session" : " sessions") + nodes);
    }
}

// ---- leaving

void Chat::leave_when_answered() {
    if (phase_ == Phase::leaving) return;
    if (questions_.empty() && !held_line_) return leave();
    loop_.disarm(patience_);
    patience_ = loop_.arm(patience_max, node::TimerCall::to<&Chat::on_patience_end>(this));
}

void Chat::on_patience_end() {
    if (phase_ != Phase::talking) {
        notice(err_.red("no node in time"));
        return stop(ever_talked_ ? ExitCode::partial : ExitCode::unreachable);
    }
    all_confirmed_ = false;
    notice(err_.red(std::to_string(questions_.size()) + " message(s) without an answer"));
    leave();
}

void Chat::leave() {
    if (!connection_.is_open()) return stop(verdict());
    phase_ = Phase::leaving;
    connection_.close();
}

int Chat::verdict() const {
    return all_confirmed_ && !held_line_ ? ExitCode::ok : ExitCode::partial;
}

void Chat::stop(int exit_code) {
    phase_ = Phase::leaving;
    exit_code_ = exit_code;
    reader_.stop();
    signals_.cancel();
    loop_.stop();
}

void Chat::notice(const std::string& text) const {
    std::fputs((text + "\n").c_str(), stderr);
}

}  // namespace grapevine::cli
