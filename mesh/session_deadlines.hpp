/// The one deadline of each session: a min-heap that is lazy about moves. Moving a deadline later,
/// which every pong does, costs nothing until its earlier entry comes to the top; a session has
/// exactly one entry, so opening and closing sessions leaves nothing behind. Ties go to the smaller
/// slot.
#pragma once

#include "mesh/check.hpp"
#include "mesh/now.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace grapevine::mesh {

class SessionDeadlines {
public:
    /// Sets or moves. Not `never`: a session without a deadline is removed.
    void set(std::uint32_t slot, Instant at) {
        if (by_slot_.size() <= slot) by_slot_.resize(slot + std::size_t{1});
        Wanted& wanted = by_slot_[slot];
        wanted.at = at;
        if (wanted.position == absent) {
            wanted.position = static_cast<std::uint32_t>(heap_.size());
            heap_.push_back(Entry{at, slot});
            rise(wanted.position);
        } else if (at < heap_[wanted.position].at) {
            heap_[wanted.position].at = at;
            rise(wanted.position);
        }
    }

    void remove(std::uint32_t slot) {
        if (slot >= by_slot_.size() || by_slot_[slot].position == absent) return;
        const std::uint32_t hole = by_slot_[slot].position;
        by_slot_[slot] = Wanted{};
        const Entry last = heap_.back();
        heap_.pop_back();
        if (hole == heap_.size()) return;
        place(hole, last);
        rise(hole);
        sink(by_slot_[last.slot].position);
    }

    /// `never` if the session has none.
    [[nodiscard]] Instant of(std::uint32_t slot) const {
        return slot < by_slot_.size() ? by_slot_[slot].at : never;
    }

    /// Never later than the earliest deadline; earlier if that one was moved.
    [[nodiscard]] Instant next() const { return heap_.empty() ? never : heap_.front().at; }

    /// Removes and returns a session whose deadline has come, earliest first.
    std::optional<std::uint32_t> take_due(Instant now) {
        while (!heap_.empty() && heap_.front().at <= now) {
            const std::uint32_t slot = heap_.front().slot;
            if (by_slot_[slot].at <= now) {
                remove(slot);
                return slot;
            }
            heap_.front().at = by_slot_[slot].at;
            sink(0);
        }
        return std::nullopt;
    }

    [[nodiscard]] std::size_t size() const { return heap_.size(); }

    void check_invariants() const {
        for (std::uint32_t at = 0; at < heap_.size(); ++at) {
            check(by_slot_[heap_[at].slot].position == at, "a session knows its place in the heap");
            check(
                heap_[at].at <= by_slot_[heap_[at].slot].at,
                "an entry is never later than the deadline");
            check(at == 0 || !(heap_[at] < heap_[(at - 1) / 2]), "no entry is before its parent");
        }
    }

private:
    static constexpr std::uint32_t absent = UINT32_MAX;
    struct Wanted {
        Instant at = never;
        std::uint32_t position = absent;
    };
    struct Entry {
        Instant at{};
        std::uint32_t slot = 0;
        friend bool operator<(const Entry& left, const Entry& right) {
            return left.at != right.at ? left.at < right.at : left.slot < right.slot;
        }
    };

    void place(std::uint32_t at, Entry entry) {
        heap_[at] = entry;
        by_slot_[entry.slot].position = at;
    }
    void rise(std::uint32_t at) {
        const Entry entry = heap_[at];
        for (; at != 0 && entry < heap_[(at - 1) / 2]; at = (at - 1) / 2)
            place(at, heap_[(at - 1) / 2]);
        place(at, entry);
    }
    void sink(std::uint32_t at) {
        const Entry entry = heap_[at];
        while (true) {
            std::size_t child = std::size_t{at} * 2 + 1;
            if (child >= heap_.size()) break;
            if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
            if (!(heap_[child] < entry)) break;
            place(at, heap_[child]);
            at = static_cast<std::uint32_t>(child);
        }
        place(at, entry);
    }

    std::vector<Entry> heap_;
    std::vector<Wanted> by_slot_;
};

}  // namespace grapevine::mesh
