/// Bytes in a place of exactly their size, so that a sanitizer sees a reader take one too many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

namespace grapevine::tests {

class ExactBytes {
public:
    explicit ExactBytes(std::string_view bytes)
        : place_(new char[bytes.size()]), size_(bytes.size()) {
        std::copy(bytes.begin(), bytes.end(), place_.get());
    }
    [[nodiscard]] std::string_view view() const { return {place_.get(), size_}; }

private:
    std::unique_ptr<char[]> place_;
    std::size_t size_;
};

}  // namespace grapevine::tests
