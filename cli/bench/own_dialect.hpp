/// The client protocol of Grapevine, in either encoding.
#pragma once

#include "cli/bench/dialect.hpp"
#include "cli/bench/replies.hpp"

namespace grapevine::cli::bench {

class OwnDialect final : public Dialect {
public:
    explicit OwnDialect(const DialectSpec& spec);

    [[nodiscard]] std::string_view subprotocol() const override;
    [[nodiscard]] Opcode opcode() const override;
    [[nodiscard]] node::Duration silence_max() const override;
    [[nodiscard]] std::string connect(const Identity& identity) const override;
    [[nodiscard]] std::string subscribe(std::string_view channel) const override;
    [[nodiscard]] PublishText publish(const PublishSpec& spec) const override;
    bool read(std::string_view message, ReadState& state, Hearer& hearer) override;

private:
    [[nodiscard]] std::string text_of(const proto::Command& command) const;
    void on_other(const proto::Reply& reply, Hearer& hearer) const;

    ReplyContext context_;
    std::uint32_t run_;
};

std::unique_ptr<Dialect> make_own_dialect(const DialectSpec& spec);

}  // namespace grapevine::cli::bench
