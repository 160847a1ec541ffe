#include "node/system_clock.hpp"

#include "proto/check.hpp"

#include <cerrno>
#include <sys/random.h>

namespace grapevine::node {

Instant steady_now() {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

WallTime wall_now() {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

mesh::Now read_clocks() {
    return {.steady = steady_now(), .wall = wall_now()};
}

void fill_random(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
        proto::check(count > 0 || errno == EINTR, "the kernel has entropy");
        if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

std::uint32_t Entropy::word() {
    if (left_ == 0) {
        fill_random(std::as_writable_bytes(std::span{words_}));
        left_ = std::size(words_);
    }
    return words_[--left_];
}

}  // namespace grapevine::node
