/// Commands as a client would write them, with one-line defaults, replies as values that own what
/// they say, and a room with one Sessions machine in it to try them on.
#pragma once

#include "mesh/check.hpp"
#include "mesh/sessions.hpp"
#include "proto/client_codec.hpp"
#include "proto/hash.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::tests {

using proto::CloseCode;
using proto::Command;
using proto::CommandKind;
using proto::Encoding;
using proto::ErrorCode;
using proto::SessionId;

// ---- commands. Views must outlive the command: literals do.
inline Command a_connect(std::string_view data = {}, std::uint32_t id = 1) {
    Command command;
    command.id = id;
    command.kind = CommandKind::connect;
    command.data = data;
    return command;
}
inline Command
a_command(CommandKind kind, std::string_view channel = "lobby", std::uint32_t id = 2) {
    Command command;
    command.id = id;
    command.kind = kind;
    command.channel = channel;
    return command;
}
inline Command a_subscribe(std::string_view channel = "lobby", std::uint32_t id = 2) {
    return a_command(CommandKind::subscribe, channel, id);
}
/// One who wants to hear who comes and goes.
inline Command a_watch(std::string_view channel = "lobby", std::uint32_t id = 2) {
    Command command = a_subscribe(channel, id);
    command.join_leave = true;
    return command;
}
inline Command an_unsubscribe(std::string_view channel = "lobby", std::uint32_t id = 3) {
    return a_command(CommandKind::unsubscribe, channel, id);
}
inline Command a_publish(
    std::string_view channel = "lobby",
    std::string_view data = R"({"n":1})",
    std::uint32_t id = 4) {
    Command command = a_command(CommandKind::publish, channel, id);
    command.data = data;
    return command;
}
inline Command an_rpc(std::string_view method, std::string_view data = "{}", std::uint32_t id = 5) {
    Command command = a_command(CommandKind::rpc, {}, id);
    command.method = method;
    command.data = data;
    return command;
}
inline Command a_pong() {
    return a_command(CommandKind::pong, {}, 0);
}

inline std::string written(Encoding encoding, const std::vector<Command>& commands) {
    std::string message;
    for (const Command& command : commands)
        proto::append_command(message, encoding, command);
    return message;
}

// ---- replies
struct ReadReply {
    std::uint32_t id = 0;
    proto::Reply::Kind kind = proto::Reply::Kind::other;
    std::uint32_t code = 0;
    std::string channel;
    std::string data;  ///< of a publication or an rpc
    std::string user;  ///< who published
    std::string client;  ///< who published, or who connected
    std::string node;
    std::string message_id;  ///< of a publication
    std::uint32_t ttl_s = 0;
    std::map<std::string, std::string> subs{};  ///< of a connect result: their data
    std::string way{};  ///< join or leave, of who comes or goes: `user` and `client`
    std::vector<std::string> present{};  ///< users, in the order told
    proto::PresenceStats stats{};
    bool incomplete = false;
};

/// What one message says; a failure of the test's own if it cannot be read.
inline std::vector<ReadReply> read(Encoding encoding, std::string_view message) {
    static proto::ClientScratch scratch;
    std::vector<ReadReply> replies;
    proto::ReplyReader reader{scratch, encoding, message};
    proto::Reply reply;
    while (true) {
        const proto::ReplyReader::Step step = reader.next(reply);
        if (step == proto::ReplyReader::Step::end) return replies;
        mesh::check(step == proto::ReplyReader::Step::reply, "what the node sends can be read");
        const bool pushed = reply.kind == proto::Reply::Kind::publication;
        const bool comes = reply.kind == proto::Reply::Kind::coming;
        const proto::ClientInfo& info = comes ? reply.coming.info : reply.publication.info;
        std::vector<std::string> present;
        for (const proto::ClientInfo& one : reply.presence)
            present.emplace_back(one.user);
        replies.push_back({
            .id = reply.id,
            .kind = reply.kind,
            .code = reply.code,
            .channel = std::string{reply.channel},
            .data = std::string{pushed ? reply.publication.data : reply.data},
            .user = std::string{info.user},
            .client = std::string{pushed || comes ? info.client : reply.client},
            .node = std::string{reply.node},
            .message_id = std::string{reply.publication.message_id},
            .ttl_s = reply.ttl_s,
            .way = !comes                                         ? ""
                   : reply.coming.way == proto::Coming::Way::join ? "join"
                                                                  : "leave",
            .present = std::move(present),
            .stats = reply.presence_stats,
            .incomplete = reply.incomplete,
        });
        for (const proto::ServerSubscription& sub : reply.subs)
            replies.back().subs.emplace(sub.channel, sub.result.data);
    }
}

inline std::string a_body(std::string_view data = R"({"n":1})", std::string_view user = "bob") {
    std::string body;
    proto::append_publication(body, {.data = data, .info = {.user = user, .client = "c-1"}});
    return body;
}

/// Slot and generation as the edge would put them.
constexpr SessionId session_id(std::uint32_t slot, std::uint32_t generation = 1) {
    return SessionId{(std::uint64_t{generation} << 32) | slot};
}

/// One machine, a clock that a test turns, and what the machine said since the last `clear()`.
class Room {
public:
    explicit Room(mesh::SessionsConfig config = {}, mesh::Authenticator* authenticator = nullptr)
        : sessions(named(std::move(config)), authenticator) {}

    SessionId
    open(std::uint32_t slot, Encoding encoding = Encoding::json, std::uint32_t generation = 1) {
        const SessionId id = session_id(slot, generation);
        if (encodings_.size() <= slot) encodings_.resize(slot + std::size_t{1});
        encodings_[slot] = encoding;
        happens(mesh::SessionOpened{id, encoding, {0x0123456789abcdef, slot}});
        return id;
    }
    /// Opened and connected; what that said is forgotten.
    SessionId
    join(std::uint32_t slot, std::string_view user = {}, Encoding encoding = Encoding::json) {
        const SessionId id = open(slot, encoding);
        const std::string data = user.empty() ? "" : R"({"user":")" + std::string{user} + "\"}";
        says(id, {a_connect(data)});
        drain(id);
        output.clear();
        return id;
    }
    void says(SessionId id, const std::vector<Command>& commands) {
        says_bytes(id, written(encoding_of(id), commands));
    }
    void says_bytes(SessionId id, std::string_view bytes) {
        sessions.on(mesh::SessionReceived{id, bytes}, now, output);
        sessions.check_invariants();
    }
    void happens(const mesh::SessionsInput& input) {
        sessions.handle(input, now, output);
        sessions.check_invariants();
    }
    void leaves(SessionId id) { happens(mesh::SessionClosed{id}); }
    void drain(SessionId id) { happens(mesh::SessionDrained{id, sessions.queued_bytes(id)}); }
    void pass(mesh::Duration time) {
        now.steady += time;
        now.wall += time;
        happens(mesh::SessionsTimeReached{});
    }
    void deliver(
        proto::Target target,
        std::string_view name,
        std::string_view body,
        proto::PayloadKind kind = proto::PayloadKind::json) {
        happens(mesh::Deliver{target, kind, key_of(name), name, body});
    }
    /// Mesh told this session since which version its user is in the log.
    void joined(SessionId id, std::uint64_t version) {
        happens(mesh::Joined{id, proto::Version{version}});
    }

    [[nodiscard]] std::uint64_t key_of(std::string_view name) const {
        return proto::siphash13(hash_key, name);
    }
    /// Everything sent to it since the last clear, in order.
    [[nodiscard]] std::vector<ReadReply> replies_to(SessionId id) const {
        std::vector<ReadReply> all;
        for (const mesh::SendToSession& send : output.sends)
            if (send.session == id)
                for (ReadReply& reply : read(encoding_of(id), send.message.view()))
                    all.push_back(std::move(reply));
        return all;
    }
    /// The code of the only reply; 0 for a result, 1 if there is none or more.
    [[nodiscard]] std::uint32_t error_to(SessionId id) const {
        const std::vector<ReadReply> replies = replies_to(id);
        if (replies.size() != 1) return 1;
        return replies.front().code;
    }
    /// Zero if it was not closed.
    [[nodiscard]] std::uint32_t close_code_of(SessionId id) const {
        std::uint32_t code = 0;
        for (const mesh::CloseSession& close : output.closes) {
            if (close.session != id) continue;
            mesh::check(code == 0, "a session is closed once");
            code = static_cast<std::uint32_t>(close.code);
        }
        return code;
    }
    /// Sum of changes of this name, of one kind.
    [[nodiscard]] int changed(proto::TableKind kind, std::string_view name) const {
        int sum = 0;
        for (const mesh::LocalChange& change : output.changes)
            if (change.kind == kind && change.key == key_of(name)) sum += change.by;
        return sum;
    }
    [[nodiscard]] Encoding encoding_of(SessionId id) const {
        return encodings_.at(static_cast<std::uint32_t>(id.value));
    }

    const proto::HashKey hash_key{.low = 1, .high = 2};
    mesh::Now now{.steady = mesh::Instant{mesh::Duration{1'000'000}}, .wall = {}};
    mesh::SessionsOutput output;
    mesh::Sessions sessions;

private:
    mesh::SessionsConfig named(mesh::SessionsConfig config) const {
        config.node_name = "n1";
        config.hash_key = hash_key;
        return config;
    }
    std::vector<Encoding> encodings_;
};

constexpr std::uint32_t code_of(ErrorCode code) {
    return static_cast<std::uint32_t>(code);
}
constexpr std::uint32_t code_of(CloseCode code) {
    return static_cast<std::uint32_t>(code);
}

}  // namespace grapevine::tests
