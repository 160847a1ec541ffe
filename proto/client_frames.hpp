/// What clients and nodes say to each other, as plain values (client_codec.hpp reads and writes
/// them).
///
///   C ─ connect{data, token} ─▶ N        must be the first command
///   C ◀─ connect{client, ping, subs} ─ N
///   C ─ subscribe{channel} ───▶ N        answered by a result or an error with the same id
///   C ─ publish{channel, data} ▶ N       `#user` reaches a user, other names a channel
///   C ◀─ push{channel, pub} ─── N
///   C ─ refresh{token} ───────▶ N        within the ttl of connect; sub_refresh within a channel's
///   C ◀─ push{unsubscribe} ──── N        it was not
///   C ◀─ ping ───────────────── N        answered with the same bytes within the pong time
#pragma once

#include "proto/codes.hpp"
#include "proto/mesh_frames.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::proto {

/// JSON travels in text messages, Protobuf in binary ones. Fixed for the life of a session.
enum class Encoding : std::uint8_t { json, protobuf };

enum class CommandKind : std::uint8_t {
    pong,  ///< an empty command: the answer to a ping
    connect,
    subscribe,
    unsubscribe,
    publish,
    presence,
    presence_stats,
    history,
    ping,
    send,
    rpc,
    refresh,
    sub_refresh,
    none,  ///< an id, and no request that we know
};

/// One command. Views point into the received message or into the reader's scratch: valid until the
/// next command is read.
struct Command {
    std::uint32_t id = 0;
    CommandKind kind = CommandKind::none;
    std::string_view channel;  ///< decoded (no JSON escapes); not checked against limits
    std::string_view method;
    std::string_view token;
    /// Payload. From JSON: a valid JSON value without raw newlines. From Protobuf: any bytes, and
    /// `data_kind` says whether they are such a value (then, if needed, its newlines are gone too).
    /// Empty: there is none. JSON's null is none too, as in every Protobuf mapping.
    std::string_view data;
    PayloadKind data_kind = PayloadKind::json;
    bool join_leave = false;  ///< of subscribe: wants to hear who comes and goes
};

/// Who published. Empty user and client: nobody in particular (HTTP API).
struct ClientInfo {
    std::string_view user;
    std::string_view client;
    std::string_view conn_info{};  ///< JSON, as the token says; empty: none
    std::string_view chan_info{};  ///< likewise, for this channel

    [[nodiscard]] bool is_empty() const {
        return user.empty() && client.empty() && conn_info.empty() && chan_info.empty();
    }
    friend bool operator==(const ClientInfo&, const ClientInfo&) = default;
};

/// Decoded body of a Forward.
struct Publication {
    std::string_view data;
    ClientInfo info;
    /// Set if a client is to acknowledge the message (`rpc ack`): a message_ref.hpp text. Clients
    /// see it as the publication's tag `message_id`. Empty: there is none.
    std::string_view message_id;
    friend bool operator==(const Publication&, const Publication&) = default;
};

struct SubscribeResult {
    std::uint32_t ttl_s = 0;  ///< to be refreshed within it; 0: never
    std::string_view data{};  ///< JSON for JSON clients, any bytes for others; empty: none
    friend bool operator==(const SubscribeResult&, const SubscribeResult&) = default;
};

/// A channel that the server subscribed the session to.
struct ServerSubscription {
    std::string_view channel;
    SubscribeResult result{};
    friend bool operator==(const ServerSubscription&, const ServerSubscription&) = default;
};

/// Somebody began or ended to be subscribed to a channel.
struct Coming {
    enum class Way : std::uint8_t { join, leave };
    Way way = Way::join;
    ClientInfo info;
    friend bool operator==(const Coming&, const Coming&) = default;
};

struct ConnectResult {
    std::string_view client;
    std::string_view version;
    std::string_view session;
    std::string_view node;
    std::span<const ServerSubscription> subs;
    std::uint32_t ttl_s = 0;  ///< as in SubscribeResult, of the connection
    std::uint32_t ping_s = 25;
    bool pong = true;
};

struct RefreshResult {
    std::string_view client;
    std::string_view version;
    std::uint32_t ttl_s = 0;  ///< as in ConnectResult
};

/// Who is subscribed to a channel, or how many are.
struct PresenceStats {
    std::uint32_t clients = 0;
    std::uint32_t users = 0;  ///< different ones; all who have no name count as one
    friend bool operator==(const PresenceStats&, const PresenceStats&) = default;
};

/// One answer or push, as a client reads it. Views as in Command.
struct Reply {
    enum class Kind : std::uint8_t {
        ping,
        error,
        connect,
        subscribe,
        unsubscribe,
        publish,
        presence,
        presence_stats,
        rpc,
        refresh,
        sub_refresh,
        publication,
        unsubscribed,  ///< by the node
        coming,
        disconnect,
        other
    };
    std::uint32_t id = 0;
    Kind kind = Kind::other;
    std::uint32_t code = 0;  ///< of an error, of being unsubscribed or disconnected
    std::string_view text;  ///< error message or reason
    bool temporary = false;
    std::string_view channel;  ///< of a publication or a coming, or from which one was unsubscribed
    Publication publication;
    Coming coming;
    std::string_view data;  ///< of the result of rpc or subscribe
    std::uint32_t ttl_s = 0;  ///< of connect, subscribe and their refreshes
    std::vector<ServerSubscription> subs;  ///< of a connect result
    std::string_view client;  ///< of a connect result
    std::string_view node;  ///< of a connect result
    std::vector<ClientInfo> presence;
    PresenceStats presence_stats;
    bool incomplete = false;  ///< of these two: some may be missing
};

}  // namespace grapevine::proto
