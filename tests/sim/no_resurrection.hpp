/// NoResurrection: what a node shows of an origin never goes back. Within one life of the observer
/// the (epoch, version) that it shows only grows, also across forgetting (a copy that is begun
/// again stays hidden until it is whole); and an epoch that it saw leave, or saw replaced, is never
/// visible again: where users of those who leave linger, once it was hidden. (That the entries are
/// also the right ones after a fault is ConvergeAfterHeal's to say.)
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <map>
#include <set>
#include <utility>

namespace grapevine::sim {

class NoResurrection {
public:
    explicit NoResurrection(Verdict& verdict) : verdict_(verdict) {}

    void on(const ProcessStarted& started);
    void on(const ReplicasSeen& seen);
    void on(const MeshTold& told);

private:
    struct Knowledge {
        proto::Epoch epoch;
        proto::Version version;
        proto::Epoch dead;  ///< this epoch and older ones are over
        bool visible = false;  ///< when it was last seen
        bool lingers = false;  ///< it left, and was visible ever since
    };
    /// What was visible no more, at one glance, does not linger.
    void end_lingering(const ReplicasSeen& seen);
    void blame(
        ProcessKey process,
        proto::NodeId origin,
        const mesh::Mesh::ReplicaView& replica,
        const Knowledge& known);

    Verdict& verdict_;
    std::map<std::pair<ProcessKey, proto::NodeId>, Knowledge> known_;
    std::set<ProcessKey> lingering_allowed_;
};

}  // namespace grapevine::sim
