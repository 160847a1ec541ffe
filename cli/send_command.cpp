#include "cli/send_command.hpp"

#include "cli/client_connection.hpp"
#include "cli/exit_codes.hpp"
#include "cli/receipt.hpp"
#include "cli/usage_error.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"

#include <cstdio>
#include <unistd.h>
#include <utility>

namespace grapevine::cli {
namespace {

void notice(const std::string& text) {
    std::fputs((text + "\n").c_str(), stderr);
}

/// Connects to the first node that answers, asks once, prints the answer. What was asked is never
/// asked again: a repetition could double it.
class Sending final : ConnectionOwner {
public:
    Sending(std::vector<ClientUrl> urls, Identity identity, std::string request, bool as_json)
        : urls_(std::move(urls)),
          user_(identity.user),
          request_(std::move(request)),
          as_json_(as_json),
          connection_(loop_, *this, std::move(identity)) {}

    int run(node::Duration timeout) {
        loop_.arm(timeout, node::TimerCall::to<&Sending::on_timeout>(this));
        connection_.dial(urls_[url_]);
        loop_.run();
        return exit_code_;
    }

private:
    void connected(std::string_view) override {
        proto::Command command;
        command.kind = proto::CommandKind::rpc;
        command.method = "send";
        command.data = request_;
        asked_ = connection_.ask(command);
        if (asked_) return;
        notice(err_.red("not sent: with all its users and text it is longer than a message can be "
                        "(65536 bytes); give fewer --to or a shorter TEXT"));
        leave(ExitCode::usage);
    }

    void refused(const proto::Reply& error) override {
        notice(err_.red("--user " + printable(user_) + ": " + words_of(error)));
        leave(ExitCode::failed);
    }

    void replied(const proto::Reply& reply) override {
        if (!asked_ || reply.id != *asked_) return;
        if (reply.kind == proto::Reply::Kind::error) {
            notice(err_.red("the node refused it: " + words_of(reply)));
            return leave(ExitCode::failed);
        }
        const Receipt receipt = read_receipt(reply.data, out_);
        const std::string& text = as_json_ ? std::string(reply.data) + "\n" : receipt.text;
        std::fputs(text.c_str(), stdout);
        leave(receipt.exit_code);
    }

    void ended(const ConnectionEnd& end) override {
        if (is_leaving_) return loop_.stop();
        if (asked_) return unknown(end.words);
        notice(err_.red("--url " + urls_[url_].text + ": " + end.words));
        if (end.is_final) {
            exit_code_ = ExitCode::failed;
            return loop_.stop();
        }
        if (++url_ < urls_.size()) return connection_.dial(urls_[url_]);
        exit_code_ = ExitCode::unreachable;
        loop_.stop();
    }

    void on_timeout() {
        if (is_leaving_) return loop_.stop();
        if (asked_) return unknown("--timeout: no receipt in time");
        notice(err_.red("--url " + urls_[url_].text + ": no answer within --timeout"));
        exit_code_ = ExitCode::unreachable;
        loop_.stop();
    }

    void unknown(const std::string& why) {
        notice(err_.yellow(why + "; the message may or may not have arrived"));
        exit_code_ = ExitCode::partial;
        loop_.stop();
    }

    void leave(int exit_code) {
        exit_code_ = exit_code;
        is_leaving_ = true;
        connection_.close();
    }

    std::vector<ClientUrl> urls_;
    std::string user_;
    std::string request_;
    bool as_json_;
    Terminal out_{STDOUT_FILENO};
    Terminal err_{STDERR_FILENO};
    node::Loop loop_;
    ClientConnection connection_;
    std::size_t url_ = 0;
    std::optional<std::uint32_t> asked_;
    bool is_leaving_ = false;
    int exit_code_ = ExitCode::ok;
};

// ---- what was typed

std::string text_of_stdin() {
    std::string text;
    char chunk[16 * 1024];
    while (const std::size_t size = std::fread(chunk, 1, sizeof chunk, stdin)) {
        text.append(chunk, size);
        // More than this can never be sent; the check of its length says so.
        if (text.size() > proto::limits::publish_data_bytes) break;
    }
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string payload_of(const SendOptions& options) {
    if (options.text.has_value() == options.data.has_value())
        throw UsageError(
            "give the message once: TEXT, or - to read it from standard input, or --data JSON");
    std::string payload;
    if (options.text) {
        const std::string text = *options.text == "-" ? text_of_stdin() : *options.text;
        if (!proto::is_utf8(text)) throw UsageError("TEXT: use UTF-8");
        proto::append_json_string(payload, text);
    } else {
        proto::ClientScratch scratch;
        std::string_view value;
        if (!proto::normalise_json(scratch, *options.data, value) || value == "null")
            throw UsageError(
                "--data '" + printable(*options.data) +
                "': give one JSON value that is not null, for example '{\"text\":\"hi\"}'");
        payload = value;
    }
    if (payload.size() > proto::limits::publish_data_bytes)
        throw UsageError(
            std::string(options.text ? "TEXT" : "--data") + ": longer than " +
            std::to_string(proto::limits::publish_data_bytes) + " bytes as JSON");
    return payload;
}

/// The JSON that `rpc send` takes (proto/json_reading.hpp: SendBody).
std::string request_of(const SendOptions& options) {
    std::string request = "{\"to\":[";
    for (const std::string& user : options.to) {
        checked_name("--to", user, proto::limits::user_name_bytes);
        if (!proto::is_user_name(user))
            throw UsageError(
                "--to '" + printable(user) + "': a user's name does not begin with '#' or '$'");
        if (!request.ends_with('[')) request += ',';
        proto::append_json_string(request, user);
    }
    request += "],\"wait\":\"" + options.wait + "\",\"qos\":" + std::to_string(options.qos);
    if (options.idempotency_key) {
        request += ",\"idempotency_key\":";
        proto::append_json_string(
            request,
            checked_name(
                "--idempotency-key",
                *options.idempotency_key,
                proto::limits::idempotency_key_bytes));
    }
    return request + ",\"data\":" + payload_of(options) + "}";
}

}  // namespace

int send_command(const SendOptions& options) {
    std::vector<ClientUrl> urls = parse_client_urls(options.urls);
    if (!options.user.empty()) checked_name("--user", options.user, proto::limits::user_name_bytes);
    Sending sending(
        std::move(urls), {options.user, options.token}, request_of(options), options.json);
    return sending.run(std::chrono::seconds{options.timeout_s});
}

}  // namespace grapevine::cli
