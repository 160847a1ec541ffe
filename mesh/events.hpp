/// What is rare and worth knowing. node/ turns each into one log line and one counter, checkers and
/// scenarios watch them. What happens per message is a counter instead (MeshCounters).
#pragma once

#include "mesh/now.hpp"
#include "proto/mesh_frames.hpp"

#include <string>
#include <variant>
#include <vector>

namespace grapevine::mesh {

/// Why a link ended, as this node sees it.
enum class LinkEnd : std::uint8_t {
    peer_closed,  ///< the other end or the network closed it
    silent,  ///< nothing was heard for the DOWN time
    handshake_timeout,
    unread,  ///< it makes us say things and does not read them
    refused,  ///< one side sent Refuse
    protocol_error,  ///< bytes that are not our protocol
    replaced,  ///< a better link to the same node took over
    replaced_process,  ///< the node runs as a new process
    switch_overdue,  ///< the old link did not finish its LinkSwitch in time
    epoch_raised,  ///< we start a new epoch and greet everybody again
    member_left,
    leaving,  ///< we leave
    idle,  ///< neither end needs it: the mesh is too large for a link to everybody
};

struct MemberJoined {
    proto::NodeId node;
    proto::Epoch epoch;
    std::string name;
    std::string address;
};
struct MemberSuspected {
    proto::NodeId node;
    std::string name;
    Duration silent{};
    bool link_lost = false;
};
struct MemberCleared {
    proto::NodeId node;
    std::string name;
};
struct MemberDown {
    proto::NodeId node;
    std::string name;
    Duration silent{};
    bool refused = false;
};
struct MemberReturned {
    proto::NodeId node;
    std::string name;
};
struct MemberLeft {
    proto::NodeId node;
    std::string name;
};
struct MemberForgotten {
    proto::NodeId node;
    std::string name;
};
struct MemberRestarted {
    proto::NodeId node;
    std::string name;
    proto::Epoch epoch;
};
/// So many members fell silent at once that the fault is probably here: nobody counts as down for a
/// while.
struct Braked {
    std::size_t suspects = 0;
};
/// Others said that we are silent; we have told everybody that we are not.
struct SuspicionRefuted {
    proto::NodeId by;
    std::uint32_t refute = 0;
};
/// A member we do not hear is heard by another one.
struct MemberReached {
    proto::NodeId node;
    std::string name;
    proto::NodeId relay;
};
struct LinkUp {
    proto::LinkId link;
    proto::NodeId node;
    std::string name;
    bool dialled = false;
    bool is_tunnel = false;  ///< carried by another node
};
struct LinkDown {
    proto::LinkId link;
    proto::NodeId node;  ///< zero if the handshake did not get that far
    LinkEnd why{};
};
struct LinkSwitched {
    proto::NodeId node;
    proto::LinkId from;
    proto::LinkId to;
};
/// A handshake that failed: we refused, or were refused. Strangers can cause these at will.
struct LinkRefused {
    std::string address;  ///< that was dialled; of who dialled us its host, without the port
    std::string name;  ///< that the peer gave itself, if it came to that
    proto::RefuseReason reason{};
    std::string text;
    bool by_peer = false;
};
struct FrameRejected {
    proto::LinkId link;
    proto::NodeId node;
    std::string why;
};
struct SelfDialled {
    std::string address;
};
/// A seed's name has another answer than before. Not whole: a question was not answered, and what
/// is missing proves nothing.
struct SeedAnswered {
    std::string seed;
    std::size_t addresses = 0;
    std::size_t appeared = 0;
    std::size_t vanished = 0;
    bool whole = true;
};
struct EpochRaised {
    proto::Epoch from;
    proto::Epoch to;
};
struct CatchupAsked {
    proto::NodeId node;
    proto::Version held;
};
struct SnapshotApplied {
    proto::NodeId node;
    proto::Version version;
    std::uint64_t keys = 0;
};
/// A replica's hash differed from its origin's: our bug or theirs. It is discarded and fetched
/// again.
struct Diverged {
    proto::NodeId node;
    proto::Version version;
};
/// Another live process uses this node's name. This one must end.
struct NameTaken {
    std::string by_address;
};
/// A list or table reached its bound and something was not taken in.
struct LimitReached {
    std::string what;
};

using Event = std::variant<
    MemberJoined,
    MemberSuspected,
    MemberCleared,
    MemberDown,
    MemberReturned,
    MemberLeft,
    MemberForgotten,
    MemberRestarted,
    Braked,
    SuspicionRefuted,
    MemberReached,
    LinkUp,
    LinkDown,
    LinkSwitched,
    LinkRefused,
    FrameRejected,
    SelfDialled,
    SeedAnswered,
    EpochRaised,
    CatchupAsked,
    SnapshotApplied,
    Diverged,
    NameTaken,
    LimitReached>;

using Events = std::vector<Event>;

}  // namespace grapevine::mesh
