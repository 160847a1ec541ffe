/// How the load generator speaks with those it puts load on: what a session says to connect, to
/// subscribe and to publish, and how what comes is read. Chosen once for a run. Everything else,
/// the loops, the judge and the clock, is the same for every dialect; the one of Grapevine's client
/// protocol is own_dialect.hpp.
#pragma once

#include "cli/bench/client_owner.hpp"
#include "cli/bench/frames.hpp"
#include "node/system_clock.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace grapevine::cli::bench {

/// The session that something is read for.
class Hearer {
public:
    explicit Hearer(ClientOwner& whose) : owner(whose) {}

    /// Told by the dialect of messages and of what was accepted or refused.
    ClientOwner& owner;

    /// The connect was accepted.
    virtual void taken() = 0;
    virtual void subscribed() = 0;
    /// Answers, as a message of its own.
    virtual void say(std::string_view message) = 0;
    /// The peer ends the session.
    virtual void sent_away(const std::string& why) = 0;
    /// False: nothing more is to be read.
    [[nodiscard]] virtual bool is_open() const = 0;

protected:
    ~Hearer() = default;
};

/// What a connection remembers from one message to the next.
struct ReadState {
    std::uint32_t hint = 0;  ///< where in a reply the last message was
    std::string rest;  ///< the beginning of something, where a dialect may split it
};

struct PublishSpec {
    std::string_view channel;
    std::uint32_t stream = 0;
    bool is_answered = false;
};

class Dialect {
public:
    virtual ~Dialect() = default;

    /// Asked for in the WebSocket handshake; empty: none.
    [[nodiscard]] virtual std::string_view subprotocol() const = 0;
    /// What the session's messages are: text or binary.
    [[nodiscard]] virtual Opcode opcode() const = 0;
    /// Silence for longer than this means that nobody is there, whatever TCP believes. Zero: the
    /// peer may be silent for as long as it likes.
    [[nodiscard]] virtual node::Duration silence_max() const = 0;
    /// The first thing said. Empty: a session is taken as soon as its connection is open.
    [[nodiscard]] virtual std::string connect(const Identity& identity) const = 0;
    [[nodiscard]] virtual std::string subscribe(std::string_view channel) const = 0;
    [[nodiscard]] virtual PublishText publish(const PublishSpec& spec) const = 0;
    /// One WebSocket message. False: it made no sense.
    virtual bool read(std::string_view message, ReadState& state, Hearer& hearer) = 0;
};

/// What all messages of a run have in common.
struct DialectSpec {
    proto::Encoding encoding = proto::Encoding::json;
    std::size_t payload_bytes = payload_bytes_min;
    std::uint32_t run = 0;
};
using MakeDialect = std::unique_ptr<Dialect> (*)(const DialectSpec& spec);

}  // namespace grapevine::cli::bench
