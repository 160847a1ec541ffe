/// The cluster machine: one per node. It knows the other nodes, keeps links to them, replicates
/// which users and channels are where, and decides where every publication goes. Pure: facts and
/// time in, intentions out. It never resolves, dials, reads a clock, logs or waits.
///
/// After each turn of the loop the driver says TurnEnded; only then are frames handed to links, so
/// that all frames of a turn share a message. Steady time must not go back between calls.
#pragma once

#include "mesh/events.hpp"
#include "mesh/exchange.hpp"
#include "mesh/link_bits.hpp"
#include "mesh/mesh_config.hpp"
#include "mesh/now.hpp"
#include "mesh/refusals.hpp"
#include "proto/mesh_frames.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace grapevine::mesh {

using proto::LinkId;
using proto::NodeId;
using Nonce = std::array<char, proto::nonce_bytes>;

// ---- inputs: facts
/// The transport of a Dial is open, or somebody dialled us. `nonce` is fresh entropy for the
/// handshake.
struct LinkOpened {
    LinkId link;
    std::string address;  ///< of the other end, for people
    Nonce nonce{};
};
/// One whole message; valid during the call only.
struct LinkReceived {
    LinkId link;
    std::string_view message;
};
struct LinkClosed {
    LinkId link;
};
/// Bytes of earlier sends that the kernel took.
struct LinkDrained {
    LinkId link;
    std::size_t bytes = 0;
};
enum class DialFailure : std::uint8_t { refused, timeout, unreachable };
struct DialFailed {
    LinkId link;
    DialFailure why{};
};
/// Answer to Resolve: `ip:port` texts, the preferred ones first, at most a few thousand.
struct Resolved {
    std::string seed;
    std::vector<std::string> addresses;
    /// That is all: what is missing is not there any more. False if a question was not answered.
    bool whole = true;
    std::size_t left_out = 0;  ///< beyond a bound of the edge
};
/// SIGTERM: say LEAVE and go.
struct LeaveWanted {};
struct TimeReached {};
struct TurnEnded {};

using MeshInput = std::variant<
    LinkOpened,
    LinkReceived,
    LinkClosed,
    LinkDrained,
    DialFailed,
    Resolved,
    LocalChange,
    SendToUsers,
    Acknowledge,
    Delivered,
    Question,
    Inquiry,
    LoopFound,
    LeaveWanted,
    TimeReached,
    TurnEnded>;

// ---- actions: intentions
struct Dial {
    LinkId link;
    std::string address;  ///< ip:port
    Duration within{};  ///< then it has failed
};
struct Resolve {
    std::string seed;  ///< as configured
};
struct SendFrame {
    LinkId link;
    Bytes message;  ///< one whole binary WebSocket message
};
/// Close after what was sent before (at most briefly: the edge bounds it). LinkClosed follows.
struct CloseLink {
    LinkId link;
    LinkEnd why{};
};
/// The peer has proven itself: messages up to limits::mesh_message_bytes are welcome now.
struct TrustLink {
    LinkId link;
};

struct MeshOutput {
    std::vector<Dial> dials;
    std::vector<Resolve> resolves;
    std::vector<SendFrame> sends;
    std::vector<CloseLink> closes;
    std::vector<TrustLink> trusts;
    std::vector<Deliver> delivers;
    std::vector<Bytes> alive;  ///< buffers that some of `delivers` point into
    std::vector<Joined> joined;  ///< to be told before `delivers`
    std::vector<Answer> answers;
    std::vector<PresenceTold> presence;
    Events events;
    bool has_left = false;  ///< LEAVE is done: the process may end
    bool must_stop = false;  ///< NameTaken: the process must end with an error

    /// Besides what is for Sessions.
    [[nodiscard]] bool has_for_edge() const {
        return !(dials.empty() && resolves.empty() && sends.empty() && closes.empty() &&
                 trusts.empty() && events.empty()) ||
               has_left || must_stop;
    }
    void clear();
};

inline constexpr std::size_t refuse_reasons =
    static_cast<std::size_t>(proto::RefuseReason::leaving) + 1;

/// Things that happen per message.
struct MeshCounters {
    std::uint64_t published = 0;
    std::uint64_t comings_told = 0;  ///< that somebody began or ended to be subscribed
    std::uint64_t inquiries = 0;  ///< who is subscribed: asked here, and by other nodes
    std::uint64_t inquiries_refused = 0;  ///< too many at once
    std::uint64_t inquiries_incomplete = 0;  ///< told without what somebody did not say in time
    std::uint64_t published_nowhere = 0;  ///< to a channel that no session and no node wanted
    // Every message to a user ends in exactly one of the five results.
    std::uint64_t user_messages = 0;  ///< one for each user it was for
    std::uint64_t user_written = 0;
    std::uint64_t user_acked = 0;
    std::uint64_t user_not_connected = 0;
    std::uint64_t user_undeliverable = 0;
    std::uint64_t user_unknown = 0;
    std::uint64_t user_refused = 0;  ///< of the undeliverable: a bound was reached
    std::uint64_t user_parked = 0;  ///< waited for the user to appear
    std::uint64_t user_repeats = 0;  ///< sent again, because nobody had taken it
    std::uint64_t copies_denied = 0;  ///< a node that was thought to have the user did not
    std::uint64_t denials_sent = 0;
    std::uint64_t answers_ignored = 0;  ///< to copies that are over, or never were
    std::uint64_t acknowledges_ignored = 0;  ///< of messages that are over, or never were
    std::uint64_t sends_repeated = 0;  ///< an idempotency key was seen again
    std::uint64_t sends_refused = 0;  ///< too many wait for their result
    std::uint64_t forwards_sent = 0;
    std::uint64_t forwards_received = 0;
    std::uint64_t forwards_dropped = 0;  ///< copies; a link's message queue was full
    std::uint64_t deltas_sent = 0;
    std::uint64_t deltas_applied = 0;
    std::uint64_t deltas_ignored = 0;  ///< old news
    std::uint64_t changes_applied = 0;
    std::uint64_t catchups_asked = 0;
    std::uint64_t snapshots_begun = 0;
    std::uint64_t snapshots_restarted = 0;  ///< more changed than the log keeps
    std::uint64_t snapshots_applied = 0;
    std::uint64_t divergences = 0;
    std::uint64_t frames_rejected = 0;
    std::uint64_t tunnels_opened = 0;  ///< links through another node, tried
    std::uint64_t tunnel_frames_carried = 0;  ///< between two others
    std::uint64_t tunnel_frames_refused = 0;  ///< no link to their end, or its queue is full
    std::uint64_t links_refused = 0;  ///< by either end; then by reason, as numbered on the wire
    std::array<std::uint64_t, refuse_reasons> refused_by_us{};
    std::array<std::uint64_t, refuse_reasons> refused_by_peers{};
    std::uint64_t seeds_resolved = 0;
    std::uint64_t seeds_unresolved = 0;  ///< timeouts and failures of servers
    std::uint64_t seed_addresses_left_out = 0;  ///< beyond the bounds
    std::uint64_t deltas_relayed = 0;  ///< of other nodes, to neighbours
    std::uint64_t spreads_sent = 0;  ///< publications for everybody, own ones and of others
    std::uint64_t links_rested = 0;  ///< because neither end needed them
    std::uint64_t waits_dropped = 0;  ///< publications that waited in vain for a link
    std::uint64_t suspicions = 0;
    std::uint64_t accusations = 0;  ///< suspicions of others that were told to us
    std::uint64_t refutations = 0;  ///< of our own: we were suspected and said no
    std::uint64_t reached_by_others = 0;  ///< echoes of nodes that we did not hear
    std::uint64_t downs = 0;
};

/// What flows and receipts hold now: all of it bounded by MeshConfig.
struct FlowSizes {
    std::size_t flows = 0;  ///< recipients, those that are idle for a moment included
    std::size_t messages = 0;  ///< not ended
    std::size_t bytes = 0;  ///< their names and bodies
    std::size_t parked = 0;  ///< messages that have nobody to go to
    std::size_t copies = 0;  ///< not answered
    std::size_t receipts = 0;  ///< somebody waits for them
    std::size_t idempotency_keys = 0;
};

/// What is kept of users' names: nothing unless MeshConfig::replicate_names.
struct NameSizes {
    std::size_t names = 0;
    std::size_t bytes = 0;
    std::uint64_t refused = 0;  ///< how often one was not kept because there was no room
};

/// A member as people and programs see it.
struct MemberView {
    NodeId node;
    proto::Epoch epoch;
    std::string name;
    proto::MemberState state{};
    bool is_self = false;
    bool linked = false;
    bool linked_by_us = false;  ///< direction of the active link
    bool is_tunnel = false;  ///< it goes through another node
    bool is_told_of = false;  ///< no link is needed: neighbours pass on what it says
    std::uint32_t protocol =
        0;  ///< the version that link speaks; of self: the latest it can; else 0
    std::string address;
    std::uint64_t sessions = 0;  ///< of named users, as replicated; none while they are hidden
    std::uint64_t users = 0;
    std::uint64_t channels = 0;
    std::uint64_t names = 0;  ///< of users, that are known here: none unless they are replicated
    std::size_t name_bytes = 0;  ///< what these take
    proto::Version version;
    std::uint64_t sethash = 0;
    Duration round_trip{};  ///< zero: not measured
    Instant last_equal =
        never;  ///< when its own version and hash last matched ours; never: not yet
    std::size_t queued_bytes = 0;
};

/// Not thread safe: loop 0 owns it. Nothing throws but std::bad_alloc.
class Mesh {
public:
    Mesh(MeshConfig config, Now start);
    ~Mesh();
    Mesh(const Mesh&) = delete;
    Mesh& operator=(const Mesh&) = delete;

    /// Appends to `output`. Inputs about links that are gone are ignored.
    void handle(const MeshInput& input, Now now, MeshOutput& output);
    /// A publication; may take its text.
    void on(Publish& publish, Now now, MeshOutput& output);
    /// The hot ones without the variant.
    void on(const LinkReceived& received, Now now, MeshOutput& output);
    void on(const LocalChange& change, Now now, MeshOutput& output);
    void on(const Delivered& delivered, Now now, MeshOutput& output);
    void on(TurnEnded ended, Now now, MeshOutput& output);

    /// When TimeReached is wanted next. Calling earlier or later is harmless.
    [[nodiscard]] Instant next_deadline() const;

    // ---- const views, for the API, for metrics and for checkers
    [[nodiscard]] NodeId self() const;
    [[nodiscard]] proto::Epoch epoch() const;
    [[nodiscard]] proto::HashKey hash_key() const;
    [[nodiscard]] const MeshConfig& config() const;
    [[nodiscard]] const MeshCounters& counters() const;
    [[nodiscard]] std::vector<MemberView> members() const;  ///< self first, then by name
    /// Links that were refused lately, newest first.
    [[nodiscard]] const std::vector<RefusedLink>& refusals() const;
    [[nodiscard]] bool is_ready(Instant now) const;
    /// Names of the nodes that have this user, and how many sessions they report (255 a node at
    /// most).
    struct UserPlaces {
        std::uint32_t sessions = 0;
        std::vector<std::string> nodes;
    };
    [[nodiscard]] UserPlaces where_is(std::string_view user) const;
    /// The name of a user of this key who is at that node, this one included, also while its users
    /// are hidden. Nothing if nobody is, or if names are not replicated, or there was no room. Of
    /// two names with one hash it is either. Valid until the next input.
    [[nodiscard]] std::optional<std::string_view>
    name_of_user(NodeId node, std::uint64_t key) const;
    /// Wherever he is, but not where users are hidden.
    [[nodiscard]] std::optional<std::string_view> name_of_user(std::uint64_t key) const;
    [[nodiscard]] NameSizes name_sizes() const;
    /// Every visible (key, node, count), sorted: what a lookup could return. For checkers and
    /// tests.
    struct Entry {
        proto::TableKind kind{};
        std::uint64_t key = 0;
        NodeId node;
        std::uint8_t count = 0;
        friend auto operator<=>(const Entry&, const Entry&) = default;
    };
    [[nodiscard]] std::vector<Entry> visible_entries() const;
    /// What this node holds of one origin (itself included), visible or not; sorted by kind and
    /// key.
    struct ReplicaView {
        proto::Epoch epoch;
        proto::Version version;
        std::uint64_t sethash = 0;
        bool visible = false;
        std::vector<proto::Change> entries;
    };
    [[nodiscard]] std::vector<std::pair<NodeId, ReplicaView>> replicas() const;
    /// Links whose handshake is complete, per node, the one in use first.
    [[nodiscard]] std::vector<std::pair<NodeId, LinkId>> complete_links() const;
    [[nodiscard]] std::size_t table_memory_bytes() const;
    [[nodiscard]] FlowSizes flow_sizes() const;
    [[nodiscard]] std::size_t queued_bytes(LinkId link) const;
    /// Whether a link to this node is kept also when nobody talks over it: always, unless the mesh
    /// is larger than MeshConfig::full_mesh_max.
    [[nodiscard]] bool is_neighbour(NodeId node) const;
    /// Links through other nodes that end here.
    [[nodiscard]] std::size_t tunnel_count() const;
    /// 0: well. LocalHealth says what makes it worse.
    [[nodiscard]] int health_score() const;
    void check_invariants() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace grapevine::mesh
