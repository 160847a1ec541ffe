/// Takes tokens apart: JSON Web Tokens (RFC 7519) in three parts, signed (RFC 7515). Takes hostile
/// text: it is bounded, the signature is checked before what it signs is read, and what two readers
/// could understand differently is refused.
#pragma once

#include "proto/tokens/claims.hpp"
#include "proto/tokens/token_key.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace grapevine::proto {

class JsonDocument;

/// What is wrong, in words for an operator; never for a client, whom it would teach.
struct OpenedToken {
    std::string_view fault;  ///< empty: one of the keys has signed `claims`
    std::string claims;  ///< JSON as it was signed
};
struct ReadClaims {
    std::string_view fault;  ///< empty: they are as they should be
    TokenClaims claims;
};

/// One per loop; not shared between threads.
class TokenReader {
public:
    TokenReader();
    ~TokenReader();
    TokenReader(const TokenReader&) = delete;
    TokenReader& operator=(const TokenReader&) = delete;

    /// The algorithm must be one of the key's, and a `kid` its name if it has one. What asks for
    /// more than that (`crit`), or brings keys along (`jwk`, `jku`, `x5c`, `x5u`), is refused.
    OpenedToken open(const TokenKeys& keys, std::string_view token);
    /// Null counts as absent; claims that mean nothing here are not looked at. Half of a surrogate
    /// pair is refused: it would make two names one.
    ReadClaims read(std::string_view claims);

private:
    std::unique_ptr<JsonDocument> json_;
};

}  // namespace grapevine::proto
