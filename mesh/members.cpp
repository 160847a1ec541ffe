#include "mesh/members.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {

using What = MemberNews::What;

namespace {

/// Epochs remembered of nodes that are gone: a restart with the clock set back is noticed as long
/// as this lasts.
constexpr std::size_t epochs_seen_max = 65536;
/// Refused this often, a tick or more apart, and nobody listens there, whoever else agrees.
constexpr std::uint32_t refusals_certain = 2;
/// More than these or this share of all in a short time cannot all have died: the brake.
constexpr std::size_t brake_min = 2;
constexpr std::size_t brake_share = 3;
/// A claim to have been contradicted so much more often than we know is a lie: each contradiction
/// is told to everybody.
constexpr std::uint32_t refute_leap_max = 1024;

}  // namespace

const Member* Members::find(NodeId node) const {
    return members_.find(node);
}

bool Members::saw_epoch(NodeId node, Epoch epoch) {
    if (epoch.value > proto::limits::epoch_max) return false;
    if (epochs_seen_.size() >= epochs_seen_max && !epochs_seen_.contains(node)) return false;
    Epoch& seen = epochs_seen_.make(node).first;
    return std::exchange(seen, std::max(seen, epoch)) < epoch;
}

Epoch Members::floor_for(const proto::Hello& hello) const {
    const Epoch* const seen = epochs_seen_.find(hello.node_id);
    if (seen != nullptr && *seen > hello.epoch) return *seen;
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
    member.condemned = false;
    member.beat = {};
}

bool Members::linked(
    const proto::Hello& hello,
    std::string address,
    Now now,
    MemberChanges& changes,
    Events& events) {
    const auto made = members_.make(hello.node_id);
    Member& member = made.first;
    const bool is_new = made.second;
    saw_epoch(hello.node_id, hello.epoch);
    const bool new_epoch = is_new || member.epoch != hello.epoch;
    suspicions_.clear(hello.node_id);
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
    member.is_deaf = false;
    member.relay = {};
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
    if (Member* const found = members_.find(node)) found->ready_at = version;
}

void Members::holds(
    NodeId node, proto::Version version, Now now, MemberChanges& changes, Events& events) {
    Member* const found = members_.find(node);
    if (found == nullptr || found->ready || version < found->ready_at) return;
    make_ready(*found, now, changes, events);
}

void Members::is_equal(NodeId node, Now now) {
    if (Member* const found = members_.find(node)) found->last_equal = now.steady;
}

void Members::suspect(
    Member& member,
    Duration silent,
    bool link_lost,
    Now now,
    MemberChanges& changes,
    Events& events) {
    enter(member, MemberState::suspect, now);
    member.refusals = 0;
    member.probed = now.steady;
    events.emplace_back(MemberSuspected{member.node, member.name, silent, link_lost});
    changes.push_back({member.node, What::redial});
    changes.push_back({member.node, What::probe});
    changes.push_back({member.node, What::accuse});
}

void Members::clear(Member& member, Now now, Events& events) {
    enter(member, member.ready ? MemberState::alive : MemberState::joining, now);
    suspicions_.clear(member.node);
    events.emplace_back(MemberCleared{member.node, member.name});
}

void Members::lost_link(NodeId node, Now now, MemberChanges& changes, Events& events) {
    Member* const found = members_.find(node);
    if (found == nullptr) return;
    Member& member = *found;
    member.linked = member.is_deaf = false;
    if (member.state != MemberState::alive && member.state != MemberState::joining) return;
    suspect(member, {}, /*link_lost=*/true, now, changes, events);
}

void Members::rests(NodeId node, Now now) {
    Member* const found = members_.find(node);
    if (found == nullptr) return;
    found->linked = found->is_deaf = false;
    found->reached = now.steady;
}

void Members::go_down(
    Member& member, Now now, bool refused, MemberChanges& changes, Events& events) {
    events.emplace_back(MemberDown{member.node, member.name, now.steady - member.since, refused});
    enter(member, MemberState::down, now);
    changes.push_back({member.node, What::hide});
    changes.push_back({member.node, What::drop_links});
}

void Members::refused(NodeId node, Now now, MemberChanges& changes, Events& events) {
    Member* const found = members_.find(node);
    if (found == nullptr || found->linked || found->state != MemberState::suspect) return;
    ++found->refusals;
    judge_refusal(*found, now, changes, events);
}

/// Its host says that nobody listens. One who agrees is enough; else it is asked once more.
void Members::judge_refusal(Member& member, Now now, MemberChanges& changes, Events& events) {
    if (member.refusals == 0 || member.linked) return;
    if (suspicions_.voices(member.node, living()) != 0 || member.refusals >= refusals_certain)
        return go_down(member, now, /*refused=*/true, changes, events);
    changes.push_back({member.node, What::redial});
}

// ---- what others say

Members::Accused Members::accused(
    const proto::Suspect& suspect,
    NodeId by,
    std::size_t quorum,
    Now now,
    MemberChanges& changes,
    Events& events) {
    Member* const found = members_.find(suspect.node);
    if (found == nullptr || !find(by)) return {};
    Member& member = *found;
    const bool is_of_now = member.epoch == suspect.epoch && suspect.refute >= member.refute &&
                           suspect.refute - member.refute <= refute_leap_max;
    if (!is_of_now || member.state == MemberState::left) return {};
    const bool is_news = suspicions_.accuse(member.node, by, now);
    if (member.state == MemberState::suspect) judge_refusal(member, now, changes, events);
    if (quorum != 0 && is_news) condemn(member, quorum, now, changes, events);
    return {.counts = true, .is_news = is_news};
}

/// Its neighbours hear it first-hand, or do not. Who hears of it only through others goes by them,
/// but dials it first: what is passed on proves nothing.
void Members::condemn(
    Member& member, std::size_t quorum, Now now, MemberChanges& changes, Events& events) {
    if (member.state >= MemberState::down) return;
    if (member.linked && member.state != MemberState::suspect) return;
    if (suspicions_.all_voices(member.node, living()) < quorum) return;
    if (member.state != MemberState::suspect)
        suspect(member, {}, /*link_lost=*/false, now, changes, events);
    if (!std::exchange(member.condemned, true)) member.since = now.steady;
}

void Members::heard_of(
    NodeId node, std::uint32_t refute, Now now, MemberChanges& changes, Events& events) {
    Member* const found = members_.find(node);
    if (found == nullptr) return;
    Member& member = *found;
    if (refute > member.refute) (void)refuted(node, member.epoch, refute);
    if (member.state == MemberState::down) {
        // One may have been long on its way: two that came apart prove that more are said.
        if (member.beat == Instant{}) member.beat = now.steady;
        if (now.steady - member.beat < config_.heartbeat / 2) return;
        suspicions_.clear(node);
        enter(member, member.ready ? MemberState::alive : MemberState::joining, now);
        if (member.ready) changes.push_back({node, What::show});
        events.emplace_back(MemberReturned{node, member.name});
    }
    member.reached = now.steady;
    if (member.state == MemberState::suspect && !member.condemned) clear(member, now, events);
}

std::vector<NodeId> Members::refuted(NodeId node, Epoch epoch, std::uint32_t refute) {
    Member* const found = members_.find(node);
    if (found == nullptr) return {};
    Member& member = *found;
    if (member.epoch != epoch || refute <= member.refute ||
        refute - member.refute > refute_leap_max)
        return {};
    member.refute = refute;
    member.condemned = false;
    std::vector<NodeId> accusers = suspicions_.accusers(node);
    suspicions_.clear(node);
    return accusers;
}

bool Members::reached(NodeId node, NodeId relay, Now now, Events& events) {
    Member* const found = members_.find(node);
    if (found == nullptr) return false;
    Member& member = *found;
    if (!member.linked && member.relay != relay)
        events.emplace_back(MemberReached{node, member.name, relay});
    member.relay = relay;
    member.reached = now.steady;
    if (member.state != MemberState::suspect) return false;
    clear(member, now, events);
    return true;
}

void Members::denied(NodeId node, NodeId by, Now now, MemberChanges& changes, Events& events) {
    Member* const found = members_.find(node);
    if (found == nullptr || found->state != MemberState::suspect) return;
    suspicions_.accuse(node, by, now);
    judge_refusal(*found, now, changes, events);
}

std::size_t Members::able(const Member& but) const {
    return static_cast<std::size_t>(
        std::count_if(members_.begin(), members_.end(), [&](const auto& entry) {
            const Member& member = entry.value;
            return &member != &but && member.linked && !member.is_deaf &&
                   member.state == MemberState::alive;
        }));
}

std::size_t Members::living() const {
    return static_cast<std::size_t>(
        std::count_if(members_.begin(), members_.end(), [](const auto& entry) {
            return entry.value.state < MemberState::down;
        }));
}

void Members::left(NodeId node, Epoch epoch, Now now, MemberChanges& changes, Events& events) {
    Member* const found = members_.find(node);
    if (found == nullptr || found->epoch != epoch || found->state == MemberState::left) return;
    Member& member = *found;
    member.lingers = member.is_visible() && config_.leave_linger > Duration{};
    enter(member, MemberState::left, now);
    suspicions_.forget(node);
    events.emplace_back(MemberLeft{node, member.name});
    if (member.lingers) return changes.push_back({node, What::part});
    changes.push_back({node, What::hide});
    changes.push_back({node, What::forget});
}

void Members::tick(
    const LastHeard& last_heard, int patience, Now now, MemberChanges& changes, Events& events) {
    suspicions_.tick(now);
    const Duration silence_max = config_.suspect_after * patience;
    bool is_calm = true;
    auto link = last_heard.begin();
    for (const auto [node, member] : members_) {
        if (member.state > MemberState::suspect) {
            is_calm = false;
            continue;
        }
        while (link != last_heard.end() && link->first < node)
            ++link;
        const bool is_heard = link != last_heard.end() && link->first == node;
        const Instant linked_heard = is_heard ? link->second : Instant{};
        const Duration silent = now.steady - std::max(linked_heard, member.reached);
        member.is_deaf = member.linked && now.steady - linked_heard > silence_max;
        if (member.state != MemberState::suspect) {
            if (silent > silence_max)
                suspect(member, silent, /*link_lost=*/false, now, changes, events);
        } else if (linked_heard > member.since) {
            clear(member, now, events);
        }
        if (member.is_deaf && now.steady - linked_heard > silence_max + config_.suspicion_min)
            changes.push_back({node, What::drop_deaf});
        is_calm = is_calm && member.state != MemberState::suspect;
        // Whoever is only heard by others is asked for again and again.
        const bool wants_help =
            member.state == MemberState::suspect || !member.linked || member.is_deaf;
        if (wants_help && now.steady - member.probed >= config_.heartbeat) {
            member.probed = now.steady;
            changes.push_back({node, What::probe});
        }
    }
    if (is_calm) return;
    brake(now, events);
    members_.erase_if([&](NodeId, Member& member) {
        if (member.state == MemberState::suspect)
            watch_suspect(member, patience, now, changes, events);
        if (member.lingers && now.steady - member.since >= config_.leave_linger) {
            member.lingers = false;
            changes.push_back({member.node, What::hide});
            changes.push_back({member.node, What::forget});
        }
        const bool is_gone =
            member.state >= MemberState::down && now.steady - member.since >= config_.keep_down;
        if (is_gone) {
            events.emplace_back(MemberForgotten{member.node, member.name});
            changes.push_back({member.node, What::forget});
            suspicions_.forget(member.node);
        }
        return is_gone;
    });
}

void Members::watch_suspect(
    Member& member, int patience, Now now, MemberChanges& changes, Events& events) {
    if (is_braked(now)) return;
    const Duration usual =
        suspicion_time(suspicions_.voices(member.node, living()), able(member), config_);
    // Its neighbours have waited already: this is for it to contradict.
    const Duration wait = (member.condemned ? config_.suspicion_min / 2 : usual) * patience;
    if (now.steady - member.since >= wait) go_down(member, now, /*refused=*/false, changes, events);
}

void Members::brake(Now now, Events& events) {
    const auto fresh = static_cast<std::size_t>(
        std::count_if(members_.begin(), members_.end(), [&](const auto& entry) {
            return entry.value.state == MemberState::suspect &&
                   now.steady - entry.value.since <= config_.brake_within;
        }));
    const bool too_many = fresh > std::max(brake_min, (1 + living()) / brake_share);
    // Not again soon: nodes that flap for ever must not keep the dead alive for ever.
    if (!too_many || now.steady < braked_until_ + config_.brake_for) return;
    braked_until_ = now.steady + config_.brake_for;
    events.emplace_back(Braked{fresh});
}

void Members::forgive(Duration lag) {
    for (const auto [node, member] : members_) {
        if (member.state == MemberState::suspect) member.since += lag;
        if (member.reached != Instant{}) member.reached += lag;
    }
}

std::size_t Members::expected(Now now) const {
    return static_cast<std::size_t>(
        std::count_if(members_.begin(), members_.end(), [&](const auto& entry) {
            const Member& member = entry.value;
            return member.state < MemberState::down ||
                   (member.state == MemberState::down &&
                    now.steady - member.since <= config_.missed_for);
        }));
}

bool Members::any_ready() const {
    return std::any_of(members_.begin(), members_.end(), [](const auto& entry) {
        return entry.value.is_visible();
    });
}

proto::MemberFact Members::fact(const Member& member) const {
    proto::MemberFact fact{
        .node_id = member.node,
        .epoch = member.epoch,
        .refute = member.refute,
        .state = member.state,
        .name = member.name};
    if (!member.address.empty()) fact.addresses.push_back(member.address);
    return fact;
}

}  // namespace grapevine::mesh
