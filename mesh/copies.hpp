/// The copies of user messages that are on their way and not answered yet: each lies in the lane of
/// the link it went on, and is kept with its message.
///
/// What a peer answers is believed only if that copy went to it and was not answered before. A lane
/// ends with its link, and with it all its copies; if the link was replaced in good order, what it
/// carried was read, and the answers come on the other link.
#pragma once

#include "mesh/exchange.hpp"
#include "mesh/slots.hpp"

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace grapevine::mesh {

struct Copy {
    std::uint32_t lane = nowhere;
    Version known;  ///< how much of the target's log its sender knew
};

class Copies {
public:
    /// Of one message: those that are not answered, in the order they went, at most one a node.
    /// Most messages have one, which needs no memory of its own.
    class OfMessage {
    public:
        [[nodiscard]] bool empty() const { return first_.lane == nowhere; }
        [[nodiscard]] std::size_t size() const { return empty() ? 0 : 1 + more_.size(); }
        /// As a new one, but for the memory it has.
        void clear() {
            attempt_ = 0;
            first_ = {};
            more_.clear();
        }

    private:
        friend class Copies;

        void push_back(Copy copy);
        /// The first that matches, taken out.
        template <class Match>
        std::optional<Copy> take_if(Match match);
        void remove_first();

        std::uint32_t attempt_ = 0;  ///< makes the ids, together with the message's place
        Copy first_;
        std::vector<Copy> more_;
    };

    /// Copies to this node's own sessions.
    static constexpr std::uint32_t lane_here = 0;

    /// `begin`: unlike those of earlier lives of this node, whose copies others may still answer.
    Copies(NodeId self, std::uint32_t begin);

    /// The lane of a link in use; made when it is first asked for.
    std::uint32_t lane_of(LinkId link, NodeId node);
    [[nodiscard]] LinkId link_of(std::uint32_t lane) const { return lanes_[lane].link; }
    [[nodiscard]] NodeId node_of(std::uint32_t lane) const { return lanes_[lane].node; }

    /// The id, never zero, of every copy of the next attempt to send the message at this place; the
    /// node that answers tells them apart. No id is used twice.
    std::uint64_t begin_attempt(OfMessage& message, std::uint32_t at) {
        message.attempt_ = ++attempts_ != 0 ? attempts_ : ++attempts_;
        return id_of(message, at);
    }
    void add(OfMessage& message, std::uint32_t lane, Version known) {
        message.push_back({lane, known});
        ++lanes_[lane].copies;
        ++size_;
    }
    /// The place of the message that a copy of this id would be of.
    [[nodiscard]] static std::uint32_t place_of(std::uint64_t id) {
        return static_cast<std::uint32_t>(id);
    }
    /// The copy of this id that is on its way to `node`, answered now; nothing if there is none.
    std::optional<Copy> answered(OfMessage& message, std::uint64_t id, NodeId node);
    /// Whether a copy lay in this lane: it will not be answered.
    bool lost(OfMessage& message, std::uint32_t lane);
    /// Nobody wants to know what becomes of them.
    void drop(OfMessage& message);

    /// A link is over. The lane whose copies are lost by that, if any: what a link carried that was
    /// `replaced` in good order is not, until the node is.
    std::uint32_t end_link(LinkId link, bool replaced);
    /// Lanes to this node that nothing more goes on, and that have copies.
    [[nodiscard]] std::vector<std::uint32_t> retired_lanes(NodeId node) const;
    /// Gives back the lanes of links that are over and whose copies are. Until then nobody may
    /// still mean one of them.
    void sweep();

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t lanes() const { return lanes_.taken(); }

private:
    struct Lane {
        LinkId link;
        NodeId node;
        std::size_t copies = 0;
    };

    static std::uint64_t id_of(const OfMessage& message, std::uint32_t at) {
        return std::uint64_t{message.attempt_} << 32 | at;
    }
    void forget(const Copy& copy) {
        --lanes_[copy.lane].copies;
        --size_;
    }

    Slots<Lane> lanes_;
    std::map<LinkId, std::uint32_t> lane_of_link_;
    std::vector<std::uint32_t> retired_;  ///< lanes whose link is over
    std::size_t size_ = 0;
    std::uint32_t attempts_;
};

inline void Copies::OfMessage::push_back(Copy copy) {
    if (empty())
        first_ = copy;
    else
        more_.push_back(copy);
}

inline void Copies::OfMessage::remove_first() {
    first_ = {};
    if (more_.empty()) return;
    first_ = more_.front();
    more_.erase(more_.begin());
}

template <class Match>
std::optional<Copy> Copies::OfMessage::take_if(Match match) {
    if (empty()) return {};
    if (match(first_)) {
        const Copy taken = first_;
        remove_first();
        return taken;
    }
    for (auto copy = more_.begin(); copy != more_.end(); ++copy)
        if (match(*copy)) {
            const Copy taken = *copy;
            more_.erase(copy);
            return taken;
        }
    return {};
}

inline std::optional<Copy> Copies::answered(OfMessage& message, std::uint64_t id, NodeId node) {
    if (id != id_of(message, place_of(id))) return {};
    auto copy = message.take_if([&](const Copy& one) { return lanes_[one.lane].node == node; });
    if (copy) forget(*copy);
    return copy;
}

}  // namespace grapevine::mesh
