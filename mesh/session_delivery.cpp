#include "mesh/session_delivery.hpp"

#include "mesh/check.hpp"
#include "proto/names.hpp"

#include <algorithm>

namespace grapevine::mesh {

void SessionDelivery::deliver(
    SessionRegistry& registry, const Deliver& deliver, SessionsOutput& output) {
    switch (deliver.target) {
    case Target::channel: {
        LazyPush push{deliver, deliver.name};
        const Subscribers subscribers = registry.channels().find(deliver.key, deliver.name);
        if (subscribers.empty()) ++registry.counters().not_here;
        to_all(registry, subscribers, push, output);
        break;
    }
    case Target::watchers: {
        LazyPush push{deliver, deliver.name};
        meant_.clear();
        registry.channels().for_each_watcher(
            deliver.key, deliver.name, [&](const SubscriberLists::Subscriber& watcher) {
                meant_.push_back(watcher);
            });
        if (!meant_.empty()) to_all(registry, meant_, push, output);
        break;
    }
    case Target::user: {
        personal_channel_.assign(1, proto::personal_mark).append(deliver.name);
        LazyPush push{deliver, personal_channel_};
        to_user(registry, deliver, push, output);
        break;
    }
    case Target::everybody: {
        LazyPush push{deliver, proto::system_channel};
        to_everybody(registry, push, output);
        break;
    }
    }
    // Only now: leaving changes the group that was walked.
    for (const std::uint32_t slot : slow_)
        registry.close(registry.at(slot), proto::CloseCode::slow, output);
    slow_.clear();
}

void SessionDelivery::to_user(
    SessionRegistry& registry, const Deliver& deliver, LazyPush& push, SessionsOutput& output) {
    // Filled where it stays: a copy of what was just written in pieces would have to wait for them.
    Delivered& result = output.delivered.emplace_back();
    result.delivery = deliver.delivery;
    meant_.clear();
    for (const SubscriberLists::Subscriber& subscriber :
         registry.users().find(deliver.key, deliver.name)) {
        const Version joined = registry.at(subscriber.slot).joined;
        if (joined > deliver.known) continue;
        ++result.present;
        if (joined <= deliver.since)
            ++result.written;
        else
            meant_.push_back(subscriber);
    }
    result.written += to_all(registry, meant_, push, output);
    // Who is closed as slow is as good as gone.
    result.present -= static_cast<std::uint32_t>(slow_.size());
    if (result.present == 0) ++registry.counters().not_here;
    if (!deliver.delivery) output.delivered.pop_back();
}

std::uint32_t SessionDelivery::to_all(
    SessionRegistry& registry, Subscribers subscribers, LazyPush& push, SessionsOutput& output) {
    if (join(registry, subscribers, push, output))
        return static_cast<std::uint32_t>(subscribers.size());
    const std::size_t units =
        QueueMemory::units_of(push.room(), std::max<std::size_t>(subscribers.size(), 1));
    std::uint32_t written = 0;
    for (const SubscriberLists::Subscriber& subscriber : subscribers)
        written += offer(registry, registry.at(subscriber.slot), units, push, output) ? 1 : 0;
    if (push.was_unreadable()) ++registry.counters().bodies_rejected;
    return written;
}

bool SessionDelivery::join(
    SessionRegistry& registry,
    Subscribers subscribers,
    const LazyPush& push,
    SessionsOutput& output) {
    if (subscribers.empty() || push.is_binary()) return false;
    const std::size_t room = push.room();
    const std::size_t units = QueueMemory::more_units_of(room, subscribers.size());
    Bytes* shared = nullptr;
    proto::Encoding encoding{};
    for (const SubscriberLists::Subscriber& subscriber : subscribers) {
        const Session& session = registry.at(subscriber.slot);
        Bytes* const last = SessionRegistry::newest(session, output);
        if (last == nullptr || !registry.has_room(session, room, units * subscribers.size()))
            return false;
        if (shared == nullptr) {
            if (last->holders() != subscribers.size()) return false;
            shared = last;
            encoding = session.encoding;
        } else if (!last->same_as(*shared)) {
            return false;
        }
    }
    const std::size_t before = shared->size();
    if (before + room > SessionRegistry::joined_bytes_max) return false;
    if (!push.append_to(shared->writable(), encoding)) return false;
    const std::size_t added = shared->size() - before;
    if (added > room) {
        shared->writable().resize(before);
        return false;
    }
    for (const SubscriberLists::Subscriber& subscriber : subscribers)
        registry.has_joined(registry.at(subscriber.slot), added, units);
    registry.counters().delivered += subscribers.size();
    return true;
}

void SessionDelivery::to_everybody(
    SessionRegistry& registry, LazyPush& push, SessionsOutput& output) {
    const std::size_t units =
        QueueMemory::units_of(push.room(), std::max<std::size_t>(registry.count(), 1));
    registry.for_each([&](Session& session) {
        if (session.is_connected()) (void)offer(registry, session, units, push, output);
    });
    if (push.was_unreadable()) ++registry.counters().bodies_rejected;
}

bool SessionDelivery::offer(
    SessionRegistry& registry,
    Session& session,
    std::size_t units,
    LazyPush& push,
    SessionsOutput& output) {
    switch (push.prepare(session.encoding)) {
    case LazyPush::State::written:
        if (registry.send(session, push.message(session.encoding), units, output)) {
            ++registry.counters().delivered;
            return true;
        }
        slow_.push_back(slot_of(session.id));
        break;
    case LazyPush::State::unfit: ++registry.counters().binary_skipped; break;
    case LazyPush::State::unreadable: break;
    case LazyPush::State::unwritten: check(false, "a prepared push is not unwritten"); break;
    }
    return false;
}

}  // namespace grapevine::mesh
