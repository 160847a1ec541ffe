/// The simulated DNS: what each seed answers, to everybody or to one node whose resolver has an old
/// answer. A seed that nobody set and that is `ip:port` answers itself.
#pragma once

#include "mesh/mesh.hpp"
#include "mesh/now.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::sim {

using mesh::Instant;

class NameService {
public:
    /// `seed` is written as in the configuration. No addresses: there is no such name, and that is
    /// certain.
    void set(const std::string& seed, std::vector<std::string> addresses) {
        answers_[{seed, ""}] = {seed, std::move(addresses)};
    }
    /// Only `node` hears this, until it is set for it again: its resolver has a cache, or another
    /// server.
    void
    set_for(const std::string& node, const std::string& seed, std::vector<std::string> addresses) {
        answers_[{seed, node}] = {seed, std::move(addresses)};
    }
    /// It hears what everybody hears again.
    void set_back(const std::string& node, const std::string& seed) {
        answers_.erase({seed, node});
    }
    /// No server answers in time, or all of them fail; perhaps one of two questions was answered.
    void fail(const std::string& seed, std::vector<std::string> addresses = {}) {
        answers_[{seed, ""}] = {seed, std::move(addresses), /*whole=*/false};
    }
    void fail_for(const std::string& node, const std::string& seed) {
        answers_[{seed, node}] = {seed, {}, /*whole=*/false};
    }

    mesh::Resolved ask(const std::string& node, const std::string& seed, Instant now) {
        asked_[{seed, node}].push_back(now);
        for (const std::string& asker : {node, std::string{}})
            if (const auto found = answers_.find({seed, asker}); found != answers_.end())
                return found->second;
        return {seed, {seed}};
    }
    /// When `node` asked for `seed`, whichever of its processes.
    [[nodiscard]] const std::vector<Instant>&
    asked(const std::string& node, const std::string& seed) {
        return asked_[{seed, node}];
    }

private:
    using Question = std::pair<std::string, std::string>;  ///< seed, and who asks; empty: anybody
    std::map<Question, mesh::Resolved> answers_;
    std::map<Question, std::vector<Instant>> asked_;
};

}  // namespace grapevine::sim
