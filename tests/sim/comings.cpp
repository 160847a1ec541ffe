#include "tests/sim/comings.hpp"

namespace grapevine::sim {

void Comings::on(const ComingHeard& heard) {
    const auto session = sessions_.find(heard.client);
    if (session == sessions_.end()) return blame("of nobody who was ever there", heard);
    if (users_[session->second] != heard.user) return blame("of a wrong user", heard);
    const auto own = stays_.find({heard.session, heard.channel});
    if (own == stays_.end() || !own->second.watched) return blame("not asked for", heard);
    std::uint64_t& step = heard_[{heard.session, session->second, heard.channel}];
    // Joins are its odd steps, leaves the even ones.
    step += (step % 2 == 1) == heard.joins ? 2 : 1;
    const auto stay = stays_.find({session->second, heard.channel});
    const std::uint64_t begun = stay != stays_.end() ? stay->second.begun : 0;
    if (step > 2 * begun) blame("more often than it happened, or out of order", heard);
}

void Comings::blame(const char* why, const ComingHeard& heard) {
    verdict_.violated(
        "Comings",
        std::string{why} + ": session=" + std::to_string(heard.session.value) + " channel=" +
            heard.channel + (heard.joins ? " join=" : " leave=") + heard.user + "/" + heard.client);
}

}  // namespace grapevine::sim
