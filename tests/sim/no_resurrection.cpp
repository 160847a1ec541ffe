#include "tests/sim/no_resurrection.hpp"

#include <algorithm>
#include <string>
#include <variant>

namespace grapevine::sim {

void NoResurrection::on(const ProcessStarted& started) {
    if (started.shows_those_who_left) lingering_allowed_.insert(started.process);
}

void NoResurrection::end_lingering(const ReplicasSeen& seen) {
    for (auto at = known_.lower_bound({seen.process, proto::NodeId{}});
         at != known_.end() && at->first.first == seen.process;
         ++at) {
        Knowledge& known = at->second;
        if (!known.lingers) continue;
        const auto view =
            std::find_if(seen.replicas.begin(), seen.replicas.end(), [&](const auto& replica) {
                return replica.first == at->first.second;
            });
        known.lingers =
            view != seen.replicas.end() && view->second.visible && view->second.epoch == known.dead;
    }
}

void NoResurrection::on(const ReplicasSeen& seen) {
    end_lingering(seen);
    for (const auto& [origin, replica] : seen.replicas) {
        Knowledge& known = known_[{seen.process, origin}];
        known.visible = replica.visible;
        if (!replica.visible) continue;
        const bool is_over = replica.epoch <= known.dead && !known.lingers;
        const bool is_well = !is_over && replica.epoch >= known.epoch &&
                             (replica.epoch != known.epoch || replica.version >= known.version);
        if (!is_well) blame(seen.process, origin, replica, known);
        known.epoch = replica.epoch;
        known.version = replica.version;
    }
}

void NoResurrection::blame(
    ProcessKey process,
    proto::NodeId origin,
    const mesh::Mesh::ReplicaView& replica,
    const Knowledge& known) {
    const std::string who = "process=" + std::to_string(process.value) +
                            " origin=" + std::to_string(origin.value) +
                            " epoch=" + std::to_string(replica.epoch.value) +
                            " version=" + std::to_string(replica.version.value);
    if (replica.epoch <= known.dead)
        verdict_.violated("NoResurrection", "an epoch that was over is visible: " + who);
    else if (replica.epoch < known.epoch)
        verdict_.violated(
            "NoResurrection",
            "back to an older epoch than " + std::to_string(known.epoch.value) + ": " + who);
    else
        verdict_.violated(
            "NoResurrection",
            "back to an older version than " + std::to_string(known.version.value) + ": " + who);
}

void NoResurrection::on(const MeshTold& told) {
    const auto* left = std::get_if<mesh::MemberLeft>(&told.event);
    if (left == nullptr) return;
    Knowledge& known = known_[{told.process, left->node}];
    known.dead = known.epoch;
    known.lingers = known.visible && lingering_allowed_.contains(told.process);
}

}  // namespace grapevine::sim
