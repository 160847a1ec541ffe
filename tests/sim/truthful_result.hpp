/// TruthfulResult: what the answer to a send claims is what processes were seen to do. Written with
/// n sessions: so many were written on the nodes it names, and by then. Acked: a client said
/// so, and one session at least has it. Not connected, undeliverable or refused: nothing was
/// written anywhere, nor is it later (one that is repeated may still be, and one that was asked for
/// again may be taken then). Unknown claims nothing.
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace grapevine::sim {

class TruthfulResult {
public:
    explicit TruthfulResult(Verdict& verdict) : verdict_(verdict) {}

    void on(const ProcessStarted& started) { nodes_[started.process] = started.node; }
    void on(const SessionStarted& started) { users_[started.session] = started.user; }
    void on(const LiarCame& liar) { liars_.insert(liar.node); }
    void on(const SendAsked& asked);
    void on(const Written& written);
    void on(const Acknowledged& acknowledged) {
        acknowledged_.emplace(acknowledged.payload, users_[acknowledged.session]);
    }
    void on(const SendAnswered& answered);

private:
    /// One message to one user.
    using Copy = std::pair<std::string, std::string>;
    [[nodiscard]] std::uint64_t written_on(const std::string& node, const Copy& copy) const;
    void check_written(const Copy& copy, const Receipt& receipt);
    void check_denied(const Copy& copy, std::string_view as);
    void blame(std::string_view what, const Copy& copy);

    Verdict& verdict_;
    std::map<ProcessKey, std::string> nodes_;
    std::map<SessionKey, std::string> users_;
    std::set<std::string> liars_;
    std::map<std::string, SendOrder> asked_;
    std::set<std::string> asked_again_;
    std::map<Copy, std::map<std::string, std::uint64_t>> written_;  ///< sessions on each node
    std::set<Copy> acknowledged_;
    std::map<Copy, std::string> denied_;  ///< and what it was called
};

}  // namespace grapevine::sim
