#include "proto/tokens/token_reader.hpp"

#include "proto/limits.hpp"
#include "proto/tokens/base64.hpp"
#include "proto/tokens/json_members.hpp"

#include <algorithm>

namespace grapevine::proto {
namespace {

/// `header.claims.signature`, none of them empty.
struct Parts {
    std::string_view header;
    std::string_view claims;
    std::string_view signature;
    std::string_view signed_text;  ///< the first two with their dot
};

bool split(std::string_view token, Parts& parts) {
    const std::size_t first = token.find('.');
    const std::size_t last = token.rfind('.');
    if (first == token.npos || std::count(token.begin(), token.end(), '.') != 2) return false;
    parts = {
        token.substr(0, first),
        token.substr(first + 1, last - first - 1),
        token.substr(last + 1),
        token.substr(0, last)};
    return !parts.header.empty() && !parts.claims.empty() && !parts.signature.empty();
}

struct Header {
    std::string_view fault;
    TokenAlgorithm algorithm{};
    std::string key_id;  ///< empty: it names none
};

constexpr std::array<std::string_view, 5> refused_members{"crit", "jwk", "jku", "x5c", "x5u"};

Header read_header(JsonDocument& json, std::string_view text) {
    Header header;
    std::string_view algorithm;
    const auto take = [&](std::string_view name, simdjson::dom::element value, std::string_view) {
        if (std::find(refused_members.begin(), refused_members.end(), name) !=
            refused_members.end()) {
            header.fault = "its header asks for what is not known here, or brings keys along";
            return false;
        }
        std::string_view key_id;
        if (name == "kid" && value.get(key_id) != simdjson::SUCCESS) return false;
        if (name == "kid") header.key_id = key_id;
        return name != "alg" || value.get(algorithm) == simdjson::SUCCESS;
    };
    simdjson::dom::object object;
    if (!parse_object(json, text, object) || !for_each_distinct(object, json.text(), take)) {
        if (header.fault.empty())
            header.fault = "its header is no JSON object, or says something twice";
        return header;
    }
    if (const auto known = token_algorithm_of(algorithm))
        header.algorithm = *known;
    else
        header.fault = "its header has no \"alg\" that is allowed";
    return header;
}

std::string_view fault_of_signature(
    const TokenKeys& keys,
    const Header& header,
    std::string_view text,
    std::string_view signature) {
    bool is_algorithm_known = false;
    bool is_key_known = false;
    for (const TokenKey& key : keys) {
        if (!key.is_for(header.algorithm)) continue;
        is_algorithm_known = true;
        if (!header.key_id.empty() && !key.id().empty() && header.key_id != key.id()) continue;
        is_key_known = true;
        if (key.has_signed(header.algorithm, text, signature)) return {};
    }
    if (is_key_known) return "its signature is of another key, or of another text";
    if (is_algorithm_known) return "no key here has the name that its header gives (\"kid\")";
    return "no key here is for the algorithm of its header";
}

OpenedToken refused(std::string_view fault) {
    return {.fault = fault, .claims = {}};
}

}  // namespace

TokenReader::TokenReader() : json_(std::make_unique<JsonDocument>(limits::json_depth)) {}
TokenReader::~TokenReader() = default;

OpenedToken TokenReader::open(const TokenKeys& keys, std::string_view token) {
    if (token.size() > limits::token_bytes) return refused("it is longer than a token may be");
    Parts parts;
    if (!split(token, parts)) return refused("it is not three parts with dots between");
    const auto header_text = decode_base64url(parts.header);
    auto claims = decode_base64url(parts.claims);
    const auto signature = decode_base64url(parts.signature);
    if (!header_text || !claims || !signature)
        return refused("a part of it is no base64url without padding");
    const Header header = read_header(*json_, *header_text);
    if (!header.fault.empty()) return refused(header.fault);
    const std::string_view fault = fault_of_signature(keys, header, parts.signed_text, *signature);
    if (!fault.empty()) return refused(fault);
    return {.fault = {}, .claims = std::move(*claims)};
}

}  // namespace grapevine::proto
