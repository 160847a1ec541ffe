#include "mesh/session_timing.hpp"

#include "mesh/check.hpp"
#include "proto/client_codec.hpp"
#include "proto/hash.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::mesh {
namespace {

Bytes ping_message(proto::Encoding encoding) {
    Bytes message = Bytes::with_capacity(1);
    proto::append_ping(message.writable(), encoding);
    return message;
}

/// When its next ping or the pong is due.
Instant beat_of(SessionRegistry& registry, const Session& session) {
    const SessionTerms* const terms = registry.terms(session);
    return terms != nullptr ? terms->beat : registry.deadlines().of(slot_of(session.id));
}
void set_beat(SessionRegistry& registry, const Session& session, Instant at) {
    if (SessionTerms* const terms = registry.terms(session)) {
        terms->beat = at;
        at = terms->next();
    }
    registry.deadlines().set(slot_of(session.id), at);
}

/// One push about a channel of usual length; every pooled buffer has as much anyway.
constexpr std::size_t unsubscribe_room_bytes = 256;

/// Out of the channels that it was let into until now, and told so.
void end_subscriptions(
    SessionRegistry& registry, Session& session, Now now, SessionsOutput& output) {
    Bytes told;
    std::vector<SessionTerms::Subscription>& all = registry.terms(session)->subscriptions;
    for (std::size_t at = 0; at < all.size();) {
        if (now.steady < all[at].ends) {
            ++at;
            continue;
        }
        const std::string channel = all[at].channel;
        registry.unsubscribe(session, channel, output);  // which forgets its terms
        ++registry.counters().subscriptions_expired;
        if (!told) told = Bytes::with_capacity(unsubscribe_room_bytes);
        proto::append_unsubscribe(
            told.writable(), session.encoding, channel, proto::UnsubscribeCode::expired);
    }
    if (!told.empty()) registry.reply_or_close(session, std::move(told), output);
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

void SessionTiming::connected(SessionRegistry& registry, const Session& session, Now now) const {
    const auto half = static_cast<std::uint64_t>(ping_every_.count() / 2);
    const auto early = static_cast<Duration::rep>(proto::mix64(session.id.value) % (half + 1));
    set_beat(registry, session, now.steady + ping_every_ - Duration{early});
}

void SessionTiming::pong(SessionRegistry& registry, Session& session) const {
    if (session.phase != Phase::pong_due) return;
    session.phase = Phase::connected;
    set_beat(registry, session, beat_of(registry, session) - pong_within_ + ping_every_);
}

void SessionTiming::changed(SessionRegistry& registry, const Session& session) {
    if (const SessionTerms* const terms = registry.terms(session))
        registry.deadlines().set(slot_of(session.id), terms->next());
}

bool SessionTiming::end_what_is_over(
    SessionRegistry& registry, Session& session, Now now, SessionsOutput& output) {
    const SessionTerms& terms = *registry.terms(session);
    if (now.steady >= terms.ends) {
        registry.close(session, proto::CloseCode::expired, output);
        return false;
    }
    end_subscriptions(registry, session, now, output);
    if (session.phase == Phase::absent) return false;
    if (now.steady >= terms.beat) return true;
    changed(registry, session);
    return false;
}

void SessionTiming::time_reached(SessionRegistry& registry, Now now, SessionsOutput& output) const {
    while (const std::optional<std::uint32_t> slot = registry.deadlines().take_due(now.steady)) {
        Session& session = registry.at(*slot);
        if (session.has_terms && !end_what_is_over(registry, session, now, output)) continue;
        switch (session.phase) {
        case Phase::absent: check(false, "a session that ended has no deadline"); break;
        case Phase::waiting: registry.close(session, proto::CloseCode::stale, output); break;
        case Phase::pong_due: registry.close(session, proto::CloseCode::no_pong, output); break;
        case Phase::connected:
            session.phase = Phase::pong_due;
            set_beat(registry, session, now.steady + pong_within_);
            registry.send_or_close(
                session, pings_[static_cast<std::size_t>(session.encoding)], output);
            break;
        }
    }
}

}  // namespace grapevine::mesh
