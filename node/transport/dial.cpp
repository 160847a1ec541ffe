#include "node/transport/dial.hpp"

#include "node/config.hpp"

namespace grapevine::node {

Dial::Dial(Loop& loop, DialOwner& owner, SocketId id, DialOptions options)
    : loop_(loop),
      owner_(&owner),
      id_(id),
      options_(std::move(options)),
      resolver_(loop.context()),
      socket_(loop.context()) {
    std::string& host = options_.host;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
}

void Dial::start() {
    deadline_ = loop_.arm(options_.timeout, TimerCall::to<&Dial::time_out>(this));
    std::error_code not_a_number;
    const auto address = asio::ip::make_address(options_.host, not_a_number);
    if (options_.addresses.empty() && not_a_number) return resolve();
    if (options_.addresses.empty()) options_.addresses = {address};
    for (const asio::ip::address& known : options_.addresses)
        addresses_.emplace_back(known, options_.port);
    connect_next();
}

void Dial::resolve() {
    resolver_.async_resolve(
        options_.host,
        std::to_string(options_.port),
        asio::ip::resolver_base::numeric_service,
        [self = shared_from_this()](
            std::error_code error, const asio::ip::tcp::resolver::results_type& results) {
            if (self->owner_ == nullptr) return;
            if (error || results.empty())
                return self->fail(Ending::How::unresolved, error.message());
            for (const auto& result : results)
                self->addresses_.push_back(result.endpoint());
            self->connect_next();
        });
}

void Dial::connect_next() {
    std::error_code ignored;
    socket_.close(ignored);
    socket_.async_connect(
        addresses_[next_address_++], [self = shared_from_this()](std::error_code error) {
            if (self->owner_ == nullptr) return;
            if (!error) return self->shake_hands();
            if (error == asio::error::connection_reset) return self->was_reset();
            if (self->next_address_ < self->addresses_.size()) return self->connect_next();
            const bool refused = error == asio::error::connection_refused;
            self->fail(
                refused ? Ending::How::not_listening : Ending::How::unreachable, error.message());
        });
}

void Dial::was_reset() {
    if (asked_again_ || !received_.empty())
        return fail(Ending::How::lost, "the connection broke during the handshake");
    asked_again_ = true;
    if (stream_) stream_->close();
    --next_address_;
    connect_next();
}

void Dial::shake_hands() {
    std::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    stream_ = std::make_unique<Stream>(std::move(socket_));
    const std::string host_and_port = to_string(Address{options_.host, options_.port});
    handshake_ = make_client_handshake(
        {.host_and_port = host_and_port,
         .path = options_.path,
         .subprotocol = options_.subprotocol,
         .headers = options_.headers});
    // A request always fits a socket that nothing was written to.
    if (stream_->write_some(handshake_.request).bytes != handshake_.request.size())
        return was_reset();
    listen();
}

void Dial::listen() {
    stream_->when_readable([self = shared_from_this()](std::error_code error) {
        if (self->owner_ == nullptr) return;
        error ? self->was_reset() : self->receive();
    });
}

void Dial::receive() {
    const std::span<char> buffer = loop_.read_buffer();
    const IoResult result = stream_->read_some(buffer);
    if (result.status == IoResult::Status::would_block) return listen();
    if (result.status == IoResult::Status::failed) return was_reset();
    if (result.status == IoResult::Status::ended)
        return fail(Ending::How::lost, "the connection ended during the handshake");
    received_.append(buffer.data(), result.bytes);
    const auto verdict = handshake_.check(received_);
    if (!verdict.is_complete) return listen();
    if (!verdict.is_correct)
        return fail(
            Ending::How::refused,
            verdict.why,
            verdict.status != 0 ? verdict.status : std::uint16_t{1006});
    const auto self = shared_from_this();
    if (DialOwner* const owner = finish())
        owner->dial_succeeded(
            id_, std::move(*stream_), std::string_view{received_}.substr(verdict.size));
}

void Dial::time_out() {
    const auto self = shared_from_this();
    fail(Ending::How::timed_out, "no complete handshake in time");
}

void Dial::fail(Ending::How how, std::string_view why, std::uint16_t code) {
    const auto self = shared_from_this();
    cancel_connection();
    if (DialOwner* const owner = finish())
        owner->dial_failed(id_, {.how = how, .code = code, .reason = why});
}

void Dial::cancel() {
    finish();
    cancel_connection();
}

void Dial::cancel_connection() {
    std::error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
    if (stream_) stream_->close();
}

DialOwner* Dial::finish() {
    loop_.disarm(deadline_);
    return std::exchange(owner_, nullptr);
}

}  // namespace grapevine::node
