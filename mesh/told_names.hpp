/// Names that a peer told and that wait for the delta or chunk of a snapshot they belong to, which
/// is the next one of the same origin on the same link. A name that belongs to none of its users
/// is one that no correct peer would have told.
#pragma once

#include "proto/limits.hpp"
#include "proto/mesh_frames.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh {

class ToldNames {
public:
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] proto::NodeId origin() const { return origin_; }

    /// False: more than one frame has users.
    bool add(proto::NodeId origin, std::uint64_t key, std::string_view name) {
        if (entries_.size() == most) return false;
        origin_ = origin;
        entries_.push_back(
            {key,
             static_cast<std::uint32_t>(text_.size()),
             static_cast<std::uint32_t>(name.size())});
        text_.append(name);
        return true;
    }

    /// Whether each is of one user whom these changes call present, and no two are of one. Needed
    /// before find().
    [[nodiscard]] bool belong_to(std::span<const proto::Change> changes) {
        if (entries_.empty()) return true;
        std::sort(entries_.begin(), entries_.end(), [](const Entry& left, const Entry& right) {
            return left.key < right.key;
        });
        const auto is_same = [](const Entry& left, const Entry& right) {
            return left.key == right.key;
        };
        if (std::adjacent_find(entries_.begin(), entries_.end(), is_same) != entries_.end())
            return false;
        const auto named =
            std::count_if(changes.begin(), changes.end(), [&](const proto::Change& change) {
                return change.kind == proto::TableKind::users && change.count != 0 &&
                       !find(change.key).empty();
            });
        return static_cast<std::size_t>(named) == entries_.size();
    }
    /// Empty if none was told.
    [[nodiscard]] std::string_view find(std::uint64_t key) const {
        const auto found = std::lower_bound(
            entries_.begin(), entries_.end(), key, [](const Entry& entry, std::uint64_t wanted) {
                return entry.key < wanted;
            });
        if (found == entries_.end() || found->key != key) return {};
        return std::string_view{text_}.substr(found->at, found->bytes);
    }

private:
    /// Users in the largest of the frames that names go before.
    static constexpr std::size_t most =
        std::max(proto::limits::snapshot_keys, proto::limits::delta_changes);

    struct Entry {
        std::uint64_t key = 0;
        std::uint32_t at = 0;
        std::uint32_t bytes = 0;
    };

    proto::NodeId origin_;
    std::vector<Entry> entries_;
    std::string text_;
};

}  // namespace grapevine::mesh
