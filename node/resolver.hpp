/// Looks up what may be written as a seed: every address of a name, and of every target of an SRV
/// name, whatever answers by when. Never blocks and never waits longer than 8 s.
#pragma once

#include "mesh/mesh.hpp"
#include "node/config.hpp"
#include "node/loop.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace grapevine::node {

class Resolver {
public:
    using Done = std::function<void(const mesh::Resolved&)>;

    /// Without `servers` those of the system are asked.
    Resolver(Loop& loop, std::vector<Address> servers);
    /// Nobody who waits is told.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// `text` is `host:port`, `[v6]:port` or `srv:name`, already checked. `done` is called once,
    /// never from inside this call.
    void resolve(const std::string& text, Done done);

    [[nodiscard]] std::size_t under_way() const { return lookups_.size() + waiting_.size(); }

private:
    class Lookup;
    struct Waiting {
        std::string text;
        Done done;
    };

    void start_next();
    void ended(Lookup* lookup);

    Loop& loop_;
    std::vector<Address> servers_;
    std::vector<std::unique_ptr<Lookup>> lookups_;
    std::deque<Waiting> waiting_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< what was posted outlives us
};

}  // namespace grapevine::node
