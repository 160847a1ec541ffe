/// Hands a publication to the sessions it is for. Each is offered it once; who has no room left is
/// closed, and the others notice nothing.
///
/// Several publications of one turn become one message where that costs no copy for each receiver:
/// when what all receivers were sent last is one buffer, and nobody else gets it, the push is
/// written behind it, once for all of them. So it is for the messages to one user, and for those of
/// a busy channel; a message that only some of its receivers get is never touched again.
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
    using Subscribers = std::span<const SubscriberLists::Subscriber>;

    /// To the sessions that are meant, and says how many there were.
    void to_user(
        SessionRegistry& registry, const Deliver& deliver, LazyPush& push, SessionsOutput& output);
    void to_everybody(SessionRegistry& registry, LazyPush& push, SessionsOutput& output);
    /// To all of these. How many were written to; who has no room left is added to slow_.
    std::uint32_t to_all(
        SessionRegistry& registry, Subscribers subscribers, LazyPush& push, SessionsOutput& output);
    /// Whether the push is now part of what each of them was sent last.
    [[nodiscard]] static bool join(
        SessionRegistry& registry,
        Subscribers subscribers,
        const LazyPush& push,
        SessionsOutput& output);
    /// Whether it was written to this session, where it takes so many units of the memory for all
    /// queues. If it has no room left it is added to slow_.
    [[nodiscard]] bool offer(
        SessionRegistry& registry,
        Session& session,
        std::size_t units,
        LazyPush& push,
        SessionsOutput& output);

    /// Kept for their memory between calls.
    std::string personal_channel_;
    std::vector<std::uint32_t> slow_;
    std::vector<SubscriberLists::Subscriber> meant_;
};

}  // namespace grapevine::mesh
