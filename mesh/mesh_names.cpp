// Names of users, for whoever knows a key: as peers tell them, and as this node is asked for them.
#include "mesh/check.hpp"
#include "mesh/mesh_parts.hpp"
#include "proto/names.hpp"

#include <utility>

namespace grapevine::mesh {

void Mesh::Parts::on_frame(Link& link, const proto::Names& told, Now, MeshOutput& output) {
    if (!config.replicate_names) return reject(link, "names that nobody asked for", output);
    const bool is_own = told.origin == link.node();
    if (!is_own && !overlay.was_on()) return reject(link, "names of another node's users", output);
    ToldNames& waiting = link.told_names[is_own ? 0 : 1];
    if (!waiting.empty() && waiting.origin() != told.origin)
        return reject(link, "names without what they belong to", output);
    bool are_names = true;
    bool fit = true;
    told.names.for_each([&](std::string_view name) {
        are_names = are_names && proto::is_user_name(name);
        fit = fit && waiting.add(told.origin, proto::user_key_of(hash_key, name).value, name);
    });
    if (!are_names) return reject(link, "a name that no user may have", output);
    if (!fit) reject(link, "more names than a frame has users", output);
}

std::optional<ToldNames> Mesh::Parts::take_names(
    Link& link, NodeId origin, std::span<const Change> changes, MeshOutput& output) {
    ToldNames& waiting = link.told_names[origin == link.node() ? 0 : 1];
    if (waiting.empty()) return ToldNames{};
    ToldNames names = std::exchange(waiting, ToldNames{});
    if (names.origin() == origin && names.belong_to(changes)) return names;
    reject(link, "a name of nobody who came", output);
    return std::nullopt;
}

void Mesh::Parts::check_names() const {
    const NameArena& own = replication.names();
    own.check_invariants();
    std::size_t bytes = own.bytes() + name_budget.given_up();
    const auto is_his = [&](std::uint64_t key, std::string_view name) {
        check(proto::user_key_of(hash_key, name).value == key, "a name is that of its key");
    };
    own.for_each(is_his);
    own.for_each([&](std::uint64_t key, std::string_view) {
        check(
            tables.get(Tables::self_slot, TableKind::users, key) != 0,
            "only names of own users who are there are kept");
    });
    replicas.for_each([&](NodeId, const Replica& replica) {
        replica.names.for_each(is_his);
        bytes += replica.names.bytes();
        if (replica.staged) bytes += replica.staged->names.bytes();
    });
    check(bytes == name_budget.used(), "what all names take is counted");
}

std::optional<std::string_view> Mesh::name_of_user(NodeId node, std::uint64_t key) const {
    const Replica* const replica = parts_->replicas.find(node);
    if (replica == nullptr && node != self()) return std::nullopt;
    const NameArena& names = replica != nullptr ? replica->names : parts_->replication.names();
    const std::string_view name = names.find(key);
    return name.empty() ? std::nullopt : std::optional{name};
}

std::optional<std::string_view> Mesh::name_of_user(std::uint64_t key) const {
    std::optional<std::string_view> name;
    parts_->tables.for_each_place(TableKind::users, key, [&](Slot slot) {
        if (!name) name = name_of_user(parts_->tables.node_of(slot), key);
    });
    return name;
}

NameSizes Mesh::name_sizes() const {
    NameSizes sizes{
        .names = parts_->replication.names().size(),
        .bytes = parts_->name_budget.used(),
        .refused = parts_->name_budget.refused()};
    parts_->replicas.for_each(
        [&](NodeId, const Replica& replica) { sizes.names += replica.names.size(); });
    return sizes;
}

}  // namespace grapevine::mesh
