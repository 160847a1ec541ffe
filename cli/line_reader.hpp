/// Standard input, line by line, on the loop. Gives one line for each `next()`, so whoever asks
/// sets the pace and a large file on stdin waits where it is. Works for a terminal, a pipe, a file
/// and /dev/null, and leaves the descriptor's flags alone: a shell shares them.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace grapevine::cli {

class LineReader {
public:
    /// Gets the line without its end, or nullopt when there will be no more. The view is valid
    /// during the call.
    using OnLine = std::function<void(std::optional<std::string_view>)>;

    LineReader(asio::io_context& loop, OnLine on_line);

    /// Asks for one line; answered later, never from inside this call. Asking twice asks once.
    void next();
    /// No line is given any more.
    void stop();

private:
    void wait();
    void read_some();
    void give();

    /// A longer line is given in pieces: no message could carry it anyway.
    static constexpr std::size_t line_bytes_max = 128 * 1024;

    asio::io_context& loop_;
    OnLine on_line_;
    /// An epoll set that holds stdin. Waiting on stdin itself would make Asio switch it to
    /// non-blocking, and on a terminal that switches stdout and the shell too.
    asio::posix::stream_descriptor readiness_;
    bool can_wait_ = false;
    bool asked_ = false;
    bool ended_ = false;
    bool stopped_ = false;
    std::string buffer_;
    std::array<char, 16 * 1024> chunk_{};
};

}  // namespace grapevine::cli
