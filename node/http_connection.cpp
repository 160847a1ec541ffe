#include "node/http_connection.hpp"

#include "node/http_reader.hpp"
#include "node/transport/handshake.hpp"

#include <algorithm>
#include <charconv>

namespace grapevine::node {
namespace {

/// Answers or pipelined requests that wait before the connection is not read from any more.
constexpr std::size_t backlog_bytes_max = 64 * 1024;

/// What a client could use to add lines of its own becomes a space.
void append_field_value(std::string& text, std::string_view value) {
    for (const char c : value)
        text.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ");
    append_field_value(text, value);
    text.append("\r\n");
}

std::string encode_head(const Response& response, bool keep_alive) {
    std::string text;
    text.reserve(256 + response.body.size());
    text.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    text.append(reason_phrase(response.status)).append("\r\n");
    if (!response.content_type.empty()) append_field(text, "Content-Type", response.content_type);
    for (const auto& [name, value] : response.headers)
        append_field(text, name, value);
    if (!keep_alive) text.append("Connection: close\r\n");
    return text;
}

bool may_have_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

void append_chunk(std::string& text, std::string_view part) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, part.size(), 16).ptr;
    text.append(digits, end).append("\r\n").append(part).append("\r\n");
}

constexpr RequestId make_id(std::uint32_t slot, std::uint32_t generation) {
    return RequestId{(std::uint64_t{generation} << 32) | slot};
}

}  // namespace

std::string_view reason_phrase(int status) {
    const char* const text = http_status_str(static_cast<http_status>(status));
    return text == std::string_view{"<unknown>"} ? std::string_view{"Unknown"}
                                                 : std::string_view{text};
}

std::string encode_response(const Response& response, bool keep_alive, bool with_body) {
    std::string text = encode_head(response, keep_alive);
    if (may_have_body(response.status))
        text.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
    text.append("\r\n");
    if (with_body && may_have_body(response.status)) text.append(response.body);
    return text;
}

/// One client. It reads a request, waits for the answer, writes it, reads the next.
///
///     reading ─▶ answering ─▶ reading ...
///                    └─▶ streaming ─▶ reading ...
///     reading ─▶ given away, if a WebSocket is asked for
///     any ─▶ ending (writes what is left) ─▶ closed
class HttpConnections::Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(
        HttpConnections& owner,
        std::uint32_t slot,
        Stream stream,
        std::unique_ptr<HttpReader> reader,
        std::string_view received,
        HttpService& service,
        Upgrader& upgrader)
        : owner_(&owner),
          slot_(slot),
          stream_(std::move(stream)),
          reader_(std::move(reader)),
          service_(service),
          upgrader_(upgrader),
          remote_(stream_.remote_address()),
          input_(received) {}

    void start() { advance(); }

    void answer(const Response& response) {
        const bool keep = keep_alive_ && !response.close && !owner_->finishing_;
        output_ += encode_response(response, keep, !is_head_request_);
        complete_answer(keep);
    }

    void begin_stream(const Response& response) {
        is_chunked_ = minor_ == 1;
        keep_alive_ = keep_alive_ && is_chunked_ && !response.close && !owner_->finishing_;
        output_ += encode_head(response, keep_alive_);
        output_ += is_chunked_ ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
        state_ = State::streaming;
        continue_stream(response.body);
    }

    void continue_stream(std::string_view part) {
        if (!is_head_request_ && !part.empty()) {
            if (is_chunked_)
                append_chunk(output_, part);
            else
                output_ += part;
        }
        flush();
    }

    void end_stream() {
        if (is_chunked_ && !is_head_request_) output_ += "0\r\n\r\n";
        complete_answer(keep_alive_);
    }

    void finish() {
        keep_alive_ = false;
        if (state_ == State::reading && !reader_->has_begun() && output_.empty()) close();
    }

    /// Without a word to anybody.
    void detach() {
        owner_->loop_.disarm(deadline_);
        owner_ = nullptr;
        stream_.close();
    }

    /// Tells the service, if it has a request of this client, and leaves.
    void close() {
        const bool is_abandoned = state_ == State::answering || state_ == State::streaming;
        HttpService& service = service_;
        const RequestId id = id_;
        leave();
        if (is_abandoned) service.abandoned(id);
    }

    /// The service's own doing: it need not be told.
    void drop() { leave(); }

    [[nodiscard]] bool is_answerable() const { return state_ == State::answering; }
    [[nodiscard]] bool is_streaming() const { return state_ == State::streaming; }
    [[nodiscard]] std::size_t buffered_bytes() const { return output_.size() - written_; }

private:
    enum class State : std::uint8_t { reading, answering, streaming, ending };
    /// What the deadline is for.
    enum class Wait : std::uint8_t { nothing, request, head, body, client };

    void advance() {
        const auto self = shared_from_this();
        const auto may_read = [&] {
            return owner_ != nullptr && state_ == State::reading &&
                   buffered_bytes() < backlog_bytes_max;
        };
        // Writing makes room for the next request, which may be here already.
        bool is_read_out = false;
        do {
            while (may_read() && !is_read_out)
                is_read_out = !read_more();
            if (may_read() && has_peer_ended_) end();
            flush();
        } while (may_read() && !is_read_out);
        listen();
    }

    /// One step of reading; whether there may be another.
    bool read_more() {
        switch (reader_->state()) {
        case HttpReader::State::reading_head:
        case HttpReader::State::reading_body: {
            if (input_.empty()) return false;
            input_.erase(0, reader_->read(input_));
            return true;
        }
        case HttpReader::State::has_head:
            if (asks_for_web_socket(reader_->head())) return give_away();
            begin_body();
            return true;
        case HttpReader::State::has_request: dispatch(); return true;
        case HttpReader::State::is_invalid: refuse(reader_->error_status()); return false;
        }
        return false;
    }

    /// A proxy uses a connection again for whoever comes next. What was answered before is written
    /// first.
    bool give_away() {
        flush();
        if (owner_ == nullptr || buffered_bytes() > 0) return false;
        const std::unique_ptr<HttpReader> reader = std::move(reader_);
        const std::string received = std::move(input_);
        Stream stream = std::move(stream_);
        leave();
        upgrader_.upgrade(std::move(stream), reader->head(), received);
        return false;
    }

    void begin_body() {
        const HttpHead& head = reader_->head();
        minor_ = head.minor;
        const std::string_view expected = head.header("expect");
        const bool is_continue = equal_ignoring_case(expected, "100-continue");
        if (!expected.empty() && !is_continue) return refuse(417);
        const bool wants_signal = is_continue && minor_ == 1 && head.has_body && input_.empty();
        reader_->expect_body(owner_->options_.body_bytes_max);
        if (wants_signal && reader_->state() == HttpReader::State::reading_body)
            output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }

    void dispatch() {
        const HttpHead& head = reader_->head();
        ++owner_->counters_.http_requests;
        keep_alive_ = head.keep_alive && !owner_->finishing_;
        is_head_request_ = head.method == "HEAD";
        state_ = State::answering;
        id_ = owner_->renew(slot_);
        watch(Wait::nothing);
        is_dispatching_ = true;
        service_.requested(id_, Request{.head = head, .body = reader_->body(), .remote = remote_});
        is_dispatching_ = false;
        if (owner_ != nullptr && state_ == State::reading) reader_->expect_next();
    }

    void complete_answer(bool keep) {
        if (!keep) {
            end();
            return flush();
        }
        state_ = State::reading;
        if (is_dispatching_) return;
        reader_->expect_next();
        flush();
        // The next request may wait already; it is not brought from inside the service's call.
        owner_->loop_.at_end_of_turn([self = shared_from_this()] {
            if (self->owner_ != nullptr) self->advance();
        });
    }

    void refuse(int status) {
        ++owner_->counters_.http_errors;
        Response response{.status = status};
        response.body.append(reason_phrase(status)).append("\n");
        output_ += encode_response(response, false, true);
        end();
    }

    /// Nothing is read any more; what is written already still goes out.
    void end() {
        if (owner_ != nullptr) owner_->renew(slot_);
        state_ = State::ending;
    }

    void listen() {
        if (owner_ == nullptr) return;
        watch_for_next();
        const bool has_room = input_.size() < backlog_bytes_max;
        if (is_listening_ || has_peer_ended_ || state_ == State::ending || !has_room) return;
        is_listening_ = true;
        stream_.when_readable([self = shared_from_this()](std::error_code error) {
            self->is_listening_ = false;
            if (self->owner_ != nullptr) error ? self->close() : self->receive();
        });
    }

    void receive() {
        const auto self = shared_from_this();
        const auto buffer = owner_->loop_.read_buffer().first(backlog_bytes_max);
        const IoResult result = stream_.read_some(buffer);
        switch (result.status) {
        case IoResult::Status::done: input_.append(buffer.data(), result.bytes); break;
        case IoResult::Status::would_block: break;
        case IoResult::Status::ended: has_peer_ended_ = true; break;
        case IoResult::Status::failed: return close();
        }
        // One that only finished its own half still gets its answer, but nobody listens to an
        // endless stream that way.
        if (has_peer_ended_ && state_ == State::streaming) return close();
        advance();
    }

    void flush() {
        if (owner_ == nullptr) return;
        while (written_ < output_.size() && !is_writing_) {
            const IoResult result = stream_.write_some(std::string_view{output_}.substr(written_));
            if (result.status == IoResult::Status::would_block) {
                is_writing_ = true;
                watch(Wait::nothing);
                watch(Wait::client);
                return stream_.when_writable([self = shared_from_this()](std::error_code error) {
                    self->is_writing_ = false;
                    if (self->owner_ == nullptr) return;
                    error ? self->close() : self->advance();
                });
            }
            if (result.status != IoResult::Status::done) return close_later();
            written_ += result.bytes;
            owner_->counters_.http_bytes_out += result.bytes;
        }
        if (written_ < output_.size()) return;
        output_.clear();
        if (output_.capacity() > backlog_bytes_max) output_.shrink_to_fit();
        written_ = 0;
        if (state_ == State::ending) leave_gently();
    }

    /// Not from inside a call of the service.
    void close_later() {
        owner_->loop_.at_end_of_turn([self = shared_from_this()] {
            if (self->owner_ != nullptr) self->close();
        });
    }

    void leave() {
        const auto self = shared_from_this();
        HttpConnections* const owner = owner_;
        detach();
        owner->release(slot_);
    }

    void leave_gently() {
        Loop& loop = owner_->loop_;
        const auto self = shared_from_this();
        Stream stream = std::move(stream_);
        leave();
        close_gently(loop, std::move(stream));
    }

    void watch_for_next() {
        if (is_writing_) return;
        if (state_ != State::reading) return watch(Wait::nothing);
        if (reader_->state() == HttpReader::State::reading_body) return watch(Wait::body);
        watch(reader_->has_begun() ? Wait::head : Wait::request);
    }

    void watch(Wait wait) {
        if (wait == wait_) return;
        wait_ = wait;
        Loop& loop = owner_->loop_;
        loop.disarm(deadline_);
        const HttpOptions& options = owner_->options_;
        const auto call = TimerCall::to<&Connection::time_out>(this);
        switch (wait) {
        case Wait::nothing: return;
        case Wait::request: deadline_ = loop.arm(options.idle, call); return;
        case Wait::head: deadline_ = loop.arm(options.head, call); return;
        case Wait::body:
        case Wait::client: deadline_ = loop.arm(options.body, call); return;
        }
    }

    void time_out() {
        const auto self = shared_from_this();
        const Wait wait = std::exchange(wait_, Wait::nothing);
        ++owner_->counters_.http_timeouts;
        if (wait == Wait::request) return close();
        if (wait == Wait::client) {
            stream_.reset();
            return close();
        }
        refuse(408);
        flush();
    }

    HttpConnections* owner_;
    std::uint32_t slot_;
    Stream stream_;
    std::unique_ptr<HttpReader> reader_;
    HttpService& service_;
    Upgrader& upgrader_;
    std::string remote_;
    std::string input_;
    std::string output_;
    std::size_t written_ = 0;
    RequestId id_{};
    TimerId deadline_{};
    State state_ = State::reading;
    Wait wait_ = Wait::nothing;
    int minor_ = 1;
    bool keep_alive_ = true;
    bool is_head_request_ = false;
    bool is_chunked_ = false;
    bool is_dispatching_ = false;
    bool is_listening_ = false;
    bool is_writing_ = false;
    bool has_peer_ended_ = false;
};

HttpConnections::HttpConnections(Loop& loop, EdgeCounters& counters, HttpOptions options)
    : loop_(loop), counters_(counters), options_(options) {}

HttpConnections::~HttpConnections() {
    for (Slot& slot : slots_)
        if (slot.connection) slot.connection->detach();
}

void HttpConnections::adopt(
    Stream stream,
    std::unique_ptr<HttpReader> reader,
    std::string_view received,
    HttpService& service,
    Upgrader& upgrader) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    const auto connection = std::make_shared<Connection>(
        *this, slot, std::move(stream), std::move(reader), received, service, upgrader);
    slots_[slot].connection = connection;
    connection->start();
}

HttpConnections::Connection* HttpConnections::find(RequestId id) const {
    const auto slot = static_cast<std::uint32_t>(id.value);
    if (slot >= slots_.size() || make_id(slot, slots_[slot].generation) != id) return nullptr;
    return slots_[slot].connection.get();
}

RequestId HttpConnections::renew(std::uint32_t slot) {
    return make_id(slot, ++slots_[slot].generation);
}

void HttpConnections::release(std::uint32_t slot) {
    ++slots_[slot].generation;
    slots_[slot].connection.reset();
    free_.push_back(slot);
}

bool HttpConnections::answer(RequestId id, const Response& response) {
    Connection* const connection = find(id);
    if (connection == nullptr || !connection->is_answerable()) return false;
    connection->answer(response);
    return true;
}

bool HttpConnections::begin_stream(RequestId id, const Response& response) {
    Connection* const connection = find(id);
    if (connection == nullptr || !connection->is_answerable()) return false;
    connection->begin_stream(response);
    return true;
}

bool HttpConnections::continue_stream(RequestId id, std::string_view part) {
    Connection* const connection = find(id);
    if (connection == nullptr || !connection->is_streaming()) return false;
    connection->continue_stream(part);
    return true;
}

bool HttpConnections::end_stream(RequestId id) {
    Connection* const connection = find(id);
    if (connection == nullptr || !connection->is_streaming()) return false;
    connection->end_stream();
    return true;
}

void HttpConnections::drop(RequestId id) {
    if (Connection* const connection = find(id)) connection->drop();
}

std::size_t HttpConnections::buffered_bytes(RequestId id) const {
    const Connection* const connection = find(id);
    return connection != nullptr ? connection->buffered_bytes() : 0;
}

std::size_t HttpConnections::size() const {
    return slots_.size() - free_.size();
}

void HttpConnections::finish() {
    finishing_ = true;
    for (std::size_t i = 0; i < slots_.size(); ++i)
        if (const auto connection = slots_[i].connection) connection->finish();
}

}  // namespace grapevine::node
