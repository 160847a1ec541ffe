/// PrefixExact: whatever a node holds of an origin at (epoch, version) is exactly what the origin
/// itself had at (epoch, version), entries and set hash. The origin's history is recorded after
/// each of its inputs, so a version that it only had in the middle of one input does not count as
/// one that ever was: no frame may carry it, and a replica that shows it is a violation. An origin
/// never rewrites its history.
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <compare>
#include <map>
#include <vector>

namespace grapevine::sim {

class PrefixExact {
public:
    explicit PrefixExact(Verdict& verdict) : verdict_(verdict) {}

    void on(const ReplicasSeen& seen);

private:
    struct Moment {
        proto::NodeId origin;
        proto::Epoch epoch;
        proto::Version version;
        friend auto operator<=>(const Moment&, const Moment&) = default;
    };
    struct Content {
        ProcessKey process;
        std::uint64_t sethash = 0;
        std::uint64_t digest =
            0;  ///< of the entries, ours, so that the set hash is not its own witness
        std::size_t entries = 0;
    };
    void record(ProcessKey process, const Moment& moment, const Content& content);
    void compare(ProcessKey process, const Moment& moment, const Content& content);

    Verdict& verdict_;
    /// Two processes of one name may have had the same moment (a clone with the same clock).
    std::map<Moment, std::vector<Content>> history_;
    /// What was compared already, so that an unchanged replica costs one look.
    std::map<std::pair<ProcessKey, proto::NodeId>, std::pair<Moment, std::uint64_t>> compared_;
};

}  // namespace grapevine::sim
