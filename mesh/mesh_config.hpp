/// What a Mesh is told at birth. Each field says what larger and smaller values buy.
#pragma once

#include "mesh/now.hpp"
#include "proto/ids.hpp"
#include "proto/limits.hpp"
#include "proto/mesh_frames.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace grapevine::mesh {

struct MeshConfig {
    std::string cluster = "grapevine";
    std::string name;  ///< stable across restarts: node_id is its keyed hash
    std::string secret;  ///< shared by all nodes; empty: links are not protected
    std::vector<std::string>
        also_accepted;  ///< other secrets that peers may prove, while it changes
    std::string advertise;  ///< host:port others should dial; empty: unknown, they cannot
    /// host:port, or srv:_service._proto.name; may name this node, may be unreachable
    std::vector<std::string> seeds;
    proto::Boot boot;  ///< random, from the system
    /// Random, from the system: nonces of links that other nodes carry are derived from it.
    std::string entropy;
    std::uint64_t rng_seed = 0;  ///< jitter, and where table entries lie: known to nobody else
    /// Versions of the protocol it speaks. Tests have nodes of earlier programs.
    std::uint32_t version_min = proto::mesh_version_min;
    std::uint32_t version_max = proto::mesh_version_max;
    unsigned key_bits = 64;  ///< of the hashes of users and channels; tests make them collide

    // ---- detection: smaller is faster and wrong more often
    Duration heartbeat = 1s;
    Duration suspect_after = 3s;  ///< silence on a link; at least two heartbeats
    Duration suspicion_min = 2s;  ///< suspect to down, if others say the same
    Duration suspicion_max = 8s;  ///< if nobody does
    Duration suspicion_alone =
        3800ms;  ///< if there is nobody who could: with suspect_after and two late looks 7 s
    Duration indirect_within = 1s;  ///< a third node says within this whether it reaches a suspect
    Duration accusation_keep = 10s;  ///< how long another node's suspicion counts
    Duration brake_within = 5s;  ///< so many suspects in this time, and the fault may be here:
    Duration brake_for = 15s;  ///< nobody counts as down for this long
    Duration leave_linger{};  ///< users of a node that said LEAVE stay shown for this long
    Duration keep_down =
        10min;  ///< how long a hidden replica is kept: its return costs only what changed

    // ---- dialling
    Duration dial_within = 3s;  ///< connect, and each step of the handshake
    /// Of two nodes that are told of each other, the larger id dials so much later: a few round
    /// trips, so that the other's dial has come. More delays links to whom only the larger reaches.
    Duration give_way = 500ms;
    Duration redial_min = 500ms;
    Duration redial_max = 8s;  ///< ± 50 %; never given up
    Duration resolve_every = 30s;  ///< ± 5 %
    /// Names are asked sooner, but not sooner than this, while less than half of the members are
    /// linked; doubles up to redial_max.
    Duration resolve_again = 2s;
    Duration missed_for = 1min;  ///< how long a node that is down counts as one of those members
    Duration tell_members_every = 30s;  ///< to one node; sooner if keep_down is short
    Duration probe_within = 1s;  ///< an old process must echo in this time to keep its name
    Duration switch_within = 3s;  ///< the old of two links must finish in this time

    /// Up to so many nodes each tells all others of each newcomer: N³ facts about N nodes. In
    /// larger meshes who was met by chance is told to all, others to neighbours: fewer, and not
    /// slower.
    std::size_t tell_all_max = 32;

    // ---- when not everybody has a link to everybody
    /// Up to so many nodes each has a link to every other; beyond it only to its neighbours.
    /// More costs links and heartbeats, fewer costs hops.
    std::size_t full_mesh_max = 200;
    /// Each gives a node two neighbours: more survive more failures at once and cost as much more.
    unsigned overlay_rings = 5;
    Duration relay_every = 50ms;  ///< what neighbours wait to be told of the changes of others
    /// Of one node, kept for neighbours that lag: 16 bytes each. Beyond, they ask that node itself.
    std::size_t relay_changes_max = 1024;
    Duration link_idle =
        5min;  ///< a link to a node that is no neighbour ends when no message used it
    /// And one that nobody needs any more ends after this: later than results are due.
    Duration rest_after = 5s;
    std::size_t data_links_max = 512;  ///< to nodes that are no neighbours; the idlest go first
    Duration wait_for_link = 2s;  ///< messages wait so long for a link that is being made
    std::size_t link_wait_bytes_max = 1024 * 1024;  ///< of these, for one node
    std::size_t all_link_wait_bytes_max = 32 * 1024 * 1024;
    /// Messages that one loop of this node has not taken yet. A loop this far behind stands still.
    std::size_t loop_waiting_bytes_max = 64 * 1024 * 1024;

    // ---- replication
    Duration flush_per_node = 500us;  ///< flush = clamp(this * nodes, flush_min, flush_max)
    Duration flush_min = 10ms;
    Duration flush_max = 500ms;
    Duration channel_linger =
        2s;  ///< a channel without subscribers stays announced: flaps cost nothing
    std::uint32_t ring_min =
        64 * 1024;  ///< changes kept for catch-up: more spares snapshots, 16 bytes each
    std::uint32_t ring_max = 2 * 1024 * 1024;
    /// Catch-up and snapshots fill a link's queue only this far: more keeps a fast link busier,
    /// less leaves more memory.
    std::size_t catchup_bytes_max = 128 * 1024;
    std::size_t snapshots_max = 4;  ///< links told a snapshot at a time; the others wait
    Duration snapshot_turn = 1s;  ///< then a link gives way to one that waits
    /// Keys in a chunk of a snapshot, at most limits::snapshot_keys.
    std::size_t snapshot_chunk_keys = proto::limits::snapshot_keys;
    /// For one link in one turn, in places looked at; a key that is told counts as eight. About 0.3
    /// ms: more finishes sooner, less delays messages less.
    std::size_t snapshot_turn_work = 64 * 1024;
    /// Users and channels of one node: one that tells more is not believed. 700 MB at most.
    std::size_t node_keys_max = 64 * 1024 * 1024;

    // ---- names of users
    /// Whether names are replicated besides keys, so that every node can say who a key is. On at
    /// some nodes only, those tell each other.
    bool replicate_names = false;
    /// What names of one node may take, itself included: about 1.4 million of 20 bytes; 2 GiB is
    /// the most that counts. Beyond, only the key is known. While a snapshot replaces a copy, and
    /// until the old one is freed, both count.
    std::size_t node_names_bytes_max = 64 * 1024 * 1024;
    std::size_t all_names_bytes_max = 256 * 1024 * 1024;  ///< of all nodes

    // ---- who is subscribed to a channel
    std::size_t loops = 1;  ///< of this node: each has subscribers. Driver says how many
    /// Who was asked and does not answer in this time is left out; more makes people wait for who
    /// is silent, less leaves out who is slow. Others are answered in half of it.
    Duration inquire_within = 1s;

    // ---- messages to users
    Duration deliver_within = 3s;  ///< then a result is due, whatever is known
    Duration park_within = 2s;  ///< for a user who is nowhere: he may be changing nodes
    Duration acknowledge_within =
        10s;  ///< instead, if a client is to acknowledge it; repeats included
    std::uint8_t attempts_max = 3;  ///< how often a message is sent to places that deny it
    Duration answer_within = 2s;  ///< nobody waits longer behind a copy that is not answered
    /// Longer: fewer frames say "written"; shorter: senders forget sooner what nobody asks about.
    Duration answers_wait = 5ms;
    std::uint8_t repeats_max = 250;  ///< of a message that is to arrive at least once
    Duration flow_idle = 5s;  ///< a recipient without messages is remembered for this long
    Duration idempotency_keep = 5min;

    // ---- bounds of messages to users; beyond them a message is undeliverable at once
    std::size_t flows_max = 128 * 1024;
    std::size_t held_messages_max = 512 * 1024;  ///< all that are not ended
    std::size_t held_bytes_max = 128 * 1024 * 1024;
    std::size_t user_bytes_max = 16 * 1024 * 1024;  ///< of these, for one user
    std::size_t kept_messages_max = 1024;  ///< for one user, to arrive at least once
    /// For all who are nowhere: well below the above, so that they leave room for those who are.
    std::size_t all_parked_messages_max = 128 * 1024;
    std::size_t all_parked_bytes_max = 64 * 1024 * 1024;
    std::size_t parked_messages_max = 64;  ///< for one user who is nowhere
    std::size_t parked_bytes_max = 256 * 1024;
    std::size_t waiting_messages_max = 4096;  ///< for one user who is changing places
    std::size_t waiting_bytes_max = 4 * 1024 * 1024;
    std::size_t repeats_window = 256 * 1024;  ///< per sending node, to know repeats by
    std::size_t kept_user_bytes_max =
        512 * 1024;  ///< for one user: a session must be able to queue it
    std::size_t receipts_max = 64 * 1024;  ///< sends that wait for their result
    std::size_t receipt_lines_max = 256 * 1024;  ///< users in all of those
    std::size_t idempotency_keys_max = 256 * 1024;  ///< more are refused, not forgotten
    std::size_t idempotency_bytes_max = 64 * 1024 * 1024;  ///< of answers to repeat

    // ---- bounds
    std::size_t links_max = 4096;  ///< open or half open
    std::size_t members_max = 2048;  ///< known nodes, dead ones included
    std::size_t link_message_bytes_max =
        16 * 1024 * 1024;  ///< publications queued towards one node
    std::size_t link_delta_bytes_max = 4 * 1024 * 1024;  ///< above it changes are conflated instead
    std::size_t link_flight_bytes_max = 256 * 1024;  ///< handed to the socket at once
    std::size_t kept_bytes_max = 1024 * 1024;  ///< read early on a link that is not switched to yet

    Duration leave_within = 2s;  ///< then the process ends whether others have heard or not
    Duration ready_without_seeds = 5s;  ///< ready if no seed answered for this long
};

}  // namespace grapevine::mesh
