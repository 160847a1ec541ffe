/// Reads the JSON bodies of the HTTP API. Takes hostile text.
#pragma once

#include "proto/json_reading.hpp"

#include <string_view>

namespace grapevine::proto {

/// `{"channel": "chat:lobby", "data": any JSON}`. Views are valid until the reader is used again.
struct PublishBody {
    bool valid = false;
    std::string_view channel;  ///< not checked against limits
    std::string_view data;  ///< one JSON value without raw newlines; empty if the field is missing
};
PublishBody read_publish_body(JsonReader& reader, std::string_view body);

}  // namespace grapevine::proto
