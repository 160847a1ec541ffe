// Flows: how the messages of one flow leave, in order, and what keeps them back.
#include "mesh/flows.hpp"

#include <algorithm>

namespace grapevine::mesh {

void Flows::pump(Flow& flow, Now now, MeshOutput& output) {
    while (flow.first_waiting != nowhere || flow.stale) {
        if (flow.stale) {
            if (flow.waiting == 0 && flow.kept == 0) return;  // nobody is in a hurry to know
            if (flow.undecided != 0) return;  // drain before switch
            if (!resolve(flow, now)) {
                // All places get it, or none: it waits until the link is there.
                flow.stale = true;
                return;
            }
            if (flow.moved) repeat_kept(flow);
            rewind(flow);
            list_bars(flow);
            if (flow.places.empty()) {
                flow.stale = true;
                return park_waiting(flow, now);
            }
            continue;
        }
        Message& next = messages_[flow.first_waiting];
        wait_no_more(flow, next);
        fly(flow, next, now, output);
    }
}

bool Flows::resolve(Flow& flow, Now now) {
    bool is_whole = true;
    former_.swap(flow.places);
    flow.places.clear();
    flow.stale = flow.unreachable = false;
    lift_bars(flow);
    const auto is_barred = [&](NodeId node) {
        return std::any_of(flow.barred.begin(), flow.barred.end(), [&](const Flow::Barred& barred) {
            return barred.node == node;
        });
    };
    reach_.tables.for_each_place(proto::TableKind::users, flow.key, [&](Slot slot) {
        const NodeId node = reach_.tables.node_of(slot);
        if (is_barred(node)) return;
        const Version known = reach_.known_of(node);
        if (slot == Tables::self_slot) {
            flow.places.push_back({Copies::lane_here, known});
        } else if (const Link* const link = reach_.links.to(node)) {
            flow.places.push_back({copies_.lane_of(link->id, node), known});
        } else if (!reach_.has_parted(node)) {
            flow.unreachable = true;
            is_whole = !reach_.data_links.want(node, now) && is_whole;
        }
    });
    const auto same_lane = [](const Flow::Place& left, const Flow::Place& right) {
        return left.lane == right.lane;
    };
    flow.moved =
        flow.moved ||
        !std::equal(
            flow.places.begin(), flow.places.end(), former_.begin(), former_.end(), same_lane);
    return is_whole;
}

void Flows::repeat_kept(Flow& flow) {
    flow.moved = false;
    if (flow.kept == 0) return;
    for (std::uint32_t at = flow.messages.first(); at != nowhere;
         at = flow.messages.after(messages_, at)) {
        Message& message = messages_[at];
        if (!message.at_least_once || message.refused || message.stage == Stage::waiting ||
            message.attempts >= reach_.config.repeats_max)
            continue;
        repeat(flow, message);
    }
}

void Flows::rewind(Flow& flow) {
    std::uint32_t at = flow.messages.first();
    while (at != nowhere && messages_[at].stage != Stage::waiting)
        at = flow.messages.after(messages_, at);
    flow.first_waiting = at;
}

void Flows::fly(Flow& flow, Message& message, Now now, MeshOutput& output) {
    message.stage = Stage::flying;
    message.accepted = message.overdue = false;
    message.answer_by = now.steady + reach_.config.answer_within;
    ++message.attempts;
    ++flow.undecided;
    const std::uint64_t copy = copies_.begin_attempt(message.copies, message.at);
    bool is_gone = false;
    for (const Flow::Place& place : flow.places) {
        if (place.lane == Copies::lane_here) {
            fly_here(message, copy, place.known, output);
        } else if (Link* const link = reach_.links.find(copies_.link_of(place.lane));
                   link != nullptr && link->is_usable()) {
            fly_there(*link, message, copy, place);
        } else {
            is_gone = true;
        }
    }
    if (!message.copies.empty()) return;
    if (!is_gone) return end(message, state_of(message), now);  // too much waits there already
    // The link went in this very call: look again.
    --flow.undecided;
    --message.attempts;
    flow.stale = true;
    wait(flow, message);
}

void Flows::fly_here(Message& message, std::uint64_t copy, Version known, MeshOutput& output) {
    copies_.add(message.copies, Copies::lane_here, known);
    output.delivers.push_back(
        {.target = Target::user,
         .payload_kind = message.payload_kind,
         .key = flows_[message.flow].key,
         .name = message.name(),
         .body = message.body(),
         .known = known,
         .since = message.here_until,
         .delivery = {.from = {}, .copy = copy}});
    output.alive.push_back(message.text);
    if (message.at_least_once) message.here_until = known;
}

void Flows::fly_there(Link& link, Message& message, std::uint64_t copy, const Flow::Place& place) {
    const bool queued = reach_.forward(
        link,
        {.copy = copy,
         .target = Target::user,
         .name = message.name(),
         .payload_kind = message.payload_kind,
         .body = message.body(),
         .known = place.known,
         .message_id = message.at_least_once ? message.id : MessageId{},
         .answer_soon = message.line ? 1u : 0u});
    if (queued)
        copies_.add(message.copies, place.lane, place.known);
    else
        message.refused = true;
}

void Flows::wait(Flow& flow, Message& message) {
    message.stage = Stage::waiting;
    ++flow.waiting;
    flow.waiting_bytes += message.text.size();
}

void Flows::wait_no_more(Flow& flow, Message& message) {
    --flow.waiting;
    flow.waiting_bytes -= message.text.size();
    if (message.parked) unpark(message);
    if (flow.first_waiting != message.at) return;
    do {
        flow.first_waiting = flow.messages.after(messages_, flow.first_waiting);
    } while (flow.first_waiting != nowhere &&
             messages_[flow.first_waiting].stage != Stage::waiting);
}

bool Flows::has_room_to_park(std::size_t bytes) const {
    return parked_count_ < reach_.config.all_parked_messages_max &&
           parked_bytes_ + bytes <= reach_.config.all_parked_bytes_max;
}

void Flows::park_waiting(Flow& flow, Now now) {
    std::uint32_t next = nowhere;
    for (std::uint32_t at = flow.first_waiting; at != nowhere; at = next) {
        Message& message = messages_[at];
        next = flow.messages.after(messages_, at);
        if (message.stage != Stage::waiting || message.parked) continue;
        if (!has_room_to_park(message.text.size())) {
            ++reach_.counters.user_refused;
            end(message, state_of(message), now);
            continue;
        }
        message.parked = true;
        ++parked_count_;
        parked_bytes_ += message.text.size();
        ++reach_.counters.user_parked;
        // What is to arrive at least once waits as long as it may.
        message.parked_until =
            message.at_least_once ? never : now.steady + reach_.config.park_within;
        if (!message.at_least_once) parked_.push_back(messages_, at);
    }
}

void Flows::unpark(Message& message) {
    message.parked = false;
    --parked_count_;
    parked_bytes_ -= message.text.size();
    if (message.parked_until != never) parked_.remove(messages_, message.at);
}

}  // namespace grapevine::mesh
