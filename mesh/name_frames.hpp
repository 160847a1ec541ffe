/// Tells the names of users before the delta or chunk of a snapshot that says they are there.
///
/// A name is told each time its user is told of as present: who was told what would have to be
/// remembered for every link, and a change of a user who is there already (another device) is rare
/// beside those who come.
#pragma once

#include "mesh/link.hpp"
#include "mesh/name_arena.hpp"
#include "proto/limits.hpp"
#include "proto/mesh_frames.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

namespace grapevine::mesh {

class NameFrames {
public:
    /// Changes to tell at once where names go with them, so that these, if all were of the longest,
    /// fill no more than `bytes`.
    [[nodiscard]] static std::size_t changes_in(std::size_t bytes) {
        return std::max<std::size_t>(1, bytes / (1 + proto::limits::user_name_bytes));
    }

    /// Whether any name may be told on this link.
    [[nodiscard]] static bool goes_with(const Link& link, const NameArena& names) {
        return names.size() != 0 && link.keeps_names();
    }
    /// To a link whose peer keeps them; to others nothing.
    void tell_before(
        Link& link,
        FrameClass of,
        const NameArena& names,
        proto::NodeId origin,
        std::span<const proto::Change> changes) {
        if (!goes_with(link, names)) return;
        tell(names, origin, changes, [&](const proto::Names& frame) {
            link.queue.append(of, head_bytes + frame.names.packed.size(), frame);
        });
    }
    /// Calls send(const proto::Names&) with what is known of the users that `changes` call present.
    template <class Send>
    void tell(
        const NameArena& names,
        proto::NodeId origin,
        std::span<const proto::Change> changes,
        Send send) {
        if (names.size() == 0) return;
        const auto flush = [&] {
            if (!packed_.empty()) send(proto::Names{origin, {packed_}});
            packed_.clear();
        };
        for (const proto::Change& change : changes) {
            if (change.kind != proto::TableKind::users || change.count == 0) continue;
            const std::string_view name = names.find(change.key);
            if (name.empty()) continue;
            if (packed_.size() + 1 + name.size() > proto::limits::names_bytes) flush();
            proto::NameList::append(packed_, name);
        }
        flush();
    }

private:
    /// Of a frame, besides the names.
    static constexpr std::size_t head_bytes = 32;

    std::string packed_;  ///< reused
};

}  // namespace grapevine::mesh
