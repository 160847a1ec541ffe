#include "mesh/members.hpp"

#include <algorithm>

namespace grapevine::mesh {

using What = MemberNews::What;

namespace {

/// Epochs remembered of nodes that are gone: a restart with the clock set back is noticed as long
/// as this lasts.
constexpr std::size_t epochs_seen_max = 65536;

}  // namespace

const Member* Members::find(NodeId node) const {
    const auto found = members_.find(node);
    return found == members_.end() ? nullptr : &found->second;
}

void Members::saw_epoch(NodeId node, Epoch epoch) {
    if (epoch.value > proto::limits::epoch_max) return;
    if (epochs_seen_.size() >= epochs_seen_max && !epochs_seen_.contains(node)) return;
    Epoch& seen = epochs_seen_[node];
    seen = std::max(seen, epoch);
}

Epoch Members::floor_for(const proto::Hello& hello) const {
    const auto seen = epochs_seen_.find(hello.node_id);
    if (seen != epochs_seen_.end() && seen->second > hello.epoch) return seen->second;
    const Member* const member = find(hello.node_id);
    if (member == nullptr || member->epoch != hello.epoch) return {};
    // The same process comes back, unless its clock was set back to the very same microsecond; or
    // it has left, which is final for an epoch.
    return member->boot == hello.boot && member->state != MemberState::left ? Epoch{}
                                                                            : member->epoch;
}

void Members::enter(Member& member, MemberState state, Now now) {
    if (member.state == state) return;
    member.state = state;
    member.since = now.steady;
}

bool Members::linked(
    const proto::Hello& hello,
    std::string address,
    Now now,
    MemberChanges& changes,
    Events& events) {
    const auto [at, is_new] = members_.try_emplace(hello.node_id);
    Member& member = at->second;
    saw_epoch(hello.node_id, hello.epoch);
    const bool new_epoch = is_new || member.epoch != hello.epoch;
    if (new_epoch) {
        if (is_new)
            events.emplace_back(MemberJoined{hello.node_id, hello.epoch, hello.name, address});
        if (!is_new) events.emplace_back(MemberRestarted{hello.node_id, hello.name, hello.epoch});
        member = Member{.node = hello.node_id, .epoch = hello.epoch, .since = now.steady};
    }
    const bool was_down = member.state == MemberState::down;
    member.boot = hello.boot;
    member.name = hello.name;
    member.address = std::move(address);
    member.linked = true;
    enter(member, member.ready ? MemberState::alive : MemberState::joining, now);
    if (member.ready) changes.push_back({member.node, What::show});
    if (was_down) events.emplace_back(MemberReturned{member.node, member.name});
    return new_epoch;
}

void Members::make_ready(Member& member, Now now, MemberChanges& changes, Events&) {
    member.ready = true;
    if (member.state == MemberState::joining) enter(member, MemberState::alive, now);
    if (member.is_visible()) changes.push_back({member.node, What::show});
}

void Members::ready_at(NodeId node, proto::Version version) {
    if (const auto found = members_.find(node); found != members_.end())
        found->second.ready_at = version;
}

void Members::holds(
    NodeId node, proto::Version version, Now now, MemberChanges& changes, Events& events) {
    const auto found = members_.find(node);
    if (found == members_.end() || found->second.ready || version < found->second.ready_at) return;
    make_ready(found->second, now, changes, events);
}

void Members::is_equal(NodeId node, Now now) {
    if (const auto found = members_.find(node); found != members_.end())
        found->second.last_equal = now.steady;
}

void Members::lost_link(NodeId node, Now now, MemberChanges& changes, Events& events) {
    const auto found = members_.find(node);
    if (found == members_.end()) return;
    Member& member = found->second;
    member.linked = false;
    if (member.state != MemberState::alive && member.state != MemberState::joining) return;
    enter(member, MemberState::suspect, now);
    events.emplace_back(MemberSuspected{node, member.name, {}, /*link_lost=*/true});
    changes.push_back({node, What::redial});
}

void Members::go_down(
    Member& member, Now now, bool refused, MemberChanges& changes, Events& events) {
    events.emplace_back(MemberDown{member.node, member.name, now.steady - member.since, refused});
    enter(member, MemberState::down, now);
    changes.push_back({member.node, What::hide});
    changes.push_back({member.node, What::drop_links});
}

void Members::refused(NodeId node, Now now, MemberChanges& changes, Events& events) {
    const auto found = members_.find(node);
    if (found == members_.end() || found->second.linked ||
        found->second.state != MemberState::suspect)
        return;
    go_down(found->second, now, /*refused=*/true, changes, events);
}

void Members::left(NodeId node, Epoch epoch, Now now, MemberChanges& changes, Events& events) {
    const auto found = members_.find(node);
    if (found == members_.end() || found->second.epoch != epoch ||
        found->second.state == MemberState::left)
        return;
    enter(found->second, MemberState::left, now);
    events.emplace_back(MemberLeft{node, found->second.name});
    changes.push_back({node, What::hide});
    changes.push_back({node, What::forget});
}

void Members::tick(
    const std::map<NodeId, Instant>& last_heard, Now now, MemberChanges& changes, Events& events) {
    for (auto at = members_.begin(); at != members_.end();) {
        Member& member = at->second;
        const auto heard = last_heard.find(member.node);
        const bool has_link = heard != last_heard.end();
        const Duration silent = has_link ? now.steady - heard->second : Duration{};
        switch (member.state) {
        case MemberState::joining:
        case MemberState::alive:
            if (!has_link || silent <= config_.suspect_after) break;
            enter(member, MemberState::suspect, now);
            events.emplace_back(
                MemberSuspected{member.node, member.name, silent, /*link_lost=*/false});
            changes.push_back({member.node, What::redial});
            break;
        case MemberState::suspect:
            if (has_link && silent <= config_.suspect_after) {
                enter(member, member.ready ? MemberState::alive : MemberState::joining, now);
                events.emplace_back(MemberCleared{member.node, member.name});
            } else if (now.steady - member.since >= config_.down_after_suspect) {
                go_down(member, now, /*refused=*/false, changes, events);
            }
            break;
        case MemberState::down:
        case MemberState::left:
            if (now.steady - member.since < config_.keep_down) break;
            events.emplace_back(MemberForgotten{member.node, member.name});
            changes.push_back({member.node, What::forget});
            at = members_.erase(at);
            continue;
        }
        ++at;
    }
}

void Members::forgive(Duration lag) {
    for (auto& [node, member] : members_)
        if (member.state == MemberState::suspect) member.since += lag;
}

bool Members::any_ready() const {
    return std::any_of(members_.begin(), members_.end(), [](const auto& entry) {
        return entry.second.is_visible();
    });
}

proto::MemberFact Members::fact(const Member& member) const {
    proto::MemberFact fact{
        .node_id = member.node, .epoch = member.epoch, .state = member.state, .name = member.name};
    if (!member.address.empty()) fact.addresses.push_back(member.address);
    return fact;
}

}  // namespace grapevine::mesh
