/// Where checkers say what was violated. The first violation counts; those after it are usually its
/// echo.
#pragma once

#include <string>
#include <string_view>

namespace grapevine::sim {

/// Enough of a payload to know it by.
inline std::string brief(std::string_view payload) {
    return std::string{payload.substr(0, 80)};
}

class Verdict {
public:
    void violated(std::string_view law, std::string_view what) {
        if (++violations_ == 1) first_ = std::string{law} + ": " + std::string{what};
    }

    [[nodiscard]] bool is_good() const { return violations_ == 0; }
    [[nodiscard]] const std::string& first() const { return first_; }
    [[nodiscard]] int violations() const { return violations_; }

private:
    int violations_ = 0;
    std::string first_;
};

}  // namespace grapevine::sim
