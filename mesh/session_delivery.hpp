/// Hands a publication to the sessions it is for. Each is offered it once; who has no room left is
/// closed, and the others notice nothing.
#pragma once

#include "mesh/lazy_push.hpp"
#include "mesh/session_registry.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh {

class SessionDelivery {
public:
    void deliver(SessionRegistry& registry, const Deliver& deliver, SessionsOutput& output);

private:
    void to_group(
        SessionRegistry& registry,
        std::span<const SubscriberLists::Subscriber> subscribers,
        LazyPush& push,
        SessionsOutput& output);
    /// To the sessions that are meant, and says how many there were.
    void to_user(
        SessionRegistry& registry, const Deliver& deliver, LazyPush& push, SessionsOutput& output);
    void to_everybody(SessionRegistry& registry, LazyPush& push, SessionsOutput& output);
    /// Whether it was written to this session, one of `sharers`. If it has no room left it is added
    /// to slow_.
    [[nodiscard]] bool offer(
        SessionRegistry& registry,
        Session& session,
        std::size_t sharers,
        LazyPush& push,
        SessionsOutput& output);

    /// Kept for their memory between calls.
    std::string personal_channel_;
    std::vector<std::uint32_t> slow_;
};

}  // namespace grapevine::mesh
