#include "mesh/session_delivery.hpp"

#include "mesh/check.hpp"
#include "proto/names.hpp"

namespace grapevine::mesh {

void SessionDelivery::deliver(
    SessionRegistry& registry, const Deliver& deliver, SessionsOutput& output) {
    switch (deliver.target) {
    case Target::channel: {
        LazyPush push{deliver, deliver.name};
        to_group(registry, registry.channels().find(deliver.key, deliver.name), push, output);
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

void SessionDelivery::to_group(
    SessionRegistry& registry,
    std::span<const SubscriberLists::Subscriber> subscribers,
    LazyPush& push,
    SessionsOutput& output) {
    if (subscribers.empty()) ++registry.counters().not_here;
    for (const SubscriberLists::Subscriber& subscriber : subscribers)
        (void)offer(registry, registry.at(subscriber.slot), subscribers.size(), push, output);
    if (push.was_unreadable()) ++registry.counters().bodies_rejected;
}

void SessionDelivery::to_user(
    SessionRegistry& registry, const Deliver& deliver, LazyPush& push, SessionsOutput& output) {
    // Filled where it stays: a copy of what was just written in pieces would have to wait for them.
    Delivered& result = output.delivered.emplace_back();
    result.delivery = deliver.delivery;
    const auto devices = registry.users().find(deliver.key, deliver.name);
    for (const SubscriberLists::Subscriber& subscriber : devices) {
        Session& session = registry.at(subscriber.slot);
        if (session.joined > deliver.known) continue;
        const bool has_it = session.joined <= deliver.since;
        const std::size_t slow = slow_.size();
        const bool written = has_it || offer(registry, session, devices.size(), push, output);
        // Who is closed as slow is as good as gone.
        result.present += slow_.size() == slow ? 1 : 0;
        result.written += written ? 1 : 0;
    }
    if (result.present == 0) ++registry.counters().not_here;
    if (push.was_unreadable()) ++registry.counters().bodies_rejected;
    if (!deliver.delivery) output.delivered.pop_back();
}

void SessionDelivery::to_everybody(
    SessionRegistry& registry, LazyPush& push, SessionsOutput& output) {
    registry.for_each([&](Session& session) {
        if (session.is_connected()) (void)offer(registry, session, registry.count(), push, output);
    });
    if (push.was_unreadable()) ++registry.counters().bodies_rejected;
}

bool SessionDelivery::offer(
    SessionRegistry& registry,
    Session& session,
    std::size_t sharers,
    LazyPush& push,
    SessionsOutput& output) {
    switch (push.prepare(session.encoding)) {
    case LazyPush::State::written:
        if (registry.send(session, push.message(session.encoding), output, sharers)) {
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
