/// The seeds as an operator wrote them: when each is looked up, and which addresses its newest
/// answer has.
///
/// Every name is asked each resolve_every (± 5 %), and sooner while too few nodes are linked: at
/// once, then after resolve_again, doubling to redial_max. An answer that is not whole (a timeout,
/// a server that failed) adds what it has and takes nothing away.
#pragma once

#include "mesh/mesh_config.hpp"
#include "mesh/now.hpp"
#include "mesh/rng.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace grapevine::mesh {

class SeedNames {
public:
    SeedNames(const MeshConfig& config, Rng rng);

    /// How well this node is linked.
    struct Links {
        std::size_t linked = 0;
        std::size_t expected = 0;  ///< members that should be linked
    };
    /// What to ask now.
    std::vector<std::string> due(Links links, Now now);

    /// What an answer changed: addresses that no name listed before, and those that none lists now.
    struct Change {
        std::vector<std::string> appeared;
        std::vector<std::string> vanished;
        std::size_t listed = 0;  ///< by this name
        std::size_t left_out = 0;  ///< beyond the bounds
        bool is_news = false;  ///< worth a line: not what the last answer said
    };
    Change answered(
        const std::string& text, const std::vector<std::string>& addresses, bool whole, Now now);

private:
    struct Name {
        std::set<std::string> addresses;
        bool asked = false;
        bool answered = false;  ///< at least once
        bool whole = false;  ///< its newest answer
        unsigned hurried = 0;  ///< how often in a row it was asked early
        Instant next{};
        Instant early{};  ///< not before this, whatever is missing
    };

    [[nodiscard]] Duration hurry(unsigned hurried);

    const MeshConfig* config_;
    Rng rng_;
    std::map<std::string, Name> names_;
    std::map<std::string, std::size_t> listed_;  ///< by how many names
};

}  // namespace grapevine::mesh
