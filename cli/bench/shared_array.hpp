/// Memory that stays the same memory after a fork.
#pragma once

#include <cerrno>
#include <cstddef>
#include <memory>
#include <sys/mman.h>
#include <system_error>
#include <type_traits>

namespace grapevine::cli::bench {

/// Its size is fixed. No destructor runs at the end.
template <class T>
class SharedArray {
    static_assert(std::is_trivially_destructible_v<T>);

public:
    /// Throws std::system_error.
    explicit SharedArray(std::size_t size) : size_(size) {
        if (size == 0) return;
        void* const memory = ::mmap(
            nullptr, size * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
        items_ = static_cast<T*>(memory);
        std::uninitialized_value_construct_n(items_, size);
    }
    ~SharedArray() {
        if (items_ != nullptr) ::munmap(items_, size_ * sizeof(T));
    }
    SharedArray(const SharedArray&) = delete;
    SharedArray& operator=(const SharedArray&) = delete;

    [[nodiscard]] std::size_t size() const { return size_; }
    T& operator[](std::size_t index) { return items_[index]; }
    const T& operator[](std::size_t index) const { return items_[index]; }

private:
    T* items_ = nullptr;
    std::size_t size_;
};

}  // namespace grapevine::cli::bench
