/// When a session is pinged, and when it has been silent for too long.
///
///   opened ── connect_within ──▶ 3502 stale
///   connected ── ping_every ──▶ ping ── pong_within ──▶ 3012 no pong
///       ▲                         └── pong ──┐
///       └────────────────────────────────────┘  the next ping is ping_every after the last
///   its terms are over ──▶ 3005 expired; those of one subscription: out of the channel (2501)
#pragma once

#include "mesh/session_registry.hpp"

#include <array>

namespace grapevine::mesh {

class SessionTiming {
public:
    explicit SessionTiming(const SessionsConfig& config);

    void opened(const Session& session, SessionDeadlines& deadlines, Now now) const;
    /// The first ping comes up to half an interval early, depending on the session's id, so that
    /// those who connect together are not pinged together.
    void connected(SessionRegistry& registry, const Session& session, Now now) const;
    /// Other traffic does not replace a pong; an unasked one changes nothing.
    void pong(SessionRegistry& registry, Session& session) const;
    /// Its terms are others now.
    static void changed(SessionRegistry& registry, const Session& session);
    void time_reached(SessionRegistry& registry, Now now, SessionsOutput& output) const;

private:
    /// Ends what is over of a session with terms. Whether there is more to do: a ping, or a pong
    /// that did not come.
    static bool
    end_what_is_over(SessionRegistry& registry, Session& session, Now now, SessionsOutput& output);

    Duration connect_within_;
    Duration ping_every_;
    Duration pong_within_;
    std::array<Bytes, 2> pings_;  ///< by encoding; all sessions share them
};

}  // namespace grapevine::mesh
