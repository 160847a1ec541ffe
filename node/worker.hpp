/// A loop of clients on a thread of its own. Loop 0 makes it, gives it sockets and batches, and
/// hears batches from it; nothing else is shared.
#pragma once

#include "mesh/token_authenticator.hpp"
#include "node/batch_queue.hpp"
#include "node/loop_report.hpp"
#include "node/origin.hpp"
#include "node/pages.hpp"
#include "node/sessions_turn.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace grapevine::node {

class Worker {
public:
    struct Options {
        std::uint8_t index = 1;  ///< of the loop, from 1
        AllowedOrigins origins{};
        Page page{};  ///< what the listener shows to people
        mesh::TokenRules token_rules{};
        mesh::TokenAuthenticator::Keys token_keys{};  ///< none: nobody is asked for a token
    };

    /// Begins to run. `heard` is called in turns of `mesh_loop` for each batch, in order.
    Worker(
        Loop& mesh_loop,
        const mesh::SessionsConfig& sessions,
        const Options& options,
        const std::atomic<bool>& leaving,
        std::function<void(LoopBatch&)> heard);
    /// Ends the thread; sessions that are still open are reset.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // ---- on the thread of loop 0
    /// Where sockets for it are made.
    [[nodiscard]] Loop& loop();
    void adopt(TcpSocket socket);
    /// Other keys for tokens from now on; only if it had some.
    void use(mesh::TokenAuthenticator::Keys keys);
    /// Takes what is in `input`, unless the loop is far behind: then it stays for the next turn.
    void tell(mesh::LoopInput& input);
    /// Connections it has, those under way included.
    [[nodiscard]] std::uint64_t load() const;
    /// As of its last batch.
    [[nodiscard]] const LoopReport& report() const;
    [[nodiscard]] Instant heard_at() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace grapevine::node
