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
        to_group(registry, registry.users().find(deliver.key, deliver.name), push, output);
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
        offer(registry, registry.at(subscriber.slot), push, output);
    if (push.was_unreadable()) ++registry.counters().bodies_rejected;
}

void SessionDelivery::to_everybody(
    SessionRegistry& registry, LazyPush& push, SessionsOutput& output) {
    registry.for_each([&](Session& session) {
        if (session.is_connected()) offer(registry, session, push, output);
    });
    if (push.was_unreadable()) ++registry.counters().bodies_rejected;
}

void SessionDelivery::offer(
    SessionRegistry& registry, Session& session, LazyPush& push, SessionsOutput& output) {
    switch (push.prepare(session.encoding)) {
    case LazyPush::State::written:
        if (registry.send(session, push.message(session.encoding), output))
            ++registry.counters().delivered;
        else
            slow_.push_back(slot_of(session.id));
        break;
    case LazyPush::State::unfit: ++registry.counters().binary_skipped; break;
    case LazyPush::State::unreadable: break;
    case LazyPush::State::unwritten: check(false, "a prepared push is not unwritten"); break;
    }
}

}  // namespace grapevine::mesh
