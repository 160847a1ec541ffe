/// Messages to users on their way from this node: one flow per recipient keeps them in order, and
/// every message ends in exactly one result.
///
/// A message goes to every node that has the user, this one included, or waits. Every copy is
/// answered: written, or nobody here. What makes this exact while users move:
///
///   * A copy names how much of the target's log was known when the target was chosen. The target
///     writes it only to sessions that joined until then (Deliver::known). So a device that left,
///     heard later messages elsewhere and came back never gets what was on its way meanwhile, no
///     matter how late it arrives.
///   * Drain before switch: while a message may still have to be sent again, nothing newer is sent
///     to another set of places. What nobody accepted goes first, in order, to where the user is
///     then.
///   * A node that said "not here" is asked again only when more of its log is known.
///   * If a link is lost, what went on it and was not answered may have been written: it is never
///     sent again (unless it is to arrive at least once), and its result says so.
///
/// With nobody to go to, messages are parked for a short time: the user may be changing nodes.
/// A flow without messages is forgotten soon: a user nobody writes to costs nothing.
#pragma once

#include "mesh/copies.hpp"
#include "mesh/flat_map.hpp"
#include "mesh/flow.hpp"
#include "mesh/name_index.hpp"
#include "mesh/reach.hpp"

#include <string_view>
#include <vector>

namespace grapevine::mesh {

/// What became of a message for one user. Never merged: `unknown` may have been written,
/// `not_connected` and `undeliverable` were not.
enum class SendState : std::uint8_t {
    written,  ///< it is in the queue of a live session
    acked,  ///< a client acknowledged it
    not_connected,  ///< the user was nowhere
    undeliverable,  ///< too slow, too many, or the user moved too often
    unknown,  ///< a link or node was lost, or did not answer in time
};

/// Told of messages with a receipt.
struct SendNews {
    enum class What : std::uint8_t {
        wrote,  ///< `node` wrote it to `sessions`
        settled,  ///< all nodes have answered; an acknowledgement may follow
        ended,  ///< the last word
    };
    ReceiptLine line;
    What what{};
    SendState state{};
    NodeId node;
    std::uint32_t sessions = 0;
};

class Flows {
public:
    /// How one message is to be treated besides what it says.
    struct Options {
        ReceiptLine line;
        MessageId id;  ///< zero: no client acknowledges it
        bool at_least_once = false;
    };

    explicit Flows(Reach reach)
        : reach_(reach),
          copies_(reach.self, static_cast<std::uint32_t>(proto::mix64(reach.config.boot.value))) {}

    /// Takes the text. Never refuses without saying so in news and counters. The name is 1 to
    /// user_name_bytes.
    void submit(Publish& publish, const Options& options, Now now, MeshOutput& output);

    // ---- what became of copies
    void on(const Delivered& here, Now now, MeshOutput& output);
    void on(NodeId from, const proto::Done& done, Now now, MeshOutput& output);
    void on(NodeId from, const proto::Nack& nack, Now now, MeshOutput& output);
    /// A client of `user` at the node `from` has it. Anybody may say so of anything: it counts only
    /// if it can be true. It may come before the word of the node that wrote it, or without it:
    /// then it stands for one session there.
    void
    acknowledged(NodeId from, MessageId id, std::string_view user, Now now, MeshOutput& output);

    // ---- what is known of where users are
    /// The count of a user changed somewhere, or was told again.
    void touched(std::uint64_t key, Now now, MeshOutput& output);
    /// More of some node's log is in the tables.
    void advanced(Now now, MeshOutput& output);
    /// Anything may have changed: a node shown or hidden, a link come or moved. `users_moved`: or
    /// a snapshot swapped in, behind which users may have gone and come.
    void disturbed(bool users_moved, Now now, MeshOutput& output);
    /// `replaced`: the other end has read everything that went on it.
    /// disturbed() must follow.
    void link_ended(LinkId link, bool replaced, Now now);
    /// disturbed() must follow.
    void node_lost(NodeId node, Now now);

    void tick(Now now, MeshOutput& output);
    /// This node leaves: everything ends now.
    void end_all(Now now);

    /// What happened to messages with receipts since it was last emptied.
    [[nodiscard]] std::vector<SendNews>& news() { return news_; }
    [[nodiscard]] FlowSizes sizes() const;
    void check_invariants() const;

private:
    /// Nothing if there are too many and none is idle.
    Flow* make_flow(std::uint64_t key, std::string_view name, Now now);
    void become_idle(Flow& flow, Now now);
    void forget_flow(std::uint32_t at);
    Flow& flow_of(const Message& message) { return flows_[message.flow]; }

    [[nodiscard]] bool has_room(const Flow& flow, std::size_t bytes, bool kept) const;
    [[nodiscard]] bool has_room_to_park(std::size_t bytes) const;
    void refuse(ReceiptLine line);
    Message& admit(Flow& flow, Publish& publish, const Options& options, Now now);

    // ---- sending: as much as may be sent now
    void pump(Flow& flow, Now now, MeshOutput& output);
    /// Forgets bars of nodes of which enough is known by now. Whether there were any.
    bool lift_bars(Flow& flow) const;
    /// Where messages go from now on. Sets `moved` if that is elsewhere. False if a link to one of
    /// them is being made.
    bool resolve(Flow& flow, Now now);
    /// Whoever is to arrive at least once goes to the new places too.
    void repeat_kept(Flow& flow);
    void rewind(Flow& flow);
    void fly(Flow& flow, Message& message, Now now, MeshOutput& output);
    void fly_here(Message& message, std::uint64_t copy, Version known, MeshOutput& output);
    /// Adds no copy if too much waits for that link already.
    void fly_there(Link& link, Message& message, std::uint64_t copy, const Flow::Place& place);
    /// Back among those that wait; rewind() must follow before the next is sent.
    void wait(Flow& flow, Message& message);
    void wait_no_more(Flow& flow, Message& message);
    void park_waiting(Flow& flow, Now now);
    void unpark(Message& message);

    // ---- answers: none of these but on_answers sends anything
    /// Has answered(message, its copy, index) called for each that is on its way to `from`.
    template <class Answered>
    void on_answers(
        NodeId from, const proto::CopyList& copies, Now now, MeshOutput& output, Answered answered);
    /// Has answered(message, its copy) called, if this copy is on its way to `from`.
    template <class Answered>
    bool on_answer(std::uint64_t id, NodeId from, Now now, MeshOutput& output, Answered answered);
    void accepted(Message& message, const Copy& copy, std::uint32_t sessions, Now now);
    /// For its receipt.
    void tell_written(const Message& message, NodeId node, std::uint32_t sessions);
    void denied(Message& message, const Copy& copy, Version version, Now now);
    /// Whatever lay in a lane may have been written, and will not be answered.
    void lose_lane(std::uint32_t lane, Now now);
    void lost(Message& message, Now now);
    void bar(Flow& flow, NodeId node, Version until);
    /// Whoever has bars and messages is looked at when more of a log is known.
    void list_bars(Flow& flow);
    /// The last copy of a message was answered or lost.
    void all_answered(Message& message, Now now);
    /// It goes again, as one that waits: flow.stale or rewind() must follow.
    void repeat(Flow& flow, Message& message);
    void settle(Message& message, Now now);
    /// The result, as far as the copies tell.
    [[nodiscard]] SendState state_of(const Message& message) const;
    /// The result of one whose time is over.
    [[nodiscard]] SendState late_state_of(const Message& message) const;
    void end(Message& message, SendState state, Now now);
    void count(SendState state);
    /// One that was not answered in time holds up nobody any more.
    void give_up_waiting(Message& message);
    /// Ends what is overdue in one flow.
    void end_overdue(Flow& flow, Now now, MeshOutput& output);

    Reach reach_;
    Slots<Message> messages_;
    Slots<Flow> flows_;
    Copies copies_;
    NameIndex<Flow> index_;
    FlatMap<std::uint32_t> by_id_;  ///< messages that clients may acknowledge, by mixed id
    Chain<Message, &Message::by_park> parked_;
    Chain<Flow, &Flow::by_life> busy_;  ///< those with messages
    Chain<Flow, &Flow::by_life> idle_;  ///< the others, longest idle first
    Chain<Flow, &Flow::by_bar> awaiting_bars_;
    std::vector<Flow::Place> former_;  ///< reused by resolve()
    std::size_t bytes_ = 0;
    std::size_t parked_count_ = 0;
    std::size_t parked_bytes_ = 0;
    std::vector<SendNews> news_;
};

}  // namespace grapevine::mesh
