/// Under which terms a session is here, as its tokens say: until when, and what others see of it.
/// Kept apart from the session, because most have none, and those must not cost more for it.
#pragma once

#include "mesh/now.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh {

struct SessionTerms {
    /// A channel of which a token says something, or into which one let the session.
    struct Subscription {
        std::string channel;
        std::string info;  ///< what others see of the session in this channel; empty: nothing
        Instant ends = never;  ///< it is over then, if it was not refreshed
        bool has_token = false;  ///< the client subscribed with one, and may show another
    };

    std::string info;  ///< what others see of the user: JSON on one line; empty: nothing
    Instant ends = never;  ///< the session is over then, if it was not refreshed
    Instant beat = never;  ///< its next ping is due, or the pong
    std::vector<Subscription> subscriptions{};  ///< some of the session's channels

    [[nodiscard]] Subscription* find(std::string_view channel) {
        const auto found = std::find_if(
            subscriptions.begin(), subscriptions.end(), [channel](const Subscription& each) {
                return each.channel == channel;
            });
        return found != subscriptions.end() ? &*found : nullptr;
    }
    void forget(std::string_view channel) {
        if (const Subscription* const found = find(channel))
            subscriptions.erase(subscriptions.begin() + (found - subscriptions.data()));
    }
    /// When something of it is due first.
    [[nodiscard]] Instant next() const {
        Instant first = std::min(ends, beat);
        for (const Subscription& each : subscriptions)
            first = std::min(first, each.ends);
        return first;
    }
};

}  // namespace grapevine::mesh
