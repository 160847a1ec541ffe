/// CompleteDelivery: what is said while all is well reaches every session it is for. (That it does
/// so once, and nobody else, other checkers watch.)
#pragma once

#include "tests/sim/observation.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace grapevine::sim {

class CompleteDelivery {
public:
    /// `payload` was said, and each of `sessions` must hear it.
    void expect(const std::string& payload, const std::set<SessionKey>& sessions) {
        missing_[payload] = sessions;
    }
    void on(const Heard& heard) {
        const auto found = missing_.find(heard.payload);
        if (found == missing_.end()) return;
        found->second.erase(heard.session);
        if (found->second.empty()) missing_.erase(found);
    }
    void on(const SessionEnded& ended) {
        for (auto& [payload, sessions] : missing_)
            sessions.erase(ended.session);
    }

    [[nodiscard]] std::optional<std::string> why_not_complete() const {
        for (const auto& [payload, sessions] : missing_)
            if (!sessions.empty())
                return "session=" + std::to_string(sessions.begin()->value) + " never heard " +
                       payload + " (" + std::to_string(sessions.size()) + " sessions missed it)";
        return std::nullopt;
    }

private:
    std::map<std::string, std::set<SessionKey>> missing_;
};

}  // namespace grapevine::sim
