// Flows: what is said, what is known and what is answered. The machinery of one flow, how its
// messages leave, is in flows_sending.cpp.
#include "mesh/flows.hpp"

#include "mesh/check.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace grapevine::mesh {

// ---- what is said

void Flows::submit(Publish& publish, const Options& options, Now now, MeshOutput& output) {
    ++reach_.counters.user_messages;
    const std::uint32_t at = index_.find(flows_, publish.key, publish.name());
    Flow* const found = at != nowhere ? &flows_[at] : make_flow(publish.key, publish.name(), now);
    if (found == nullptr || !has_room(*found, publish.text.size(), options.at_least_once))
        return refuse(options.line);

    Flow& flow = *found;
    if (!flow.barred.empty() && lift_bars(flow)) flow.stale = true;
    Message& message = admit(flow, publish, options, now);
    if (!flow.stale && flow.first_waiting == nowhere) return fly(flow, message, now, output);
    wait(flow, message);
    if (flow.first_waiting == nowhere) flow.first_waiting = message.at;
    pump(flow, now, output);
}

bool Flows::has_room(const Flow& flow, std::size_t bytes, bool kept) const {
    const MeshConfig& config = reach_.config;
    if (messages_.taken() >= config.held_messages_max || bytes_ + bytes > config.held_bytes_max ||
        flow.bytes + bytes > config.user_bytes_max ||
        (kept && (flow.kept >= config.kept_messages_max ||
                  flow.kept_bytes + bytes > config.kept_user_bytes_max)))
        return false;
    const bool parked = flow.places.empty() && flow.waiting != 0 && !flow.unreachable;
    const std::size_t messages_max =
        parked ? config.parked_messages_max : config.waiting_messages_max;
    const std::size_t bytes_max = parked ? config.parked_bytes_max : config.waiting_bytes_max;
    return flow.waiting < messages_max && flow.waiting_bytes + bytes <= bytes_max;
}

void Flows::refuse(ReceiptLine line) {
    ++reach_.counters.user_refused;
    count(SendState::undeliverable);
    if (line)
        news_.push_back(
            {.line = line, .what = SendNews::What::ended, .state = SendState::undeliverable});
}

Message& Flows::admit(Flow& flow, Publish& publish, const Options& options, Now now) {
    const std::uint32_t at = messages_.take();
    Message& message = messages_[at];
    message.at = at;
    message.text = std::move(publish.text);
    message.name_bytes = publish.name_bytes;
    message.payload_kind = publish.payload_kind;
    message.line = options.line;
    message.id = options.id;
    message.at_least_once = options.at_least_once;
    message.flow = flow.at;
    message.until =
        now.steady + (message.id ? reach_.config.acknowledge_within : reach_.config.deliver_within);
    bytes_ += message.text.size();
    if (message.id) by_id_[proto::mix64(message.id.value)] = at;

    flow.messages.push_back(messages_, at);
    flow.bytes += message.text.size();
    if (message.at_least_once) {
        ++flow.kept;
        flow.kept_bytes += message.text.size();
    }
    if (flow.idle_since != never) {
        idle_.remove(flows_, flow.at);
        busy_.push_back(flows_, flow.at);
        flow.idle_since = never;
    }
    return message;
}

// ---- what is answered

template <class Answered>
bool Flows::on_answer(
    std::uint64_t id, NodeId from, Now now, MeshOutput& output, Answered answered) {
    const std::uint32_t at = Copies::place_of(id);
    if (at >= messages_.made()) return false;
    Message& message = messages_[at];
    const std::optional<Copy> copy = copies_.answered(message.copies, id, from);
    if (!copy) return false;
    Flow& flow = flow_of(message);
    answered(message, *copy);
    pump(flow, now, output);
    return true;
}

template <class Answered>
void Flows::on_answers(
    NodeId from, const proto::CopyList& copies, Now now, MeshOutput& output, Answered answered) {
    for (std::size_t index = 0; index < copies.size(); ++index) {
        const auto with_index = [&](Message& message, const Copy& copy) {
            answered(message, copy, index);
        };
        if (!on_answer(copies[index], from, now, output, with_index))
            ++reach_.counters.answers_ignored;
    }
}

void Flows::on(const Delivered& here, Now now, MeshOutput& output) {
    const auto answered = [&](Message& message, const Copy& copy) {
        if (here.present != 0)
            accepted(message, copy, here.written, now);
        else
            denied(message, copy, reach_.log.version(), now);
    };
    // If there is none, its time was over meanwhile.
    (void)on_answer(here.delivery.copy, reach_.self, now, output, answered);
}

void Flows::on(NodeId from, const proto::Done& done, Now now, MeshOutput& output) {
    const auto answered = [&](Message& message, const Copy& copy, std::size_t index) {
        const std::uint32_t sessions =
            done.sessions.empty() ? 1 : static_cast<std::uint8_t>(done.sessions[index]);
        accepted(message, copy, sessions, now);
    };
    on_answers(from, done.copies, now, output, answered);
}

void Flows::on(NodeId from, const proto::Nack& nack, Now now, MeshOutput& output) {
    const auto answered = [&](Message& message, const Copy& copy, std::size_t) {
        denied(message, copy, nack.version, now);
    };
    on_answers(from, nack.copies, now, output, answered);
}

void Flows::acknowledged(
    NodeId from, MessageId id, std::string_view user, Now now, MeshOutput& output) {
    const std::uint32_t* const found = by_id_.find(proto::mix64(id.value));
    const bool is_known = found != nullptr && messages_[*found].name() == user;
    // Nobody can have what was never sent.
    if (!is_known || messages_[*found].attempts == 0) {
        ++reach_.counters.acknowledges_ignored;
        return;
    }
    Message& message = messages_[*found];
    Flow& flow = flow_of(message);
    if (message.line && message.sessions == 0) tell_written(message, from, 1);
    end(message, SendState::acked, now);
    pump(flow, now, output);
}

void Flows::accepted(Message& message, const Copy& copy, std::uint32_t sessions, Now now) {
    if (message.is_undecided()) --flow_of(message).undecided;
    message.accepted = true;
    message.sessions += sessions;
    if (message.line && sessions != 0) tell_written(message, copies_.node_of(copy.lane), sessions);
    if (message.copies.empty()) all_answered(message, now);
}

void Flows::tell_written(const Message& message, NodeId node, std::uint32_t sessions) {
    news_.push_back(
        {.line = message.line,
         .what = SendNews::What::wrote,
         .state = SendState::written,
         .node = node,
         .sessions = sessions});
}

void Flows::denied(Message& message, const Copy& copy, Version version, Now now) {
    ++reach_.counters.copies_denied;
    Flow& flow = flow_of(message);
    // It may know no more than we did: then two names share a hash, and only a change can help.
    const Version until = version > copy.known ? version : Version{copy.known.value + 1};
    bar(flow, copies_.node_of(copy.lane), until);
    flow.stale = true;
    if (message.copies.empty()) all_answered(message, now);
}

void Flows::lose_lane(std::uint32_t lane, Now now) {
    std::uint32_t next_flow = nowhere;
    for (std::uint32_t flow = busy_.first(); flow != nowhere; flow = next_flow) {
        next_flow = busy_.after(flows_, flow);
        std::uint32_t next = nowhere;
        for (std::uint32_t at = flows_[flow].messages.first(); at != nowhere; at = next) {
            next = flows_[flow].messages.after(messages_, at);
            if (copies_.lost(messages_[at].copies, lane)) lost(messages_[at], now);
        }
    }
}

void Flows::lost(Message& message, Now now) {
    message.lost = true;
    // It goes again, to the same node too.
    if (message.at_least_once) flow_of(message).moved = true;
    if (message.copies.empty()) all_answered(message, now);
}

void Flows::repeat(Flow& flow, Message& message) {
    message.lost = message.lost || !message.copies.empty();
    copies_.drop(message.copies);
    wait(flow, message);
    ++reach_.counters.user_repeats;
}

void Flows::all_answered(Message& message, Now now) {
    if (message.accepted) return settle(message, now);
    const MeshConfig& config = reach_.config;
    const bool may_repeat =
        !message.refused && (message.at_least_once || !(message.lost || message.overdue));
    const std::uint8_t attempts_max =
        message.at_least_once ? config.repeats_max : config.attempts_max;
    if (!may_repeat || message.attempts >= attempts_max)
        return end(message, state_of(message), now);
    Flow& flow = flow_of(message);
    if (message.is_undecided()) --flow.undecided;
    flow.stale = true;
    repeat(flow, message);
}

void Flows::settle(Message& message, Now now) {
    const SendState state = state_of(message);
    const bool may_be_acknowledged = message.id && (message.at_least_once || message.sessions != 0);
    if (!may_be_acknowledged) return end(message, state, now);
    message.stage = Stage::settled;
    if (message.line)
        news_.push_back({.line = message.line, .what = SendNews::What::settled, .state = state});
}

SendState Flows::state_of(const Message& message) const {
    if (message.sessions != 0) return SendState::written;
    return message.lost ? SendState::unknown : SendState::undeliverable;
}

SendState Flows::late_state_of(const Message& message) const {
    const Flow& flow = flows_[message.flow];
    if (message.sessions != 0) return SendState::written;
    if (message.lost || message.stage == Stage::flying) return SendState::unknown;
    const bool was_nowhere =
        message.stage == Stage::waiting && flow.places.empty() && !flow.unreachable;
    return was_nowhere ? SendState::not_connected : SendState::undeliverable;
}

void Flows::end(Message& message, SendState state, Now now) {
    Flow& flow = flow_of(message);
    count(state);
    if (message.line)
        news_.push_back({.line = message.line, .what = SendNews::What::ended, .state = state});
    if (message.is_undecided()) --flow.undecided;
    if (message.stage == Stage::waiting) wait_no_more(flow, message);
    copies_.drop(message.copies);
    if (message.id) by_id_.erase(proto::mix64(message.id.value));
    if (message.at_least_once) {
        --flow.kept;
        flow.kept_bytes -= message.text.size();
    }
    bytes_ -= message.text.size();
    flow.bytes -= message.text.size();
    flow.messages.remove(messages_, message.at);
    messages_.give_back(message.at);
    list_bars(flow);
    if (!flow.messages.empty()) return;
    busy_.remove(flows_, flow.at);
    become_idle(flow, now);
}

void Flows::count(SendState state) {
    MeshCounters& counters = reach_.counters;
    switch (state) {
    case SendState::written: ++counters.user_written; break;
    case SendState::acked: ++counters.user_acked; break;
    case SendState::not_connected: ++counters.user_not_connected; break;
    case SendState::undeliverable: ++counters.user_undeliverable; break;
    case SendState::unknown: ++counters.user_unknown; break;
    }
}

// ---- what is known of where users are

void Flows::touched(std::uint64_t key, Now now, MeshOutput& output) {
    if (index_.empty()) return;
    std::uint32_t next = nowhere;
    for (std::uint32_t at = index_.first(key); at != nowhere; at = next) {
        Flow& flow = flows_[at];
        next = flow.next_of_key;
        flow.stale = flow.moved = true;
        pump(flow, now, output);
    }
}

void Flows::advanced(Now now, MeshOutput& output) {
    for (std::uint32_t at = awaiting_bars_.first(); at != nowhere;) {
        const std::uint32_t next = awaiting_bars_.after(flows_, at);
        Flow& flow = flows_[at];
        if (lift_bars(flow)) {
            flow.stale = flow.moved = true;
            list_bars(flow);
            pump(flow, now, output);
        }
        at = next;
    }
}

void Flows::disturbed(bool users_moved, Now now, MeshOutput& output) {
    for (std::uint32_t at = 0; at < flows_.made(); ++at) {
        Flow& flow = flows_[at];
        if (flow.name.empty()) continue;
        flow.stale = true;
        flow.moved = flow.moved || users_moved;
        pump(flow, now, output);
    }
}

void Flows::link_ended(LinkId link, bool replaced, Now now) {
    const std::uint32_t lane = copies_.end_link(link, replaced);
    if (lane != nowhere) lose_lane(lane, now);
}

void Flows::node_lost(NodeId node, Now now) {
    for (const std::uint32_t lane : copies_.retired_lanes(node))
        lose_lane(lane, now);
    // Its next process may number its log anew.
    for (std::uint32_t at = 0; at < flows_.made(); ++at)
        std::erase_if(
            flows_[at].barred, [&](const Flow::Barred& barred) { return barred.node == node; });
}

void Flows::bar(Flow& flow, NodeId node, Version until) {
    for (Flow::Barred& barred : flow.barred)
        if (barred.node == node) {
            barred.until = std::max(barred.until, until);
            return;
        }
    flow.barred.push_back({node, until});
}

void Flows::list_bars(Flow& flow) {
    const bool awaits = !flow.barred.empty() && (flow.waiting != 0 || flow.kept != 0);
    if (awaits == flow.awaits_bars) return;
    flow.awaits_bars = awaits;
    if (awaits)
        awaiting_bars_.push_back(flows_, flow.at);
    else
        awaiting_bars_.remove(flows_, flow.at);
}

bool Flows::lift_bars(Flow& flow) const {
    return std::erase_if(flow.barred, [&](const Flow::Barred& barred) {
               return reach_.known_of(barred.node) >= barred.until;
           }) != 0;
}

// ---- time

void Flows::tick(Now now, MeshOutput& output) {
    for (std::uint32_t at = busy_.first(); at != nowhere;) {
        const std::uint32_t next = busy_.after(flows_, at);
        end_overdue(flows_[at], now, output);
        at = next;
    }
    while (!parked_.empty() && messages_[parked_.first()].parked_until <= now.steady) {
        Message& message = messages_[parked_.first()];
        end(message, late_state_of(message), now);
    }
    while (!idle_.empty() &&
           flows_[idle_.first()].idle_since + reach_.config.flow_idle <= now.steady)
        forget_flow(idle_.first());
    copies_.sweep();
}

/// Messages of one flow are in the order in which they were said, and fly in that order: behind one
/// that flies and has time left all have, but for those that are to be acknowledged and those that
/// flew again.
void Flows::end_overdue(Flow& flow, Now now, MeshOutput& output) {
    bool changed = false;
    for (std::uint32_t at = flow.messages.first(); at != nowhere;) {
        Message& message = messages_[at];
        const std::uint32_t next = flow.messages.after(messages_, at);
        const bool in_time = message.stage == Stage::flying && message.answer_by > now.steady;
        if (message.until <= now.steady) {
            end(message, late_state_of(message), now);
            changed = true;
        } else if (in_time && !message.id) {
            break;
        } else if (message.is_undecided() && !in_time) {
            give_up_waiting(message);
            changed = true;
        }
        at = next;
    }
    if (changed) pump(flow, now, output);
}

void Flows::give_up_waiting(Message& message) {
    Flow& flow = flow_of(message);
    --flow.undecided;
    message.overdue = true;
    if (!message.at_least_once || message.refused || message.attempts >= reach_.config.repeats_max)
        return;
    // It goes again, before what was said after it.
    flow.stale = flow.moved = true;
    repeat(flow, message);
}

void Flows::end_all(Now now) {
    while (!busy_.empty()) {
        Message& message = messages_[flows_[busy_.first()].messages.first()];
        if (message.stage == Stage::flying) message.lost = true;
        end(message, state_of(message), now);
    }
}

// ---- flows

Flow* Flows::make_flow(std::uint64_t key, std::string_view name, Now now) {
    if (flows_.taken() >= reach_.config.flows_max) {
        if (idle_.empty()) return nullptr;
        forget_flow(idle_.first());
    }
    const std::uint32_t at = flows_.take();
    Flow& flow = flows_[at];
    flow.at = at;
    flow.name = name;
    flow.key = key;
    index_.add(flows_, at);
    become_idle(flow, now);
    return &flow;
}

void Flows::become_idle(Flow& flow, Now now) {
    flow.idle_since = now.steady;
    idle_.push_back(flows_, flow.at);
}

void Flows::forget_flow(std::uint32_t at) {
    check(flows_[at].messages.empty(), "only a flow without messages is forgotten");
    index_.remove(flows_, at);
    idle_.remove(flows_, at);
    flows_.give_back(at);
}

FlowSizes Flows::sizes() const {
    return {
        .flows = flows_.taken(),
        .messages = messages_.taken(),
        .bytes = bytes_,
        .parked = parked_count_,
        .copies = copies_.size()};
}

void Flows::check_invariants() const {
    std::size_t messages = 0;
    std::size_t bytes = 0;
    std::size_t copies = 0;
    for (std::uint32_t at = 0; at < flows_.made(); ++at) {
        const Flow& flow = flows_[at];
        if (flow.name.empty()) continue;
        check(index_.find(flows_, flow.key, flow.name) == at, "a flow is found by its name");
        std::uint32_t waiting = 0;
        std::uint32_t undecided = 0;
        std::size_t waiting_bytes = 0;
        std::size_t flow_bytes = 0;
        bool seen_first = false;
        for (std::uint32_t in = flow.messages.first(); in != nowhere;
             in = flow.messages.after(messages_, in)) {
            const Message& message = messages_[in];
            check(message.flow == at, "a message belongs to its flow");
            check(message.name() == flow.name, "a message is for its flow's user");
            check(
                message.copies.empty() || message.stage == Stage::flying,
                "only what flies has copies");
            const bool waits = message.stage == Stage::waiting;
            seen_first = seen_first || in == flow.first_waiting;
            check(
                !waits || seen_first || flow.stale, "the first that waits is before all that wait");
            waiting += waits ? 1 : 0;
            waiting_bytes += waits ? message.text.size() : 0;
            undecided += message.is_undecided() ? 1 : 0;
            copies += message.copies.size();
            ++messages;
            flow_bytes += message.text.size();
        }
        bytes += flow_bytes;
        check(flow_bytes == flow.bytes, "bytes for a user are counted");
        check(waiting == flow.waiting, "those that wait are counted");
        check(waiting_bytes == flow.waiting_bytes, "bytes that wait are counted");
        check(undecided == flow.undecided, "those that may be sent again are counted");
        check(
            flow.messages.empty() == (flow.idle_since != never), "a flow without messages is idle");
    }
    check(messages == messages_.taken(), "every message is in a flow");
    check(bytes == bytes_, "bytes are counted");
    check(copies == copies_.size(), "every copy belongs to a message");
}

}  // namespace grapevine::mesh
