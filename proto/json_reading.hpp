/// Reads the small JSON objects that clients put into `connect` and `rpc`. Takes hostile text: it
/// is parsed in full, at most limits::json_depth deep, into memory that is reused.
#pragma once

#include <cstdint>
#include <memory>
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

}  // namespace grapevine::proto
