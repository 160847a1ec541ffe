/// What Flows keeps of one recipient and of one message.
///
///             submit                    pump                 all copies answered
///   (none) ──────────▶ waiting ────────────────────▶ flying ─────────────────────▶ settled
///                         ▲   nobody accepted it: retried │      kept only while it is to be
///                         └───────────────────────────────┘      acknowledged
///
/// It ends from any of these: settled, acknowledged, refused, or its time is over.
#pragma once

#include "mesh/chain.hpp"
#include "mesh/copies.hpp"
#include "mesh/exchange.hpp"
#include "mesh/now.hpp"

#include <string>
#include <utility>
#include <vector>

namespace grapevine::mesh {

/// One user's line in the answer to one `send`.
struct ReceiptLine {
    std::uint32_t receipt = nowhere;
    std::uint32_t line = 0;

    explicit operator bool() const { return receipt != nowhere; }
};

enum class Stage : std::uint8_t { waiting, flying, settled };

/// What is the same as new when a message's place is used again.
struct MessageState {
    Instant until = never;  ///< its deadline
    std::uint32_t flow = nowhere;
    std::uint32_t sessions = 0;  ///< that it was written to, as far as it is known
    ReceiptLine line;
    Stage stage = Stage::waiting;
    PayloadKind payload_kind = PayloadKind::json;
    std::uint8_t name_bytes = 0;
    std::uint8_t attempts = 0;
    bool at_least_once = false;
    bool accepted = false;  ///< a copy of the present attempt was
    bool overdue = false;  ///< not answered in time: nobody waits behind it, it is not sent again
    bool lost = false;  ///< a copy that may have been written will never be answered
    bool refused = false;  ///< a full link took no copy: sent again it could come after later ones
    bool parked = false;

    MessageId id;  ///< clients see it and acknowledge it; zero: they do not
    Instant answer_by = never;  ///< of the present attempt
    Version here_until;  ///< sessions of this node that joined until then have it
    Instant parked_until = never;
};

struct Message : MessageState {
    std::uint32_t at = nowhere;  ///< its place
    Hook of_flow;
    Hook by_park;
    Bytes text;  ///< name, then body
    Copies::OfMessage copies;  ///< not answered yet

    [[nodiscard]] std::string_view name() const { return text.view().substr(0, name_bytes); }
    [[nodiscard]] std::string_view body() const { return text.view().substr(name_bytes); }
    /// It may still have to be sent again, so nothing may be sent elsewhere before it.
    [[nodiscard]] bool is_undecided() const {
        return stage == Stage::flying && !accepted && !overdue;
    }
    void clear() {
        text = {};
        copies.clear();
        static_cast<MessageState&>(*this) = {};
    }
};

struct Flow {
    /// A node that has the user, as of `known`.
    struct Place {
        std::uint32_t lane = nowhere;
        Version known;
    };
    /// A node that said the user is not there: not asked again before more of its log is known.
    struct Barred {
        NodeId node;
        Version until;
    };

    std::string name;
    std::uint64_t key = 0;
    std::uint32_t at = nowhere;  ///< its place
    std::uint32_t next_of_key = nowhere;  ///< kept by a NameIndex
    Chain<Message, &Message::of_flow> messages;  ///< in the order in which they were said
    std::uint32_t first_waiting = nowhere;
    std::uint32_t waiting = 0;
    std::uint32_t undecided = 0;
    std::uint32_t kept = 0;  ///< messages at least once
    std::size_t waiting_bytes = 0;
    std::size_t bytes = 0;  ///< of all its messages
    std::size_t kept_bytes = 0;
    std::vector<Place> places;  ///< where messages go now
    std::vector<Barred> barred;
    Hook by_life;  ///< among the busy or among the idle
    Hook by_bar;
    bool awaits_bars = false;  ///< it has messages that may go to barred places later
    Instant idle_since = never;  ///< never: it has messages
    bool stale = true;  ///< the user may have moved: look again before the next message
    bool moved = false;  ///< and whoever is kept must be sent again
    bool unreachable = false;  ///< some place has no link now

    /// As a new one, but for the memory it has.
    void clear() {
        name.clear();
        places.clear();
        barred.clear();
        *this =
            Flow{.name = std::move(name), .places = std::move(places), .barred = std::move(barred)};
    }
};

}  // namespace grapevine::mesh
