#include "cli/token_options.hpp"

#include "cli/client_url.hpp"
#include "cli/terminal.hpp"
#include "cli/usage_error.hpp"
#include "node/token_keys.hpp"

#include <charconv>

namespace grapevine::cli {
namespace {

/// Longer tokens should not be made by hand: ten years.
constexpr std::chrono::seconds lifetime_max = std::chrono::hours{24 * 3653};

/// Of `aud` and `iss`.
constexpr std::size_t party_bytes_max = 255;

std::chrono::seconds unit_of(char unit) {
    switch (unit) {
    case 'm': return std::chrono::minutes{1};
    case 'h': return std::chrono::hours{1};
    case 'd': return std::chrono::hours{24};
    default: return std::chrono::seconds{1};
    }
}

}  // namespace

node::TokenConfig token_config(const NodeOptions& options) {
    const node::TokenConfig config{
        .hmac_secret_file = options.token_hmac_secret_file,
        .key_file = options.token_key_file,
        .jwks_file = options.token_jwks_file,
        .audience = options.token_audience,
        .issuer = options.token_issuer,
        .allow_anonymous = options.allow_anonymous};
    if (config.allow_anonymous && !config.has_key())
        throw UsageError(
            "--allow-anonymous is for nodes that ask for tokens, and without a key everybody may "
            "connect: leave it out, or give --token-hmac-secret-file, --token-key-file or "
            "--token-jwks-file");
    for (const auto& [flag, value] :
         {std::pair{"--token-audience", &config.audience},
          std::pair{"--token-issuer", &config.issuer}}) {
        if (value->empty()) continue;
        checked_name(flag, *value, party_bytes_max);
        if (!config.has_key())
            throw UsageError(
                std::string{flag} +
                " is for tokens, and without a key none can be checked: give "
                "--token-hmac-secret-file, --token-key-file or --token-jwks-file");
    }
    try {
        (void)node::TokenKeyFiles{config};
    } catch (const node::BadTokenKeys& bad) {
        throw UsageError(bad.what());
    }
    return config;
}

std::optional<std::chrono::seconds> parse_lifetime(const std::string& text) {
    if (text == "never") return std::nullopt;
    const char last = text.empty() ? '\0' : text.back();
    const bool has_unit = last == 's' || last == 'm' || last == 'h' || last == 'd';
    const char* const end = text.data() + text.size() - (has_unit ? 1 : 0);
    std::int64_t count = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    const std::chrono::seconds unit = unit_of(last);
    if (text.empty() || error != std::errc{} || stop != end || count < 1 ||
        count > lifetime_max / unit)
        throw UsageError(
            "--expires '" + printable(text) +
            "': write for example 90s, 15m, 1h or 7d (3653d at most), or never");
    return count * unit;
}

}  // namespace grapevine::cli
