/// Which of many equal log lines are printed: the first at once, then one each `again_after` that
/// says how many there were. Bounded: if more different ones come than it remembers, the one that
/// was printed longest ago is taken for new again.
#pragma once

#include "mesh/now.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace grapevine::node {

class Repeats {
public:
    static constexpr mesh::Duration again_after = std::chrono::minutes{1};
    /// Addresses of one misconfigured network; about 100 KiB.
    static constexpr std::size_t remembered_max = 256;

    /// How many equal ones were held back before this one; nothing: hold this one back too.
    std::optional<std::uint64_t> print(const std::string& what, mesh::Instant now);

private:
    struct Line {
        mesh::Instant printed{};
        std::uint64_t held_back = 0;
    };
    std::map<std::string, Line> lines_;
};

}  // namespace grapevine::node
