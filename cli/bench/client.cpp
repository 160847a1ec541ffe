#include "cli/bench/client.hpp"

#include <utility>

namespace grapevine::cli::bench {

void Client::dial(
    const Target& target,
    const SocketAddress& source,
    std::span<const std::string> headers,
    Identity identity) {
    identity_ = std::move(identity);
    is_connected_ = false;
    state_ = {};
    connection_.dial(target, source, dialect_.subprotocol(), headers);
}

void Client::opened() {
    heard_at_ = poller_.now();
    const std::string greeting = dialect_.connect(identity_);
    if (greeting.empty()) return taken();
    say(greeting);
}

void Client::subscribe(std::string_view channel) {
    connection_.be_waiting();
    say(dialect_.subscribe(channel));
}

void Client::say(std::string_view message) {
    append_frame(connection_.outgoing(), dialect_.opcode(), message, connection_.key());
    connection_.send();
}

bool Client::received(std::string_view message) {
    heard_at_ = poller_.now();
    return dialect_.read(message, state_, *this);
}

void Client::taken() {
    is_connected_ = true;
    connection_.be_content();
    if (dialect_.silence_max() != node::Duration{0}) listen_on();
    owner.connected();
}

void Client::subscribed() {
    connection_.be_content();
    owner.subscribed();
}

void Client::listen_on() {
    const node::Duration left = heard_at_ + dialect_.silence_max() - poller_.now();
    if (left <= node::Duration{0}) return connection_.abort("nothing heard for too long");
    silence_ = poller_.arm(left, node::TimerCall::to<&Client::listen_on>(this));
}

void Client::ended(std::string_view why) {
    poller_.disarm(silence_);
    owner.ended(std::exchange(is_connected_, false), why);
}

}  // namespace grapevine::cli::bench
