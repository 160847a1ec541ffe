#include "mesh/arrivals.hpp"

#include "proto/hash.hpp"
#include "proto/limits.hpp"
#include "proto/mesh_codec.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {
namespace {

/// Answers that wait for one peer: more than it can have sent us to answer and still be honest.
constexpr std::size_t answer_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t acknowledge_bytes_max = 1024 * 1024;
constexpr std::size_t copy_bytes = sizeof(std::uint64_t);
/// Answers nobody waits for leave when there are so many: more would cost their sender more memory
/// that is cold by then than a frame of their own costs.
constexpr std::size_t waiting_answers_max = 8;
/// Tags and lengths around the answers of one frame.
constexpr std::size_t overhead_bytes = 24;

}  // namespace

void Arrivals::on(
    const Link& link,
    const proto::Forward& forward,
    proto::HashKey hash_key,
    Now now,
    MeshOutput& output) {
    ++reach_.counters.forwards_received;
    Deliver deliver{
        .target = forward.target,
        .payload_kind = forward.payload_kind,
        .name = forward.name,
        .body = forward.body};
    if (forward.target != Target::everybody) deliver.key = proto::key_of(hash_key, forward.name);
    if (forward.target == Target::user) {
        deliver.known = forward.known;
        deliver.delivery = {
            .from = link.node(), .copy = forward.copy, .soon = forward.answer_soon != 0};
        if (forward.message_id) deliver.since = seen(link.node(), forward, now);
    }
    output.delivers.push_back(deliver);
}

Version Arrivals::seen(NodeId from, const proto::Forward& forward, Now now) {
    Window& window = windows_[from];
    forget_old(window, now);
    const std::uint64_t key = proto::mix64(forward.message_id.value);
    if (Version* const written = window.written.find(key))
        return std::exchange(*written, std::max(*written, forward.known));
    window.written[key] = forward.known;
    if (window.order.size() >= reach_.config.repeats_window)
        window.written.erase(window.order.pop().key);
    window.order.push({key, now.steady});
    return {};
}

void Arrivals::on(const Delivered& delivered, Now now) {
    const NodeId node = delivered.delivery.from;
    Answers& answers = answers_for(node);
    if (answers.empty()) {
        answering_.push_back(node);
        answers.due = now.steady + reach_.config.answers_wait;
    }
    if (delivered.present == 0) {
        ++reach_.counters.denials_sent;
        answers.denied.push_back(delivered.delivery.copy);
    } else {
        answers.add_written(delivered.delivery.copy, delivered.written);
    }
    const bool waits = delivered.present != 0 && !delivered.delivery.soon &&
                       answers.written.size() < waiting_answers_max;
    if (!waits) answers.due = now.steady;
    flush_at_ = std::min(flush_at_, answers.due);
    const std::size_t most = std::max(answers.written.size(), answers.denied.size());
    if (most >= proto::limits::answers_per_frame) tell(reach_.links.to(node), answers);
}

void Arrivals::pass_on(const Acknowledge& acknowledge, Now now) {
    const NodeId node = acknowledge.message.node;
    const proto::Acked acked{acknowledge.message.message, acknowledge.user};
    bool is_told = false;
    if (Link* const to = reach_.links.to(node)) {
        // That it was written comes first.
        if (const auto before = answers_.find(node); before != answers_.end())
            tell(to, before->second);
        is_told = to->queue.waiting_bytes(FrameClass::answers) <= acknowledge_bytes_max &&
                  reach_.links.send(*to, FrameClass::answers, acked);
    } else if (reach_.replicas.find(node) != nullptr) {
        std::string encoded;
        proto::append_frame(encoded, acked);
        is_told = reach_.data_links.wait(node, encoded, now);
    }
    if (!is_told) ++reach_.counters.acknowledges_ignored;
}

void Arrivals::flush(Now now) {
    flush_at_ = never;
    std::erase_if(answering_, [&](NodeId node) {
        const auto found = answers_.find(node);
        if (found == answers_.end() || found->second.empty()) return true;
        Link* const to = reach_.links.to(node);
        const bool goes_along = to != nullptr && to->queue.waiting_bytes() != 0;
        if (found->second.due > now.steady && !goes_along) {
            flush_at_ = std::min(flush_at_, found->second.due);
            return false;
        }
        const bool is_known = reach_.replicas.find(node) != nullptr;
        if (to == nullptr && is_known && reach_.data_links.want(node, now)) return false;
        tell(to, found->second);
        if (!is_known) forget(node);
        return true;
    });
}

void Arrivals::hurry(Now now) {
    for (auto& [node, answers] : answers_)
        answers.due = now.steady;
    flush(now);
}

void Arrivals::tell(Link* to, Answers& answers) {
    if (to == nullptr) return answers.clear();
    LinkQueue& queue = to->queue;
    if (queue.waiting_bytes(FrameClass::answers) > answer_bytes_max) {
        to->unread = true;
        return answers.clear();
    }
    if (!answers.written.empty()) {
        queue.append(
            FrameClass::answers,
            answers.written.size() * copy_bytes + answers.sessions.size() + overhead_bytes,
            proto::Done{proto::CopyList::of(answers.written), answers.sessions});
    }
    if (!answers.denied.empty()) {
        queue.append(
            FrameClass::answers,
            answers.denied.size() * copy_bytes + overhead_bytes,
            proto::Nack{proto::CopyList::of(answers.denied), reach_.log.version()});
    }
    reach_.links.mark_dirty(*to);
    answers.clear();
}

void Arrivals::Answers::clear() {
    written.clear();
    sessions.clear();
    denied.clear();
}

void Arrivals::Answers::add_written(std::uint64_t copy, std::uint32_t count) {
    written.push_back(copy);
    if (count == 1 && sessions.empty()) return;
    sessions.resize(written.size() - 1, 1);  // all before it had one each
    sessions.push_back(static_cast<char>(std::min<std::uint32_t>(count, UINT8_MAX)));
}

void Arrivals::node_lost(NodeId node) {
    if (const auto found = answers_.find(node); found != answers_.end()) found->second.clear();
}

void Arrivals::forget(NodeId node) {
    answers_.erase(node);
    recent_ = nullptr;
}

void Arrivals::forget_old(Window& window, Now now) const {
    // The sender's clock is not ours, and a repeat may be long under way.
    const Instant over = now.steady - 2 * reach_.config.acknowledge_within;
    while (!window.order.empty() && window.order.front().seen < over)
        window.written.erase(window.order.pop().key);
}

void Arrivals::tick(Now now) {
    for (auto at = windows_.begin(); at != windows_.end();) {
        forget_old(at->second, now);
        at = at->second.order.empty() ? windows_.erase(at) : std::next(at);
    }
}

}  // namespace grapevine::mesh
