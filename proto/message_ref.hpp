/// The name of a message as clients see it: 32 hexadecimal digits, first the node that accepted it,
/// then the message there.
#pragma once

#include "proto/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace grapevine::proto {

std::string text_of(MessageRef message);
/// Nothing unless `text` is exactly what text_of() writes.
std::optional<MessageRef> read_message_ref(std::string_view text);

}  // namespace grapevine::proto
