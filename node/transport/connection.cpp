#include "node/transport/connection.hpp"

#include <array>

namespace grapevine::node::policy {
namespace {

/// What one gathered write takes: two parts for each of the messages that are handed over at a
/// time, and control frames.
using Parts = std::array<iovec, 256>;

Parts& parts_of_this_thread() {
    thread_local Parts parts;
    return parts;
}

}  // namespace

void Connection::write_on() {
    for (;;) {
        const std::span<const iovec> parts = gather();
        if (parts.empty()) return complete_write({});
        const IoResult result = stream_->write_some(parts);
        ++owner_->counters().writes;
        if (result.status == IoResult::Status::would_block) {
            ++owner_->counters().writes_full;
            return stream_->when_writable([self = shared_from_this()](std::error_code) {
                if (self->owner_ != nullptr && self->on_written_ != nullptr &&
                    self->stream_->is_open())
                    self->write_on();
            });
        }
        if (result.status != IoResult::Status::done)
            return complete_write(make_error(websocketpp::transport::error::pass_through));
        owner_->counters().bytes_out += result.bytes;
        if (advance(result.bytes)) return complete_write({});
    }
}

std::span<const iovec> Connection::gather() const {
    Parts& parts = parts_of_this_thread();
    std::size_t count = 0;
    std::size_t offset = writing_offset_;
    for (std::size_t i = writing_index_; i < writing_->size() && count < parts.size(); ++i) {
        const websocketpp::transport::buffer& buffer = (*writing_)[i];
        if (buffer.len > offset)
            parts[count++] = {
                .iov_base = const_cast<char*>(buffer.buf + offset), .iov_len = buffer.len - offset};
        offset = 0;
    }
    return {parts.data(), count};
}

bool Connection::advance(std::size_t bytes) {
    while (writing_index_ < writing_->size()) {
        const std::size_t rest = (*writing_)[writing_index_].len - writing_offset_;
        if (bytes < rest) {
            writing_offset_ += bytes;
            return false;
        }
        bytes -= rest;
        ++writing_index_;
        writing_offset_ = 0;
    }
    return true;
}

void Connection::complete_write(std::error_code error) {
    const auto self = shared_from_this();
    WriteHandler* const handler = std::exchange(on_written_, nullptr);
    if (!error) owner_->written(*this);
    // May end the connection, or ask for the next write.
    (*handler)(error);
}

}  // namespace grapevine::node::policy
