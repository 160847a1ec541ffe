/// Whose session of the load generator it is, and under which name it connects.
#pragma once

#include "cli/bench/stamp.hpp"
#include "proto/client_frames.hpp"

#include <string>
#include <string_view>

namespace grapevine::cli::bench {

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

}  // namespace grapevine::cli::bench
