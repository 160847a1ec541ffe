/// What no table has is asked of the nodes that may know, this one included, and put together.
///
///   (none) ─ open ─▶ asked ─ everybody has answered, or has left ─▶ told
///                      │ a node cannot be asked, or its link is lost: told as incomplete
///                      └ their time is over: likewise, without those who are missing
///
/// What another node asks is put together of the loops of this one in the same way, in less time:
/// who is slow makes an answer incomplete, and not missing.
#pragma once

#include "mesh/exchange.hpp"
#include "mesh/mesh_config.hpp"
#include "mesh/now.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::mesh {

class Inquiries {
public:
    /// So many may be open, here and for others: what an attentive operator would never see. More
    /// are refused.
    static constexpr std::size_t open_max = 1024;
    /// Of these, of one session, of one node, or of the HTTP API: nobody takes all of them.
    static constexpr std::size_t open_of_one_max = open_max / 2;
    /// All that was found for them so far. What does not fit is left out, and they are incomplete.
    static constexpr std::size_t held_bytes_max = 64 * 1024 * 1024;

    /// What another node asked, and what all loops found.
    struct Reply {
        NodeId node;
        LoopFound found;  ///< with that node's number
    };

    explicit Inquiries(const MeshConfig& config) : config_(config) {}

    /// The number by which all loops and `nodes` are to be asked now; zero: too many are open.
    [[nodiscard]] std::uint64_t
    open(const Inquiry& inquiry, std::span<const NodeId> nodes, Now now);
    /// Likewise, what another node asked of the loops here.
    [[nodiscard]] std::uint64_t open(NodeId node, const proto::Query& query, Now now);
    /// There is no way to ask a node that may know.
    void cannot_ask(std::uint64_t number, NodeId node);

    /// Answers to what is over are ignored.
    void on(const LoopFound& found);
    /// False if no correct node says that.
    [[nodiscard]] bool on(NodeId from, const proto::Found& found);
    /// There is no link to it any more: what it would have said is not known.
    void node_lost(NodeId node);
    /// It has nobody any more.
    void node_left(NodeId node);
    void tick(Now now);

    /// What is to be told: the caller empties both.
    [[nodiscard]] std::vector<Inquired>& answers() { return answers_; }
    [[nodiscard]] std::vector<Reply>& replies() { return replies_; }
    [[nodiscard]] std::size_t size() const { return open_.size(); }
    [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }
    /// Told although something was missing.
    [[nodiscard]] std::uint64_t incomplete() const { return incomplete_; }

private:
    /// Who waits, as far as that is bounded; all of the HTTP API are one.
    using Party = std::pair<NodeId, SessionId>;
    struct Open {
        Asker asker;
        NodeId node;  ///< zero: `asker` wants to know
        std::uint64_t number = 0;  ///< that node's
        QueryKind kind{};
        Instant until{};
        LoopFound found;  ///< so far; a user may be there twice
        std::size_t missing_loops = 0;
        std::set<NodeId> missing;

        [[nodiscard]] Party party() const { return {node, asker.session}; }
        [[nodiscard]] bool is_whole() const { return missing_loops == 0 && missing.empty(); }
    };
    using Place = std::map<std::uint64_t, Open>::iterator;

    std::uint64_t add(Open made);
    void take_clients(Open& of, std::string_view clients);
    void take_user(Open& of, std::uint64_t user);
    /// Each once, and no more than may be told.
    void shrink_users(Open& of);
    template <class Change>
    void change_all_that_miss(NodeId node, Change change);
    void end_if_whole(Place at);
    Place end(Place at);

    const MeshConfig& config_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, Open> open_;  ///< by our number
    std::map<Party, std::size_t> counts_;  ///< of open ones; none is zero
    std::size_t held_bytes_ = 0;
    std::uint64_t incomplete_ = 0;
    std::vector<Inquired> answers_;
    std::vector<Reply> replies_;
};

}  // namespace grapevine::mesh
