#include "tests/sim/true_presence.hpp"

namespace grapevine::sim {

void TruePresence::on(const SessionGreeted& greeted) {
    sessions_[greeted.session].client = greeted.client;
    by_client_[greeted.client] = greeted.session;
}

void TruePresence::on(const SubscribeAsked& asked) {
    // Until it is answered nobody knows whether it is there; that it was counts until it ends.
    Session& session = sessions_[asked.session];
    Stay& stay = session.channels[asked.channel];
    if (!session.is_gone) stay.ended = 0;
    in_channel_[asked.channel].insert(asked.session);
}

void TruePresence::on(const SubscribedAt& subscribed) {
    Session& session = sessions_[subscribed.session];
    if (session.is_gone) return;  // and what it was told last was of no use
    Stay& stay = session.channels[subscribed.channel];
    ++time_;
    stay.process = subscribed.process;
    stay.is_certain = subscribed.is_on;
    stay.ended = subscribed.is_on ? 0 : time_;
    if (subscribed.is_on) stay.since = time_;
}

void TruePresence::gone(SessionKey key) {
    const auto found = sessions_.find(key);
    if (found == sessions_.end() || found->second.is_gone) return;
    ++time_;
    found->second.is_gone = true;
    for (auto& [channel, stay] : found->second.channels) {
        stay.is_certain = false;
        stay.ended = time_;
    }
}

void TruePresence::on(const ProcessEnded& ended) {
    for (auto& [key, session] : sessions_)
        for (const auto& [channel, stay] : session.channels)
            if (stay.process == ended.process) {
                gone(key);
                break;
            }
}

void TruePresence::on(const PresenceTaken& taken) {
    questions_[{taken.session, taken.command}] = {
        .asked = ++time_, .channel = taken.channel, .shown = taken.shown};
}

bool TruePresence::must_be_told(
    const Stay& stay, const Question& question, const PresenceTold& told) const {
    if (!stay.is_certain || stay.since > question.asked) return false;
    if (stay.process == told.process) return true;
    const auto node = nodes_.find(stay.process);
    return node != nodes_.end() && !leaving_.contains(stay.process) &&
           question.shown.contains(node->second) && told.shown.contains(node->second);
}

void TruePresence::on(const PresenceTold& told) {
    const auto asked = questions_.find({told.session, told.command});
    if (asked == questions_.end()) return blame("an answer to no question", Question{}, told);
    const Question question = asked->second;
    questions_.erase(asked);
    std::set<SessionKey> named;
    for (const auto& [client, user] : told.clients) {
        const auto session = by_client_.find(client);
        if (session == by_client_.end() || sessions_[session->second].user != user)
            return blame("there never was " + user + "/" + client, question, told);
        if (!named.insert(session->second).second) return blame("twice: " + client, question, told);
        const auto& channels = sessions_[session->second].channels;
        const auto stay = channels.find(question.channel);
        if (stay == channels.end() || !may_be_told(stay->second, question))
            return blame("gone before it was asked: " + user + "/" + client, question, told);
    }
    std::uint32_t least = 0;
    std::uint32_t most = 0;
    std::string certain;
    for (const SessionKey key : in_channel_[question.channel]) {
        const Session& session = sessions_[key];
        const Stay& stay = session.channels.at(question.channel);
        const bool must = must_be_told(stay, question, told);
        least += must ? 1 : 0;
        if (must)
            certain += " " + session.user + "/" + std::to_string(key.value) + "@" +
                       std::to_string(stay.process.value);
        most += may_be_told(stay, question) ? 1 : 0;
        if (must && !told.is_incomplete && !told.is_count && !named.contains(key))
            return blame(
                "not told of: " + session.user + "/" + session.client +
                    " at process=" + std::to_string(stay.process.value),
                question,
                told);
    }
    if (told.is_count && (told.count > most || (told.count < least && !told.is_incomplete)))
        blame(
            std::to_string(told.count) + " are not " + std::to_string(least) + " to " +
                std::to_string(most) + ", for sure" + certain,
            question,
            told);
}

void TruePresence::blame(
    const std::string& why, const Question& question, const PresenceTold& told) {
    verdict_.violated(
        "TruePresence",
        why + ": channel=" + question.channel +
            " asked by session=" + std::to_string(told.session.value) + " at process=" +
            std::to_string(told.process.value) + " command=" + std::to_string(told.command));
}

}  // namespace grapevine::sim
