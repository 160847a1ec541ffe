/// Sends that somebody waits for: gathers what becomes of the message for each user, and answers
/// once, when as much is known as was asked for. Remembers idempotency keys, so that a sender who
/// asks again gets the first answer and nothing is sent twice.
#pragma once

#include "mesh/exchange.hpp"
#include "mesh/fifo.hpp"
#include "mesh/flows.hpp"
#include "mesh/mesh.hpp"
#include "mesh/slots.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh {

class Receipts {
public:
    Receipts(const MeshConfig& config, MeshCounters& counters)
        : config_(config), counters_(counters) {}

    /// What is to be done with a send.
    struct Opened {
        bool go = false;  ///< submit it; else it is answered, or will be with the first of its key
        std::uint32_t receipt = nowhere;  ///< for its lines, one for each user; or none
    };
    /// Answers at once what needs no waiting.
    Opened open(const SendToUsers& send, Now now, MeshOutput& output);
    /// The message for one user, if clients are to acknowledge it.
    void name(ReceiptLine line, proto::MessageRef message);
    /// `node_name`: of news.node.
    void on(const SendNews& news, std::string_view node_name, MeshOutput& output);
    void tick(Now now);

    [[nodiscard]] std::size_t size() const { return receipts_.taken(); }
    [[nodiscard]] std::size_t key_count() const { return keys_.size(); }

private:
    struct Place {
        std::string node;
        std::uint32_t sessions = 0;
    };
    struct Line {
        std::string user;
        proto::MessageRef message;  ///< zero: clients do not acknowledge it
        std::vector<Place> places;  ///< that wrote it
        SendState state{};
        bool known = false;  ///< as much as was asked for
        bool ended = false;
    };
    struct Receipt {
        std::vector<Asker> askers;  ///< several if a key was seen again meanwhile
        std::vector<Line> lines;
        std::string key;  ///< of keys_; empty: none
        Wait wait = Wait::none;
        std::size_t unknown = 0;  ///< lines of which too little is known to answer
        std::size_t open = 0;  ///< lines that have not ended
    };
    /// What an idempotency key led to.
    struct Remembered {
        std::uint64_t request = 0;  ///< hash of what was asked for
        std::uint32_t receipt = nowhere;  ///< not answered yet
        Bytes answer;
    };
    struct Expiry {
        Instant at{};
        std::string key;
    };

    /// Its key was seen before: the first answer, now or when it is known.
    void repeat(const Remembered& first, const SendToUsers& send, MeshOutput& output);
    void refuse(const SendToUsers& send, MeshOutput& output);
    [[nodiscard]] bool has_room_for(const SendToUsers& send) const;
    [[nodiscard]] bool has_room_for_key() const;
    std::uint32_t take(const SendToUsers& send, std::string key);
    void remember(Remembered& key, const Bytes& answer);
    void answer(std::uint32_t at, MeshOutput& output);
    [[nodiscard]] static Bytes text_of(const Receipt& receipt);

    const MeshConfig& config_;
    MeshCounters& counters_;
    Slots<Receipt> receipts_;
    std::size_t lines_ = 0;  ///< of all receipts
    std::size_t remembered_bytes_ = 0;  ///< of answers to keys
    std::map<std::string, Remembered> keys_;
    Fifo<Expiry> expiries_;
};

}  // namespace grapevine::mesh
