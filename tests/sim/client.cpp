#include "tests/sim/client.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::sim {

Client::Client(Stage& stage, ClientOptions options, std::string ip)
    : stage_(stage),
      options_(std::move(options)),
      device_(DeviceKey{++stage.devices}),
      host_(stage.network.add_host(*this, std::move(ip))) {}

// ---- what the user does

void Client::connect(const Node& node) {
    next_node_ = nullptr;
    if (state_ != State::offline) disconnect();
    stage_.network.host_back(host_);
    node_ = &node;
    state_ = State::dialling;
    session_ = SessionKey{++stage_.sessions};
    close_code_ = 0;
    heard_.clear();
    requests_.clear();
    channels_.clear();
    errors_.clear();
    socket_ = stage_.network.dial(host_, node.client_address(options_.encoding));
    stage_.callers[socket_.connection] = session_;
    stage_.checkers.see(SessionStarted{.session = session_, .user = user(), .device = device_});
    stage_.trace.say(
        user(), Line{"connects"}.add("to", node.name()).add("session", session_.value));
}

void Client::move_gently_to(const Node& node) {
    if (state_ != State::connected) return move_to(node);
    stage_.trace.say(user(), Line{"leaves"}.add("session", session_.value));
    stage_.network.close_gently(socket_);
    state_ = State::leaving;
    next_node_ = &node;
}

void Client::disconnect() {
    next_node_ = nullptr;
    if (state_ == State::offline) return;
    stage_.trace.say(user(), Line{"disconnects"}.add("session", session_.value));
    stage_.network.close(socket_);
    over();
}

void Client::move_to(const Node& node) {
    disconnect();
    connect(node);
}

void Client::vanish() {
    if (state_ == State::offline) return;
    stage_.trace.say(user(), Line{"vanishes"}.add("session", session_.value));
    stage_.network.host_lost(host_);
    over();
}

/// The connection is no longer ours, whatever the network still has to say about it.
void Client::over() {
    stage_.checkers.see(SessionEnded{.session = session_});
    state_ = State::offline;
    socket_ = Socket{};
    requests_.clear();
    channels_.clear();
}

void Client::subscribe(const std::string& channel) {
    wanted_.insert(channel);
    if (!is_connected()) return;
    const std::uint32_t command = ask(proto::CommandKind::subscribe, channel);
    stage_.checkers.see(SubscribeAsked{
        .session = session_, .channel = channel, .command = command, .watches = options_.watches});
}

void Client::unsubscribe(const std::string& channel) {
    wanted_.erase(channel);
    if (!is_connected()) return;
    ask(proto::CommandKind::unsubscribe, channel);
}

std::string Client::say(const std::string& channel) {
    return say(channel, 0);
}

std::string Client::say(const std::string& channel, std::size_t size) {
    if (!is_connected()) return {};
    std::string payload = new_payload(channel, size);
    stage_.checkers.see(Said{.by = {.session = session_}, .channel = channel, .payload = payload});
    proto::Command command;
    command.id = ++commands_;
    command.kind = proto::CommandKind::publish;
    command.channel = channel;
    command.data = payload;
    requests_[command.id] = Request{.kind = proto::CommandKind::publish, .channel = channel};
    send(command);
    return payload;
}

std::string Client::new_payload(const std::string& channel, std::size_t size) {
    std::string payload = R"({"seq":)" + std::to_string(++stage_.sayings) + R"(,"from":")" +
                          user() + R"(","to":")" + channel + "\"";
    if (size != 0) payload += R"(,"padding":")" + std::string(size, 'x') + "\"";
    return payload + "}";
}

std::string Client::send(const SendOrder& order) {
    if (!is_connected()) return {};
    std::string payload = new_payload("#" + order.to.front(), 0);
    orders_[payload] = order;
    send_again(payload);
    return payload;
}

void Client::send_again(const std::string& payload) {
    if (!is_connected()) return;
    const SendOrder& order = orders_.at(payload);
    for (const std::string& whom : order.to)
        stage_.checkers.see(Said{
            .by = {.session = session_},
            .channel = "#" + whom,
            .payload = payload,
            .at_least_once = order.at_least_once});
    stage_.checkers.see(SendAsked{.by = {.session = session_}, .payload = payload, .order = order});
    call("send", send_request(order, payload), payload);
}

void Client::call(std::string_view method, std::string_view data, const std::string& payload) {
    proto::Command command;
    command.id = ++commands_;
    command.kind = proto::CommandKind::rpc;
    command.method = method;
    command.data = data;
    requests_[command.id] =
        Request{.kind = proto::CommandKind::rpc, .channel = {}, .payload = payload};
    send(command);
}

void Client::ask_who_is_online(const std::string& whom) {
    if (!is_connected()) return;
    call("user_status", R"({"users":[")" + whom + R"("]})", {});
}

void Client::ask_who_is_in(const std::string& channel) {
    presence_.reset();
    if (is_connected()) ask(proto::CommandKind::presence, channel);
}

void Client::ask_how_many_are_in(const std::string& channel) {
    presence_.reset();
    if (is_connected()) ask(proto::CommandKind::presence_stats, channel);
}

void Client::claim(const std::string& message_id) {
    call("ack", R"({"id":")" + message_id + "\"}", {});
}

void Client::send_raw(std::string_view bytes) {
    stage_.network.send(socket_, proto::Bytes::copy_of(bytes));
}
void Client::stop_reading() {
    stage_.network.set_reading(socket_, false);
}
void Client::read_again() {
    stage_.network.set_reading(socket_, true);
}

std::uint32_t Client::ask(proto::CommandKind kind, const std::string& channel) {
    proto::Command command;
    command.id = ++commands_;
    command.kind = kind;
    command.channel = channel;
    command.join_leave = kind == proto::CommandKind::subscribe && options_.watches;
    requests_[command.id] = Request{.kind = kind, .channel = channel};
    send(command);
    return command.id;
}

void Client::send(const proto::Command& command) {
    std::string bytes;
    proto::append_command(bytes, options_.encoding, command);
    send_raw(bytes);
}

std::size_t Client::times_heard(const std::string& payload) const {
    return static_cast<std::size_t>(std::count(heard_.begin(), heard_.end(), payload));
}

std::string Client::message_id_of(const std::string& payload) const {
    const auto found = message_ids_.find(payload);
    return found != message_ids_.end() ? found->second : std::string{};
}

const SendResult* Client::result_of(const std::string& payload) const {
    const auto found = results_.find(payload);
    return found != results_.end() ? &found->second : nullptr;
}

std::optional<Receipt>
Client::receipt_of(const std::string& payload, const std::string& whom) const {
    const SendResult* const result = result_of(payload);
    if (result == nullptr) return std::nullopt;
    const auto found = result->users.find(whom);
    return found != result->users.end() ? std::optional{found->second} : std::nullopt;
}

// ---- facts from the network

void Client::opened(Socket socket) {
    if (socket != socket_ || state_ != State::dialling) return;
    state_ = State::greeting;
    last_heard_ = stage_.clock.time();
    const std::string data = R"({"user":")" + user() + "\"}";
    proto::Command command;
    command.id = ++commands_;
    command.kind = proto::CommandKind::connect;
    command.data = data;
    send(command);
    watch_silence();
}

void Client::dial_failed(Socket socket, mesh::DialFailure) {
    if (socket == socket_ && state_ != State::offline) over();
}

void Client::closed(Socket socket, std::uint16_t code) {
    if (socket != socket_ || state_ == State::offline) return;
    if (code != 0) close_code_ = code;
    stage_.trace.say(
        user(), Line{"closed"}.add("session", session_.value).add("code", close_code_));
    const Node* const next = next_node_;
    over();
    if (next != nullptr) connect(*next);
}

void Client::received(Socket socket, const proto::Bytes& message) {
    if (socket != socket_ || state_ == State::offline) return;
    stage_.trace.mix(message.view());
    last_heard_ = stage_.clock.time();
    proto::ReplyReader reader{stage_.scratch, options_.encoding, message.view()};
    proto::Reply reply;
    for (;;) {
        const auto step = reader.next(reply);
        if (step == proto::ReplyReader::Step::end) return;
        if (step == proto::ReplyReader::Step::malformed)
            return stage_.verdict.violated("WellFormed", user() + " got a message it cannot read");
        take(reply);
        if (state_ == State::offline) return;
    }
}

void Client::take(const proto::Reply& reply) {
    switch (reply.kind) {
    case proto::Reply::Kind::ping: {
        proto::Command pong;
        pong.kind = proto::CommandKind::pong;
        return send(pong);
    }
    case proto::Reply::Kind::connect: return greeted(reply);
    case proto::Reply::Kind::publication: return take_push(reply);
    case proto::Reply::Kind::coming: return take_coming(reply);
    case proto::Reply::Kind::disconnect: close_code_ = reply.code; return;
    case proto::Reply::Kind::error: errors_.push_back(reply.code); break;
    case proto::Reply::Kind::rpc: last_answer_ = reply.data; break;
    case proto::Reply::Kind::presence:
    case proto::Reply::Kind::presence_stats: take_presence(reply); break;
    case proto::Reply::Kind::subscribe:
    case proto::Reply::Kind::unsubscribe:
    case proto::Reply::Kind::publish:
    case proto::Reply::Kind::refresh:
    case proto::Reply::Kind::sub_refresh:
    case proto::Reply::Kind::unsubscribed:
    case proto::Reply::Kind::other: break;
    }
    const auto found = requests_.find(reply.id);
    if (found == requests_.end()) {
        if (reply.kind == proto::Reply::Kind::rpc)
            stage_.verdict.violated("TerminatesBounded", user() + " got a second answer");
        return;
    }
    const Request request = found->second;
    requests_.erase(found);
    if (!request.payload.empty()) take_answer(request.payload, reply);
    if (reply.kind == proto::Reply::Kind::subscribe) channels_.insert(request.channel);
    if (reply.kind != proto::Reply::Kind::unsubscribe) return;
    channels_.erase(request.channel);
    stage_.checkers.see(
        UnsubscribeDone{.session = session_, .channel = request.channel, .command = reply.id});
}

void Client::greeted(const proto::Reply& reply) {
    state_ = State::connected;
    process_ = node_->process();
    stage_.trace.say(
        user(), Line{"connected"}.add("session", session_.value).add("to", reply.node));
    stage_.checkers.see(SessionGreeted{.session = session_, .client = std::string{reply.client}});
    for (const std::string& channel : wanted_)
        subscribe(channel);
}

void Client::take_answer(const std::string& payload, const proto::Reply& reply) {
    const auto result = reply.kind == proto::Reply::Kind::error ? SendResult{.error = reply.code}
                                                                : read_send_result(reply.data);
    if (!result)
        return stage_.verdict.violated(
            "WellFormed", user() + " is answered " + std::string{reply.data});
    results_[payload] = *result;
    stage_.checkers.see(
        SendAnswered{.by = {.session = session_}, .payload = payload, .result = *result});
}

void Client::take_push(const proto::Reply& reply) {
    heard_.emplace_back(reply.publication.data);
    ever_heard_.push_back(heard_.back());
    stage_.checkers.see(Heard{
        .session = session_,
        .channel = std::string{reply.channel},
        .payload = heard_.back(),
        .user = std::string{reply.publication.info.user},
        .client = std::string{reply.publication.info.client},
        .message_id = std::string{reply.publication.message_id}});
    if (reply.publication.message_id.empty()) return;
    message_ids_[heard_.back()] = reply.publication.message_id;
    if (!options_.acknowledges) return;
    stage_.checkers.see(Acknowledged{.session = session_, .payload = heard_.back()});
    claim(std::string{reply.publication.message_id});
}

void Client::take_coming(const proto::Reply& reply) {
    const bool joins = reply.coming.way == proto::Coming::Way::join;
    const std::string who{reply.coming.info.user};
    comings_.push_back((joins ? "join " : "leave ") + who + " " + std::string{reply.channel});
    stage_.checkers.see(ComingHeard{
        .session = session_,
        .channel = std::string{reply.channel},
        .joins = joins,
        .user = who,
        .client = std::string{reply.coming.info.client}});
}

void Client::take_presence(const proto::Reply& reply) {
    presence_ =
        Presence{.users = {}, .stats = reply.presence_stats, .incomplete = reply.incomplete};
    for (const proto::ClientInfo& one : reply.presence)
        presence_->users.emplace_back(one.user);
    std::sort(presence_->users.begin(), presence_->users.end());
}

void Client::watch_silence() {
    stage_.clock.at(last_heard_ + options_.silence_most, [this, session = session_] {
        if (session != session_ || state_ == State::offline) return;
        if (stage_.clock.time() - last_heard_ < options_.silence_most) return watch_silence();
        stage_.trace.say(user(), Line{"gives_up"}.add("session", session_.value));
        disconnect();
    });
}

}  // namespace grapevine::sim
