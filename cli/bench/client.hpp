/// A session of the load generator: connects under a name, subscribes, publishes what was framed
/// before, answers pings, and notices when nobody is there any more.
#pragma once

#include "cli/bench/connection.hpp"
#include "cli/bench/replies.hpp"

#include <string>
#include <string_view>

namespace grapevine::cli::bench {

/// Whose session it is.
class ClientOwner {
public:
    /// The node took it.
    virtual void connected() = 0;
    virtual void subscribed() {}
    /// A message of this run.
    virtual void arrived(const Stamp&) {}
    /// One that is not as it was sent.
    virtual void damaged() {}
    /// A publish was accepted.
    virtual void accepted() {}
    /// The node did not do what it was asked for; `what` was asked.
    virtual void refused(proto::CommandKind what, std::string_view why) = 0;
    /// Once after each dial; whether it was connected before. Nothing follows.
    virtual void ended(bool was_connected, std::string_view why) = 0;

protected:
    ~ClientOwner() = default;
};

/// Who a session says it is. Empty: nobody in particular, no token.
struct Identity {
    std::string user;
    std::string token;
};

class Client final : ConnectionOwner {
public:
    Client(Poller& poller, ReplyContext& context, ClientOwner& owner)
        : poller_(poller), context_(context), owner_(owner), connection_(poller, *this) {}

    void dial(const Target& target, const SocketAddress& source, Identity identity);
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
    bool on_other(const proto::Reply& reply);
    void say(const proto::Command& command);
    /// Looks how long nothing was heard.
    void listen_on();

    Poller& poller_;
    ReplyContext& context_;
    ClientOwner& owner_;
    Connection connection_;
    Identity identity_;
    node::Instant heard_at_{};
    node::TimerId silence_{};
    std::uint32_t message_hint_ = 0;
    bool is_connected_ = false;
};

}  // namespace grapevine::cli::bench
