/// The frames between nodes as plain values, and the protocol they make.
///
/// A link begins with mutual proof of the shared secret; nothing else is said before it.
///
///   D ─ Hello{versions, cluster, id, epoch, boot, nonce} ─▶ A      D dialled, A accepted
///   D ◀─ HelloAck{the same of A} ──────────────── A       or Refuse{reason}, then close
///   D ─ Auth{mac(dialer)} ───────────────────────▶ A
///   D ◀─ Auth{mac(acceptor)}, Welcome ─────────── A       Welcome: what I hold of your log
///   D ─ Welcome, LinkActive{V, hash} ────────────▶ A
///   D ◀─ LinkActive{V, hash} ──────────────────── A       now both ends know that both are ready
///
/// If another link to the same process is in use, both ends move to the better one (initiated by
/// the smaller node id; among those the newest). LinkActive names the link its sender still uses;
/// once both have said LinkActive each ends the old one with LinkSwitch. Nothing of the new link is
/// read before that, or before the old one's end, so order survives the change.
///
///   A ─ ... data, LinkSwitch ─▶ B     on the old link
///   A ─ data ... ─────────────▶ B     on the new link, kept until LinkSwitch was read
///
/// Control frames (Ping to Echo, Members, Catchup, Leave) are read at once on either.
///
/// Then, for as long as the link lives:
///
///   Ping/Pong each second, Members when they change, Delta{from, to} of the sender's log,
///   Catchup{origin, V} when a replica finds a gap, answered by Deltas or SnapBegin SnapChunk*
///   SnapEnd, each with Names before it between nodes that keep names of users (feature_names),
///   Forward for publications, Probe/Echo to ask an old link whether its process lives,
///   Leave at the end.
///
/// Who hears nothing of a node says so (Suspect) and asks others to probe it (PingReq, answered by
/// Echo or PingNack); the node contradicts (Refute). mesh/members.hpp says what follows. Who cannot
/// reach a node at all has a link to it through another (Tunnel, mesh/tunnels.hpp).
///
/// In a mesh that is too large for a link between every two nodes, each keeps a few neighbours and
/// asks them to pass on what they hear of the others (Follow): Deltas of any origin, Beats, Suspect
/// with who says so, Spread. A link that neither end needs ends in order (Rest). mesh/overlay.hpp
/// says who is whose neighbour.
///
/// A Forward for a user is one copy of a message, and every copy is answered, in any order:
///
///   A ─ Forward{copy, known, user, body} ─▶ B     known: B's log as A held it when it chose B
///   A ◀─ Done{copy, sessions} ───────────── B     written to that many sessions, or
///   A ◀─ Nack{copy, V} ──────────────────── B     nobody here who was here at `known`; B's log is
///                                                 at V
///   A ◀─ Acked{message, user} ───────────── B     later, if a client acknowledged the message
///
/// What no table has is asked of the nodes that may know (Query), and told in parts (Found).
#pragma once

#include "proto/bytes.hpp"
#include "proto/hash.hpp"
#include "proto/ids.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace grapevine::proto {

/// Versions of this protocol that this program speaks; mesh_versions.hpp says what is in which.
inline constexpr std::uint32_t mesh_version_min = 1;
inline constexpr std::uint32_t mesh_version_max = 2;
inline constexpr std::size_t nonce_bytes = 16;
/// Bit of Hello::features: this node keeps names of users, and is told them (Names).
inline constexpr std::uint64_t feature_names = 1;

struct Hello {
    std::string cluster;
    std::uint32_t proto_min = mesh_version_min;
    std::uint32_t proto_max = mesh_version_max;
    NodeId node_id;
    Epoch epoch;
    Boot boot;
    std::string name;
    std::string nonce;  ///< exactly nonce_bytes from the system's entropy
    std::uint64_t dial_seq =
        0;  ///< grows with each dial of one process; the newest of one initiator wins
    NodeId expected_node_id;  ///< zero unless the dialer means a certain node
    std::uint64_t features = 0;

    friend bool operator==(const Hello&, const Hello&) = default;
};

struct HelloAck {
    Hello hello;
    friend bool operator==(const HelloAck&, const HelloAck&) = default;
};

struct Auth {
    Sha256 mac{};
    friend bool operator==(const Auth&, const Auth&) = default;
};

struct Welcome {
    Epoch your_epoch_floor;  ///< the receiver's epoch must be greater than this; zero: it is
    std::string advertise;  ///< host:port that others should dial; empty: the link's own address
    Version your_version;  ///< how much of the receiver's log, in its present epoch, is held here
    friend bool operator==(const Welcome&, const Welcome&) = default;
};

struct LinkActive {
    Version version;  ///< of the sender's own log; a joiner is ready when it holds this much
    std::uint64_t sethash = 0;
    /// The link the sender still uses: nothing of this link is read before that one's LinkSwitch or
    /// end. Zero: this is the sender's only link.
    NodeId after_initiator;
    std::uint64_t after_dial_seq = 0;
    /// Grows with each LinkActive of one process. One that comes after a greater is of a link that
    /// its sender has let go of since.
    std::uint64_t number = 0;
    friend bool operator==(const LinkActive&, const LinkActive&) = default;
};

struct LinkSwitch {
    friend bool operator==(const LinkSwitch&, const LinkSwitch&) = default;
};

/// Why a link is refused. Numbers are on the wire.
enum class RefuseReason : std::uint8_t {
    wrong_cluster = 1,
    wrong_version = 2,
    wrong_secret = 3,
    is_self = 4,
    duplicate_node = 5,
    loser_link = 6,
    unexpected_node = 7,
    protocol_error = 8,
    stale_epoch = 9,
    leaving = 10,
};

struct Refuse {
    RefuseReason reason{};
    std::string text;  ///< for people
    friend bool operator==(const Refuse&, const Refuse&) = default;
};

struct Ping {
    std::uint64_t seq = 0;
    std::uint64_t sent_us = 0;  ///< sender's clock, returned in Pong
    Version version;
    std::uint64_t sethash = 0;
    friend bool operator==(const Ping&, const Ping&) = default;
};

struct Pong {
    std::uint64_t seq = 0;
    std::uint64_t sent_us = 0;
    Version your_version;  ///< how much of the receiver's log is held here
    friend bool operator==(const Pong&, const Pong&) = default;
};

/// What a node believes of another. Numbers are on the wire and in the API.
enum class MemberState : std::uint8_t { joining = 1, alive = 2, suspect = 3, down = 4, left = 5 };

struct MemberFact {
    NodeId node_id;
    Epoch epoch;
    std::uint32_t refute = 0;
    MemberState state = MemberState::alive;
    std::string name;
    std::vector<std::string> addresses;
    friend bool operator==(const MemberFact&, const MemberFact&) = default;
};

struct Members {
    std::vector<MemberFact> members;
    friend bool operator==(const Members&, const Members&) = default;
};

struct Leave {
    Epoch epoch;
    Version version;
    friend bool operator==(const Leave&, const Leave&) = default;
};

struct Probe {
    std::uint64_t nonce = 0;
    friend bool operator==(const Probe&, const Probe&) = default;
};

struct Echo {
    std::uint64_t nonce = 0;
    friend bool operator==(const Echo&, const Echo&) = default;
};

/// Asks the receiver to probe a third node, which the sender does not hear. Answered by Echo with
/// this nonce, or by PingNack.
struct PingReq {
    NodeId target;
    std::uint64_t nonce = 0;
    friend bool operator==(const PingReq&, const PingReq&) = default;
};

/// The target of a PingReq did not answer, or there is no link to it.
struct PingNack {
    NodeId target;
    std::uint64_t nonce = 0;
    friend bool operator==(const PingNack&, const PingNack&) = default;
};

/// The sender does not hear this node, whose last contradiction it knows is `refute`.
struct Suspect {
    NodeId node;
    Epoch epoch;
    std::uint32_t refute = 0;
    NodeId by;  ///< who does not hear it: passed on to those who follow; zero: the sender
    friend bool operator==(const Suspect&, const Suspect&) = default;
};

/// A node contradicts all suspicions up to this number. Told by itself, and carried on to those who
/// suspected it.
struct Refute {
    NodeId node;
    Epoch epoch;
    std::uint32_t refute = 0;
    friend bool operator==(const Refute&, const Refute&) = default;
};

/// What a Tunnel frame does to its tunnel. Numbers are on the wire.
enum class TunnelStep : std::uint8_t { open = 1, data = 2, drained = 3, close = 4 };

/// Watchers are those of a channel's subscribers who hear who comes and goes.
enum class Target : std::uint8_t { user = 1, channel = 2, everybody = 3, watchers = 4 };
enum class PayloadKind : std::uint8_t { json = 1, binary = 2 };

/// Two nodes that cannot reach each other have a link through a third, which carries these frames
/// unread: what `data` holds is one whole message of that link. The link is named by who opened it
/// and that one's number for it.
struct Tunnel {
    NodeId from;  ///< the end that says it
    NodeId to;  ///< the other end
    NodeId opener;  ///< one of both
    std::uint64_t id = 0;
    TunnelStep step{};
    std::uint64_t bytes = 0;  ///< of `drained`: so many bytes of data were read
    std::string_view data;
    friend bool operator==(const Tunnel&, const Tunnel&) = default;
};

/// How much of a node's log is held.
struct Held {
    NodeId origin;
    Epoch epoch;
    Version version;
    friend bool operator==(const Held&, const Held&) = default;
};

/// From now on the receiver passes on what it hears of all nodes, or no more. `held` is what the
/// sender has already; a long list comes as several frames.
struct Follow {
    std::uint32_t wanted = 0;  ///< 1: pass it on; 0: no more
    std::vector<Held> held;
    friend bool operator==(const Follow&, const Follow&) = default;
};

/// A sign of life of one node, passed on by those who hear it first.
struct Beat {
    NodeId node;
    Epoch epoch;
    std::uint64_t seq = 0;  ///< grows with each of one epoch: what is not newer is not passed on
    Version version;  ///< of its log then
    std::uint64_t sethash = 0;
    std::uint32_t refute = 0;  ///< how often it has contradicted suspicions
    std::uint32_t left = 0;  ///< 1: it said Leave, and this is its last
    /// 1 to limits::numbered_beats: Beats::again may name it so on this link from now on. 0: not.
    std::uint32_t number = 0;
    friend bool operator==(const Beat&, const Beat&) = default;
};

/// Beats that were said on this link before and have changed in nothing but `seq`: 3 bytes each, 2
/// for the number, 1 for how much `seq` has grown. A view into the message that was read.
struct BeatsAgain {
    struct Entry {
        std::uint16_t number = 0;
        std::uint8_t grown = 0;
    };
    static constexpr std::size_t entry_bytes = 3;

    std::string_view packed;

    [[nodiscard]] std::size_t size() const { return packed.size() / entry_bytes; }
    [[nodiscard]] Entry operator[](std::size_t index) const {
        Entry entry;
        const char* const at = packed.data() + index * entry_bytes;
        std::memcpy(&entry.number, at, sizeof entry.number);
        std::memcpy(&entry.grown, at + sizeof entry.number, sizeof entry.grown);
        return entry;
    }
    static void append(std::string& packed, Entry entry) {
        char bytes[entry_bytes];
        std::memcpy(bytes, &entry.number, sizeof entry.number);
        std::memcpy(bytes + sizeof entry.number, &entry.grown, sizeof entry.grown);
        packed.append(bytes, entry_bytes);
    }
    friend bool operator==(const BeatsAgain&, const BeatsAgain&) = default;
};

struct Beats {
    std::vector<Beat> beats;
    BeatsAgain again;
    friend bool operator==(const Beats&, const Beats&) = default;
};

/// Whether the sender needs this link. Numbers are on the wire.
enum class RestStep : std::uint8_t {
    idle = 1,  ///< it does not: the receiver may end it
    needed = 2,  ///< it does again
    ending = 3,  ///< both do not: LinkSwitch follows, and no other link takes over
};

struct Rest {
    RestStep step{};
    friend bool operator==(const Rest&, const Rest&) = default;
};

/// A publication for everybody, passed on from neighbour to neighbour.
struct Spread {
    NodeId origin;
    Epoch epoch;
    std::uint64_t number = 0;  ///< grows with each of one epoch: what is not newer was heard before
    PayloadKind payload_kind = PayloadKind::json;
    std::string_view body;  ///< an encoded client.wire.Publication
    friend bool operator==(const Spread&, const Spread&) = default;
};

struct Catchup {
    NodeId origin;
    Epoch epoch;
    Version version;
    friend bool operator==(const Catchup&, const Catchup&) = default;
};

enum class TableKind : std::uint8_t { users = 0, channels = 1 };

/// Final count of one key: 0 gone, 255 means 255 or more. For channels 0 or 1.
struct Change {
    std::uint64_t key = 0;
    TableKind kind = TableKind::users;
    std::uint8_t count = 0;
    friend bool operator==(const Change&, const Change&) = default;
};

/// For every key touched in (from, to]: its final count at `to`. At most limits::delta_changes of
/// them.
struct Delta {
    NodeId origin;
    Epoch epoch;
    Version from;
    Version to;
    std::vector<Change> changes;
    std::optional<std::uint64_t> hash_after;  ///< set hash at `to`, when the sender knew it
    friend bool operator==(const Delta&, const Delta&) = default;
};

struct SnapBegin {
    NodeId origin;
    Epoch epoch;
    Version version;  ///< when it began: chunks tell keys as they were then or later
    std::uint64_t keys = 0;  ///< at that time: nothing depends on it
    friend bool operator==(const SnapBegin&, const SnapBegin&) = default;
};

struct SnapChunk {
    NodeId origin;
    std::vector<Change> changes;
    friend bool operator==(const SnapChunk&, const SnapChunk&) = default;
};

struct SnapEnd {
    NodeId origin;
    Version version;  ///< what is staged now is exactly the log up to here
    std::uint64_t keys = 0;
    std::uint64_t sethash = 0;
    friend bool operator==(const SnapEnd&, const SnapEnd&) = default;
};

/// Names of users as the wire has them: the length of each in one byte, then the name. A view.
struct NameList {
    std::string_view packed;

    /// Whether it is made of whole names, one at least, none empty or over its limit.
    [[nodiscard]] bool is_whole() const;
    /// Calls visit(name) for each. Needs is_whole().
    template <class Visit>
    void for_each(Visit visit) const {
        for (std::string_view rest = packed; !rest.empty();) {
            const std::size_t bytes = static_cast<unsigned char>(rest.front());
            visit(rest.substr(1, bytes));
            rest.remove_prefix(1 + bytes);
        }
    }
    static void append(std::string& packed, std::string_view name) {
        packed.push_back(static_cast<char>(name.size()));
        packed.append(name);
    }
    friend bool operator==(const NameList&, const NameList&) = default;
};

/// The names of users who are there as the next Delta or SnapChunk of this origin on this link
/// says. Which name is whose is told by its hash. Many come as several frames.
struct Names {
    NodeId origin;
    NameList names;
    friend bool operator==(const Names&, const Names&) = default;
};

/// A publication on its way to the sessions of one node. Views point into the message it was read
/// from.
struct Forward {
    std::uint64_t copy = 0;  ///< names it to its sender in Done and Nack; zero: no answer is wanted
    Target target = Target::channel;
    std::string_view name;  ///< user or channel in full: hashes may collide, names do not
    PayloadKind payload_kind = PayloadKind::json;
    std::string_view body;  ///< a client.wire.Publication; for watchers the field of a Push
    Version known;  ///< of a user: it is meant for sessions that joined up to here
    MessageId message_id;  ///< of a message that may be sent again: tells repetitions; else zero
    std::uint32_t answer_soon = 0;  ///< else the answer may wait for others, for a moment
    friend bool operator==(const Forward&, const Forward&) = default;
};

/// Copies as the wire has them: 8 bytes each. A view into the message that was read.
struct CopyList {
    std::string_view packed;

    [[nodiscard]] std::size_t size() const { return packed.size() / sizeof(std::uint64_t); }
    [[nodiscard]] std::uint64_t operator[](std::size_t index) const {
        std::uint64_t copy = 0;
        std::memcpy(&copy, packed.data() + index * sizeof copy, sizeof copy);
        return copy;
    }
    /// A view of these.
    static CopyList of(std::span<const std::uint64_t> copies) {
        return {{reinterpret_cast<const char*>(copies.data()), copies.size_bytes()}};
    }
    friend bool operator==(const CopyList&, const CopyList&) = default;
};

/// These copies were written. 1 to limits::answers_per_frame.
struct Done {
    CopyList copies;
    std::string_view sessions;  ///< one byte each, 255 means 255 or more; empty: one session each
    friend bool operator==(const Done&, const Done&) = default;
};

/// Nobody whom these copies are meant for is here. 1 to limits::answers_per_frame.
struct Nack {
    CopyList copies;
    Version version;  ///< of the log of who answers: until here nobody is
    friend bool operator==(const Nack&, const Nack&) = default;
};

/// A client of `user` acknowledged a message of the receiving node.
struct Acked {
    MessageId message_id;
    std::string_view user;
    friend bool operator==(const Acked&, const Acked&) = default;
};

/// What is asked of a node about one of its channels. Numbers are on the wire.
enum class QueryKind : std::uint8_t { presence = 1, presence_stats = 2 };

/// Answered by one Found or several.
struct Query {
    std::uint64_t number = 0;  ///< names it to who asked, in Found
    QueryKind kind{};
    std::string_view channel;
    friend bool operator==(const Query&, const Query&) = default;
};

/// What comes after a part of an answer. Numbers are on the wire.
enum class FoundStep : std::uint8_t {
    more = 1,  ///< another part
    last = 2,  ///< nothing: that was all
    cut = 3,  ///< nothing, though there is more: too many to tell, or somebody did not answer
};

struct Found {
    std::uint64_t number = 0;
    FoundStep step{};
    std::string_view clients;  ///< of presence: entries of a client.wire.PresenceResult
    std::uint64_t count = 0;  ///< of presence_stats: sessions
    CopyList users;  ///< of presence_stats: hashes of their users, each once in one answer
    friend bool operator==(const Found&, const Found&) = default;
};

/// One decoded frame. Those with views are only valid while the bytes they were read from are.
using MeshFrame = std::variant<
    Hello,
    HelloAck,
    Auth,
    Welcome,
    LinkActive,
    LinkSwitch,
    Refuse,
    Ping,
    Pong,
    Members,
    Leave,
    Probe,
    Echo,
    Catchup,
    Delta,
    SnapBegin,
    SnapChunk,
    SnapEnd,
    Forward,
    Done,
    Nack,
    Acked,
    PingReq,
    PingNack,
    Suspect,
    Refute,
    Tunnel,
    Follow,
    Beats,
    Rest,
    Spread,
    Names,
    Query,
    Found>;

}  // namespace grapevine::proto
