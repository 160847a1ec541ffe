// The face of Mesh: dispatch in, const views out. Behaviour is in mesh_hub.cpp and mesh_frames.cpp.
#include "mesh/mesh.hpp"

#include "mesh/check.hpp"
#include "mesh/mesh_parts.hpp"

#include <algorithm>

namespace grapevine::mesh {

void MeshOutput::clear() {
    dials.clear();
    resolves.clear();
    sends.clear();
    closes.clear();
    trusts.clear();
    delivers.clear();
    alive.clear();
    joined.clear();
    answers.clear();
    presence.clear();
    events.clear();
    has_left = false;
    must_stop = false;
}

Mesh::Mesh(MeshConfig config, Now start)
    : parts_(std::make_unique<Parts>(*this, std::move(config), start)) {}
Mesh::~Mesh() = default;

void Mesh::handle(const MeshInput& input, Now now, MeshOutput& output) {
    std::visit([&](const auto& told) { parts_->on(told, now, output); }, input);
}
void Mesh::on(Publish& publish, Now now, MeshOutput& output) {
    parts_->on(publish, now, output);
}
void Mesh::on(const LinkReceived& received, Now now, MeshOutput& output) {
    parts_->on(received, now, output);
}
void Mesh::on(const LocalChange& change, Now now, MeshOutput& output) {
    parts_->on(change, now, output);
}
void Mesh::on(const Delivered& delivered, Now now, MeshOutput& output) {
    parts_->on(delivered, now, output);
}
void Mesh::on(TurnEnded ended, Now now, MeshOutput& output) {
    parts_->on(ended, now, output);
}

Instant Mesh::next_deadline() const {
    return std::min(
        {parts_->tick_at,
         parts_->replication.wanted_at(),
         parts_->relay.due(),
         parts_->arrivals.flush_at()});
}
NodeId Mesh::self() const {
    return parts_->identity.node;
}
proto::Epoch Mesh::epoch() const {
    return parts_->identity.epoch;
}
proto::HashKey Mesh::hash_key() const {
    return parts_->hash_key;
}
const MeshConfig& Mesh::config() const {
    return parts_->config;
}
const MeshCounters& Mesh::counters() const {
    return parts_->counters;
}
std::size_t Mesh::table_memory_bytes() const {
    return parts_->tables.memory_bytes();
}

FlowSizes Mesh::flow_sizes() const {
    FlowSizes sizes = parts_->flows.sizes();
    sizes.receipts = parts_->receipts.size();
    sizes.idempotency_keys = parts_->receipts.key_count();
    return sizes;
}

std::size_t Mesh::queued_bytes(LinkId id) const {
    const Link* const link = parts_->links.find(id);
    return link == nullptr ? 0 : link->queue.waiting_bytes();
}

bool Mesh::is_neighbour(NodeId node) const {
    return parts_->overlay.is_neighbour(node);
}

int Mesh::health_score() const {
    return parts_->health.score();
}

std::size_t Mesh::tunnel_count() const {
    return parts_->tunnels.size();
}

const std::vector<RefusedLink>& Mesh::refusals() const {
    return parts_->refusals.newest_first();
}

bool Mesh::is_ready(Instant now) const {
    const bool alone =
        parts_->links.nodes() == 0 && now - parts_->started >= parts_->config.ready_without_seeds;
    parts_->was_ready =
        parts_->was_ready || parts_->config.seeds.empty() || parts_->members.any_ready() || alone;
    return parts_->was_ready && !parts_->is_leaving;
}

std::vector<MemberView> Mesh::members() const {
    const Parts& parts = *parts_;
    std::vector<MemberView> views;
    parts.members.for_each([&](const Member& member) {
        MemberView view{
            .node = member.node,
            .epoch = member.epoch,
            .name = member.name,
            .state = member.state,
            .is_told_of = parts.is_told_of(member),
            .address = member.address,
            .last_equal = member.last_equal};
        if (const Replica* const replica = parts.replicas.find(member.node)) {
            if (replica->visible) {
                view.sessions = replica->sums.sessions;
                view.users = replica->sums.users;
                view.channels = replica->sums.channels;
            }
            view.names = replica->names.size();
            view.name_bytes = replica->names.bytes();
            view.version = replica->version;
            view.sethash = replica->sums.sethash;
        }
        if (const Link* const link = parts.links.to(member.node)) {
            view.linked = true;
            view.linked_by_us = link->dialled;
            view.is_tunnel = link->is_tunnel();
            view.protocol = link->version();
            view.round_trip = link->round_trip;
            view.queued_bytes = link->queue.waiting_bytes() + link->queue.in_flight_bytes();
        }
        views.push_back(std::move(view));
    });
    std::sort(views.begin(), views.end(), [](const MemberView& left, const MemberView& right) {
        return std::pair{left.name, left.node} < std::pair{right.name, right.node};
    });
    const EntrySums& sums = parts.replication.sums();
    MemberView own{
        .node = self(),
        .epoch = epoch(),
        .name = parts.config.name,
        .is_self = true,
        .protocol = parts.config.version_max,
        .address = parts.config.advertise};
    own.state = parts.is_leaving ? proto::MemberState::left : proto::MemberState::alive;
    own.sessions = sums.sessions;
    own.users = sums.users;
    own.channels = sums.channels;
    own.names = parts.replication.names().size();
    own.name_bytes = parts.replication.names().bytes();
    own.version = parts.replication.log().version();
    own.sethash = parts.replication.log().sethash();
    views.insert(views.begin(), std::move(own));
    return views;
}

Mesh::UserPlaces Mesh::where_is(std::string_view user) const {
    const Parts& parts = *parts_;
    UserPlaces places;
    const std::uint64_t key = proto::user_key_of(parts.hash_key, user).value;
    parts.tables.for_each_count(TableKind::users, key, [&](Slot slot, std::uint8_t count) {
        places.sessions += count;
        places.nodes.push_back(parts.name_of(parts.tables.node_of(slot)));
    });
    std::sort(places.nodes.begin(), places.nodes.end());
    return places;
}

std::vector<Mesh::Entry> Mesh::visible_entries() const {
    const Tables& tables = parts_->tables;
    std::vector<Entry> entries;
    tables.for_all([&](Slot slot, const Change& change) {
        if (tables.is_visible(slot))
            entries.push_back({change.kind, change.key, tables.node_of(slot), change.count});
    });
    std::sort(entries.begin(), entries.end());
    return entries;
}

std::vector<std::pair<NodeId, Mesh::ReplicaView>> Mesh::replicas() const {
    const Parts& parts = *parts_;
    std::vector<std::pair<NodeId, ReplicaView>> views;
    const OriginLog& log = parts.replication.log();
    views.emplace_back(
        parts.identity.node,
        ReplicaView{
            log.epoch(),
            log.version(),
            log.sethash(),
            true,
            parts.tables.entries_of(Tables::self_slot)});
    parts.replicas.for_each([&](NodeId node, const Replica& replica) {
        views.emplace_back(
            node,
            ReplicaView{
                replica.epoch,
                replica.version,
                replica.sums.sethash,
                replica.visible,
                parts.tables.entries_of(replica.slot)});
    });
    return views;
}

std::vector<std::pair<NodeId, LinkId>> Mesh::complete_links() const {
    std::vector<std::pair<NodeId, LinkId>> links;
    parts_->links.for_each_node(
        [&](NodeId node, const Link& link) { links.emplace_back(node, link.id); });
    parts_->links.for_each([&](const Link& link) {
        if (link.is_complete() && parts_->links.to(link.node()) != &link)
            links.emplace_back(link.node(), link.id);
    });
    std::stable_sort(links.begin(), links.end(), [](const auto& left, const auto& right) {
        return left.first < right.first;
    });
    return links;
}

void Mesh::check_invariants() const {
    parts_->tables.check_invariants();
    parts_->links.check_invariants();
    parts_->replicas.check_invariants(parts_->tables);
    parts_->flows.check_invariants();
    parts_->relay.check_invariants();
    EntrySums own;
    for (const Change& change : parts_->tables.entries_of(Tables::self_slot))
        own.count(change, 0);
    parts_->check_names();
    check(
        own.sethash == parts_->replication.log().sethash(),
        "the log's hash is that of the own entries");
    parts_->members.for_each([&](const Member& member) {
        const Replica* const replica = parts_->replicas.find(member.node);
        check(
            replica == nullptr || replica->visible == member.is_visible(),
            "a member's users are shown as its state says");
        // Who leaves lets go of its links without suspecting anybody for it.
        check(
            member.linked == (parts_->links.to(member.node) != nullptr) ||
                member.state == MemberState::left || parts_->is_leaving,
            "a member is linked as its links say");
    });
}

}  // namespace grapevine::mesh
