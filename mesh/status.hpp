/// What Mesh knows, as JSON for people and programs: the same text for `rpc`, the HTTP API and
/// `grapevine status`.
#pragma once

#include "mesh/mesh.hpp"

#include <span>
#include <string>

namespace grapevine::mesh {

/// {"users":{"bob":{"online":true,"sessions":2,"nodes":["n1","n3"]}}}
void append_user_status(std::string& out, const Mesh& mesh, std::span<const std::string> users);

/// {"presence":{"<client>":{"user":"bob","client":"<client>"}},"incomplete":true}, or
/// {"num_clients":2,"num_users":1}; what is complete does not say so.
void append_inquired(std::string& out, const Inquired& inquired);

/// Who reads it: clients are not told who tried to get into the cluster.
enum class Reader : std::uint8_t { client, operators };

/// {"self":"n1","cluster":"demo","ready":true,"nodes":[{...}],"refusals":[{...}]}: nodes self
/// first, then by name; refused links newest first.
void append_cluster(std::string& out, const Mesh& mesh, Reader reader, Now now);

std::string_view text_of(proto::MemberState state);

}  // namespace grapevine::mesh
