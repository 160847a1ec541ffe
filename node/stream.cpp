#include "node/stream.hpp"

#include "node/config.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace grapevine::node {
namespace {

constexpr Duration gentle_close_max = std::chrono::seconds{1};
/// What one sendmsg takes (IOV_MAX).
constexpr std::size_t parts_max = 1024;

IoResult::Status status_of(int error) {
    return error == EAGAIN || error == EWOULDBLOCK ? IoResult::Status::would_block
                                                   : IoResult::Status::failed;
}

std::string text_of(const asio::ip::tcp::endpoint& endpoint) {
    return to_string(Address{endpoint.address().to_string(), endpoint.port()});
}

/// A connection on its way out: nobody owns it any more.
struct Leaving {
    Loop& loop;
    Stream stream;
    TimerId deadline{};

    void give_up() { stream.close(); }
    void finish() {
        loop.disarm(deadline);
        stream.close();
    }
};

void discard_input(const std::shared_ptr<Leaving>& leaving) {
    leaving->stream.when_readable([leaving](std::error_code error) {
        if (error || !leaving->stream.is_open()) return leaving->finish();
        const IoResult result = leaving->stream.read_some(leaving->loop.read_buffer());
        if (result.status == IoResult::Status::done ||
            result.status == IoResult::Status::would_block)
            return discard_input(leaving);
        leaving->finish();
    });
}

}  // namespace

Stream::Stream(TcpSocket socket) : socket_(std::move(socket)) {
    std::error_code ignored;
    socket_.non_blocking(true, ignored);
}

IoResult Stream::read_some(std::span<char> into) {
    ssize_t count = 0;
    do
        count = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    while (count < 0 && errno == EINTR);
    if (count > 0) return {.bytes = static_cast<std::size_t>(count)};
    return {.status = count == 0 ? IoResult::Status::ended : status_of(errno)};
}

IoResult Stream::write_some(std::span<const iovec> parts) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = std::min(parts.size(), parts_max);
    ssize_t count = 0;
    do
        count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    if (count >= 0) return {.bytes = static_cast<std::size_t>(count)};
    return {.status = status_of(errno)};
}

IoResult Stream::write_some(std::string_view bytes) {
    const iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    return write_some({&part, 1});
}

void Stream::limit_unsent(std::size_t bytes) {
    const int value = static_cast<int>(bytes);
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, sizeof value);
}

void Stream::finish_writing() {
    std::error_code ignored;
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

void Stream::close() {
    std::error_code ignored;
    socket_.close(ignored);
}

void Stream::reset() {
    std::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
}

std::string Stream::remote_address() const {
    std::error_code error;
    const auto endpoint = socket_.remote_endpoint(error);
    return error ? std::string{} : text_of(endpoint);
}

std::string Stream::local_address() const {
    std::error_code error;
    const auto endpoint = socket_.local_endpoint(error);
    return error ? std::string{} : text_of(endpoint);
}

void close_gently(Loop& loop, Stream stream) {
    if (!stream.is_open()) return;
    stream.finish_writing();
    const auto leaving = std::make_shared<Leaving>(loop, std::move(stream));
    leaving->deadline = loop.arm(gentle_close_max, TimerCall::to<&Leaving::give_up>(leaving.get()));
    discard_input(leaving);
}

}  // namespace grapevine::node
