/// The only place of the program that reads clocks and entropy. Everything else is told.
#pragma once

#include "mesh/now.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace grapevine::node {

using mesh::Duration;
using mesh::Instant;
using mesh::WallTime;

Instant steady_now();
WallTime wall_now();
/// Both, for the machines.
mesh::Now read_clocks();

/// Fills `bytes` from the kernel's generator. Aborts if there is none: there is no safe substitute.
void fill_random(std::span<std::byte> bytes);

/// Random words that ask the kernel once per 256 bytes: masking keys, nonces, client ids.
class Entropy {
public:
    std::uint32_t word();

private:
    std::uint32_t words_[64]{};
    std::size_t left_ = 0;
};

}  // namespace grapevine::node
