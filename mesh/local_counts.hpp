/// How many sessions of each user, and how many groups of subscribers of each channel, all loops of
/// this node have together; and what follows from it for the origin log.
#pragma once

#include "mesh/exchange.hpp"
#include "mesh/fifo.hpp"
#include "mesh/flat_map.hpp"
#include "mesh/now.hpp"
#include "mesh/tables.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace grapevine::mesh {

class LocalCounts {
public:
    explicit LocalCounts(Duration channel_linger) : linger_(channel_linger) {}

    /// What the log must say now; nothing while a channel without subscribers lingers.
    std::optional<Change> on(const LocalChange& change, Now now) {
        FlatMap<std::uint32_t>& counts = change.kind == TableKind::users ? users_ : channels_;
        std::uint32_t& count = counts[change.key];
        count += static_cast<std::uint32_t>(change.by);
        const std::uint32_t total = count;
        if (total == 0) counts.erase(change.key);
        if (change.kind == TableKind::users)
            return Change{
                change.key, change.kind, static_cast<std::uint8_t>(std::min(total, count_max))};
        if (total != 0) {
            gone_at_.erase(change.key);
            return Change{change.key, change.kind, 1};
        }
        gone_at_[change.key] = now.steady + linger_;
        lingering_.push({change.key, now.steady + linger_});
        return std::nullopt;
    }

    /// The next channel whose time is over and that nobody subscribed to again.
    std::optional<Change> next_gone(Now now) {
        while (!lingering_.empty() && lingering_.front().until <= now.steady) {
            const Lingering over = lingering_.pop();
            const Instant* const gone_at = gone_at_.find(over.key);
            if (gone_at == nullptr || *gone_at != over.until) continue;  // it was back meanwhile
            gone_at_.erase(over.key);
            return Change{over.key, TableKind::channels, 0};
        }
        return std::nullopt;
    }

private:
    /// What one byte on the wire can say: 255 means this many or more.
    static constexpr std::uint32_t count_max = 255;

    struct Lingering {
        std::uint64_t key = 0;
        Instant until{};
    };

    Duration linger_;
    FlatMap<std::uint32_t> users_;
    FlatMap<std::uint32_t> channels_;
    FlatMap<Instant> gone_at_;  ///< of channels that linger now
    Fifo<Lingering> lingering_;  ///< in order of time; those that were back since are passed over
};

}  // namespace grapevine::mesh
