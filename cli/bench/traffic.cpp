#include "cli/bench/traffic.hpp"

#include <algorithm>

namespace grapevine::cli::bench {
namespace {

using namespace std::chrono_literals;

/// A message that takes longer no longer holds its window: nodes give a message up sooner.
constexpr node::Duration window_patience = 5s;
constexpr node::Duration write_off_every = 500ms;
/// Sends that are due closer together leave together. More: fewer system calls; messages leave
/// later than they should by half of it.
constexpr node::Duration pace_grain = 20us;

}  // namespace

class Traffic::Publisher final : ClientOwner {
public:
    Publisher(Traffic& traffic, std::uint32_t stream, const Seat& seat)
        : traffic_(traffic),
          stream_(stream),
          seat_(seat),
          client_(traffic.field_.poller, traffic.field_.context, *this) {}

    void dial() { traffic_.field_.dial(client_, seat_.url, traffic_.field_.name('p', stream_)); }
    [[nodiscard]] Client& client() { return client_; }
    [[nodiscard]] const Seat& seat() const { return seat_; }
    [[nodiscard]] std::uint32_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t on_way() const { return on_way_; }
    [[nodiscard]] std::uint32_t stream() const { return stream_; }
    /// Among the publishers of its channel.
    std::size_t place = 0;

    /// Always answered, so that a refusal is heard.
    void probe() {
        const PublishFrame frame{spec(true)};
        frame.append_to(
            client_.connection().outgoing(),
            probe_number,
            traffic_.field_.now(),
            PublishFrame::probe_id);
        client_.connection().send();
        ++probes_;
    }
    void begin() {
        frame_.emplace(spec(traffic_.plan_.is_answered));
        receivers_ = traffic_.channels_[seat_.channel].subscribers;
        heard_at_ = traffic_.field_.poller.now();
        fill_window();
    }
    /// Open loop: everything that is due by now.
    void catch_up(const Pacer& pacer, std::uint64_t publishers, node::Instant now) {
        for (;;) {
            const node::Instant intended =
                pacer.intended(std::uint64_t{sent_} * publishers + stream_);
            if (intended > now || !can_send()) return;
            send(traffic_.field_.micros(intended));
        }
    }
    /// Closed loop: as much as may be on its way.
    void fill_window() {
        const std::uint64_t room = std::uint64_t{traffic_.plan_.window} * receivers_;
        while (traffic_.is_flowing_ && on_way_ + receivers_ <= room && can_send())
            send(traffic_.field_.now());
    }
    /// So many deliveries need not be waited for any more.
    void settled(std::uint32_t deliveries) {
        on_way_ -= std::min<std::uint64_t>(on_way_, deliveries);
        heard_at_ = traffic_.field_.poller.now();
        if (traffic_.plan_.window != 0) fill_window();
    }
    void write_off(node::Instant now) {
        if (on_way_ == 0 || now - heard_at_ < window_patience) return;
        on_way_ = 0;
        heard_at_ = now;
        fill_window();
    }
    [[nodiscard]] std::uint64_t unanswered() const {
        return traffic_.plan_.is_answered ? sent_ - std::min<std::uint64_t>(sent_, answered_) : 0;
    }

private:
    [[nodiscard]] PublishSpec spec(bool is_answered) const {
        return {
            .encoding = traffic_.plan_.encoding,
            .channel = traffic_.channels_[seat_.channel].name,
            .payload_bytes = traffic_.plan_.payload_bytes,
            .run = traffic_.field_.run,
            .stream = stream_,
            .is_answered = is_answered,
            .key = client_.connection().key()};
    }
    [[nodiscard]] bool can_send() const {
        return client_.is_connected() && !client_.connection().is_congested() &&
               sent_ < PublishFrame::messages_max;
    }
    void send(std::uint32_t intended) {
        frame_->append_to(
            client_.connection().outgoing(), sent_, intended, PublishFrame::first_id + sent_);
        client_.connection().send();
        ++sent_;
        on_way_ += receivers_;
        traffic_.field_.tally.sent(intended, traffic_.field_.now());
    }

    void connected() override {
        ++traffic_.connected_;
        ++traffic_.ready_;
    }
    void accepted() override {
        if (probes_ != 0) {
            --probes_;
            return;
        }
        ++answered_;
        traffic_.field_.tally.accepted();
    }
    void refused(proto::CommandKind what, std::string_view why) override {
        const bool is_connect = what == proto::CommandKind::connect;
        if (probes_ == 0 && !is_connect) ++answered_;
        if (probes_ != 0) --probes_;
        traffic_.field_.tally.refused(is_connect ? "connect" : "publish", why);
    }
    void ended(bool was_connected, std::string_view why) override {
        traffic_.ended("publisher", was_connected, why);
    }

    Traffic& traffic_;
    std::uint32_t stream_;
    Seat seat_;
    Client client_;
    std::optional<PublishFrame> frame_;
    std::uint32_t sent_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t receivers_ = 0;
    std::uint64_t on_way_ = 0;  ///< deliveries that are waited for
    std::uint64_t probes_ = 0;  ///< not answered
    node::Instant heard_at_{};
};

class Traffic::Subscriber final : ClientOwner {
public:
    Subscriber(Traffic& traffic, std::size_t number, const Seat& seat)
        : traffic_(traffic),
          number_(number),
          seat_(seat),
          client_(traffic.field_.poller, traffic.field_.context, *this) {}

    void dial() {
        streams_.resize(channel().publishers.size());
        traffic_.field_.dial(client_, seat_.url, traffic_.field_.name('s', number_));
    }
    [[nodiscard]] Client& client() { return client_; }
    [[nodiscard]] bool heard(const Publisher& publisher) const {
        return streams_[publisher.place].is_heard;
    }
    void finish(Deliveries& found) const {
        for (const Publisher* const publisher : channel().publishers)
            streams_[publisher->place].judge.finish(publisher->sent(), found);
    }

private:
    struct Stream {
        StreamJudge judge;
        bool is_heard = false;
    };

    [[nodiscard]] const Channel& channel() const { return traffic_.channels_[seat_.channel]; }

    void connected() override {
        ++traffic_.connected_;
        if (traffic_.plan_.to_users)
            ++traffic_.ready_;
        else
            client_.subscribe(channel().name);
    }
    void subscribed() override { ++traffic_.ready_; }
    void arrived(const Stamp& stamp) override {
        Tally& tally = traffic_.field_.tally;
        Publisher* const publisher = stamp.stream < traffic_.publishers_.size()
                                         ? traffic_.publishers_[stamp.stream].get()
                                         : nullptr;
        const bool is_for_us = publisher != nullptr && publisher->seat().channel == seat_.channel;
        if (!is_for_us) {
            ++tally.deliveries.damaged;
            return;
        }
        Stream& stream = streams_[publisher->place];
        if (stamp.number == probe_number) {
            traffic_.unproven_ -= stream.is_heard ? 0 : 1;
            stream.is_heard = true;
            return;
        }
        if (stamp.number >= publisher->sent()) {
            ++tally.deliveries.damaged;
            return;
        }
        const std::uint64_t before = tally.deliveries.received;
        const std::uint32_t settled = stream.judge.arrived(stamp.number, tally.deliveries);
        if (tally.deliveries.received != before)
            tally.received(stamp.sent_at, traffic_.field_.now());
        if (settled != 0) publisher->settled(settled);
    }
    void damaged() override { ++traffic_.field_.tally.deliveries.damaged; }
    void refused(proto::CommandKind what, std::string_view why) override {
        const bool is_connect = what == proto::CommandKind::connect;
        traffic_.field_.tally.refused(is_connect ? "connect" : "subscribe", why);
    }
    void ended(bool was_connected, std::string_view why) override {
        traffic_.ended("subscriber", was_connected, why);
    }

    Traffic& traffic_;
    std::size_t number_;
    Seat seat_;
    Client client_;
    std::vector<Stream> streams_;  ///< by the place of the publisher
};

Traffic::Traffic(Field& field, const Plan& plan) : field_(field), plan_(plan) {
    channels_.resize(plan.channels);
    for (std::size_t i = 0; i < channels_.size(); ++i)
        channels_[i].name = plan.to_users ? "#" + field.name('s', i) : field.name('c', i);
    for (const Seat& seat : plan.publishers) {
        const auto stream = static_cast<std::uint32_t>(publishers_.size());
        publishers_.push_back(std::make_unique<Publisher>(*this, stream, seat));
        Channel& channel = channels_[seat.channel];
        publishers_.back()->place = channel.publishers.size();
        channel.publishers.push_back(publishers_.back().get());
    }
    for (const Seat& seat : plan.subscribers) {
        subscribers_.push_back(std::make_unique<Subscriber>(*this, subscribers_.size(), seat));
        ++channels_[seat.channel].subscribers;
    }
    unproven_ = plan.streams();
}

Traffic::~Traffic() = default;

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
    for (std::size_t i = 0; i < subscribers_.size(); ++i)
        for (const Publisher* const publisher : channels_[plan_.subscribers[i].channel].publishers)
            if (!subscribers_[i]->heard(*publisher)) asks[publisher->stream()] = true;
    for (std::size_t i = 0; i < asks.size(); ++i)
        if (asks[i]) publishers_[i]->probe();
}

void Traffic::flow() {
    is_flowing_ = true;
    if (plan_.is_open_loop()) pacer_ = Pacer{field_.poller.now(), plan_.rate};
    for (const auto& publisher : publishers_)
        publisher->begin();
}

void Traffic::work() {
    if (!is_flowing_) return;
    if (!plan_.is_open_loop()) return write_off();
    const node::Instant now = field_.poller.read_clock();
    const std::uint64_t count = publishers_.size();
    for (const std::uint64_t due = pacer_.due(now); next_ < due; ++next_)
        publishers_[next_ % count]->catch_up(pacer_, count, now);
    field_.poller.wake_at(std::max(pacer_.intended(next_), now + pace_grain));
}

void Traffic::write_off() {
    const node::Instant now = field_.poller.now();
    if (now < next_write_off_) return;
    next_write_off_ = now + write_off_every;
    for (const auto& publisher : publishers_)
        publisher->write_off(now);
}

void Traffic::stop() {
    if (!is_flowing_) return;
    is_flowing_ = false;
    const std::uint64_t due =
        plan_.is_open_loop() ? pacer_.due(field_.poller.now()) : field_.tally.all().sent;
    unsent_ = due - std::min(due, field_.tally.all().sent);
}

bool Traffic::is_drained() const {
    return std::all_of(publishers_.begin(), publishers_.end(), [](const auto& publisher) {
        return publisher->on_way() == 0 && publisher->unanswered() == 0;
    });
}

void Traffic::finish() {
    for (const auto& subscriber : subscribers_)
        subscriber->finish(field_.tally.deliveries);
}

std::uint64_t Traffic::unanswered() const {
    std::uint64_t count = 0;
    for (const auto& publisher : publishers_)
        count += publisher->unanswered();
    return count;
}

std::uint64_t Traffic::on_its_way() const {
    std::uint64_t count = 0;
    for (const auto& publisher : publishers_)
        count += publisher->on_way();
    return count;
}

void Traffic::leave() {
    is_leaving_ = true;
    for (const auto& publisher : publishers_)
        if (publisher->client().is_connected()) publisher->client().connection().close();
    for (const auto& subscriber : subscribers_)
        if (subscriber->client().is_connected()) subscriber->client().connection().close();
}

void Traffic::ended(std::string_view who, bool was_connected, std::string_view why) {
    connected_ -= was_connected ? 1 : 0;
    if (!is_leaving_) field_.tally.failed(std::string(who) + ": " + std::string(why));
}

}  // namespace grapevine::cli::bench
