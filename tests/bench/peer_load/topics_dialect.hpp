/// What the topic servers of tests/bench/peers understand: as little as can be said, so that what
/// is measured is the server under them. Text messages, and payloads come as they were sent.
///
///   S topic   s                     subscribed
///   P topic payload   payload       to all subscribers
#pragma once

#include "cli/bench/dialect.hpp"
#include "tests/bench/peer_load/payloads.hpp"

namespace grapevine::bench_peers {

class TopicsDialect final : public cli::bench::Dialect {
public:
    explicit TopicsDialect(const cli::bench::DialectSpec& spec);

    [[nodiscard]] std::string_view subprotocol() const override { return {}; }
    [[nodiscard]] cli::bench::Opcode opcode() const override;
    /// It has nothing to say.
    [[nodiscard]] node::Duration silence_max() const override { return {}; }
    [[nodiscard]] std::string connect(const cli::bench::Identity&) const override { return {}; }
    [[nodiscard]] std::string subscribe(std::string_view channel) const override;
    [[nodiscard]] cli::bench::PublishText
    publish(const cli::bench::PublishSpec& spec) const override;
    bool read(std::string_view message, cli::bench::ReadState& state, cli::bench::Hearer& hearer)
        override;

private:
    Payloads payloads_;
};

}  // namespace grapevine::bench_peers
