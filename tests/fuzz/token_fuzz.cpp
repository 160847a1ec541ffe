// Any bytes as a token, as a header and claims that are signed, as a file of keys. What is accepted
// is within its limits, and what was signed is opened as it was.
#include "mesh/token_authenticator.hpp"
#include "proto/check.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"
#include "proto/tokens/numeric_date.hpp"
#include "proto/tokens/signing_key.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace grapevine {
namespace {

using namespace proto;

constexpr std::string_view secret = "what the maker of these tokens knows";

const SigningKey& maker() {
    static const SigningKey key = *read_signing_secret(secret).key;
    return key;
}

mesh::TokenAuthenticator& authenticator() {
    static mesh::TokenAuthenticator judge{
        {}, std::make_shared<const TokenKeys>(read_token_secret(secret).keys)};
    return judge;
}

constexpr mesh::WallTime now{std::chrono::seconds{1'700'000'000}};

void check_claims(std::string_view bytes) {
    const mesh::ConnectToken token = authenticator().connect_token(sign_token(maker(), bytes), now);
    check(
        (token.fault == mesh::TokenFault::none) == token.why.empty(),
        "whatever is refused has a reason");
    if (token.fault != mesh::TokenFault::none) return;
    check(token.user.empty() || is_user_name(token.user), "a user has a user's name");
    check(token.info.bytes.size() <= limits::token_info_bytes, "info has its limit");
    check(token.info.kind == PayloadKind::json, "others are shown JSON");
    check(token.subs.size() <= limits::channels_per_session, "channels have their limit");
    check(!token.ends || *token.ends > now, "what is accepted has not ended");
    for (const auto& [channel, options] : token.subs) {
        check(is_channel_name(channel), "a channel has a channel's name");
        check(options.info.bytes.size() <= limits::token_info_bytes, "its info has its limit");
        check(
            options.data.kind == PayloadKind::binary ||
                options.data.bytes.find_first_of("\r\n") == std::string::npos,
            "JSON is one line");
    }
}

}  // namespace
}  // namespace grapevine

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace grapevine;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    check(
        authenticator().connect_token(bytes, now).fault != mesh::TokenFault::none,
        "nobody guesses a signature");
    static TokenReader reader;
    const TokenKeys keys = read_token_secret(secret).keys;
    (void)reader.open(keys, sign_token_as(maker(), bytes, "{}"));
    check_claims(bytes);
    for (const TokenKeysRead& read : {read_token_key_set(bytes), read_token_pem(bytes)})
        check(
            read.fault.empty() == !read.keys.empty() && read.keys.size() <= limits::token_keys,
            "there are keys, or a fault");
    (void)read_numeric_date(bytes);
    return 0;
}
