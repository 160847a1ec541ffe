#include "tests/bench/peer_load/nats_dialect.hpp"

#include "proto/client_codec.hpp"

#include <charconv>

namespace grapevine::bench_peers {
namespace {

using namespace cli::bench;

constexpr std::string_view line_end = "\r\n";
/// INFO is the longest line, and names all nodes of the cluster.
constexpr std::size_t line_max = 64 * 1024;
/// More than the server's own max_payload.
constexpr std::size_t message_max = 1024 * 1024;

/// How far a session is, kept as its hint: what the next PONG answers, and what an error refuses.
enum Stage : std::uint32_t { connecting, subscribing, publishing };

/// The number behind the last space.
bool read_size(std::string_view line, std::size_t& size) {
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos) return false;
    const char* const end = line.data() + line.size();
    const auto [at, error] = std::from_chars(line.data() + space + 1, end, size);
    return error == std::errc{} && at == end && size <= message_max;
}

}  // namespace

NatsDialect::NatsDialect(const DialectSpec& spec) : payloads_(spec) {}

Opcode NatsDialect::opcode() const {
    return Opcode::binary;
}

std::string NatsDialect::connect(const Identity& identity) const {
    std::string text = R"(CONNECT {"verbose":false,"pedantic":false,"echo":true,)"
                       R"("lang":"c++","version":"1","protocol":1,"name":)";
    proto::append_json_string(text, identity.user);
    if (!identity.token.empty()) {
        text += R"(,"auth_token":)";
        proto::append_json_string(text, identity.token);
    }
    return text + "}\r\nPING\r\n";
}

std::string NatsDialect::subscribe(std::string_view channel) const {
    return "SUB " + std::string(channel) + " 1\r\nPING\r\n";
}

PublishText NatsDialect::publish(const PublishSpec& spec) const {
    const std::string payload = payloads_.of(spec.stream);
    return {
        .message = "PUB " + std::string(spec.channel) + ' ' + std::to_string(payload.size()) +
                   "\r\n" + payload + "\r\n",
        .opcode = Opcode::binary};
}

bool NatsDialect::read(std::string_view message, ReadState& state, Hearer& hearer) {
    if (state.rest.empty()) {
        const bool is_right = take(message, state, hearer);
        state.rest = message;
        return is_right;
    }
    state.rest += message;
    std::string_view all = state.rest;
    const bool is_right = take(all, state, hearer);
    state.rest.erase(0, state.rest.size() - all.size());
    return is_right;
}

bool NatsDialect::take(std::string_view& rest, ReadState& state, Hearer& hearer) const {
    while (hearer.is_open()) {
        const std::size_t end = rest.find(line_end);
        if (end == std::string_view::npos) return rest.size() <= line_max;
        const std::string_view line = rest.substr(0, end);
        if (!line.starts_with("MSG ")) {
            rest.remove_prefix(end + line_end.size());
            on_line(line, state, hearer);
            continue;
        }
        std::size_t size = 0;
        if (!read_size(line, size)) return false;
        const std::string_view behind = rest.substr(end + line_end.size());
        if (behind.size() < size + line_end.size()) return true;
        if (behind.substr(size, line_end.size()) != line_end) return false;
        // Else of another run.
        (void)payloads_.hear(behind.substr(0, size), hearer);
        rest = behind.substr(size + line_end.size());
    }
    return true;
}

void NatsDialect::on_line(std::string_view line, ReadState& state, Hearer& hearer) const {
    if (line == "PING") return hearer.say("PONG\r\n");
    if (line == "PONG" && state.hint == connecting) {
        state.hint = subscribing;
        return hearer.taken();
    }
    if (line == "PONG" && state.hint == subscribing) {
        state.hint = publishing;
        return hearer.subscribed();
    }
    if (line.starts_with("INFO ") || line == "+OK" || line == "PONG") return;
    if (!line.starts_with("-ERR")) return hearer.sent_away("the peer says what is not NATS");
    // Some it goes on after, others are followed by the connection's end.
    const auto what = state.hint == connecting   ? proto::CommandKind::connect
                      : state.hint == publishing ? proto::CommandKind::publish
                                                 : proto::CommandKind::subscribe;
    hearer.owner.refused(what, line);
}

}  // namespace grapevine::bench_peers
