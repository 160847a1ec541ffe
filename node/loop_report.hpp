/// How one loop does: what pages and doors want to know of it. Crosses between loops as a value.
#pragma once

#include "mesh/sessions.hpp"
#include "node/edge_counters.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

namespace grapevine::node {

struct LoopReport {
    mesh::SessionsCounters sessions;
    EdgeCounters edge;
    std::uint64_t session_count = 0;
    std::uint64_t queued_bytes = 0;  ///< towards clients, as memory
    std::uint64_t client_connections = 0;
    std::uint64_t http_connections = 0;
    std::uint64_t wrong_kind = 0;
    std::uint64_t adopted = 0;  ///< sockets that it was ever given

    /// Every number of it is a sum over loops.
    LoopReport& operator+=(const LoopReport& other) {
        using Numbers = std::array<std::uint64_t, sizeof(LoopReport) / sizeof(std::uint64_t)>;
        Numbers sum = std::bit_cast<Numbers>(*this);
        const Numbers more = std::bit_cast<Numbers>(other);
        for (std::size_t at = 0; at < sum.size(); ++at)
            sum[at] += more[at];
        return *this = std::bit_cast<LoopReport>(sum);
    }
};
static_assert(std::is_trivially_copyable_v<LoopReport>);

}  // namespace grapevine::node
