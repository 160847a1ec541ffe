#include "cli/line_reader.hpp"

#include <asio/post.hpp>

#include <cerrno>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace grapevine::cli {

LineReader::LineReader(asio::io_context& loop, OnLine on_line)
    : loop_(loop), on_line_(std::move(on_line)), readiness_(loop, ::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event readable{};
    readable.events = EPOLLIN;
    // Refused for files and /dev/null, which never make a reader wait.
    can_wait_ =
        ::epoll_ctl(readiness_.native_handle(), EPOLL_CTL_ADD, STDIN_FILENO, &readable) == 0;
}

void LineReader::next() {
    if (std::exchange(asked_, true) || stopped_) return;
    if (ended_ || buffer_.find('\n') != std::string::npos) {
        asio::post(loop_, [this] { give(); });
    } else {
        wait();
    }
}

void LineReader::stop() {
    stopped_ = true;
    readiness_.close();
}

void LineReader::wait() {
    if (!can_wait_) {
        asio::post(loop_, [this] { read_some(); });
        return;
    }
    readiness_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
        if (!error) read_some();
    });
}

void LineReader::read_some() {
    if (stopped_) return;
    const auto count = ::read(STDIN_FILENO, chunk_.data(), chunk_.size());
    if (count > 0) {
        buffer_.append(chunk_.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
        ended_ = true;
    }
    const bool has_line =
        buffer_.find('\n') != std::string::npos || buffer_.size() >= line_bytes_max;
    has_line || ended_ ? give() : wait();
}

void LineReader::give() {
    if (stopped_ || !std::exchange(asked_, false)) return;
    if (buffer_.empty()) {
        on_line_(std::nullopt);
        return;
    }
    const auto end = buffer_.find('\n');
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end == std::string::npos ? end : end + 1);
    if (line.ends_with('\r')) line.pop_back();
    on_line_(line);
}

}  // namespace grapevine::cli
