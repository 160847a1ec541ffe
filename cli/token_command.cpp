#include "cli/token_command.hpp"

#include "cli/client_url.hpp"
#include "cli/exit_codes.hpp"
#include "cli/terminal.hpp"
#include "cli/token_options.hpp"
#include "cli/usage_error.hpp"
#include "node/system_clock.hpp"
#include "node/token_keys.hpp"
#include "proto/client_codec.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"
#include "proto/tokens/signing_key.hpp"

#include <cstdio>

namespace grapevine::cli {
namespace {

namespace limits = proto::limits;

/// Of `kid`, `aud`, `iss` and `client`.
constexpr std::size_t word_bytes_max = 255;

std::string read_file(std::string_view flag, const std::string& path) {
    try {
        return node::read_key_file(flag, path);
    } catch (const node::BadTokenKeys& bad) {
        throw UsageError(bad.what());
    }
}

[[noreturn]] void
refuse_file(std::string_view flag, const std::string& path, const std::string& fault) {
    throw UsageError(std::string{flag} + " '" + path + "': " + fault);
}

// ---- to make one

/// A JSON object, a member at a time.
class Claims {
public:
    void text(std::string_view name, std::string_view value) {
        member(name);
        proto::append_json_string(json_, value);
    }
    void json(std::string_view name, std::string_view value) {
        member(name);
        json_ += value;
    }
    [[nodiscard]] std::string object() const { return json_ + "}"; }

private:
    void member(std::string_view name) {
        json_ += json_.size() == 1 ? "" : ",";
        proto::append_json_string(json_, name);
        json_ += ':';
    }
    std::string json_ = "{";
};

void add_channels(Claims& claims, const std::vector<std::string>& channels) {
    if (channels.empty()) return;
    if (channels.size() > limits::channels_per_session)
        throw UsageError(
            "--channel: a session may have " + std::to_string(limits::channels_per_session) +
            " channels, not " + std::to_string(channels.size()));
    std::string list;
    for (const std::string& channel : channels) {
        list += list.empty() ? '[' : ',';
        proto::append_json_string(
            list, checked_name("--channel", channel, limits::channel_name_bytes));
    }
    claims.json("channels", list + "]");
}

std::string checked_info(const std::string& info) {
    proto::ClientScratch scratch;
    std::string_view value;
    if (!proto::normalise_json(scratch, info, value) || value == "null")
        throw UsageError(
            "--info '" + printable(info) +
            "': give one JSON value that is not null, for example '{\"name\":\"Alice\"}'");
    if (value.size() > limits::token_info_bytes)
        throw UsageError(
            "--info: longer than " + std::to_string(limits::token_info_bytes) + " bytes");
    return std::string{value};
}

proto::SigningKey signing_key(const TokenOptions& options) {
    if (options.hmac_secret_file.empty() == options.key_file.empty())
        throw UsageError("sign with either --hmac-secret-file or --key-file; make a secret with: "
                         "openssl rand -hex 32");
    const bool is_secret = !options.hmac_secret_file.empty();
    const std::string_view flag = is_secret ? "--hmac-secret-file" : "--key-file";
    const std::string& path = is_secret ? options.hmac_secret_file : options.key_file;
    const std::string text = read_file(flag, path);
    proto::SigningKeyRead read = is_secret
                                     ? proto::read_signing_secret(node::without_line_end(text))
                                     : proto::read_signing_pem(text);
    if (!read.key) refuse_file(flag, path, read.fault);
    return std::move(*read.key);
}

void print_token(std::string_view token, std::string_view claims) {
    std::string object = "{\"token\":";
    proto::append_json_string(object, token);
    object.append(",\"claims\":").append(claims).append("}\n");
    std::fputs(object.c_str(), stdout);
}

int make(const TokenOptions& options) {
    if (!options.jwks_file.empty()) throw UsageError("--jwks-file is for --check only");
    const std::string claims =
        claims_of(options, std::chrono::floor<std::chrono::seconds>(node::wall_now()));
    if (!options.key_id.empty()) checked_name("--key-id", options.key_id, word_bytes_max);
    const std::string token = proto::sign_token(signing_key(options), claims, options.key_id);
    if (token.size() > limits::token_bytes)
        throw UsageError(
            "the token would be " + std::to_string(token.size()) + " bytes long, and nodes take " +
            std::to_string(limits::token_bytes) + ": give fewer --channel or a shorter --info");
    if (options.json) {
        print_token(token, claims);
    } else {
        std::fputs((token + "\n").c_str(), stdout);
    }
    return ExitCode::ok;
}

// ---- to check one

std::string token_of_stdin() {
    std::string text(limits::token_bytes + 2, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), stdin));
    return std::string{node::without_line_end(text)};
}

mesh::TokenAuthenticator::Keys keys_to_check(const TokenOptions& options) {
    proto::TokenKeys keys;
    using Read = proto::TokenKeysRead (*)(std::string_view);
    for (const auto& [flag, path, read] :
         {std::tuple<std::string_view, const std::string*, Read>{
              "--hmac-secret-file", &options.hmac_secret_file, node::read_secret_text},
          {"--key-file", &options.key_file, proto::read_token_pem},
          {"--jwks-file", &options.jwks_file, proto::read_token_key_set}}) {
        if (path->empty()) continue;
        proto::TokenKeysRead found = read(read_file(flag, *path));
        if (!found.fault.empty()) refuse_file(flag, *path, found.fault);
        keys.insert(keys.end(), found.keys.begin(), found.keys.end());
    }
    if (keys.empty())
        throw UsageError("--check needs what the node has: --hmac-secret-file, --key-file with the "
                         "public key, or --jwks-file");
    return std::make_shared<const proto::TokenKeys>(std::move(keys));
}

/// A fault of its time, form or audience, or of whom it is for.
std::string_view fault_of(
    const TokenOptions& options,
    const mesh::TokenAuthenticator::Keys& keys,
    std::string_view token) {
    mesh::TokenAuthenticator node{{options.audience, options.issuer}, keys};
    if (options.for_channel.empty()) return node.connect_token(token, node::wall_now()).why;
    return node
        .subscribe_token(
            token, {options.user, options.client, options.for_channel}, node::wall_now())
        .why;
}

int check(const TokenOptions& options) {
    const auto keys = keys_to_check(options);
    const std::string token = options.check == "-" ? token_of_stdin() : options.check;
    const std::string_view fault = fault_of(options, keys, token);
    if (!fault.empty()) {
        std::fprintf(
            stderr, "grapevine: a node refuses this token: %s\n", std::string{fault}.c_str());
        return ExitCode::failed;
    }
    proto::TokenReader reader;
    const std::string claims = reader.open(*keys, token).claims;
    if (options.json) {
        print_token(token, claims);
    } else {
        std::fputs((claims + "\n").c_str(), stdout);
    }
    return ExitCode::ok;
}

}  // namespace

std::string claims_of(const TokenOptions& options, std::chrono::sys_seconds now) {
    Claims claims;
    if (!options.user.empty()) {
        checked_name("--user", options.user, limits::user_name_bytes);
        if (!proto::is_user_name(options.user))
            throw UsageError(
                "--user '" + printable(options.user) +
                "': a user's name does not begin with '#' or '$'");
        claims.text("sub", options.user);
    }
    if (!options.for_channel.empty() && !options.channels.empty())
        throw UsageError("--channel is for a connection's token, --for-channel for a "
                         "subscription's: make two");
    if (!options.for_channel.empty())
        claims.text(
            "channel",
            checked_name("--for-channel", options.for_channel, limits::channel_name_bytes));
    if (!options.client.empty() && options.for_channel.empty())
        throw UsageError("--client is for a subscription's token: give --for-channel too");
    for (const auto& [flag, name, value] :
         {std::tuple{"--client", "client", &options.client},
          std::tuple{"--audience", "aud", &options.audience},
          std::tuple{"--issuer", "iss", &options.issuer}})
        if (!value->empty()) claims.text(name, checked_name(flag, *value, word_bytes_max));
    add_channels(claims, options.channels);
    if (!options.info.empty()) claims.json("info", checked_info(options.info));
    const auto seconds = [](std::chrono::sys_seconds at) {
        return std::to_string(at.time_since_epoch().count());
    };
    claims.json("iat", seconds(now));
    if (const auto lifetime = parse_lifetime(options.expires))
        claims.json("exp", seconds(now + *lifetime));
    return claims.object();
}

int token_command(const TokenOptions& options) {
    return options.check.empty() ? make(options) : check(options);
}

}  // namespace grapevine::cli
