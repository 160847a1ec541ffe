/// Whether bytes are text.
#pragma once

#include <string_view>

namespace grapevine::proto {

/// Whether `text` is valid UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

}  // namespace grapevine::proto
