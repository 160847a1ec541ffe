/// The ways in which a token may be signed, by the names that RFC 7518 and RFC 8037 give them.
/// Names are compared as they are: `none`, `hs256` and all others are no algorithm here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace grapevine::proto {

enum class TokenAlgorithm : std::uint8_t { hs256, hs384, hs512, rs256, es256, eddsa };

inline constexpr std::array<std::pair<TokenAlgorithm, std::string_view>, 6> token_algorithms{
    {{TokenAlgorithm::hs256, "HS256"},
     {TokenAlgorithm::hs384, "HS384"},
     {TokenAlgorithm::hs512, "HS512"},
     {TokenAlgorithm::rs256, "RS256"},
     {TokenAlgorithm::es256, "ES256"},
     {TokenAlgorithm::eddsa, "EdDSA"}}};

constexpr std::optional<TokenAlgorithm> token_algorithm_of(std::string_view name) {
    for (const auto& [algorithm, its_name] : token_algorithms)
        if (its_name == name) return algorithm;
    return std::nullopt;
}

constexpr std::string_view name_of(TokenAlgorithm algorithm) {
    return token_algorithms[static_cast<std::size_t>(algorithm)].second;
}

/// Those that one key is for. Which it is, the key says and never the token: a public key is no
/// secret, and must not become one because a token says HS256.
class TokenAlgorithms {
public:
    constexpr TokenAlgorithms() = default;
    constexpr explicit TokenAlgorithms(TokenAlgorithm one) : bits_(bit(one)) {}

    static constexpr TokenAlgorithms all_of_secrets() {
        TokenAlgorithms all;
        all.bits_ =
            bit(TokenAlgorithm::hs256) | bit(TokenAlgorithm::hs384) | bit(TokenAlgorithm::hs512);
        return all;
    }
    [[nodiscard]] constexpr bool has(TokenAlgorithm algorithm) const {
        return (bits_ & bit(algorithm)) != 0;
    }

private:
    static constexpr unsigned bit(TokenAlgorithm algorithm) {
        return 1U << static_cast<unsigned>(algorithm);
    }

    unsigned bits_ = 0;
};

}  // namespace grapevine::proto
