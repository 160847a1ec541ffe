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
             static_cast<std::uint16_t>(name.size())});
        text_.append(name);
        return true;
    }

    /// Whether each is of one user whom these changes call present, and no two are of one. Needed
    /// before find(). A user may be called present twice, with his name each time: neighbours pass
    /// on what a node said, and it is not theirs to judge.
    [[nodiscard]] bool belong_to(std::span<const proto::Change> changes) {
        if (entries_.empty()) return true;
        std::sort(entries_.begin(), entries_.end(), [&](const Entry& left, const Entry& right) {
            return left.key != right.key ? left.key < right.key : text_of(left) < text_of(right);
        });
        const auto is_same = [&](const Entry& left, const Entry& right) {
            return left.key == right.key && text_of(left) == text_of(right);
        };
        entries_.erase(std::unique(entries_.begin(), entries_.end(), is_same), entries_.end());
        const auto is_of_one = [](const Entry& left, const Entry& right) {
            return left.key == right.key;
        };
        if (std::adjacent_find(entries_.begin(), entries_.end(), is_of_one) != entries_.end())
            return false;
        for (const proto::Change& change : changes)
            if (change.kind == proto::TableKind::users && change.count != 0)
                if (const auto entry = place_of(change.key); entry != entries_.end())
                    entries_[static_cast<std::size_t>(entry - entries_.begin())].belongs = true;
        return std::all_of(
            entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.belongs; });
    }
    /// Empty if none was told.
    [[nodiscard]] std::string_view find(std::uint64_t key) const {
        const auto found = place_of(key);
        return found == entries_.end() ? std::string_view{} : text_of(*found);
    }

private:
    /// Users in the largest of the frames that names go before.
    static constexpr std::size_t most =
        std::max(proto::limits::snapshot_keys, proto::limits::delta_changes);

    struct Entry {
        std::uint64_t key = 0;
        std::uint32_t at = 0;
        std::uint16_t bytes = 0;
        bool belongs = false;
    };

    [[nodiscard]] std::string_view text_of(const Entry& entry) const {
        return std::string_view{text_}.substr(entry.at, entry.bytes);
    }
    [[nodiscard]] std::vector<Entry>::const_iterator place_of(std::uint64_t key) const {
        const auto found = std::lower_bound(
            entries_.begin(), entries_.end(), key, [](const Entry& entry, std::uint64_t wanted) {
                return entry.key < wanted;
            });
        return found == entries_.end() || found->key != key ? entries_.end() : found;
    }

    proto::NodeId origin_;
    std::vector<Entry> entries_;
    std::string text_;
};

}  // namespace grapevine::mesh
