#include "cli/bench/subscriber.hpp"

namespace grapevine::cli::bench {

void Subscriber::dial() {
    streams_.resize(channel().publishers.size());
    scene_.field.dial(client_, seat_.url, scene_.field.name('s', number_));
}

void Subscriber::finish(Deliveries& found) const {
    for (const Publisher* const publisher : channel().publishers)
        streams_[publisher->place()].judge.finish(publisher->sent(), found);
}

Publisher* Subscriber::sender_of(const Stamp& stamp) const {
    if (stamp.stream >= scene_.publishers.size()) return nullptr;
    Publisher* const publisher = scene_.publishers[stamp.stream];
    const bool was_sent = stamp.number == probe_number || stamp.number < publisher->sent();
    return was_sent && publisher->channel() == seat_.channel ? publisher : nullptr;
}

void Subscriber::arrived(const Stamp& stamp) {
    Publisher* const publisher = sender_of(stamp);
    if (publisher == nullptr) return damaged();
    Stream& stream = streams_[publisher->place()];
    if (stamp.number == probe_number) {
        scene_.unproven -= stream.is_heard ? 0 : 1;
        stream.is_heard = true;
        return;
    }
    Tally& tally = scene_.field.tally;
    const std::uint64_t before = tally.deliveries.received;
    const std::uint32_t settled = stream.judge.arrived(stamp.number, tally.deliveries);
    if (tally.deliveries.received != before) tally.received(stamp.sent_at, scene_.field.now());
    if (settled != 0) publisher->settled(settled);
}

void Subscriber::connected() {
    ++scene_.connected;
    if (scene_.plan.to_users)
        ++scene_.ready;
    else
        client_.subscribe(channel().name);
}

void Subscriber::refused(proto::CommandKind what, std::string_view why) {
    const bool is_connect = what == proto::CommandKind::connect;
    scene_.field.tally.refused(is_connect ? "connect" : "subscribe", why);
}

void Subscriber::ended(bool was_connected, std::string_view why) {
    scene_.ended("subscriber", was_connected, why);
}

}  // namespace grapevine::cli::bench
