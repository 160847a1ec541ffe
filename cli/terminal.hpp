/// What may be written to a person's screen: colours only where they are shown, and never a control
/// character that somebody else chose.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>

namespace grapevine::cli {

/// Colours for one stream: on a terminal, and only if NO_COLOR is unset or empty.
class Terminal {
public:
    explicit Terminal(int descriptor) : is_terminal_(::isatty(descriptor) != 0) {
        const char* no_color = std::getenv("NO_COLOR");
        has_colour_ = is_terminal_ && (no_color == nullptr || *no_color == '\0');
    }

    [[nodiscard]] bool is_terminal() const { return is_terminal_; }
    [[nodiscard]] std::string green(std::string_view text) const { return in("\x1b[32m", text); }
    [[nodiscard]] std::string yellow(std::string_view text) const { return in("\x1b[33m", text); }
    [[nodiscard]] std::string red(std::string_view text) const { return in("\x1b[31m", text); }
    [[nodiscard]] std::string dim(std::string_view text) const { return in("\x1b[2m", text); }
    [[nodiscard]] std::string bold(std::string_view text) const { return in("\x1b[1m", text); }

private:
    [[nodiscard]] std::string in(std::string_view colour, std::string_view text) const {
        if (!has_colour_) return std::string(text);
        return std::string(colour) + std::string(text) + "\x1b[0m";
    }

    bool is_terminal_;
    bool has_colour_;
};

/// `text` with every control character (C0, DEL, C1) replaced by `?`, so that what a stranger sent
/// can neither move the cursor nor start a line of its own.
inline std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {
            out += '?';
            ++i;
        } else {
            out += byte < 0x20 || byte == 0x7F ? '?' : text[i];
        }
    }
    return out;
}

}  // namespace grapevine::cli
