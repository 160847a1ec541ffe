/// Every limit of the two wires, with its unit. A length is checked against these before anything
/// is allocated for it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace grapevine::proto::limits {

// ---- the client's side
/// One WebSocket message from a client. Larger: close 1009 would make SDKs give up, so 3501.
inline constexpr std::size_t client_message_bytes = 64 * 1024;
/// Commands in one message. Each may cost a reply, so a flood of tiny ones is refused as a whole.
inline constexpr std::size_t client_commands_per_message = 1024;
inline constexpr std::size_t channel_name_bytes = 255;
/// One less than a channel name: the personal channel puts `#` before it.
inline constexpr std::size_t user_name_bytes = 254;
inline constexpr std::size_t rpc_method_bytes = 255;
inline constexpr std::size_t channels_per_session = 128;
/// Bytes queued towards one client before it counts as slow (3008).
inline constexpr std::size_t session_queue_bytes = 1024 * 1024;
/// And towards all clients of a node: before it is reached, those who have most queued are closed.
/// More: more memory for clients that do not read; less: a burst to many closes more of them.
inline constexpr std::size_t all_session_queues_bytes = 256 * 1024 * 1024;
/// Names in one `user_status` call.
inline constexpr std::size_t users_per_query = 256;
/// Users in one `send`: each may cost a message to several nodes.
inline constexpr std::size_t users_per_send = 1000;
/// Payload of one `send`, once for each user: every user's message is held by itself.
inline constexpr std::size_t send_bytes = 4 * 1024 * 1024;
inline constexpr std::size_t idempotency_key_bytes = 64;
/// JSON nesting; deeper payloads are refused as invalid rather than parsed.
inline constexpr std::size_t json_depth = 64;

// ---- tokens
/// A token is taken apart before anybody is known: so much is decoded and hashed for strangers. It
/// has room for all channels of a session, with names of usual length.
inline constexpr std::size_t token_bytes = 16 * 1024;
/// `info` goes out again with each publication, join and leave of its session.
inline constexpr std::size_t token_info_bytes = 4 * 1024;
/// A token that names no key may be tried with each of them; those of today and of tomorrow are
/// four or so.
inline constexpr std::size_t token_keys = 16;
/// A file of keys. Sixteen of the largest are 40 KiB with their certificates.
inline constexpr std::size_t token_key_file_bytes = 256 * 1024;
/// As many as HS256 makes of it (RFC 7518, 3.2): a shorter one is easier found than its signature.
inline constexpr std::size_t token_secret_bytes_min = 32;
/// What RFC 7518, 3.3 asks for.
inline constexpr int rsa_key_bits_min = 2048;
/// Checking takes the square of it.
inline constexpr int rsa_key_bits_max = 8192;

// ---- between nodes
/// One WebSocket message between nodes.
inline constexpr std::size_t mesh_message_bytes = 128 * 1024;
/// A batch is closed when it reaches this, so a heartbeat never waits behind more.
inline constexpr std::size_t mesh_batch_bytes = 64 * 1024;
/// A message of a link that another link carries: what the frame around it needs is left free.
inline constexpr std::size_t tunnelled_bytes = mesh_message_bytes - 1024;
/// One message before its HELLO was accepted: nobody unknown makes us hold more.
inline constexpr std::size_t mesh_handshake_bytes = 4 * 1024;
inline constexpr std::size_t node_name_bytes = 128;
inline constexpr std::size_t cluster_name_bytes = 128;
inline constexpr std::size_t address_bytes = 260;
inline constexpr std::size_t addresses_per_member = 8;
/// Epochs are microseconds since 1970, perhaps raised a few times: whoever tells a later one than
/// this would lock a node out, because nothing comes after the last.
inline constexpr std::uint64_t epoch_max = std::uint64_t{1} << 62;
/// Members in one MEMBERS frame; a longer list is sent as several.
inline constexpr std::size_t members_per_frame = 256;
/// Signs of life that have a number on one link: more than there may be members.
inline constexpr std::uint32_t numbered_beats = 4096;
/// Changes in one DELTA frame: at most 17 bytes each, so 36 KiB.
inline constexpr std::size_t delta_changes = 2048;
/// Keys in one snapshot chunk.
inline constexpr std::size_t snapshot_keys = 4096;
/// Names of users in one NAMES frame, each with a byte for its length; more come as several.
inline constexpr std::size_t names_bytes = 16 * 1024;
/// Encoded body of a publication: a client message and the sender's info always fit.
inline constexpr std::size_t forward_body_bytes = 80 * 1024;
inline constexpr std::size_t refusal_text_bytes = 512;
/// Copies answered in one DONE or NACK frame: 36 KiB at most.
inline constexpr std::size_t answers_per_frame = 4096;

/// Clients in one FOUND frame, encoded; more come as several.
inline constexpr std::size_t found_client_bytes = 48 * 1024;
/// Hashes of users in one FOUND frame: 32 KiB.
inline constexpr std::size_t found_users = 4096;
/// Clients that one answer about presence tells of, encoded, from all nodes together: half of what
/// may be queued for a session. More: they are left out, and the answer says so.
inline constexpr std::size_t presence_bytes = session_queue_bytes / 2;
/// Users that are told apart when they are counted, of all nodes together: as many bytes of hashes.
inline constexpr std::size_t presence_users = presence_bytes / sizeof(std::uint64_t);

// ---- http
inline constexpr std::size_t http_head_bytes = 8 * 1024;
inline constexpr std::size_t http_body_bytes = 1024 * 1024;
/// JSON body of `POST /api/publish`: what a client could have sent.
inline constexpr std::size_t publish_data_bytes = client_message_bytes;
/// Requests of the HTTP API that wait for the cluster's answer, each for seconds at most. More:
/// error 111.
inline constexpr std::size_t api_requests_waiting = 4096;

}  // namespace grapevine::proto::limits
