#include "proto/bytes.hpp"

#include <bit>

namespace grapevine::proto {
namespace {

/// Free buffers of one thread, small and large apart so that a pong does not take a batch's buffer.
/// Larger bounds keep more memory after a burst; smaller ones allocate during the next.
struct Shelf {
    std::size_t kept_max;
    std::size_t capacity_max;
    Buffer* first = nullptr;
    std::size_t kept = 0;

    Buffer* take() {
        Buffer* const buffer = first;
        if (buffer != nullptr) {
            first = buffer->next_free;
            --kept;
        }
        return buffer;
    }
};

/// Room that every buffer gets at once, so that a reused one seldom has to grow.
constexpr std::size_t smallest_capacity = 256;
constexpr std::size_t small_capacity = Bytes::plentiful_bytes;
constexpr std::size_t large_capacity = 160 * 1024;

struct Pool {
    Shelf small{.kept_max = 4096, .capacity_max = small_capacity};
    Shelf large{.kept_max = 64, .capacity_max = large_capacity};

    Pool() = default;
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() {
        for (Shelf* shelf : {&small, &large})
            while (Buffer* buffer = shelf->take())
                delete buffer;
        closed = true;
    }
    bool closed = false;
};

Pool& pool() {
    thread_local Pool instance;
    return instance;
}

/// Small ones come in powers of two, as a string grows: one that was small stays so.
std::size_t room_for(std::size_t capacity) {
    if (capacity <= smallest_capacity) return smallest_capacity;
    return capacity <= small_capacity ? std::bit_ceil(capacity) : capacity;
}

}  // namespace

Bytes Bytes::with_capacity(std::size_t capacity) {
    Pool& shelves = pool();
    Buffer* buffer = capacity <= small_capacity ? shelves.small.take() : shelves.large.take();
    if (buffer == nullptr) buffer = new Buffer;
    buffer->text.clear();
    buffer->text.reserve(room_for(capacity));
    buffer->holders.store(1, std::memory_order_relaxed);
    return Bytes{buffer};
}

Bytes Bytes::copy_of(std::string_view text) {
    Bytes bytes = with_capacity(text.size());
    bytes.writable().assign(text);
    return bytes;
}

void Bytes::give_back(Buffer* buffer) {
    Pool& shelves = pool();
    Shelf& shelf = buffer->text.capacity() <= small_capacity ? shelves.small : shelves.large;
    if (shelves.closed || shelf.kept == shelf.kept_max ||
        buffer->text.capacity() > shelf.capacity_max) {
        delete buffer;
        return;
    }
    buffer->next_free = std::exchange(shelf.first, buffer);
    ++shelf.kept;
}

}  // namespace grapevine::proto
