/// Reads the small JSON objects that clients put into `connect` and `rpc`. Takes hostile text: it
/// is parsed in full, at most limits::json_depth deep, into memory that is reused.
#pragma once

#include "proto/ids.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::proto {

/// One per loop; not shared between threads.
class JsonReader {
public:
    JsonReader();
    ~JsonReader();
    JsonReader(const JsonReader&) = delete;
    JsonReader& operator=(const JsonReader&) = delete;

    struct Parts;
    [[nodiscard]] Parts& parts() { return *parts_; }

private:
    std::unique_ptr<Parts> parts_;
};

struct ConnectUser {
    bool valid = false;
    std::string_view user;  ///< empty: anonymous. Valid until the reader is used again.
};
/// `{"user": "alice"}`. No data, `null`, or an object without `user`: anonymous. Anything else than
/// an object, and anything else than a user's name in `user`: not valid.
ConnectUser read_connect_user(JsonReader& reader, std::string_view data);

enum class UserList : std::uint8_t { read, malformed, too_many };
/// `{"users": ["alice", "bob"]}`: user names, at most limits::users_per_query. Replaces `users`.
UserList read_user_list(JsonReader& reader, std::string_view data, std::vector<std::string>& users);

/// What a `send` asks for, from a client (`rpc send`) or the HTTP API (`POST /api/send`):
/// `{"to": "bob" | ["bob", "eve"], "data": any JSON, "wait": "none" | "node" | "client",
///   "qos": 0 | 1, "idempotency_key": "any text"}`; only `to` and `data` are needed.
struct SendBody {
    /// Empty: the body is as it should be. Else what is wrong with it, for the caller to read.
    std::string_view fault;
    bool over_limit = false;  ///< the fault is a limit that was exceeded
    std::vector<std::string> users;  ///< distinct user names, at most limits::users_per_send
    std::string_view data;  ///< one JSON value without raw newlines; valid as in ConnectUser
    std::string_view wait;  ///< "none" unless given
    bool at_least_once = false;  ///< `qos` 1
    std::string_view idempotency_key;  ///< empty: none
};
SendBody read_send_body(JsonReader& reader, std::string_view body);

/// `{"id": "..."}` of `rpc ack`.
std::optional<MessageRef> read_ack_body(JsonReader& reader, std::string_view body);

}  // namespace grapevine::proto
