/// Where the load goes and where it is dialled from: names looked up once, before anything begins.
#pragma once

#include "cli/bench/connection.hpp"
#include "cli/client_url.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace grapevine::cli::bench {

/// Nobody answers at an address given. The text names the URL and says why.
class Unreachable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// For each URL the first address of its host that takes a connection. Blocks, some seconds at
/// most for each address. Throws Unreachable.
std::vector<Target> find_targets(const std::vector<ClientUrl>& urls);

/// Addresses to dial from, in turn: a connection needs a port that its source address has not used
/// towards the same node, and a host has some 28,000 of them.
class Sources {
public:
    Sources() = default;
    /// The values of `--source`. Throws UsageError.
    explicit Sources(const std::vector<std::string>& addresses);
    /// Empty: the system chooses.
    SocketAddress next(const Target& target);

private:
    std::vector<SocketAddress> given_;
    std::size_t used_ = 0;
};

}  // namespace grapevine::cli::bench
