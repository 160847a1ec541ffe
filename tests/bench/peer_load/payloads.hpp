/// Payloads of one run as peers carry them: whole, and with nothing around that says whose they
/// are.
#pragma once

#include "cli/bench/dialect.hpp"

#include <string>
#include <string_view>

namespace grapevine::bench_peers {

class Payloads {
public:
    explicit Payloads(const cli::bench::DialectSpec& spec)
        : bytes_(spec.payload_bytes), run_(spec.run), mark_(cli::bench::stamp_mark(spec.run)) {}

    /// The first one of a stream.
    [[nodiscard]] std::string of(std::uint32_t stream) const {
        return cli::bench::stamped_payload({.run = run_, .stream = stream}, bytes_);
    }
    /// Tells who hears it of a message of this run. False: it is not one.
    bool hear(std::string_view payload, cli::bench::Hearer& hearer) const {
        if (!payload.starts_with(mark_)) return false;
        cli::bench::Stamp stamp;
        if (payload.size() == bytes_ && cli::bench::read_stamp(payload, bytes_, stamp))
            hearer.owner.arrived(stamp);
        else
            hearer.owner.damaged();
        return true;
    }

private:
    std::size_t bytes_;
    std::uint32_t run_;
    std::string mark_;
};

}  // namespace grapevine::bench_peers
