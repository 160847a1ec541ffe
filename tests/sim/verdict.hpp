/// Where checkers say what was violated. The first violation counts; those after it are usually its
/// echo.
#pragma once

#include <string>
#include <string_view>

namespace grapevine::sim {

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
