#include "mesh/tables.hpp"

#include "mesh/check.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

/// Places granted to a sweep at a time, about 20 µs; shards are swept whole, so larger ones wait
/// for several grants. More finishes a sweep sooner and delays messages longer.
constexpr std::size_t sweep_places = 8192;

}  // namespace

Tables::Tables(NodeId self, std::uint64_t seed)
    : users_(seed),
      channels_(seed),
      slots_{{.node = self, .visible = true, .taken = true}},
      dead_{0} {}

Slot Tables::take_slot(NodeId node) {
    if (free_.empty()) {
        if (slots_.size() == slots_max) return no_slot;
        free_.push_back(static_cast<Slot>(slots_.size()));
        slots_.emplace_back();
        dead_.push_back(0);
    }
    const Slot slot = free_.back();
    free_.pop_back();
    slots_[slot] = {.node = node, .visible = false, .taken = true};
    return slot;
}

void Tables::give_up(Slot slot) {
    check(
        slot != self_slot && slots_[slot].taken && dead_[slot] == 0,
        "only a taken slot is given up, once");
    slots_[slot].visible = false;
    dead_[slot] = 1;
    dying_.push_back(slot);
    if (dying_.size() == 1) {
        users_.restart_sweep();
        channels_.restart_sweep();
        users_swept_ = false;
    } else {
        pass_is_late_ = true;
    }
}

std::size_t Tables::dying(NodeId node) const {
    return static_cast<std::size_t>(std::count_if(
        dying_.begin(), dying_.end(), [&](Slot slot) { return slots_[slot].node == node; }));
}

bool Tables::sweep_some() {
    if (dying_.empty()) return false;
    if (!users_swept_) {
        users_swept_ = users_.sweep(dead_, sweep_places);
        return true;
    }
    if (!channels_.sweep(dead_, sweep_places)) return true;
    if (pass_is_late_) {
        pass_is_late_ = false;
        users_.restart_sweep();
        channels_.restart_sweep();
        users_swept_ = false;
        return true;
    }
    for (const Slot slot : dying_) {
        dead_[slot] = 0;
        slots_[slot] = SlotState{};
        free_.push_back(slot);
    }
    dying_.clear();
    return false;
}

std::vector<Change> Tables::entries_of(Slot wanted) const {
    std::vector<Change> entries;
    for_all([&](Slot slot, const Change& change) {
        if (slot == wanted) entries.push_back(change);
    });
    std::sort(entries.begin(), entries.end(), [](const Change& left, const Change& right) {
        return std::pair{left.kind, left.key} < std::pair{right.kind, right.key};
    });
    return entries;
}

void Tables::check_invariants() const {
    users_.check_invariants();
    channels_.check_invariants();
    for_all([&](Slot slot, const Change& change) {
        check(slot < slots_.size() && slots_[slot].taken, "every entry's slot is taken");
        check(
            change.kind == TableKind::users || change.count == 1,
            "a channel is there once or not at all");
    });
}

}  // namespace grapevine::mesh
