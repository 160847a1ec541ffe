/// Base64 as tokens and keys have it: without padding, in the alphabet for URLs (RFC 4648 section
/// 5), and the ordinary one with padding (section 4) for bytes inside of JSON.
///
/// Bytes have one spelling only: padding where it does not belong, white space, and bits after the
/// last byte that are not zero are refused. Otherwise one signature would have several.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace grapevine::proto {

[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
void append_base64url(std::string& out, std::string_view bytes);

}  // namespace grapevine::proto
