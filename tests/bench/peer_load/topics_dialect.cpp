#include "tests/bench/peer_load/topics_dialect.hpp"

namespace grapevine::bench_peers {

using namespace cli::bench;

TopicsDialect::TopicsDialect(const DialectSpec& spec)
    : payload_bytes_(spec.payload_bytes), run_(spec.run), mark_(stamp_mark(spec.run)) {}

Opcode TopicsDialect::opcode() const {
    return Opcode::text;
}

std::string TopicsDialect::subscribe(std::string_view channel) const {
    return "S " + std::string(channel);
}

PublishText TopicsDialect::publish(const PublishSpec& spec) const {
    return {
        .message = "P " + std::string(spec.channel) + ' ' +
                   stamped_payload({.run = run_, .stream = spec.stream}, payload_bytes_)};
}

bool TopicsDialect::read(std::string_view message, ReadState&, Hearer& hearer) {
    if (message.starts_with(mark_)) {
        Stamp stamp;
        if (message.size() == payload_bytes_ && read_stamp(message, payload_bytes_, stamp))
            hearer.owner.arrived(stamp);
        else
            hearer.owner.damaged();
        return true;
    }
    if (message == "s") hearer.subscribed();
    // Else of another run, if anything.
    return message == "s" || message.starts_with('"');
}

}  // namespace grapevine::bench_peers
