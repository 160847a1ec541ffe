#include "cli/bench/traffic.hpp"

#include <algorithm>

namespace grapevine::cli::bench {
namespace {

using namespace std::chrono_literals;

constexpr node::Duration write_off_every = 500ms;
/// Sends that are due closer together leave together. More: fewer system calls; messages leave
/// later than they should by half of it.
constexpr node::Duration pace_grain = 20us;

}  // namespace

Traffic::Traffic(Field& field, const Plan& plan, Team& team)
    : scene_{.field = field, .plan = plan, .team = team} {
    std::vector<Channel>& channels = scene_.channels;
    channels.resize(plan.channels);
    for (std::size_t i = 0; i < channels.size(); ++i)
        channels[i].name = plan.to_users ? "#" + field.name('s', i) : field.name('c', i);
    for (const Seat& seat : plan.publishers) {
        const auto stream = static_cast<std::uint32_t>(scene_.senders.size());
        std::vector<std::uint32_t>& streams = channels[seat.channel].streams;
        scene_.senders.push_back({.channel = seat.channel, .place = streams.size()});
        streams.push_back(stream);
        if (!team.owns(stream)) continue;
        publishers_.push_back(std::make_unique<Publisher>(scene_, stream, seat));
        scene_.senders.back().own = publishers_.back().get();
    }
    for (std::size_t i = 0; i < plan.subscribers.size(); ++i) {
        const Seat& seat = plan.subscribers[i];
        Channel& channel = channels[seat.channel];
        ++channel.subscribers;
        if (!team.owns(i)) continue;
        subscribers_.push_back(std::make_unique<Subscriber>(scene_, i, seat));
        scene_.unproven += channel.streams.size();
    }
}

std::size_t Traffic::size() const {
    return publishers_.size() + subscribers_.size();
}

void Traffic::dial(std::size_t index) {
    if (index < publishers_.size())
        publishers_[index]->dial();
    else
        subscribers_[index - publishers_.size()]->dial();
}

void Traffic::prove() {
    for (const auto& subscriber : subscribers_)
        for (const std::uint32_t stream : subscriber->channel().streams)
            if (!subscriber->heard(stream)) scene_.team.ask(stream);
    for (const auto& publisher : publishers_)
        if (scene_.team.is_asked(publisher->stream())) publisher->probe();
}

void Traffic::flow(node::Instant from) {
    scene_.is_flowing = true;
    if (scene_.plan.is_open_loop()) pacer_ = Pacer{from, scene_.plan.rate};
    for (const auto& publisher : publishers_)
        publisher->begin();
}

void Traffic::collect() {
    for (const auto& publisher : publishers_)
        publisher->collect();
}

void Traffic::work() {
    if (!scene_.is_flowing || publishers_.empty()) return;
    if (!scene_.plan.is_open_loop()) return write_off();
    const node::Instant now = scene_.field.poller.read_clock();
    const std::uint64_t count = scene_.senders.size();
    const std::uint64_t due = pacer_.due(now);
    // Up to the next one of this process that is not due yet.
    for (;; ++next_) {
        Publisher* const own = scene_.senders[next_ % count].own;
        if (own == nullptr) continue;
        if (next_ >= due) break;
        own->catch_up(pacer_, count, now);
    }
    scene_.field.poller.wake_at(std::max(pacer_.intended(next_), now + pace_grain));
}

void Traffic::write_off() {
    const node::Instant now = scene_.field.poller.now();
    if (now < next_write_off_) return;
    next_write_off_ = now + write_off_every;
    for (const auto& publisher : publishers_)
        publisher->write_off(now);
}

void Traffic::stop() {
    if (!scene_.is_flowing) return;
    scene_.is_flowing = false;
    if (!scene_.plan.is_open_loop()) return;
    const std::uint64_t due = own_of(pacer_.due(scene_.field.poller.now()));
    unsent_ = due - std::min(due, scene_.field.tally.all().sent);
}

std::uint64_t Traffic::own_of(std::uint64_t count) const {
    const std::uint64_t all = scene_.senders.size();
    std::uint64_t own = 0;
    for (const auto& publisher : publishers_)
        own += count / all + (publisher->stream() < count % all ? 1 : 0);
    return own;
}

std::uint64_t Traffic::on_way() const {
    std::uint64_t count = unanswered();
    for (const auto& publisher : publishers_)
        count += publisher->on_way();
    return count;
}

void Traffic::finish() {
    for (const auto& subscriber : subscribers_)
        subscriber->finish(scene_.field.tally.deliveries);
}

std::uint64_t Traffic::unanswered() const {
    std::uint64_t count = 0;
    for (const auto& publisher : publishers_)
        count += publisher->unanswered();
    return count;
}

void Traffic::leave() {
    scene_.is_leaving = true;
    for (const auto& publisher : publishers_)
        if (publisher->client().is_connected()) publisher->client().connection().close();
    for (const auto& subscriber : subscribers_)
        if (subscriber->client().is_connected()) subscriber->client().connection().close();
}

}  // namespace grapevine::cli::bench
