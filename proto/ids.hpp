/// Strong identifiers. Two ids of different kinds cannot be swapped, compared or mixed by accident.
#pragma once

#include <compare>
#include <cstdint>

namespace grapevine::proto {

/// A number that only means something together with its tag.
template <class Tag, class Rep = std::uint64_t>
struct Id {
    Rep value{};

    friend constexpr auto operator<=>(const Id&, const Id&) = default;
    explicit constexpr operator bool() const { return value != Rep{}; }
};

/// Stable identity of a node: the keyed hash of its name. The same after a restart.
using NodeId = Id<struct NodeIdTag>;
/// One life of a process: microseconds since 1970 at its start, or more if peers have seen more.
using Epoch = Id<struct EpochTag>;
/// Random number that tells two processes of the same name apart.
using Boot = Id<struct BootTag>;
/// Position in an origin log, within an epoch. A process begins at 0, the empty log, and goes on
/// counting if its epoch is raised.
using Version = Id<struct VersionTag>;
/// Keyed hash of a user's name. Two users may share one: delivery compares names.
using UserKey = Id<struct UserKeyTag>;
/// Keyed hash of a channel's name.
using ChannelKey = Id<struct ChannelKeyTag>;
/// One connection between two nodes, as this node numbers it. Never reused within a process.
using LinkId = Id<struct LinkIdTag>;
/// One client connection: slot in the low 32 bits, generation in the next 24, loop in the top 8.
using SessionId = Id<struct SessionIdTag>;
/// Names one message among those of the node that accepted it.
using MessageId = Id<struct MessageIdTag>;

/// Names one message in the cluster.
struct MessageRef {
    NodeId node;  ///< which accepted it
    MessageId message;
    friend constexpr auto operator<=>(const MessageRef&, const MessageRef&) = default;
};

}  // namespace grapevine::proto
