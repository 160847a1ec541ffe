#include "cli/bench/connection.hpp"

#include "cli/terminal.hpp"
#include "proto/codes.hpp"

#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <span>
#include <sys/socket.h>
#include <system_error>

namespace grapevine::cli::bench {
namespace {

/// From the dial, or from what is asked for later, until the owner is content. Nodes give 5 s for
/// the handshake alone.
constexpr node::Duration content_max = std::chrono::seconds{10};
/// Until the peer has closed too.
constexpr node::Duration close_max = std::chrono::seconds{1};
/// Capacity that an idle connection keeps for what it sends: little, because there are many.
constexpr std::size_t kept_capacity_max = 64 * 1024;

std::string text_of(int error) {
    if (error == ECONNREFUSED) return "nobody listens there (connection refused)";
    if (error == EADDRNOTAVAIL || error == EADDRINUSE)
        return "no free port to dial from: give more --source addresses";
    return std::generic_category().message(error);
}

std::string text_of_answer(const node::ClientHandshake::Verdict& verdict) {
    const std::string answer = "it answered HTTP " + std::to_string(verdict.status);
    // Its own word for "not now".
    if (verdict.status == 503) return "turned away: " + answer;
    return "no client listener there: " + (verdict.status == 0 ? "" : answer + ", ") +
           std::string{verdict.why};
}

std::string text_of_close(std::string_view payload) {
    if (payload.size() < 2) return "closed by the node";
    const unsigned code =
        static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    const std::string reason = printable(payload.substr(2));
    return "closed by the node with " + std::to_string(code) + (reason.empty() ? "" : " " + reason);
}

}  // namespace

void Connection::dial(
    const Target& target,
    const SocketAddress& source,
    std::string_view subprotocol,
    std::span<const std::string> headers) {
    node::fill_random(std::as_writable_bytes(std::span{key_.bytes}));
    socket_ = Descriptor{
        ::socket(target.address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    stage_ = Stage::dialling;
    be_waiting();
    const int on = 1;
    const int number = socket_.number();
    int error = socket_.is_open() ? 0 : errno;
    if (error == 0) {
        ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        // The port is chosen when the peer is known: then one is as good for every peer.
        ::setsockopt(number, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (source.size != 0 && ::bind(number, source.raw(), source.size) != 0) error = errno;
    }
    if (error == 0 && ::connect(number, target.address.raw(), target.address.size) != 0 &&
        errno != EINPROGRESS)
        error = errno;
    if (error != 0) {
        dead_on_dial_ = text_of(error);
        poller_.disarm(deadline_);
        deadline_ = poller_.arm({}, node::TimerCall::to<&Connection::on_dead_dial>(this));
        return;
    }
    handshake_ = std::make_unique<node::ClientHandshake>(node::make_client_handshake(
        {.host_and_port = target.host_and_port,
         .path = target.path,
         .subprotocol = subprotocol,
         .headers = headers}));
    poller_.watch(number, *this);
}

void Connection::be_waiting() {
    poller_.disarm(deadline_);
    deadline_ = poller_.arm(content_max, node::TimerCall::to<&Connection::time_out>(this));
}

void Connection::send() {
    if (will_flush_ || stage_ == Stage::idle) return;
    will_flush_ = true;
    poller_.flush_later(*this);
}

void Connection::close() {
    if (stage_ != Stage::open) return abort("closed before it was open");
    const auto code = static_cast<std::uint16_t>(proto::CloseCode::normal);
    const char payload[]{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    append_frame(outgoing_, Opcode::close, {payload, sizeof payload}, key_);
    send();
    stage_ = Stage::closing;
    poller_.disarm(deadline_);
    deadline_ = poller_.arm(close_max, node::TimerCall::to<&Connection::time_out>(this));
}

void Connection::abort(std::string_view why) {
    if (stage_ != Stage::idle) end(why);
}

void Connection::ready(bool is_ending) {
    if (!socket_.is_open()) return;
    if (stage_ == Stage::dialling) return on_connected();
    if (!outgoing_.empty()) send();
    read(is_ending);
}

void Connection::on_connected() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.number(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return end(text_of(error));
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    const bool is_connected =
        ::getpeername(socket_.number(), reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0;
    if (!is_connected) return;
    stage_ = Stage::shaking_hands;
    outgoing_ = handshake_->request;
    send();
}

void Connection::read(bool to_the_end) {
    std::vector<char>& buffer = poller_.read_buffer();
    for (;;) {
        const std::size_t kept = unread_.size();
        // A message that is longer than the buffer grows it, for all.
        if (buffer.size() < 2 * kept) buffer.resize(2 * kept);
        std::memcpy(buffer.data(), unread_.data(), kept);
        const std::size_t room = buffer.size() - kept;
        const ssize_t count = ::recv(socket_.number(), buffer.data() + kept, room, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (count < 0) return end("connection lost: " + text_of(errno));
        if (count == 0)
            return end(stage_ == Stage::closing ? "closed" : "the node ended the connection");
        poller_.read_clock();
        poller_.traffic().bytes_in += static_cast<std::size_t>(count);
        const std::string_view bytes{buffer.data(), kept + static_cast<std::size_t>(count)};
        const std::size_t used = take(bytes);
        if (!socket_.is_open()) return;
        unread_.assign(bytes.substr(used));
        // Less than there was room for is all there was: what comes next makes an edge, but an end
        // that is known already made its own.
        if (static_cast<std::size_t>(count) < room && !to_the_end) return;
    }
}

std::size_t Connection::take(std::string_view bytes) {
    if (stage_ != Stage::shaking_hands) return take_frames(bytes);
    const std::size_t head = take_answer(bytes);
    return head == 0 ? 0 : head + take_frames(bytes.substr(head));
}

std::size_t Connection::take_answer(std::string_view bytes) {
    const node::ClientHandshake::Verdict verdict = handshake_->check(bytes);
    if (!verdict.is_complete) return 0;
    if (!verdict.is_correct) {
        end(text_of_answer(verdict));
        return 0;
    }
    handshake_.reset();
    stage_ = Stage::open;
    owner_.opened();
    return verdict.size;
}

std::size_t Connection::take_frames(std::string_view bytes) {
    FrameReader reader(bytes);
    Frame frame;
    FrameReader::Step step = reader.next(frame);
    while (step == FrameReader::Step::frame) {
        if (!take_frame(frame)) return bytes.size();
        step = reader.next(frame);
    }
    if (step == FrameReader::Step::broken) {
        end("the node says what is not WebSocket, or too much at once");
        return bytes.size();
    }
    return bytes.size() - reader.rest().size();
}

bool Connection::take_frame(const Frame& frame) {
    switch (frame.opcode) {
    case Opcode::text:
    case Opcode::binary:
        if (!owner_.received(frame.payload)) end("the node says what is not the client protocol");
        break;
    case Opcode::ping:
        append_frame(outgoing_, Opcode::pong, frame.payload, key_);
        send();
        break;
    case Opcode::close:
        end(stage_ == Stage::closing ? "closed" : text_of_close(frame.payload));
        break;
    case Opcode::pong:
    case Opcode::more: break;
    }
    return socket_.is_open();
}

void Connection::flush() {
    will_flush_ = false;
    if (!socket_.is_open() || stage_ == Stage::dialling || outgoing_.empty()) return;
    ssize_t count = 0;
    do
        count = ::send(socket_.number(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    // What went wrong shows itself in the read that the error makes ready.
    if (count <= 0) return;
    const auto written = static_cast<std::size_t>(count);
    poller_.traffic().bytes_out += written;
    if (written < outgoing_.size()) {
        outgoing_.erase(0, written);
        return;
    }
    outgoing_.clear();
    if (outgoing_.capacity() > kept_capacity_max) std::string{}.swap(outgoing_);
}

void Connection::time_out() {
    end(stage_ == Stage::closing ? "closed" : "no answer in time");
}

void Connection::on_dead_dial() {
    end(std::exchange(dead_on_dial_, {}));
}

void Connection::end(std::string_view why) {
    const std::string words{why};  // may lie in what is cleared here
    poller_.disarm(deadline_);
    socket_.close();
    stage_ = Stage::idle;
    handshake_.reset();
    std::string{}.swap(outgoing_);
    std::string{}.swap(unread_);
    owner_.ended(words);
}

}  // namespace grapevine::cli::bench
