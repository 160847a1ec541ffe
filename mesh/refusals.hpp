/// The links that were refused lately, by this node or to it, for people who ask why a node is
/// missing: who, why, how often, when. Newest first, one entry for each (address, name, reason,
/// side), at most `refusals_max`: whoever dials for ever is one line that counts.
#pragma once

#include "mesh/events.hpp"
#include "mesh/now.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace grapevine::mesh {

struct RefusedLink {
    std::string address;  ///< that was dialled; of an accepted link the peer's host alone
    std::string name;  ///< that the peer gave itself, which proves nothing; empty: it gave none
    proto::RefuseReason reason{};
    std::string text;  ///< the newest, in words for people
    bool by_peer = false;
    std::uint64_t times = 0;
    Instant first{};
    Instant last{};
};

/// Whether an operator can do something about it. The others are how links come and go.
bool is_noteworthy(proto::RefuseReason reason);

/// In metrics and the API.
std::string_view word_of(proto::RefuseReason reason);

class Refusals {
public:
    void note(const LinkRefused& refused, Now now);
    [[nodiscard]] const std::vector<RefusedLink>& newest_first() const { return entries_; }

private:
    std::vector<RefusedLink> entries_;
};

}  // namespace grapevine::mesh
