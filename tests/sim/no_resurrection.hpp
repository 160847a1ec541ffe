/// NoResurrection: what a node shows of an origin never goes back. Within one life of the observer
/// the (epoch, version) that it shows only grows, also across forgetting (a copy that is begun
/// again stays hidden until it is whole); and an epoch that it saw leave, or saw replaced, is never
/// visible again. (That the entries are also the right ones after a fault is ConvergeAfterHeal's to
/// say.)
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <map>
#include <utility>

namespace grapevine::sim {

class NoResurrection {
public:
    explicit NoResurrection(Verdict& verdict) : verdict_(verdict) {}

    void on(const ReplicasSeen& seen);
    void on(const MeshTold& told);

private:
    struct Knowledge {
        proto::Epoch epoch;
        proto::Version version;
        proto::Epoch dead;  ///< this epoch and older ones are over
    };
    void blame(
        ProcessKey process,
        proto::NodeId origin,
        const mesh::Mesh::ReplicaView& replica,
        const Knowledge& known);

    Verdict& verdict_;
    std::map<std::pair<ProcessKey, proto::NodeId>, Knowledge> known_;
};

}  // namespace grapevine::sim
