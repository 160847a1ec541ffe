/// What a ClientScratch holds. Internal to the client codec.
#pragma once

#include "proto/client_codec.hpp"
#include "proto/json_document.hpp"
#include "proto/limits.hpp"

namespace grapevine::proto {

/// One document for each thing that may be read, because each has its own depth: a payload is as
/// deep as it may be wherever it stands. A document that is never used holds no memory.
struct ClientScratch::Parts {
    JsonDocument payload{limits::json_depth};
    JsonDocument command{limits::json_depth + 2};  ///< {"publish":{"data": payload
    JsonDocument reply{limits::json_depth + 3};  ///< {"push":{"pub":{"data": payload
};

}  // namespace grapevine::proto
