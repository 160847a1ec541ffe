/// NamesKnown: some time after the last fault, whoever keeps names of users knows the name of each
/// user whom it shows, if his node keeps names too and may tell it; and never another name than
/// his.
#pragma once

#include "mesh/mesh.hpp"
#include "proto/hash.hpp"

#include <optional>
#include <string>
#include <vector>

namespace grapevine::sim {

/// A user whom a node shows, and what it knows of his name.
struct NameSeen {
    std::uint64_t key = 0;
    proto::NodeId of;
    std::optional<std::string> name;
    bool is_told = false;  ///< both nodes keep names, and nothing keeps them from telling
};

/// Nothing if all is well, else the first that is not, in words.
std::optional<std::string> why_names_differ(
    const std::string& node, const proto::HashKey& hash, const std::vector<NameSeen>& names);

}  // namespace grapevine::sim
