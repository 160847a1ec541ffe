#include "tests/sim/trace.hpp"

#include <algorithm>

namespace grapevine::sim {

Line& Line::add(std::string_view key, std::string_view value) {
    text_ += ' ';
    text_ += key;
    text_ += '=';
    text_ += value;
    return *this;
}

void Trace::say(std::string_view who, const Line& line) {
    std::string whole =
        "t=" + clock_text(clock_.time()) + " at=" + std::string{who} + " " + line.text();
    mix(whole);
    ++lines_said_;
    lines_.push_back(std::move(whole));
    if (lines_.size() > lines_kept_) lines_.pop_front();
}

void Trace::mix(std::string_view bytes) {
    std::uint64_t word = bytes.size();
    for (const char byte : bytes)
        word = (word ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    mix(word);
}

std::string Trace::last(std::size_t lines) const {
    std::string text;
    for (std::size_t at = lines_.size() - std::min(lines, lines_.size()); at < lines_.size(); ++at)
        text += lines_[at] + "\n";
    return text;
}

bool Trace::contains(std::string_view text) const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) {
        return line.find(text) != std::string::npos;
    });
}

std::string clock_text(Instant time) {
    const auto total = static_cast<std::uint64_t>(time.time_since_epoch().count());
    std::string micros = std::to_string(total % 1'000'000);
    return std::to_string(total / 1'000'000) + "." + std::string(6 - micros.size(), '0') + micros;
}

std::string hex_text(std::uint64_t number) {
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4)
        text += "0123456789abcdef"[(number >> shift) & 15];
    return text;
}

}  // namespace grapevine::sim
