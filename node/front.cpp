#include "node/front.hpp"

#include "node/http_reader.hpp"
#include "node/plain_head.hpp"
#include "node/transport/handshake.hpp"

namespace grapevine::node {

/// A connection of which nobody knows yet what it wants.
class Front::Visitor : public std::enable_shared_from_this<Visitor> {
public:
    Visitor(Front& front, Stream stream) : front_(&front), stream_(std::move(stream)) {}

    /// With what came already.
    void start(std::string_view received) {
        deadline_ =
            front_->loop_.arm(front_->options_.head, TimerCall::to<&Visitor::time_out>(this));
        read(received);
    }

    void detach() {
        front_->loop_.disarm(deadline_);
        front_ = nullptr;
        stream_.close();
    }

private:
    void listen() {
        stream_.when_readable([self = shared_from_this()](std::error_code error) {
            if (self->front_ != nullptr) error ? self->abandon() : self->receive();
        });
    }

    void receive() {
        const std::span<char> buffer = front_->loop_.read_buffer();
        const IoResult result = stream_.read_some(buffer);
        switch (result.status) {
        case IoResult::Status::done: return read({buffer.data(), result.bytes});
        case IoResult::Status::would_block: return listen();
        case IoResult::Status::ended:
        case IoResult::Status::failed: return abandon();
        }
    }

    void read(std::string_view bytes) {
        bytes.remove_prefix(reader_->read(bytes));
        switch (reader_->state()) {
        case HttpReader::State::reading_head: return listen();
        case HttpReader::State::has_head: return route(bytes);
        case HttpReader::State::is_invalid: return refuse_head(reader_->error_status());
        case HttpReader::State::reading_body:
        case HttpReader::State::has_request: return;
        }
    }

    void route(std::string_view received) {
        Front& front = leave();
        if (asks_for_web_socket(reader_->head()))
            return front.upgrade(std::move(stream_), reader_->head(), received);
        front.http_.adopt(std::move(stream_), std::move(reader_), received, front.router_, front);
    }

    void refuse_head(int status) {
        ++(status == 431 ? front_->counters_.head_too_large : front_->counters_.head_invalid);
        leave().refuse(std::move(stream_), status, reason_phrase(status));
    }

    void time_out() {
        const auto self = shared_from_this();
        ++front_->counters_.head_timeouts;
        leave().refuse(std::move(stream_), 408, reason_phrase(408));
    }

    void abandon() { leave().abandon(std::move(stream_)); }

    /// No longer the front's; whoever called us holds the object until we return.
    Front& leave() {
        Front& front = *std::exchange(front_, nullptr);
        front.loop_.disarm(deadline_);
        front.visitors_.erase(shared_from_this());
        return front;
    }

    Front* front_;
    Stream stream_;
    std::unique_ptr<HttpReader> reader_ = std::make_unique<HttpReader>();
    TimerId deadline_{};
};

Front::Front(
    Loop& loop,
    WebSockets& sockets,
    HttpConnections& http,
    Router& router,
    EdgeCounters& counters,
    FrontOptions options)
    : loop_(loop),
      sockets_(sockets),
      http_(http),
      router_(router),
      counters_(counters),
      options_(options) {}

Front::~Front() {
    for (const auto& visitor : visitors_)
        visitor->detach();
}

void Front::adopt(TcpSocket socket) {
    Stream stream{std::move(socket)};
    // The kernel waits for the first bytes before it says that somebody came (acceptor.cpp), and
    // these are mostly all of a handshake: it is answered before anything is made that could wait.
    const std::span<char> buffer = loop_.read_buffer();
    const IoResult result = stream.read_some(buffer);
    if (result.status == IoResult::Status::ended || result.status == IoResult::Status::failed)
        return abandon(std::move(stream));
    const std::string_view received{buffer.data(), result.bytes};
    const std::size_t size = read_plain_head(received, plain_head_);
    if (size != 0 && asks_for_web_socket(plain_head_))
        return upgrade(std::move(stream), plain_head_, received.substr(size));
    const auto visitor = std::make_shared<Visitor>(*this, std::move(stream));
    visitors_.insert(visitor);
    visitor->start(received);
}

void Front::upgrade(Stream stream, const HttpHead& head, std::string_view received) {
    if (const HandshakeVerdict verdict = check_handshake(head); verdict.status != 0) {
        ++(verdict.status == 426 ? counters_.handshake_version : counters_.handshake_invalid);
        return refuse(std::move(stream), verdict.status, verdict.why);
    }
    const UpgradeAnswer answer = router_.upgrade(head);
    if (const auto* rejected = std::get_if<RejectUpgrade>(&answer)) {
        ++counters_.handshake_refused;
        return refuse(std::move(stream), rejected->status, rejected->text);
    }
    const auto& accepted = std::get<AcceptUpgrade>(answer);
    const std::string text =
        switching_protocols(head.header("sec-websocket-key"), accepted.subprotocol);
    // The answer always fits a socket that nothing was written to.
    if (stream.write_some(text).bytes != text.size()) return abandon(std::move(stream));
    ++counters_.upgrades;
    sockets_.adopt(
        std::move(stream),
        received,
        *accepted.owner,
        accepted.socket,
        {.token = accepted.token, .subprotocol = accepted.subprotocol});
}

void Front::refuse(Stream stream, int status, std::string_view why) {
    Response response{.status = status};
    response.body.append(why).append("\n");
    if (status == 426)
        response.headers = {{"Sec-WebSocket-Version", "13"}, {"Upgrade", "websocket"}};
    stream.write_some(encode_response(response, false, true));
    close_gently(loop_, std::move(stream));
}

void Front::abandon(Stream stream) {
    ++counters_.head_abandoned;
    stream.close();
}

}  // namespace grapevine::node
