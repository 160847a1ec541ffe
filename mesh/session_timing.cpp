#include "mesh/session_timing.hpp"

#include "mesh/check.hpp"
#include "proto/client_codec.hpp"
#include "proto/hash.hpp"

#include <optional>

namespace grapevine::mesh {
namespace {

Bytes ping_message(proto::Encoding encoding) {
    Bytes message = Bytes::with_capacity(1);
    proto::append_ping(message.writable(), encoding);
    return message;
}

}  // namespace

SessionTiming::SessionTiming(const SessionsConfig& config)
    : connect_within_(config.connect_within),
      ping_every_(config.ping_every),
      pong_within_(config.pong_within),
      pings_{ping_message(proto::Encoding::json), ping_message(proto::Encoding::protobuf)} {
    check(pong_within_ < ping_every_, "a pong is due before the next ping");
}

void SessionTiming::opened(const Session& session, SessionDeadlines& deadlines, Now now) const {
    deadlines.set(slot_of(session.id), now.steady + connect_within_);
}

void SessionTiming::connected(const Session& session, SessionDeadlines& deadlines, Now now) const {
    const auto half = static_cast<std::uint64_t>(ping_every_.count() / 2);
    const auto early = static_cast<Duration::rep>(proto::mix64(session.id.value) % (half + 1));
    deadlines.set(slot_of(session.id), now.steady + ping_every_ - Duration{early});
}

void SessionTiming::pong(Session& session, SessionDeadlines& deadlines) const {
    if (session.phase != Phase::pong_due) return;
    const std::uint32_t slot = slot_of(session.id);
    session.phase = Phase::connected;
    deadlines.set(slot, deadlines.of(slot) - pong_within_ + ping_every_);
}

void SessionTiming::time_reached(SessionRegistry& registry, Now now, SessionsOutput& output) const {
    while (const std::optional<std::uint32_t> slot = registry.deadlines().take_due(now.steady)) {
        Session& session = registry.at(*slot);
        switch (session.phase) {
        case Phase::absent: check(false, "a session that ended has no deadline"); break;
        case Phase::waiting: registry.close(session, proto::CloseCode::stale, output); break;
        case Phase::pong_due: registry.close(session, proto::CloseCode::no_pong, output); break;
        case Phase::connected:
            session.phase = Phase::pong_due;
            registry.deadlines().set(*slot, now.steady + pong_within_);
            registry.send_or_close(
                session, pings_[static_cast<std::size_t>(session.encoding)], output);
            break;
        }
    }
}

}  // namespace grapevine::mesh
