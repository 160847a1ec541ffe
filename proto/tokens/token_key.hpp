/// A key that tokens may be signed with, as the one who checks them holds it: a secret, or the
/// public half of a pair. Bound to the algorithms it is for, and strong enough for them.
#pragma once

#include "proto/tokens/algorithm.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace grapevine::proto {

/// OpenSSL's, shared by all that use it and never changed.
using PublicKey = std::shared_ptr<evp_pkey_st>;

class TokenKey {
public:
    TokenKey(std::string id, std::string secret, TokenAlgorithms algorithms);
    TokenKey(std::string id, PublicKey key, TokenAlgorithm algorithm);

    /// What a token's `kid` names it by. Empty: it has no name, and may be meant by any.
    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] bool is_for(TokenAlgorithm algorithm) const { return algorithms_.has(algorithm); }
    /// Whether `signature` is one of `text` by this key. Never, if it is not for the algorithm.
    [[nodiscard]] bool
    has_signed(TokenAlgorithm algorithm, std::string_view text, std::string_view signature) const;

private:
    std::string id_;
    TokenAlgorithms algorithms_;
    std::string secret_;  ///< empty: key_ is it
    PublicKey key_;
};

using TokenKeys = std::vector<TokenKey>;

/// Keys from a text, or what is wrong with it: for an operator, without the text itself.
struct TokenKeysRead {
    TokenKeys keys;
    std::string fault;  ///< empty: there is at least one key
};

/// A secret as it is, limits::token_secret_bytes_min and more. For HS256, HS384 and HS512.
TokenKeysRead read_token_secret(std::string_view secret);
/// One public key or one certificate in PEM: RSA is for RS256, P-256 for ES256, Ed25519 for EdDSA.
/// Of a certificate only the key counts: nobody is asked who signed it, or until when it is good.
TokenKeysRead read_token_pem(std::string_view pem);
/// A JWK set (RFC 7517) with limits::token_keys keys at most. Those for other uses, and of kinds
/// and algorithms that we do not know, are left out; one that is wrong or weak spoils the set.
TokenKeysRead read_token_key_set(std::string_view json);

/// What a key of a pair is for, and what is wrong with it. Internal to this folder.
struct KeyKind {
    std::optional<TokenAlgorithm> algorithm;  ///< none: it has a fault
    std::string fault;
};
KeyKind kind_of_key(evp_pkey_st& key);

}  // namespace grapevine::proto
