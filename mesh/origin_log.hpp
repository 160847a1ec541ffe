/// The numbered changes of this node's own users and channels: what the others replicate.
///
/// Every change gets the next version. The last `ring` of them are kept, each with the count it led
/// to, so that any interval inside the ring can be told without looking at the tables: what the
/// others hold is always exactly the first V changes of one epoch, never a partial state. Dropping
/// old changes can never make a wrong answer; it only turns a delta into a snapshot.
#pragma once

#include "mesh/fifo.hpp"
#include "mesh/tables.hpp"
#include "proto/ids.hpp"
#include "proto/mesh_frames.hpp"

namespace grapevine::mesh {

using proto::Epoch;
using proto::Version;

class OriginLog {
public:
    OriginLog(Epoch epoch, std::size_t ring_min, std::size_t ring_max)
        : epoch_(epoch), ring_min_(ring_min), ring_max_(ring_max) {}

    /// Records that a key's count went from `before` to `change.count`. `entries` sizes the ring.
    void record(const Change& change, std::uint8_t before, std::size_t entries);
    /// Begins a new life with what is there: no delta leads to it. Versions go on from where they
    /// were: sessions remember the one at which they joined.
    void restart(Epoch epoch);

    [[nodiscard]] Epoch epoch() const { return epoch_; }
    [[nodiscard]] Version version() const { return version_; }
    [[nodiscard]] std::uint64_t sethash() const { return sethash_; }
    /// The oldest version from which a delta can still be told.
    [[nodiscard]] Version floor() const { return Version{version_.value - ring_.size()}; }

    /// The coalesced changes of (from, to] into `delta`, by kind and key. Needs floor() <= from <
    /// to <= version() and to - from <= limits::delta_changes. The hash goes along when `to` is the
    /// present.
    void read(Version from, Version to, proto::Delta& delta) const;

private:
    Epoch epoch_;
    Version version_;
    std::uint64_t sethash_ = 0;
    std::size_t ring_min_;
    std::size_t ring_max_;
    Fifo<Change> ring_;
};

}  // namespace grapevine::mesh
