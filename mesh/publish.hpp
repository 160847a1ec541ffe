/// Makes what crosses from whoever publishes to Mesh: the name and the encoded publication in one
/// buffer.
#pragma once

#include "mesh/exchange.hpp"
#include "proto/client_codec.hpp"
#include "proto/hash.hpp"

#include <string_view>

namespace grapevine::mesh {

/// The name (of a user or channel; empty for everybody) and the payload are the caller's to check.
[[nodiscard]] Publish publish_of(
    Target target,
    std::string_view name,
    PayloadKind kind,
    const proto::Publication& publication,
    proto::HashKey key);

/// Somebody comes or goes; `key`: of the channel.
[[nodiscard]] Publish
coming_of(std::string_view channel, std::uint64_t key, const proto::Coming& coming);

}  // namespace grapevine::mesh
