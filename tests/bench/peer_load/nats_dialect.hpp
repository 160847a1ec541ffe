/// The client protocol of NATS over its WebSocket listener: lines, of which several may share a
/// WebSocket message and one may be split over several. A subject is a channel.
///
///   INFO {..}   CONNECT {..} PING   PONG      connected
///               SUB subject 1 PING  PONG      subscribed
///               PUB subject bytes payload     MSG subject 1 bytes payload
#pragma once

#include "cli/bench/dialect.hpp"
#include "tests/bench/peer_load/payloads.hpp"

namespace grapevine::bench_peers {

class NatsDialect final : public cli::bench::Dialect {
public:
    explicit NatsDialect(const cli::bench::DialectSpec& spec);

    [[nodiscard]] std::string_view subprotocol() const override { return {}; }
    [[nodiscard]] cli::bench::Opcode opcode() const override;
    /// It asks every two minutes.
    [[nodiscard]] node::Duration silence_max() const override { return {}; }
    [[nodiscard]] std::string connect(const cli::bench::Identity& identity) const override;
    [[nodiscard]] std::string subscribe(std::string_view channel) const override;
    [[nodiscard]] cli::bench::PublishText
    publish(const cli::bench::PublishSpec& spec) const override;
    bool read(std::string_view message, cli::bench::ReadState& state, cli::bench::Hearer& hearer)
        override;

private:
    /// Takes whole lines from `rest`, with their payloads. False: it made no sense.
    bool
    take(std::string_view& rest, cli::bench::ReadState& state, cli::bench::Hearer& hearer) const;
    void
    on_line(std::string_view line, cli::bench::ReadState& state, cli::bench::Hearer& hearer) const;

    Payloads payloads_;
};

}  // namespace grapevine::bench_peers
