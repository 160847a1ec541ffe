/// The sessions of one loop and everything that is tied to one: its groups, its deadline, its
/// queue. Knows how a session begins, is sent to and ends; not what is said.
///
/// A session that ends is gone at once. Whatever the edge still says about it finds nothing, and an
/// id of an earlier life of a slot finds nothing either.
#pragma once

#include "mesh/check.hpp"
#include "mesh/session.hpp"
#include "mesh/session_deadlines.hpp"
#include "mesh/session_terms.hpp"
#include "mesh/sessions.hpp"
#include "mesh/slots.hpp"
#include "mesh/subscriber_lists.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace grapevine::mesh {

class SessionRegistry {
public:
    /// The edge numbers slots densely, as the kernel does descriptors; a larger one is its bug.
    static constexpr std::uint32_t slots_max = 1U << 24;
    /// Messages are joined until they are this long. Longer ones would save little more and need
    /// buffers of which the pool has few; of chat messages it takes a dozen or two.
    static constexpr std::size_t joined_bytes_max = Bytes::plentiful_bytes;

    explicit SessionRegistry(const SessionsConfig& config);

    Session& open(const SessionOpened& opened);
    /// Null if it is unknown or has ended.
    [[nodiscard]] Session* find(proto::SessionId id) {
        const std::uint32_t slot = slot_of(id);
        if (slot >= sessions_.size()) return nullptr;
        Session& session = sessions_[slot];
        return session.phase != Phase::absent && session.id == id ? &session : nullptr;
    }
    /// Of a slot that is in use.
    [[nodiscard]] Session& at(std::uint32_t slot) { return sessions_[slot]; }
    [[nodiscard]] std::size_t count() const { return count_; }
    /// In the order of slots; the one visited may end meanwhile.
    template <class Visit>
    void for_each(Visit visit) {
        for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot)
            if (sessions_[slot].phase != Phase::absent) visit(sessions_[slot]);
    }

    /// A message that takes so many units of the memory for all queues. False: that would be over
    /// the session's budget, or more than its part of that memory; nothing was sent, and it must be
    /// closed.
    [[nodiscard]] bool
    send(Session& session, Bytes message, std::size_t units, SessionsOutput& output) {
        if (message.size() > queue_bytes_max_ - session.queued_bytes) return false;
        // What a turn brings cannot have been read before it ends.
        if (newest(session, output) == nullptr) session.keeps_up = session.charge == 0;
        if (!memory_.take(session.charge, units, session.keeps_up)) return false;
        session.queued_bytes += static_cast<std::uint32_t>(message.size());
        session.newest_send = static_cast<std::uint32_t>(output.sends.size());
        output.sends.push_back({.session = session.id, .message = std::move(message)});
        return true;
    }
    /// What was sent to it last, if that has not left yet; else null.
    [[nodiscard]] static Bytes* newest(const Session& session, SessionsOutput& output) {
        if (session.newest_send >= output.sends.size()) return nullptr;
        SendToSession& sent = output.sends[session.newest_send];
        return sent.session == session.id ? &sent.message : nullptr;
    }
    /// Whether it may have `bytes` more, for which all who share them take so many units.
    [[nodiscard]] bool
    has_room(const Session& session, std::size_t bytes, std::size_t all_units) const {
        return bytes <= queue_bytes_max_ - session.queued_bytes &&
               memory_.has_room(session.charge, all_units, session.keeps_up);
    }
    /// No more than there was room for joined what it was sent last.
    void has_joined(Session& session, std::size_t bytes, std::size_t units) {
        check(memory_.take(session.charge, units, session.keeps_up), "room was looked for");
        session.queued_bytes += static_cast<std::uint32_t>(bytes);
    }
    /// As send(), but joins what was sent to this session alone.
    [[nodiscard]] bool reply(Session& session, Bytes message, SessionsOutput& output);
    void send_or_close(Session& session, Bytes message, SessionsOutput& output);
    void reply_or_close(Session& session, Bytes message, SessionsOutput& output);
    void drained(const SessionDrained& drained);
    void joined(const Joined& joined);

    /// Into a channel, or why not.
    SubscriberLists::Joined
    subscribe(Session& session, std::string_view channel, SessionsOutput& output);
    /// Out of it, if it was there. `channel` must not be a text of its own terms.
    void unsubscribe(Session& session, std::string_view channel, SessionsOutput& output);
    /// Null: it is here for ever, and nothing is shown of it.
    [[nodiscard]] SessionTerms* terms(const Session& session) {
        return session.has_terms ? terms_[slot_of(session.id)].get() : nullptr;
    }
    /// Made if it has none yet.
    SessionTerms& make_terms(Session& session);
    /// What others see of its user, as JSON; empty: nothing. Valid until its terms change.
    [[nodiscard]] std::string_view conn_info(const Session& session) {
        const SessionTerms* const found = terms(session);
        return found != nullptr ? std::string_view{found->info} : std::string_view{};
    }
    /// And of itself in one channel.
    [[nodiscard]] std::string_view chan_info(const Session& session, std::string_view channel) {
        SessionTerms* const found = terms(session);
        const auto* const there = found != nullptr ? found->find(channel) : nullptr;
        return there != nullptr ? std::string_view{there->info} : std::string_view{};
    }

    /// Ends it from this side.
    void close(Session& session, proto::CloseCode code, SessionsOutput& output);
    /// It ended at the other side.
    void closed(const SessionClosed& closed, SessionsOutput& output);

    [[nodiscard]] SubscriberLists& users() { return users_; }
    [[nodiscard]] SubscriberLists& channels() { return channels_; }
    [[nodiscard]] SessionDeadlines& deadlines() { return deadlines_; }
    [[nodiscard]] SessionsCounters& counters() { return counters_; }
    /// What all queues take together.
    [[nodiscard]] std::size_t queued_bytes() const { return memory_.used_bytes(); }
    void check_invariants();

private:
    /// Leaves every group and says so; the session is absent afterwards.
    void forget(Session& session, SessionsOutput& output);
    void check_terms(const Session& session);

    Chunks<Session> sessions_;
    Chunks<std::unique_ptr<SessionTerms>> terms_;  ///< as sessions_, as far as any has some
    std::size_t count_ = 0;
    SubscriberLists users_{1};
    SubscriberLists channels_;
    SessionDeadlines deadlines_;
    SessionsCounters counters_;
    proto::HashKey hash_key_;
    std::size_t queue_bytes_max_;
    QueueMemory memory_;
};

}  // namespace grapevine::mesh
