/// Shared, pooled byte buffers: what every encoded message travels in.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace grapevine::proto {

/// A buffer that is written by its maker, who may add to it while he knows every holder, and is
/// immutable for everybody else.
/// It is a std::string inside because websocketpp asks for one: nothing is copied on the way out.
struct Buffer {
    std::string text;
    std::atomic<std::uint32_t> holders{0};
    Buffer* next_free = nullptr;
};

/// Counted pointer to a Buffer. Copying shares; the last holder gives the buffer back to the pool
/// of its own thread, which keeps a bounded number of them, so steady traffic allocates nothing.
class Bytes {
public:
    /// The pool has thousands of buffers of up to this size, and only a few larger ones.
    static constexpr std::size_t plentiful_bytes = 4 * 1024;

    Bytes() = default;
    Bytes(const Bytes& other) : buffer_(other.buffer_) {
        if (buffer_ != nullptr) buffer_->holders.fetch_add(1, std::memory_order_relaxed);
    }
    Bytes(Bytes&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
    Bytes& operator=(Bytes other) noexcept {
        std::swap(buffer_, other.buffer_);
        return *this;
    }
    ~Bytes() {
        if (buffer_ != nullptr && buffer_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1)
            give_back(buffer_);
    }

    /// An empty buffer from the pool, with room for at least `capacity` bytes.
    static Bytes with_capacity(std::size_t capacity);
    static Bytes copy_of(std::string_view text);

    [[nodiscard]] std::string_view view() const {
        return buffer_ != nullptr ? std::string_view{buffer_->text} : std::string_view{};
    }
    [[nodiscard]] std::size_t size() const { return buffer_ != nullptr ? buffer_->text.size() : 0; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    explicit operator bool() const { return buffer_ != nullptr; }

    /// The string to write into. Only for the maker, who knows every holder.
    [[nodiscard]] std::string& writable() { return buffer_->text; }
    [[nodiscard]] std::uint32_t holders() const {
        return buffer_ != nullptr ? buffer_->holders.load(std::memory_order_relaxed) : 0;
    }
    /// The same storage for readers that want a std::string.
    [[nodiscard]] const std::string& string() const { return buffer_->text; }
    /// Whether both share one buffer.
    [[nodiscard]] bool same_as(const Bytes& other) const { return buffer_ == other.buffer_; }

private:
    explicit Bytes(Buffer* buffer) : buffer_(buffer) {}
    static void give_back(Buffer* buffer);

    Buffer* buffer_ = nullptr;
};

}  // namespace grapevine::proto
