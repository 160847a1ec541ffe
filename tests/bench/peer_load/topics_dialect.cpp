#include "tests/bench/peer_load/topics_dialect.hpp"

namespace grapevine::bench_peers {

using namespace cli::bench;

TopicsDialect::TopicsDialect(const DialectSpec& spec) : payloads_(spec) {}

Opcode TopicsDialect::opcode() const {
    return Opcode::text;
}

std::string TopicsDialect::subscribe(std::string_view channel) const {
    return "S " + std::string(channel);
}

PublishText TopicsDialect::publish(const PublishSpec& spec) const {
    return {.message = "P " + std::string(spec.channel) + ' ' + payloads_.of(spec.stream)};
}

bool TopicsDialect::read(std::string_view message, ReadState&, Hearer& hearer) {
    if (payloads_.hear(message, hearer)) return true;
    if (message == "s") hearer.subscribed();
    // Else of another run, if anything.
    return message == "s" || message.starts_with('"');
}

}  // namespace grapevine::bench_peers
