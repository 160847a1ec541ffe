#include "mesh/other_loops.hpp"

#include "mesh/check.hpp"

namespace grapevine::mesh {

OtherLoops::OtherLoops(std::size_t loops, std::size_t waiting_bytes_max)
    : waiting_bytes_max_(waiting_bytes_max), loops_(loops) {
    check(loops >= 1 && loops <= loops_max, "a node has one loop or more, and a byte names them");
}

void OtherLoops::changed(std::size_t loop, const LocalChange& change) {
    if (!any()) return;
    Loop& at = loops_[loop];
    FlatMap<std::uint32_t>& counts =
        change.kind == proto::TableKind::users ? at.users : at.channels;
    std::uint32_t& count = counts[change.key];
    count += static_cast<std::uint32_t>(change.by);
    if (count == 0) counts.erase(change.key);
}

bool OtherLoops::may_have(const Loop& loop, const Deliver& deliver) {
    switch (deliver.target) {
    case Target::user: return loop.users.find(deliver.key) != nullptr;
    case Target::channel:
    case Target::watchers: return loop.channels.find(deliver.key) != nullptr;
    case Target::everybody: return true;
    }
    return false;
}

OtherLoops::Asked OtherLoops::hand_over(const Deliver& deliver) {
    const std::size_t bytes = LoopInput::bytes_of(deliver);
    bool is_refused = false;
    targets_.clear();
    for (std::uint32_t at = 1; at < loops_.size(); ++at) {
        Loop& loop = loops_[at];
        if (!may_have(loop, deliver)) continue;
        if (loop.waiting_bytes + bytes > waiting_bytes_max_) {
            is_refused = true;
            ++dropped_;
            continue;
        }
        loop.waiting_bytes += bytes;
        loop.input.add(deliver);
        targets_.push_back(at);
    }
    // If nobody has it, loop 0 says so.
    if (may_have(loops_[0], deliver) || (targets_.empty() && !is_refused)) targets_.push_back(0);
    const bool own = !targets_.empty() && targets_.back() == 0;
    if (!deliver.delivery) return {own, std::nullopt};

    // It was there, and too slow.
    const Delivered refused{deliver.delivery, is_refused ? 1u : 0u, 0};
    if (targets_.empty()) return {own, refused};
    std::uint32_t ticket = nowhere;
    if (targets_.size() > 1 || is_refused) {
        ticket = tickets_.take();
        tickets_[ticket] = {refused, static_cast<std::uint32_t>(targets_.size())};
    }
    for (const std::uint32_t at : targets_)
        loops_[at].awaited.push(ticket);
    return {own, std::nullopt};
}

std::optional<Delivered> OtherLoops::answered(std::size_t loop, const Delivered& delivered) {
    if (!any()) return delivered;
    const std::uint32_t at = loops_[loop].awaited.pop();
    if (at == nowhere) return delivered;
    Ticket& ticket = tickets_[at];
    ticket.sum.present += delivered.present;
    ticket.sum.written += delivered.written;
    if (--ticket.missing != 0) return std::nullopt;
    const Delivered sum = ticket.sum;
    tickets_.give_back(at);
    return sum;
}

}  // namespace grapevine::mesh
