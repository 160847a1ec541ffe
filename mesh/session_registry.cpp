#include "mesh/session_registry.hpp"

#include "mesh/check.hpp"
#include "mesh/session_presence.hpp"
#include "proto/client_codec.hpp"
#include "proto/hash.hpp"

namespace grapevine::mesh {
namespace {

using proto::CloseCode;

/// What this machine closes for; other codes belong to other parts of the program.
std::uint64_t* counter_of(SessionsCounters& counters, CloseCode code) {
    if (code == CloseCode::bad_request) return &counters.closed_bad_request;
    if (code == CloseCode::stale) return &counters.closed_stale;
    if (code == CloseCode::no_pong) return &counters.closed_no_pong;
    if (code == CloseCode::slow) return &counters.closed_slow;
    if (code == CloseCode::shutdown) return &counters.closed_shutdown;
    if (code == CloseCode::invalid_token) return &counters.closed_invalid_token;
    if (code == CloseCode::expired) return &counters.closed_expired;
    return nullptr;
}

}  // namespace

SessionRegistry::SessionRegistry(const SessionsConfig& config)
    : channels_(config.channels_max),
      hash_key_(config.hash_key),
      queue_bytes_max_(config.queue_bytes_max),
      memory_(config.all_queues_bytes_max) {
    check(
        queue_bytes_max_ <= QueueMemory::session_bytes_max,
        "a session's queue is counted in so many units");
}

Session& SessionRegistry::open(const SessionOpened& opened) {
    const std::uint32_t slot = slot_of(opened.session);
    check(slot < slots_max, "slots of sessions are dense");
    sessions_.reach(slot);
    Session& session = sessions_[slot];
    check(session.phase == Phase::absent, "a slot is opened again only after its session ended");
    session.id = opened.session;
    session.client = opened.client;
    session.encoding = opened.encoding;
    session.phase = Phase::waiting;
    ++count_;
    ++counters_.opened;
    return session;
}

bool SessionRegistry::reply(Session& session, Bytes message, SessionsOutput& output) {
    Bytes* const open = newest(session, output);
    const std::size_t room = message.size() + proto::separator_bytes_max;
    const std::size_t more = QueueMemory::more_units_of(room, 1);
    const bool joins = open != nullptr && open->holders() == 1 &&
                       open->size() + room <= joined_bytes_max && has_room(session, room, more);
    if (!joins) {
        const std::size_t units = QueueMemory::units_of(message.size(), 1);
        return send(session, std::move(message), units, output);
    }
    const std::size_t before = open->size();
    proto::append_messages(open->writable(), session.encoding, message.view());
    has_joined(session, open->size() - before, more);
    return true;
}

void SessionRegistry::reply_or_close(Session& session, Bytes message, SessionsOutput& output) {
    if (!reply(session, std::move(message), output)) close(session, CloseCode::slow, output);
}

void SessionRegistry::send_or_close(Session& session, Bytes message, SessionsOutput& output) {
    const std::size_t units = QueueMemory::units_of(message.size(), 1);
    if (!send(session, std::move(message), units, output)) close(session, CloseCode::slow, output);
}

void SessionRegistry::drained(const SessionDrained& drained) {
    Session* const session = find(drained.session);
    if (session == nullptr) return;
    check(drained.bytes <= session->queued_bytes, "no more is drained than was sent");
    const std::size_t left = session->queued_bytes - drained.bytes;
    if (drained.bytes != 0) memory_.give_back(session->charge, left, session->queued_bytes);
    session->queued_bytes = static_cast<std::uint32_t>(left);
}

void SessionRegistry::joined(const Joined& joined) {
    if (Session* const session = find(joined.session)) session->joined = joined.version;
}

SubscriberLists::Joined
SessionRegistry::subscribe(Session& session, std::string_view channel, SessionsOutput& output) {
    const std::uint64_t key = proto::channel_key_of(hash_key_, channel).value;
    const auto joined = channels_.join(session.channels, slot_of(session.id), key, channel);
    if (joined == SubscriberLists::Joined::first)
        output.changes.push_back(
            {.kind = proto::TableKind::channels, .key = key, .by = 1, .session = {}});
    return joined;
}

void SessionRegistry::unsubscribe(
    Session& session, std::string_view channel, SessionsOutput& output) {
    const std::uint64_t key = proto::channel_key_of(hash_key_, channel).value;
    if (channels_.marks_of(session.channels, key, channel).is_told_of)
        tell_coming(*this, session, key, channel, proto::Coming::Way::leave, output);
    if (channels_.leave(session.channels, key, channel) == SubscriberLists::Left::was_last)
        output.changes.push_back(
            {.kind = proto::TableKind::channels, .key = key, .by = -1, .session = {}});
    if (SessionTerms* const its = terms(session)) its->forget(channel);
}

SessionTerms& SessionRegistry::make_terms(Session& session) {
    if (SessionTerms* const its = terms(session)) return *its;
    const std::uint32_t slot = slot_of(session.id);
    terms_.reach(slot);
    terms_[slot] = std::make_unique<SessionTerms>();
    terms_[slot]->beat = deadlines_.of(slot);
    session.has_terms = true;
    return *terms_[slot];
}

void SessionRegistry::close(Session& session, CloseCode code, SessionsOutput& output) {
    std::uint64_t* const counter = counter_of(counters_, code);
    check(counter != nullptr, "every reason to close has its counter");
    ++*counter;
    output.closes.push_back({.session = session.id, .code = code});
    forget(session, output);
}

void SessionRegistry::closed(const SessionClosed& closed, SessionsOutput& output) {
    Session* const session = find(closed.session);
    if (session == nullptr) return;
    ++counters_.closed_by_client;
    forget(*session, output);
}

void SessionRegistry::forget(Session& session, SessionsOutput& output) {
    channels_.for_each_told_of(session.channels, [&](std::uint64_t key, std::string_view channel) {
        tell_coming(*this, session, key, channel, proto::Coming::Way::leave, output);
    });
    users_.leave_all(session.user, [&](std::uint64_t key, SubscriberLists::Left) {
        output.changes.push_back({.kind = proto::TableKind::users, .key = key, .by = -1});
    });
    channels_.leave_all(session.channels, [&](std::uint64_t key, SubscriberLists::Left left) {
        if (left == SubscriberLists::Left::was_last)
            output.changes.push_back({.kind = proto::TableKind::channels, .key = key, .by = -1});
    });
    deadlines_.remove(slot_of(session.id));
    memory_.give_back(session.charge);
    if (session.has_terms) terms_[slot_of(session.id)].reset();
    session = Session{};
    --count_;
}

void SessionRegistry::check_terms(const Session& session) {
    const SessionTerms* const its = terms(session);
    const std::uint32_t slot = slot_of(session.id);
    check(
        (its != nullptr) == (slot < terms_.size() && terms_[slot] != nullptr),
        "who has terms knows it, and they go with the session");
    if (its == nullptr) return;
    check(deadlines_.of(slot) == its->next(), "the deadline is that of whatever is due first");
    for (const SessionTerms::Subscription& each : its->subscriptions) {
        const std::uint64_t key = proto::channel_key_of(hash_key_, each.channel).value;
        check(
            channels_.has(session.channels, key, each.channel),
            "there are terms of subscriptions only while there are these");
    }
}

void SessionRegistry::check_invariants() {
    users_.check_invariants();
    channels_.check_invariants();
    deadlines_.check_invariants();
    std::size_t count = 0;
    std::size_t named = 0;
    std::size_t places = 0;
    std::size_t charged = 0;
    for_each([&](Session& session) {
        const std::uint32_t slot = slot_of(session.id);
        users_.check_places(session.user, slot);
        channels_.check_places(session.channels, slot);
        check(deadlines_.of(slot) != never, "every session has a deadline");
        check(
            session.is_connected() || session.user.count + session.channels.count == 0,
            "who is not connected is in no group");
        check_terms(session);
        check(session.queued_bytes <= queue_bytes_max_, "no queue is over its budget");
        charged += session.charge;
        ++count;
        named += session.user.count;
        places += session.channels.count;
    });
    check(count == count_, "sessions are counted");
    memory_.check_invariants(charged);
    check(deadlines_.size() == count, "only sessions have deadlines");
    check(named == users_.place_count(), "only sessions are users");
    check(places == channels_.place_count(), "only sessions subscribe");
    const std::uint64_t ended = counters_.closed_by_client + counters_.closed_bad_request +
                                counters_.closed_stale + counters_.closed_no_pong +
                                counters_.closed_slow + counters_.closed_shutdown +
                                counters_.closed_invalid_token + counters_.closed_expired;
    check(counters_.opened == count + ended, "every session is open or ended for one reason");
}

}  // namespace grapevine::mesh
