#include "tests/sim/no_resurrection.hpp"

#include <string>
#include <variant>

namespace grapevine::sim {

void NoResurrection::on(const ReplicasSeen& seen) {
    for (const auto& [origin, replica] : seen.replicas) {
        Knowledge& known = known_[{seen.process, origin}];
        const std::string who = "process=" + std::to_string(seen.process.value) +
                                " origin=" + std::to_string(origin.value) +
                                " epoch=" + std::to_string(replica.epoch.value) +
                                " version=" + std::to_string(replica.version.value);
        if (!replica.visible) continue;
        if (known.dead != proto::Epoch{} && replica.epoch <= known.dead)
            verdict_.violated("NoResurrection", "an epoch that was over is visible: " + who);
        if (replica.epoch < known.epoch)
            verdict_.violated(
                "NoResurrection",
                "back to an older epoch than " + std::to_string(known.epoch.value) + ": " + who);
        if (replica.epoch == known.epoch && replica.version < known.version)
            verdict_.violated(
                "NoResurrection",
                "back to an older version than " + std::to_string(known.version.value) + ": " +
                    who);
        known.epoch = replica.epoch;
        known.version = replica.version;
    }
}

void NoResurrection::on(const MeshTold& told) {
    const auto* left = std::get_if<mesh::MemberLeft>(&told.event);
    if (left == nullptr) return;
    Knowledge& known = known_[{told.process, left->node}];
    known.dead = known.epoch;
}

}  // namespace grapevine::sim
