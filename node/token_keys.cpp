#include "node/token_keys.hpp"

#include "proto/limits.hpp"

#include <fstream>
#include <sys/stat.h>

namespace grapevine::node {
namespace {

std::string named(std::string_view flag, const std::string& path, std::string_view what) {
    return std::string{flag} + " '" + path + "': " + std::string{what};
}

}  // namespace

std::string read_key_file(std::string_view flag, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(proto::limits::token_key_file_bytes + 1, '\0');
    if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) throw BadTokenKeys(named(flag, path, "cannot be read"));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > proto::limits::token_key_file_bytes)
        throw BadTokenKeys(named(
            flag,
            path,
            "is larger than " + std::to_string(proto::limits::token_key_file_bytes) +
                " bytes: is it a file of keys?"));
    return text;
}

std::string_view without_line_end(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

proto::TokenKeysRead read_secret_text(std::string_view text) {
    return proto::read_token_secret(without_line_end(text));
}

TokenKeyFiles::TokenKeyFiles(const TokenConfig& config)
    : files_{{
          {"--token-hmac-secret-file", config.hmac_secret_file, read_secret_text, {}, {}},
          {"--token-key-file", config.key_file, proto::read_token_pem, {}, {}},
          {"--token-jwks-file", config.jwks_file, proto::read_token_key_set, {}, {}},
      }} {
    for (File& file : files_) {
        if (file.path.empty()) continue;
        file.stamp = stamp_of(file.path);
        const std::string fault = load(file);
        if (!fault.empty()) throw BadTokenKeys(fault);
    }
    join();
}

bool TokenKeyFiles::look(const std::function<void(const std::string& fault)>& tell) {
    bool is_changed = false;
    for (File& file : files_) {
        if (file.path.empty()) continue;
        // Before it is read: what is written meanwhile is seen at the next look.
        const Stamp now = stamp_of(file.path);
        if (now == file.stamp) continue;
        file.stamp = now;
        const std::string fault = load(file);
        if (!fault.empty())
            tell(fault + "; the keys it had before stay in force");
        else
            is_changed = true;
    }
    if (is_changed) join();
    return is_changed;
}

TokenKeyFiles::Stamp TokenKeyFiles::stamp_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
    constexpr std::int64_t second_ns = 1'000'000'000;
    return {
        status.st_mtim.tv_sec * second_ns + status.st_mtim.tv_nsec, status.st_size, status.st_ino};
}

std::string TokenKeyFiles::load(File& file) {
    try {
        proto::TokenKeysRead read = file.read(read_key_file(file.flag, file.path));
        if (!read.fault.empty()) return named(file.flag, file.path, read.fault);
        file.keys = std::move(read.keys);
        return {};
    } catch (const BadTokenKeys& bad) {
        return bad.what();
    }
}

void TokenKeyFiles::join() {
    auto all = std::make_shared<proto::TokenKeys>();
    for (const File& file : files_)
        all->insert(all->end(), file.keys.begin(), file.keys.end());
    keys_ = std::move(all);
}

}  // namespace grapevine::node
