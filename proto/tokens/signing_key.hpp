/// A key that makes tokens: for development, and for tests. A node has none.
#pragma once

#include "proto/tokens/token_key.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace grapevine::proto {

class SigningKey {
public:
    SigningKey(std::string secret, TokenAlgorithm algorithm);
    SigningKey(PublicKey pair, TokenAlgorithm algorithm);

    [[nodiscard]] TokenAlgorithm algorithm() const { return algorithm_; }
    /// As it stands in tokens before base64url. Empty: OpenSSL could not.
    [[nodiscard]] std::string signature_of(std::string_view text) const;

private:
    TokenAlgorithm algorithm_;
    std::string secret_;  ///< empty: pair_ is it
    PublicKey pair_;  ///< with its private half
};

struct SigningKeyRead {
    std::optional<SigningKey> key;
    std::string fault;  ///< for whoever gave it, without the text itself
};
/// As strong as nodes ask for. `algorithm`: HS256, HS384 or HS512.
SigningKeyRead
read_signing_secret(std::string_view secret, TokenAlgorithm algorithm = TokenAlgorithm::hs256);
/// A private key in PEM without a passphrase: RSA for RS256, P-256 for ES256, Ed25519 for EdDSA.
SigningKeyRead read_signing_pem(std::string_view pem);

/// A token with these claims, which are one JSON object; its header names the algorithm, and the
/// key if it has a name.
std::string
sign_token(const SigningKey& key, std::string_view claims, std::string_view key_id = {});
/// The same with any header.
std::string sign_token_as(const SigningKey& key, std::string_view header, std::string_view claims);

}  // namespace grapevine::proto
