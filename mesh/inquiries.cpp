#include "mesh/inquiries.hpp"

#include "proto/client_codec.hpp"
#include "proto/hash.hpp"
#include "proto/limits.hpp"

#include <algorithm>
#include <limits>

namespace grapevine::mesh {
namespace {

/// Users who may be there twice are sorted when there are so many: half of the places are free
/// then, so that sorting costs each of them a little and never all of them all the time.
constexpr std::size_t users_unsorted_max = 2 * proto::limits::presence_users;

/// As many whole entries as fit.
std::string_view fitting(std::string_view clients, std::size_t room) {
    if (clients.size() <= room) return clients;
    std::string_view rest = clients;
    std::size_t fits = 0;
    proto::ClientInfo info;
    while (proto::take_present_client(rest, info) && clients.size() - rest.size() <= room)
        fits = clients.size() - rest.size();
    return clients.substr(0, fits);
}

std::uint32_t told(std::uint64_t count) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

std::uint64_t Inquiries::open(const Inquiry& inquiry, std::span<const NodeId> nodes, Now now) {
    return add(
        {.asker = inquiry.asker,
         .node = {},
         .kind = inquiry.kind,
         .until = now.steady + config_.inquire_within,
         .found = {},
         .missing = {nodes.begin(), nodes.end()}});
}

std::uint64_t Inquiries::open(NodeId node, const proto::Query& query, Now now) {
    return add(
        {.asker = {},
         .node = node,
         .number = query.number,
         .kind = query.kind,
         .until = now.steady + config_.inquire_within / 2,
         .found = {},
         .missing = {}});
}

std::uint64_t Inquiries::add(Open made) {
    if (open_.size() >= open_max) return 0;
    const auto count = counts_.try_emplace(made.party()).first;
    if (count->second >= open_of_one_max) return 0;
    ++count->second;
    made.missing_loops = config_.loops;
    // Unlike those of earlier lives, whose answers may still come.
    if (last_ == 0) last_ = proto::mix64(config_.boot.value);
    open_.emplace(++last_, std::move(made));
    return last_;
}

void Inquiries::cannot_ask(std::uint64_t number, NodeId node) {
    const Place at = open_.find(number);
    if (at == open_.end()) return;
    at->second.found.is_cut = true;
    at->second.missing.erase(node);
    end_if_whole(at);
}

void Inquiries::on(const LoopFound& found) {
    const Place at = open_.find(found.number);
    if (at == open_.end()) return;
    Open& of = at->second;
    --of.missing_loops;
    take_clients(of, found.clients);
    of.found.count += found.count;
    for (const std::uint64_t user : found.users)
        take_user(of, user);
    of.found.is_cut = of.found.is_cut || found.is_cut;
    end_if_whole(at);
}

bool Inquiries::on(NodeId from, const proto::Found& found) {
    const auto ignore = [](const proto::ClientInfo&) {};
    if (!proto::for_each_present_client(found.clients, ignore)) return false;
    const Place at = open_.find(found.number);
    if (at == open_.end() || !at->second.missing.contains(from)) return true;
    Open& of = at->second;
    take_clients(of, found.clients);
    of.found.count += found.count;
    for (std::size_t index = 0; index < found.users.size(); ++index)
        take_user(of, found.users[index]);
    if (found.step == proto::FoundStep::more) return true;
    of.found.is_cut = of.found.is_cut || found.step == proto::FoundStep::cut;
    of.missing.erase(from);
    end_if_whole(at);
    return true;
}

void Inquiries::take_clients(Open& of, std::string_view clients) {
    const std::size_t room = std::min(
        proto::limits::presence_bytes - of.found.clients.size(), held_bytes_max - held_bytes_);
    const std::string_view taken = fitting(clients, room);
    of.found.clients.append(taken);
    held_bytes_ += taken.size();
    of.found.is_cut = of.found.is_cut || taken.size() != clients.size();
}

void Inquiries::take_user(Open& of, std::uint64_t user) {
    if (of.found.users.size() >= users_unsorted_max) shrink_users(of);
    if (held_bytes_ + sizeof user > held_bytes_max) {
        of.found.is_cut = true;
        return;
    }
    of.found.users.push_back(user);
    held_bytes_ += sizeof user;
}

void Inquiries::shrink_users(Open& of) {
    std::vector<std::uint64_t>& users = of.found.users;
    const std::size_t before = users.size();
    std::sort(users.begin(), users.end());
    users.erase(std::unique(users.begin(), users.end()), users.end());
    if (users.size() > proto::limits::presence_users) {
        users.resize(proto::limits::presence_users);
        of.found.is_cut = true;
    }
    held_bytes_ -= (before - users.size()) * sizeof(std::uint64_t);
}

template <class Change>
void Inquiries::change_all_that_miss(NodeId node, Change change) {
    for (Place at = open_.begin(); at != open_.end();) {
        const Place of = at++;
        if (of->second.missing.erase(node) == 0) continue;
        change(of->second);
        end_if_whole(of);
    }
}

void Inquiries::node_lost(NodeId node) {
    change_all_that_miss(node, [](Open& of) { of.found.is_cut = true; });
}

void Inquiries::node_left(NodeId node) {
    change_all_that_miss(node, [](Open&) {});
}

void Inquiries::tick(Now now) {
    for (Place at = open_.begin(); at != open_.end();) {
        if (at->second.until > now.steady) {
            ++at;
            continue;
        }
        at->second.found.is_cut = true;
        at = end(at);
    }
}

void Inquiries::end_if_whole(Place at) {
    if (at->second.is_whole()) end(at);
}

Inquiries::Place Inquiries::end(Place at) {
    Open& of = at->second;
    shrink_users(of);
    LoopFound& found = of.found;
    held_bytes_ -= found.clients.size() + found.users.size() * sizeof(std::uint64_t);
    if (found.is_cut) ++incomplete_;
    const auto count = counts_.find(of.party());
    if (--count->second == 0) counts_.erase(count);
    if (of.node) {
        found.number = of.number;
        replies_.push_back({of.node, std::move(found)});
    } else {
        answers_.push_back(
            {.asker = of.asker,
             .kind = of.kind,
             .clients = std::move(found.clients),
             .stats = {.clients = told(found.count), .users = told(found.users.size())},
             .is_incomplete = found.is_cut});
    }
    return open_.erase(at);
}

}  // namespace grapevine::mesh
