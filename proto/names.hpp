/// What may be the name of a channel or a user, whoever asks: valid UTF-8 within the length, and
/// nothing that would break a log line or a terminal.
#pragma once

#include "proto/limits.hpp"

#include <cstddef>
#include <string_view>

namespace grapevine::proto {

/// First character of a channel that belongs to a user, and of one that belongs to the system.
inline constexpr char personal_mark = '#';
inline constexpr char system_mark = '$';
/// The channel of everybody.
inline constexpr std::string_view system_channel = "$system";

/// 1 to `bytes_max` bytes of UTF-8 without control characters (below 0x20).
[[nodiscard]] bool is_name(std::string_view text, std::size_t bytes_max);

[[nodiscard]] inline bool is_channel_name(std::string_view text) {
    return is_name(text, limits::channel_name_bytes);
}
/// A user's name must not look like a marked channel.
[[nodiscard]] inline bool is_user_name(std::string_view text) {
    return is_name(text, limits::user_name_bytes) && text.front() != personal_mark &&
           text.front() != system_mark;
}

}  // namespace grapevine::proto
