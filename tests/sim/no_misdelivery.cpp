#include "tests/sim/no_misdelivery.hpp"

#include <algorithm>

namespace grapevine::sim {

bool NoMisdelivery::may_hear(const Session& session, const std::string& channel) const {
    return channel == "$system" || channel == "#" + session.user ||
           session.channels.contains(channel);
}

void NoMisdelivery::on(const Written& written) {
    if (!written.channel.starts_with('#')) return;  // its stay in a channel may be over by now
    const Session& session = sessions_[written.session];
    if (written.channel == "#" + session.user) return;
    verdict_.violated(
        "NoMisdelivery",
        "written to another's session: session=" + std::to_string(written.session.value) +
            " user=" + session.user + " channel=" + written.channel +
            " payload=" + brief(written.payload));
}

void NoMisdelivery::on(const Heard& heard) {
    const Session& session = sessions_[heard.session];
    const std::string what = "session=" + std::to_string(heard.session.value) +
                             " user=" + session.user + " channel=" + heard.channel +
                             " payload=" + brief(heard.payload);
    const auto said = said_.find(heard.payload);
    if (said == said_.end()) return verdict_.violated("NoMisdelivery", "never said: " + what);
    if (!said->second.channels.contains(heard.channel))
        return verdict_.violated(
            "NoMisdelivery", "said elsewhere, to " + *said->second.channels.begin() + ": " + what);
    if (!may_hear(session, heard.channel))
        return verdict_.violated("NoMisdelivery", "not for this session: " + what);
    const bool is_sender =
        std::any_of(said->second.sessions.begin(), said->second.sessions.end(), [&](SessionKey by) {
            const Session sender = by ? sessions_[by] : Session{};
            return heard.user == sender.user && heard.client == sender.client;
        });
    if (!is_sender)
        verdict_.violated(
            "NoMisdelivery",
            "the sender is named " + heard.user + "/" + heard.client + ": " + what);
}

}  // namespace grapevine::sim
