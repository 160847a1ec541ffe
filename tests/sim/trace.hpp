/// What happened in a run: a hash over everything, and the last lines in words. Two runs of one
/// seed are the same run exactly if their hashes are equal, under any compiler.
#pragma once

#include "proto/hash.hpp"
#include "tests/sim/scheduler.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace grapevine::sim {

/// One line in the making: a name, then key=value pairs.
class Line {
public:
    explicit Line(std::string_view name) : text_(name) {}

    Line& add(std::string_view key, std::string_view value);
    Line& add(std::string_view key, const char* value) { return add(key, std::string_view{value}); }
    Line& add(std::string_view key, std::uint64_t value) {
        return add(key, std::string_view{std::to_string(value)});
    }
    Line& add(std::string_view key, Duration value) {
        return add(key, std::string_view{std::to_string(value.count() / 1000) + "ms"});
    }

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
};

class Trace {
public:
    explicit Trace(const Scheduler& clock, std::size_t lines_kept = 4000)
        : clock_(clock), lines_kept_(lines_kept) {}

    /// Remembered and hashed, with the virtual time and the name of whom it concerns.
    void say(std::string_view who, const Line& line);
    /// Hashed only: for what happens per message.
    void mix(std::uint64_t number) { hash_ = proto::mix64(hash_ ^ number); }
    void mix(std::string_view bytes);

    [[nodiscard]] std::uint64_t hash() const { return hash_; }
    [[nodiscard]] std::uint64_t lines_said() const { return lines_said_; }
    [[nodiscard]] std::string last(std::size_t lines) const;
    [[nodiscard]] bool contains(std::string_view text) const;

private:
    const Scheduler& clock_;
    std::size_t lines_kept_;
    std::uint64_t hash_ = 0;
    std::uint64_t lines_said_ = 0;
    std::deque<std::string> lines_;
};

/// Virtual time as people read it: seconds with six decimals.
std::string clock_text(Instant time);
std::string hex_text(std::uint64_t number);

}  // namespace grapevine::sim
