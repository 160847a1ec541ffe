/// One node: the machines, their listeners and the loop that carries them.
#pragma once

#include "node/acceptor.hpp"
#include "node/admin_listener.hpp"
#include "node/client_listener.hpp"
#include "node/config.hpp"
#include "node/mesh_listener.hpp"
#include "node/turn.hpp"

#include <functional>
#include <memory>

namespace grapevine::node {

/// How a node ended.
enum class NodeEnd : std::uint8_t { left, name_taken };

class Node {
public:
    /// Listens and begins to look for the others. Throws CannotListen.
    Node(Loop& loop, const NodeConfig& config, Journal& journal);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Stops accepting, closes sessions with 3001 and says LEAVE; `ended` follows within two
    /// seconds or so.
    void leave();
    /// Called once, when nothing is left to be done.
    std::function<void(NodeEnd)> ended;

    [[nodiscard]] asio::ip::tcp::endpoint client_endpoint() const;
    [[nodiscard]] asio::ip::tcp::endpoint mesh_endpoint() const;
    [[nodiscard]] asio::ip::tcp::endpoint admin_endpoint() const;
    [[nodiscard]] const mesh::Driver& driver() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// The whole life of the process: runs a node until SIGTERM or SIGINT, prints where it listens,
/// returns the exit code (cli/exit_codes.hpp).
int run(const NodeConfig& config);

}  // namespace grapevine::node
