/// The two encodings of the client protocol, one message at a time; client_codec.cpp chooses
/// between them. Internal to the client codec.
#pragma once

#include "proto/client_codec.hpp"
#include "proto/client_requests.hpp"

namespace grapevine::proto {

namespace client_json {

bool read_command(ClientScratch& scratch, std::string_view line, Command& command);
bool read_reply(ClientScratch& scratch, std::string_view line, Reply& reply);
void append_error(std::string& out, std::uint32_t id, ErrorCode code);
void append_connect(std::string& out, std::uint32_t id, const ConnectResult& result);
void append_subscribe(std::string& out, std::uint32_t id, const SubscribeResult& result);
void append_refresh(std::string& out, std::uint32_t id, const RefreshResult& result);
void append_sub_refresh(std::string& out, std::uint32_t id, std::uint32_t ttl_s);
void append_done(std::string& out, std::uint32_t id, CommandKind kind);
void append_rpc(std::string& out, std::uint32_t id, std::string_view data);
void append_presence(
    std::string& out, std::uint32_t id, std::string_view entries, bool is_incomplete);
void append_presence_stats(
    std::string& out, std::uint32_t id, const PresenceStats& stats, bool is_incomplete);
void append_presence_result(std::string& out, std::string_view entries, bool is_incomplete);
void append_presence_stats_result(std::string& out, const PresenceStats& stats, bool is_incomplete);
bool append_push(
    std::string& out, std::string_view channel, PayloadKind kind, std::string_view body);
void append_unsubscribe(std::string& out, std::string_view channel, UnsubscribeCode code);
bool append_coming_push(std::string& out, std::string_view channel, std::string_view body);
void append_disconnect(std::string& out, CloseCode code);
void append_ping(std::string& out);
void append_command(std::string& out, const Command& command);

}  // namespace client_json

namespace client_protobuf {

bool read_command(ClientScratch& scratch, std::string_view message, Command& command);
bool read_reply(std::string_view message, Reply& reply);
void append_error(std::string& out, std::uint32_t id, ErrorCode code);
void append_connect(std::string& out, std::uint32_t id, const ConnectResult& result);
void append_subscribe(std::string& out, std::uint32_t id, const SubscribeResult& result);
void append_refresh(std::string& out, std::uint32_t id, const RefreshResult& result);
void append_sub_refresh(std::string& out, std::uint32_t id, std::uint32_t ttl_s);
void append_done(std::string& out, std::uint32_t id, CommandKind kind);
void append_rpc(std::string& out, std::uint32_t id, std::string_view data);
void append_presence(
    std::string& out, std::uint32_t id, std::string_view entries, bool is_incomplete);
void append_presence_stats(
    std::string& out, std::uint32_t id, const PresenceStats& stats, bool is_incomplete);
void append_push(std::string& out, std::string_view channel, std::string_view body);
void append_unsubscribe(std::string& out, std::string_view channel, UnsubscribeCode code);
void append_coming_push(std::string& out, std::string_view channel, std::string_view body);
void append_disconnect(std::string& out, CloseCode code);
void append_ping(std::string& out);
void append_command(std::string& out, const Command& command);

}  // namespace client_protobuf

/// The tag of a publication that names its message. All other tags are somebody else's.
inline constexpr std::string_view message_id_tag = "message_id";

/// Whether SDKs come back after a close with this code.
constexpr bool reconnects(CloseCode code) {
    return code >= CloseCode::connection_closed && code < CloseCode::invalid_token;
}

}  // namespace grapevine::proto
