#include "cli/bench/subscriber.hpp"

namespace grapevine::cli::bench {

void Subscriber::dial() {
    scene_.field.dial(client_, seat_.url, scene_.field.name('s', number_));
}

void Subscriber::finish(Deliveries& found) const {
    for (const std::uint32_t stream : channel().streams)
        streams_[scene_.senders[stream].place].judge.finish(
            scene_.team.sent(stream), client_.is_connected(), found);
}

const Sender* Subscriber::sender_of(const Stamp& stamp) const {
    if (stamp.stream >= scene_.senders.size()) return nullptr;
    const Sender& sender = scene_.senders[stamp.stream];
    const bool was_sent =
        stamp.number == probe_number || stamp.number < scene_.team.sent(stamp.stream);
    return was_sent && sender.channel == seat_.channel ? &sender : nullptr;
}

void Subscriber::arrived(const Stamp& stamp) {
    const Sender* const sender = sender_of(stamp);
    if (sender == nullptr) return damaged();
    Stream& stream = streams_[sender->place];
    if (stamp.number == probe_number) {
        scene_.unproven -= stream.is_heard ? 0 : 1;
        stream.is_heard = true;
        return;
    }
    Tally& tally = scene_.field.tally;
    const std::uint64_t before = tally.deliveries.received;
    const std::uint32_t settled = stream.judge.arrived(stamp.number, tally.deliveries);
    if (tally.deliveries.received != before) tally.received(stamp.sent_at, scene_.field.now());
    if (settled != 0) scene_.settle(stamp.stream, settled);
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
