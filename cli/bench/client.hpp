/// A session of the load generator: connects under a name, subscribes, publishes what was framed
/// before, and notices when nobody is there any more.
#pragma once

#include "cli/bench/connection.hpp"
#include "cli/bench/dialect.hpp"

#include <span>
#include <string>
#include <string_view>

namespace grapevine::cli::bench {

class Client final : ConnectionOwner, Hearer {
public:
    Client(Poller& poller, Dialect& dialect, ClientOwner& whose)
        : Hearer(whose), poller_(poller), dialect_(dialect), connection_(poller, *this) {}

    /// `headers`: what the request has besides what it must have.
    void dial(
        const Target& target,
        const SocketAddress& source,
        std::span<const std::string> headers,
        Identity identity);
    void subscribe(std::string_view channel);
    /// For frames that are ready.
    [[nodiscard]] Connection& connection() { return connection_; }
    [[nodiscard]] const Connection& connection() const { return connection_; }
    /// The node took it, and it has not ended.
    [[nodiscard]] bool is_connected() const { return is_connected_ && connection_.is_open(); }

private:
    void opened() override;
    bool received(std::string_view message) override;
    void ended(std::string_view why) override;

    void taken() override;
    void subscribed() override;
    void say(std::string_view message) override;
    void sent_away(const std::string& why) override { connection_.abort(why); }
    [[nodiscard]] bool is_open() const override { return connection_.is_open(); }

    /// Looks how long nothing was heard.
    void listen_on();

    Poller& poller_;
    Dialect& dialect_;
    Connection connection_;
    Identity identity_;
    node::Instant heard_at_{};
    node::TimerId silence_{};
    ReadState state_;
    bool is_connected_ = false;
};

}  // namespace grapevine::cli::bench
