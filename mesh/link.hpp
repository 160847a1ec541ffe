/// Everything that belongs to one link and to nothing longer-lived than it.
#pragma once

#include "mesh/handshake.hpp"
#include "mesh/link_bits.hpp"
#include "mesh/link_queue.hpp"
#include "mesh/now.hpp"
#include "mesh/snapshot_stream.hpp"
#include "mesh/told_names.hpp"
#include "proto/bytes.hpp"
#include "proto/ids.hpp"
#include "proto/mesh_frames.hpp"
#include "proto/mesh_versions.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace grapevine::mesh {

/// How far the peer has been told this node's log. Belongs to replication.cpp.
struct LinkSync {
    proto::Version sent;  ///< everything up to here is told or queued
    proto::Version acked;  ///< the peer says it holds this much
    bool wants_snapshot = false;  ///< it asked for everything
    std::optional<SnapshotStream> snapshot;  ///< being told instead of deltas, or waiting for that
};

/// Something that must come within a time. Who hears badly waits as many times longer as its
/// LocalHealth says when it looks.
struct Awaited {
    Instant since{};
    Duration within{};
};

struct Link {
    proto::LinkId id;
    bool dialled = false;
    bool unread = false;  ///< it answers nothing of what it makes us say: ended by the next tick
    bool closing = false;  ///< CloseLink was said; only LinkClosed is awaited
    std::string address;  ///< dialled, or the peer's own end
    proto::NodeId expected;  ///< of a dial: who is meant, if anybody in particular
    std::optional<Handshake> handshake;  ///< empty while the dial is under way
    /// The next step of the handshake, then LinkActive, then LinkSwitch; nothing in between.
    std::optional<Awaited> awaited;

    // ---- which of several links to one node is used
    bool active_sent = false;
    bool active_received = false;
    bool sealed = false;  ///< nothing more is queued but LinkSwitch
    bool switch_sent = false;
    bool switch_received = false;
    bool resting = false;  ///< both ends let it go, and no other takes over
    LinkName peers_other;  ///< what the peer used besides when it said LinkActive; zero: none
    std::uint64_t completed = 0;  ///< counts the handshakes of this node
    proto::LinkId read_after;  ///< kept until that link has switched or ended; zero: none
    std::vector<proto::Bytes> kept;
    std::size_t kept_bytes = 0;

    // ---- asking the older link of a node that shows up as a new process
    std::uint64_t probe_nonce = 0;  ///< on the newcomer: what the old link was asked

    Instant last_heard{};
    Instant last_ping{};
    Instant may_contradict{};  ///< when the peer may next be told that we are not silent
    Instant may_warn{};  ///< when it may next be told that others suspect it
    std::uint64_t pings = 0;
    proto::Version told_version;  ///< of the peer's log, by its last ping here
    proto::Version held_at_ping;  ///< how much of that log was here then
    std::uint64_t staged_at_ping = 0;  ///< chunks of a snapshot that were here when it came
    Duration round_trip{};
    /// Waiting for what they belong to: of the peer's own log, whose snapshot others' deltas may
    /// overtake, and of another's.
    std::array<ToldNames, 2> told_names;
    LinkQueue queue;
    LinkSync sync;
    bool dirty = false;  ///< listed for the end of the turn

    // ---- while the overlay is on
    bool used = false;  ///< a message went or came since the last tick
    bool said_idle = false;  ///< the peer knows that this end does not need it
    bool peer_idle = false;  ///< the peer does not need it
    bool following = false;  ///< the peer was asked to pass on what it hears
    std::vector<proto::Beat> beats;  ///< as it said them last, by the number it gave them
    std::vector<proto::NodeId> peer_holds;  ///< while it says so in pieces, in order to follow
    Instant needed_at{};  ///< when it was needed last
    Instant follow_at{};  ///< since when `follows` are counted
    unsigned follows = 0;  ///< Follow frames of the peer

    [[nodiscard]] bool is_complete() const {
        return !closing && handshake && handshake->is_complete();
    }
    [[nodiscard]] bool is_usable() const { return is_complete() && !sealed; }
    /// Carried by the link to a third node.
    [[nodiscard]] bool is_tunnel() const { return (id.value & tunnel_link_bit) != 0; }
    /// Of the protocol; frames of later ones are not said on it.
    [[nodiscard]] std::uint32_t version() const {
        return handshake ? handshake->version() : proto::mesh_version_min;
    }
    /// The peer keeps names of users.
    [[nodiscard]] bool keeps_names() const {
        return handshake && (handshake->peer().features & proto::feature_names) != 0 &&
               version() >= proto::since_version<proto::Names>;
    }
    [[nodiscard]] proto::NodeId node() const {
        return handshake && handshake->is_proven() ? handshake->peer().node_id : proto::NodeId{};
    }
};

}  // namespace grapevine::mesh
