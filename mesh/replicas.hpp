/// Copies of other nodes' origin logs: each is exactly the first `version` changes of one epoch.
///
/// A delta applies if it continues what is held, a snapshot is staged beside it and swapped in
/// whole, and anything else changes nothing. The entries themselves live in Tables, under the
/// replica's slot.
#pragma once

#include "mesh/mesh.hpp"
#include "mesh/name_arena.hpp"
#include "mesh/node_map.hpp"
#include "mesh/origin_log.hpp"
#include "mesh/tables.hpp"
#include "mesh/told_names.hpp"

#include <array>
#include <optional>

namespace grapevine::mesh {

/// What a set of entries adds up to; kept in step with every change.
struct EntrySums {
    std::uint64_t sethash = 0;
    std::uint64_t users = 0;
    std::uint64_t channels = 0;
    std::uint64_t sessions = 0;

    void count(const Change& change, std::uint8_t before);
    [[nodiscard]] std::uint64_t keys() const { return users + channels; }
};

struct Replica {
    Epoch epoch;
    Version version;
    Slot slot = no_slot;
    EntrySums sums;
    NameArena names;  ///< of its users, as far as there was room
    bool visible = false;
    bool discarded = false;  ///< its hash was wrong: shown until a snapshot replaces it
    bool parted = false;  ///< its node has left: shown for a while, and nobody is reached there
    Instant catchup_asked{Duration::min()};
    // What others told of it, while it has no link.
    Version told;  ///< how far its log was, the last time
    std::array<Version, 4> held_then{};  ///< how much of it was here, the last times, newest first
    bool asked = false;  ///< a neighbour was asked for the rest

    struct Staged {
        Version version;
        Slot slot = no_slot;
        EntrySums sums;
        NameArena names;
        std::uint64_t chunks = 0;  ///< that came so far
    };
    std::optional<Staged> staged;

    /// From where it can be told on: from nothing, if what is here is wrong.
    [[nodiscard]] Version held() const { return discarded ? Version{} : version; }
};

class Replicas {
public:
    enum class Outcome : std::uint8_t {
        applied,
        ignored,  ///< old news, or of another epoch
        gap,  ///< something before it is missing: ask for a catch-up
        diverged,  ///< the hash is wrong: ask for everything
        full,  ///< no slot is free
        too_many,  ///< more keys than a node may have: it is not to be believed
    };

    /// Of no budget: without names.
    explicit Replicas(std::size_t keys_max, NameBudget* names = nullptr)
        : keys_max_(keys_max), name_budget_(names) {}

    /// Begins an empty replica of this epoch; one of an earlier epoch is swept at once. False if no
    /// slot is free.
    bool begin(NodeId node, Epoch epoch, Tables& tables);
    void forget(NodeId node, Tables& tables);
    void show(NodeId node, bool visible, Tables& tables);
    void part(NodeId node);
    /// Drops what is staged: the link that told it is gone.
    void drop_staged(NodeId node, Tables& tables);

    /// Its hash is wrong: nothing but a snapshot is taken from now on. False if that was known.
    bool discard(NodeId node);
    /// `names`: those told before it, which belong to it (ToldNames::belong_to).
    Outcome apply(
        const proto::Delta& delta,
        Tables& tables,
        MeshCounters& counters,
        const ToldNames& names = {});
    /// Stages what follows beside what is held. Not if too much of this node is being swept
    /// already: who begins again and again costs no more than that, and is asked anew later.
    void begin_snapshot(const proto::SnapBegin& begun, Epoch epoch, Tables& tables);
    Outcome apply(const proto::SnapChunk& chunk, Tables& tables, const ToldNames& names = {});
    Outcome finish_snapshot(const proto::SnapEnd& ended, Tables& tables);

    /// Its node's log is at `told`, as others say once a heartbeat. `first`, `again`: nothing of
    /// what they said the last time has come since. `ahead`: more was here long before that.
    enum class Lag : std::uint8_t { none, first, again, ahead };
    Lag lags(NodeId node, Version told);

    /// Whether a catch-up may be asked for now: at most one in `every`.
    bool may_ask(NodeId node, Now now, Duration every);

    [[nodiscard]] const Replica* find(NodeId node) const;
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto [node, replica] : replicas_)
            visit(node, replica);
    }
    void check_invariants(const Tables& tables) const;

private:
    [[nodiscard]] NameArena no_names() const {
        return name_budget_ != nullptr ? NameArena{*name_budget_} : NameArena{};
    }

    std::size_t keys_max_;  ///< of one node
    NameBudget* name_budget_;
    NodeMap<Replica> replicas_;
};

}  // namespace grapevine::mesh
