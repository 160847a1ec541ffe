/// File descriptors are what clients can use up: the mesh and the operators must keep some.
#pragma once

#include <cstddef>

namespace grapevine::node {

/// Descriptors that no client gets: for links, dials, operators and files. A mesh of 30 nodes fits.
inline constexpr std::size_t reserved_descriptors = 64;

/// Raises this process's own limit as far as it is allowed to, and returns it.
std::size_t raise_descriptor_limit();

}  // namespace grapevine::node
