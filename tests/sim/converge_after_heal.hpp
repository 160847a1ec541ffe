/// ConvergeAfterHeal: some time after the last fault every node sees exactly the truth: for each
/// live node the users with sessions there, with their number, and the channels with subscribers
/// there. Nothing of a crashed, left or departed one. (A channel may linger for a while; the
/// deadline is longer than that.)
#pragma once

#include "mesh/mesh.hpp"

#include <optional>
#include <string>
#include <vector>

namespace grapevine::sim {

using Entry = mesh::Mesh::Entry;

/// Both sorted. Nothing if they are equal, else the first difference in words.
std::optional<std::string> why_not_converged(
    const std::string& node, const std::vector<Entry>& visible, const std::vector<Entry>& truth);

}  // namespace grapevine::sim
