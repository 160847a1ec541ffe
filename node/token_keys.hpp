/// The files that hold the keys of tokens, read again when they change. A file that cannot be used
/// leaves in force what was read of it before: a mistake in it locks nobody out and lets nobody in.
#pragma once

#include "mesh/token_authenticator.hpp"
#include "node/config.hpp"
#include "proto/tokens/token_key.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace grapevine::node {

/// How often the files are looked at: a new key is known everywhere before its maker has told
/// anybody of it, at three calls of the system a look.
inline constexpr mesh::Duration token_keys_look_every = std::chrono::seconds{1};

/// Names the flag, the file and what to do.
class BadTokenKeys : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Of one loop; the keys may be used on others.
class TokenKeyFiles {
public:
    using Keys = mesh::TokenAuthenticator::Keys;

    /// Reads all files. Throws BadTokenKeys.
    explicit TokenKeyFiles(const TokenConfig& config);

    /// Of all files together; never null, never changed.
    [[nodiscard]] const Keys& keys() const { return keys_; }

    /// Looks whether a file has changed since it was read. True: keys() are others now. What is
    /// wrong with a file is told once, until it changes again.
    bool look(const std::function<void(const std::string& fault)>& tell);

private:
    using Read = proto::TokenKeysRead (*)(std::string_view text);
    /// What tells that a file was written, or another one put in its place.
    struct Stamp {
        std::int64_t modified_ns = 0;
        std::int64_t size = -1;  ///< -1: there is none
        std::uint64_t inode = 0;

        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    struct File {
        std::string_view flag;
        std::string path;  ///< empty: not given
        Read read;
        Stamp stamp;
        proto::TokenKeys keys;
    };
    static Stamp stamp_of(const std::string& path);
    /// What is wrong with it, naming flag and file; its keys are kept then.
    static std::string load(File& file);
    void join();

    std::array<File, 3> files_;
    Keys keys_;
};

/// The secret of a file without its last line end, as proto::read_token_secret.
proto::TokenKeysRead read_secret_text(std::string_view text);

/// Text of a file of keys, limits::token_key_file_bytes at most. Throws BadTokenKeys.
std::string read_key_file(std::string_view flag, const std::string& path);
/// Without the line end that editors and `openssl rand` put there.
std::string_view without_line_end(std::string_view text);

}  // namespace grapevine::node
