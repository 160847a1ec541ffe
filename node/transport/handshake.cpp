#include "node/transport/handshake.hpp"

#include "proto/limits.hpp"

#include <algorithm>
#include <charconv>
#include <openssl/evp.h>

namespace grapevine::node {
namespace {

constexpr std::string_view version = "13";
/// Length of 16 bytes in base64, with two `=` at the end.
constexpr std::size_t key_size = 24;

std::string base64(std::span<const unsigned char> bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3), '\0');
    EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(text.data()),
        bytes.data(),
        static_cast<int>(bytes.size()));
    return text;
}

/// Whether it is base64 of exactly 16 bytes: 22 characters, of which the last carries two bits.
bool is_key(std::string_view key) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (key.size() != key_size || !key.ends_with("==")) return false;
    key.remove_suffix(2);
    return key.find_first_not_of(digits) == std::string_view::npos &&
           digits.find(key.back()) % 16 == 0;
}

/// Header lines of an answer, without its last empty line. Whether all of them were well-formed.
bool parse_fields(std::string_view lines, std::vector<HttpHead::Field>& fields) {
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find("\r\n"), lines.size());
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 2, lines.size()));
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0 || line.find_first_of(" \t") < colon)
            return false;
        std::string_view value = line.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        fields.push_back(
            {line.substr(0, colon), value.substr(0, value.find_last_not_of(" \t") + 1)});
    }
    return true;
}

/// Status of "HTTP/1.1 101 anything", or 0.
std::uint16_t parse_status(std::string_view line) {
    constexpr std::string_view start = "HTTP/1.1 ";
    std::uint16_t status = 0;
    if (!line.starts_with(start) || line.size() < start.size() + 3) return 0;
    const char* const digits = line.data() + start.size();
    const auto [end, error] = std::from_chars(digits, digits + 3, status);
    return error == std::errc{} && end == digits + 3 ? status : std::uint16_t{0};
}

}  // namespace

bool asks_for_web_socket(const HttpHead& head) {
    return head.has_token("upgrade", "websocket");
}

HandshakeVerdict check_handshake(const HttpHead& head) {
    if (head.method != "GET") return {400, "a WebSocket handshake is a GET request"};
    if (head.minor != 1) return {400, "a WebSocket handshake needs HTTP/1.1"};
    if (head.has_body) return {400, "a WebSocket handshake has no body"};
    if (!head.has_token("connection", "upgrade"))
        return {400, "the Connection header lacks \"Upgrade\""};
    if (head.count("sec-websocket-version") != 1 || head.header("sec-websocket-version") != version)
        return {426, "WebSocket version 13 is needed"};
    if (head.count("sec-websocket-key") != 1 || !is_key(head.header("sec-websocket-key")))
        return {400, "Sec-WebSocket-Key has to be 16 bytes in base64"};
    return {};
}

std::string accept_for(std::string_view key) {
    std::string text{key};
    text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[20];
    unsigned size = sizeof digest;
    // Found once: OpenSSL 3 looks for EVP_sha1() among its providers each time, under locks.
    static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    EVP_Digest(text.data(), text.size(), digest, &size, sha1, nullptr);
    return base64(digest);
}

std::string switching_protocols(std::string_view key, std::string_view subprotocol) {
    std::string text =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    text.append("Sec-WebSocket-Accept: ").append(accept_for(key)).append("\r\n");
    if (!subprotocol.empty())
        text.append("Sec-WebSocket-Protocol: ").append(subprotocol).append("\r\n");
    return text += "\r\n";
}

ClientHandshake make_client_handshake(const ClientHandshakeOptions& options) {
    std::byte nonce[16];
    fill_random(nonce);
    const std::string key = base64({reinterpret_cast<const unsigned char*>(nonce), sizeof nonce});
    ClientHandshake handshake{
        .expected_accept = accept_for(key), .subprotocol = std::string{options.subprotocol}};
    std::string& text = handshake.request;
    text.append("GET ")
        .append(options.path)
        .append(" HTTP/1.1\r\nHost: ")
        .append(options.host_and_port);
    text.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
                "13\r\nSec-WebSocket-Key: ");
    text.append(key).append("\r\n");
    if (!options.subprotocol.empty())
        text.append("Sec-WebSocket-Protocol: ").append(options.subprotocol).append("\r\n");
    for (const std::string& header : options.headers)
        text.append(header).append("\r\n");
    text.append("\r\n");
    return handshake;
}

ClientHandshake::Verdict ClientHandshake::check(std::string_view received) const {
    const std::size_t end = received.substr(0, proto::limits::http_head_bytes).find("\r\n\r\n");
    if (end == std::string_view::npos) {
        if (received.size() < proto::limits::http_head_bytes) return {};
        return {.is_complete = true, .why = "the answer's head is too large"};
    }
    Verdict verdict{.is_complete = true, .size = end + 4};
    const std::size_t line_end = received.find("\r\n");
    verdict.status = parse_status(received.substr(0, line_end));
    HttpHead head;
    if (verdict.status == 0 ||
        !parse_fields(
            received.substr(line_end + 2, end - std::min(end, line_end + 2)), head.fields))
        verdict.why = "the answer is not HTTP/1.1";
    else if (verdict.status != 101)
        verdict.why = "the server does not switch protocols";
    else if (!head.has_token("upgrade", "websocket") || !head.has_token("connection", "upgrade"))
        verdict.why = "the answer lacks Upgrade or Connection";
    else if (
        head.count("sec-websocket-accept") != 1 ||
        head.header("sec-websocket-accept") != expected_accept)
        verdict.why = "Sec-WebSocket-Accept is wrong";
    else if (head.header("sec-websocket-protocol") != subprotocol)
        verdict.why = "the subprotocol is not the offered one";
    else if (head.count("sec-websocket-extensions") != 0)
        verdict.why = "the server uses extensions that were not offered";
    else
        verdict.is_correct = true;
    return verdict;
}

}  // namespace grapevine::node
