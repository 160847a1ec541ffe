/// Where users and channels are: the fold over all replicas this node holds, itself included.
///
/// Every (node, epoch) gets a small slot. Entries carry it; whether they count is one bit of the
/// slot, so a node goes and comes back in O(1). Entries of a slot that is given up are swept in the
/// background and the slot is not used again before that is done.
#pragma once

#include "mesh/key_table.hpp"
#include "proto/mesh_frames.hpp"

#include <span>
#include <vector>

namespace grapevine::mesh {

using proto::Change;
using proto::NodeId;
using proto::TableKind;

/// What one entry adds to the set hash of its log.
constexpr std::uint64_t entry_hash(const Change& change) {
    return proto::mix64(
        change.key ^ proto::mix64((static_cast<std::uint64_t>(change.kind) << 8) | change.count));
}

class Tables {
public:
    /// The slot of this node itself: always visible.
    static constexpr Slot self_slot = 0;

    /// Nobody else may know the seed: it decides where entries lie (KeyTable).
    explicit Tables(NodeId self, std::uint64_t seed = 0);

    /// A fresh slot, hidden. no_slot if all are taken or being swept.
    Slot take_slot(NodeId node);
    void show(Slot slot, bool visible) { slots_[slot].visible = visible; }
    /// Hides the slot at once and sweeps its entries in the background.
    void give_up(Slot slot);
    /// Slots of this node whose entries are still being swept.
    [[nodiscard]] std::size_t dying(NodeId node) const;
    [[nodiscard]] bool is_visible(Slot slot) const { return slots_[slot].visible; }
    [[nodiscard]] NodeId node_of(Slot slot) const { return slots_[slot].node; }

    std::uint8_t set(Slot slot, const Change& change) {
        return table(change.kind).set(change.key, slot, change.count);
    }
    /// Sets all of them and calls was(change, count before) for each.
    template <class Was>
    void set_all(Slot slot, std::span<const Change> changes, Was was) {
        // Far enough ahead that the memory has answered when its turn comes.
        constexpr std::size_t ahead = 8;
        for (std::size_t at = 0; at < changes.size(); ++at) {
            if (at + ahead < changes.size())
                table(changes[at + ahead].kind).prefetch(changes[at + ahead].key);
            was(changes[at], set(slot, changes[at]));
        }
    }
    [[nodiscard]] std::uint8_t get(Slot slot, TableKind kind, std::uint64_t key) const {
        return table(kind).get(key, slot);
    }

    /// Calls visit(slot) for every visible place of the key.
    template <class Visit>
    void for_each_place(TableKind kind, std::uint64_t key, Visit visit) const {
        table(kind).for_each_slot(key, [&](Slot slot) {
            if (slots_[slot].visible) visit(slot);
        });
    }
    /// Calls visit(slot, count) likewise.
    template <class Visit>
    void for_each_count(TableKind kind, std::uint64_t key, Visit visit) const {
        table(kind).for_each(key, [&](Slot slot, std::uint8_t count) {
            if (slots_[slot].visible) visit(slot, count);
        });
    }
    /// How far a reading of one slot got; it survives any change.
    class Cursor {
    public:
        [[nodiscard]] bool is_at_end() const { return channels_.is_at_end(); }

    private:
        friend Tables;
        KeyTable::Cursor users_;
        KeyTable::Cursor channels_;
    };
    /// Calls visit(change) for the slot's next entries, looking at about `places`. All calls
    /// together visit what was there all the time, and perhaps what came or went meanwhile.
    template <class Visit>
    void read(Cursor& cursor, Slot wanted, std::size_t places, Visit visit) const {
        const bool users = !cursor.users_.is_at_end();
        const TableKind kind = users ? TableKind::users : TableKind::channels;
        table(kind).read(
            users ? cursor.users_ : cursor.channels_,
            places,
            [&](Slot slot) { return slot == wanted; },
            [&](std::uint64_t key, Slot, std::uint8_t count) {
                visit(Change{key, kind, count});
            });
    }
    /// Everything of one slot, users before channels, by key. A pass over both tables, and a copy.
    [[nodiscard]] std::vector<Change> entries_of(Slot slot) const;
    template <class Visit>
    void for_all(Visit visit) const {
        users_.for_all([&](std::uint64_t key, Slot slot, std::uint8_t count) {
            visit(slot, Change{key, TableKind::users, count});
        });
        channels_.for_all([&](std::uint64_t key, Slot slot, std::uint8_t count) {
            visit(slot, Change{key, TableKind::channels, count});
        });
    }

    /// Sweeps a bounded number of places. True if there is more to sweep.
    bool sweep_some();

    [[nodiscard]] std::size_t size(TableKind kind) const { return table(kind).size(); }
    [[nodiscard]] std::size_t memory_bytes() const {
        return users_.memory_bytes() + channels_.memory_bytes();
    }
    void check_invariants() const;

private:
    struct SlotState {
        NodeId node;
        bool visible = false;
        bool taken = false;
    };

    [[nodiscard]] KeyTable& table(TableKind kind) {
        return kind == TableKind::users ? users_ : channels_;
    }
    [[nodiscard]] const KeyTable& table(TableKind kind) const {
        return kind == TableKind::users ? users_ : channels_;
    }

    KeyTable users_;
    KeyTable channels_;
    std::vector<SlotState> slots_;
    std::vector<Slot> free_;
    std::vector<std::uint8_t> dead_;  ///< per slot: given up, entries may remain
    std::vector<Slot> dying_;  ///< those
    bool pass_is_late_ = false;  ///< a slot died after the running pass began: one more is needed
    bool users_swept_ = true;
};

}  // namespace grapevine::mesh
