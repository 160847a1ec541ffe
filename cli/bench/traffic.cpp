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

Traffic::Traffic(Field& field, const Plan& plan) : scene_{.field = field, .plan = plan} {
    std::vector<Channel>& channels = scene_.channels;
    channels.resize(plan.channels);
    for (std::size_t i = 0; i < channels.size(); ++i)
        channels[i].name = plan.to_users ? "#" + field.name('s', i) : field.name('c', i);
    for (const Seat& seat : plan.publishers) {
        Channel& channel = channels[seat.channel];
        publishers_.push_back(std::make_unique<Publisher>(
            scene_,
            static_cast<std::uint32_t>(publishers_.size()),
            seat,
            channel.publishers.size()));
        channel.publishers.push_back(publishers_.back().get());
        scene_.publishers.push_back(publishers_.back().get());
    }
    for (const Seat& seat : plan.subscribers) {
        subscribers_.push_back(std::make_unique<Subscriber>(scene_, subscribers_.size(), seat));
        ++channels[seat.channel].subscribers;
    }
    scene_.unproven = plan.streams();
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
    std::vector<bool> asks(publishers_.size());
    for (const auto& subscriber : subscribers_)
        for (const Publisher* const publisher : subscriber->channel().publishers)
            if (!subscriber->heard(*publisher)) asks[publisher->stream()] = true;
    for (std::size_t i = 0; i < asks.size(); ++i)
        if (asks[i]) publishers_[i]->probe();
}

void Traffic::flow() {
    scene_.is_flowing = true;
    if (scene_.plan.is_open_loop()) pacer_ = Pacer{scene_.field.poller.now(), scene_.plan.rate};
    for (const auto& publisher : publishers_)
        publisher->begin();
}

void Traffic::work() {
    if (!scene_.is_flowing) return;
    if (!scene_.plan.is_open_loop()) return write_off();
    const node::Instant now = scene_.field.poller.read_clock();
    const std::uint64_t count = publishers_.size();
    for (const std::uint64_t due = pacer_.due(now); next_ < due; ++next_)
        publishers_[next_ % count]->catch_up(pacer_, count, now);
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
    const std::uint64_t due = scene_.plan.is_open_loop() ? pacer_.due(scene_.field.poller.now())
                                                         : scene_.field.tally.all().sent;
    unsent_ = due - std::min(due, scene_.field.tally.all().sent);
}

bool Traffic::is_drained() const {
    return std::all_of(publishers_.begin(), publishers_.end(), [](const auto& publisher) {
        return publisher->on_way() == 0 && publisher->unanswered() == 0;
    });
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
