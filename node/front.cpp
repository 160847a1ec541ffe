#include "node/front.hpp"

#include "node/http_reader.hpp"
#include "node/transport/handshake.hpp"

namespace grapevine::node {

/// A connection of which nobody knows yet what it wants.
class Front::Visitor : public std::enable_shared_from_this<Visitor> {
public:
    Visitor(Front& front, TcpSocket socket) : front_(&front), stream_(std::move(socket)) {}

    void start() {
        deadline_ =
            front_->loop_.arm(front_->options_.head, TimerCall::to<&Visitor::time_out>(this));
        listen();
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
        if (asks_for_web_socket(reader_->head())) return upgrade(received);
        Front& front = leave();
        front.http_.adopt(std::move(stream_), std::move(reader_), received, front.router_);
    }

    void upgrade(std::string_view received) {
        const HttpHead& head = reader_->head();
        if (const HandshakeVerdict verdict = check_handshake(head); verdict.status != 0) {
            ++(verdict.status == 426 ? front_->counters_.handshake_version
                                     : front_->counters_.handshake_invalid);
            return refuse(verdict.status, verdict.why);
        }
        const UpgradeAnswer answer = front_->router_.upgrade(head, stream_.remote_address());
        if (const auto* rejected = std::get_if<RejectUpgrade>(&answer)) {
            ++front_->counters_.handshake_refused;
            return refuse(rejected->status, rejected->text);
        }
        const auto& accepted = std::get<AcceptUpgrade>(answer);
        const std::string text =
            switching_protocols(head.header("sec-websocket-key"), accepted.subprotocol);
        // The answer always fits a socket that nothing was written to.
        if (stream_.write_some(text).bytes != text.size()) return abandon();
        ++front_->counters_.upgrades;
        Front& front = leave();
        front.sockets_.adopt(
            std::move(stream_),
            received,
            *accepted.owner,
            accepted.socket,
            {.token = accepted.token, .subprotocol = accepted.subprotocol});
    }

    void refuse_head(int status) {
        ++(status == 431 ? front_->counters_.head_too_large : front_->counters_.head_invalid);
        refuse(status, reason_phrase(status));
    }

    void refuse(int status, std::string_view why) {
        Response response{.status = status};
        response.body.append(why).append("\n");
        if (status == 426)
            response.headers = {{"Sec-WebSocket-Version", "13"}, {"Upgrade", "websocket"}};
        stream_.write_some(encode_response(response, false, true));
        Front& front = leave();
        close_gently(front.loop_, std::move(stream_));
    }

    void time_out() {
        const auto self = shared_from_this();
        ++front_->counters_.head_timeouts;
        refuse(408, reason_phrase(408));
    }

    void abandon() {
        ++front_->counters_.head_abandoned;
        leave();
        stream_.close();
    }

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
    const auto visitor = std::make_shared<Visitor>(*this, std::move(socket));
    visitors_.insert(visitor);
    visitor->start();
}

}  // namespace grapevine::node
