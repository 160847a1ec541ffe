#include "tests/sim/truthful_result.hpp"

namespace grapevine::sim {

void TruthfulResult::on(const SendAsked& asked) {
    if (asked_.emplace(asked.payload, asked.order).second) return;
    // One may have been refused and the other taken.
    asked_again_.insert(asked.payload);
    for (const std::string& user : asked.order.to)
        denied_.erase({asked.payload, user});
}

void TruthfulResult::on(const Written& written) {
    if (!written.channel.starts_with('#') || !asked_.contains(written.payload)) return;
    const Copy copy{written.payload, written.channel.substr(1)};
    ++written_[copy][nodes_[written.process]];
    if (const auto denied = denied_.find(copy); denied != denied_.end())
        blame("written after it was called " + denied->second, copy);
}

void TruthfulResult::on(const SendAnswered& answered) {
    if (answered.result.error != 0) {
        for (const std::string& user : asked_[answered.payload].to)
            check_denied({answered.payload, user}, "refused");
        return;
    }
    for (const auto& [user, receipt] : answered.result.users) {
        const Copy copy{answered.payload, user};
        switch (receipt.fate) {
        case Fate::acked:
            if (!acknowledged_.contains(copy)) blame("nobody acknowledged", copy);
            check_written(copy, receipt);
            break;
        case Fate::written: check_written(copy, receipt); break;
        case Fate::not_connected:
        case Fate::undeliverable: check_denied(copy, name_of(receipt.fate)); break;
        case Fate::unknown: break;
        }
    }
}

std::uint64_t TruthfulResult::written_on(const std::string& node, const Copy& copy) const {
    const auto places = written_.find(copy);
    if (places == written_.end()) return 0;
    const auto place = places->second.find(node);
    return place != places->second.end() ? place->second : 0;
}

void TruthfulResult::check_written(const Copy& copy, const Receipt& receipt) {
    std::uint64_t seen = 0;
    for (const std::string& node : receipt.nodes) {
        if (liars_.contains(node)) return;
        const std::uint64_t there = written_on(node, copy);
        if (there == 0) return blame("not written on " + node + ", " + text_of(receipt), copy);
        seen += there;
    }
    if (seen < receipt.sessions || receipt.sessions == 0)
        blame("written to " + std::to_string(seen) + " sessions, not " + text_of(receipt), copy);
}

void TruthfulResult::check_denied(const Copy& copy, std::string_view as) {
    if (asked_again_.contains(copy.first)) return;
    if (written_.contains(copy))
        return blame("was written, and is called " + std::string{as}, copy);
    if (!asked_[copy.first].at_least_once) denied_.emplace(copy, as);
}

void TruthfulResult::blame(std::string_view what, const Copy& copy) {
    verdict_.violated(
        "TruthfulResult",
        std::string{what} + ": user=" + copy.second + " payload=" + brief(copy.first));
}

}  // namespace grapevine::sim
