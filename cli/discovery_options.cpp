#include "cli/discovery_options.hpp"

#include "cli/node_command.hpp"
#include "cli/usage_error.hpp"
#include "proto/limits.hpp"

#include <asio/ip/address.hpp>

#include <algorithm>

namespace grapevine::cli {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t label_bytes_max = 63;

[[noreturn]] void refuse(
    std::string_view flag, std::string_view text, std::string_view why, std::string_view example) {
    throw UsageError(
        std::string{flag} + " '" + std::string{text} + "': " + std::string{why} + "; " +
        std::string{example});
}

constexpr std::string_view seed_example =
    "write host:port, for example mesh.example:7947, 192.0.2.1:7947 or [2001:db8::1]:7947, or "
    "srv:_grapevine._tcp.mesh.example";
constexpr std::string_view srv_example = "write for example srv:_grapevine._tcp.mesh.example";
constexpr std::string_view server_example =
    "write an IP address, for example 192.0.2.53, 127.0.0.1:5353 or [2001:db8::1]:53";

bool is_ip(std::string_view text) {
    asio::error_code not_a_number;
    asio::ip::make_address(text, not_a_number);
    return !not_a_number;
}

/// Each label as DNS takes it; a dot at the end says that the name is whole.
bool is_name(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty() || text.size() > proto::limits::address_bytes - 7) return false;
    for (;;) {
        const std::size_t dot = text.find('.');
        const std::string_view label = text.substr(0, dot);
        const bool is_spelled = std::all_of(label.begin(), label.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_';
        });
        if (label.empty() || label.size() > label_bytes_max || !is_spelled) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

std::string parse_srv(std::string_view text) {
    const std::string_view name = text.substr(node::srv_prefix.size());
    if (name.find(':') != std::string_view::npos)
        refuse("--seeds", text, "an SRV record has the port itself", srv_example);
    if (!is_name(name)) refuse("--seeds", text, "that is no name", srv_example);
    const std::size_t dot = name.find('.');
    const bool is_srv = name.starts_with('_') && dot != std::string_view::npos &&
                        name.substr(dot + 1).starts_with('_') &&
                        name.find('.', dot + 1) != std::string_view::npos;
    if (!is_srv) refuse("--seeds", text, "the name must begin with _service._proto", srv_example);
    return std::string{text};
}

}  // namespace

std::string parse_seed(std::string_view text) {
    if (text.starts_with(node::srv_prefix)) return parse_srv(text);
    if (text.starts_with('_'))
        refuse("--seeds", text, "an SRV name is written with srv: before it", srv_example);
    const node::Address address = parse_address("--seeds", text, PortZero::refused);
    const std::string& host = address.host;
    if (is_ip(host)) return to_string(address);
    if (host.find(':') != std::string::npos)
        refuse("--seeds", text, "that is no IPv6 address", seed_example);
    if (host.find_first_not_of("0123456789.") == std::string::npos)
        refuse("--seeds", text, "that is no IPv4 address", seed_example);
    if (!is_name(host)) refuse("--seeds", text, "that is no name", seed_example);
    return to_string(address);
}

node::Address parse_dns_server(std::string_view text) {
    const bool has_brackets = text.starts_with('[') && text.ends_with(']');
    const std::string_view bare = has_brackets ? text.substr(1, text.size() - 2) : text;
    if (is_ip(bare)) return {std::string{bare}, dns_port};
    if (text.find(':') == std::string_view::npos)
        refuse("--dns-server", text, "that is no IP address", server_example);
    const node::Address address = parse_address("--dns-server", text, PortZero::refused);
    if (!is_ip(address.host))
        refuse("--dns-server", text, "a DNS server cannot be looked up by name", server_example);
    return address;
}

}  // namespace grapevine::cli
