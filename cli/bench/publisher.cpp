#include "cli/bench/publisher.hpp"

#include <utility>

namespace grapevine::cli::bench {
namespace {

/// A message that takes longer no longer holds its window: nodes give a message up sooner.
constexpr node::Duration window_patience = std::chrono::seconds{5};

}  // namespace

void Publisher::probe() {
    frame(true).append_to(
        client_.connection().outgoing(), probe_number, scene_.field.now(), PublishFrame::probe_id);
    client_.connection().send();
    ++probes_;
}

void Publisher::begin() {
    frame_.emplace(frame(scene_.plan.is_answered));
    receivers_ = scene_.channels[seat_.channel].subscribers;
    heard_at_ = scene_.field.poller.now();
    fill_window();
}

void Publisher::catch_up(const Pacer& pacer, std::uint64_t publishers, node::Instant now) {
    for (;;) {
        const node::Instant intended = pacer.intended(std::uint64_t{sent_} * publishers + stream_);
        if (intended > now || !can_send()) return;
        send(scene_.field.micros(intended));
    }
}

void Publisher::settled(std::uint32_t deliveries) {
    on_way_ -= std::min<std::uint64_t>(on_way_, deliveries);
    heard_at_ = scene_.field.poller.now();
    if (scene_.plan.window != 0) fill_window();
}

void Publisher::collect() {
    const std::uint64_t all = scene_.team.settled(stream_);
    if (all == collected_) return;
    settled(static_cast<std::uint32_t>(all - std::exchange(collected_, all)));
}

void Publisher::write_off(node::Instant now) {
    if (on_way_ == 0 || now - heard_at_ < window_patience) return;
    on_way_ = 0;
    heard_at_ = now;
    fill_window();
}

PublishFrame Publisher::frame(bool is_answered) const {
    const PublishText text = scene_.field.dialect->publish(
        {.channel = scene_.channels[seat_.channel].name,
         .stream = stream_,
         .is_answered = is_answered});
    return {text, scene_.field.run, client_.connection().key()};
}

bool Publisher::can_send() const {
    return client_.is_connected() && !client_.connection().is_congested() &&
           sent_ < PublishFrame::messages_max;
}

void Publisher::fill_window() {
    const std::uint64_t room = std::uint64_t{scene_.plan.window} * receivers_;
    while (scene_.is_flowing && on_way_ + receivers_ <= room && can_send())
        send(scene_.field.now());
}

void Publisher::send(std::uint32_t intended) {
    frame_->append_to(
        client_.connection().outgoing(), sent_, intended, PublishFrame::first_id + sent_);
    client_.connection().send();
    ++sent_;
    scene_.team.set_sent(stream_, sent_);
    on_way_ += receivers_;
    scene_.field.tally.sent(intended, scene_.field.now());
}

void Scene::settle(std::uint32_t stream, std::uint32_t deliveries) {
    if (Publisher* const own = senders[stream].own)
        own->settled(deliveries);
    else
        team.settle(stream, deliveries);
}

void Publisher::connected() {
    ++scene_.connected;
    ++scene_.ready;
}

void Publisher::accepted() {
    if (probes_ != 0) {
        --probes_;
        return;
    }
    ++answered_;
    scene_.field.tally.accepted();
}

void Publisher::refused(proto::CommandKind what, std::string_view why) {
    const bool is_connect = what == proto::CommandKind::connect;
    if (probes_ == 0 && !is_connect) ++answered_;
    if (probes_ != 0) --probes_;
    scene_.field.tally.refused(is_connect ? "connect" : "publish", why);
}

void Publisher::ended(bool was_connected, std::string_view why) {
    scene_.ended("publisher", was_connected, why);
}

}  // namespace grapevine::cli::bench
