/// Everything an operator can choose about one node, already checked: `cli` fills it, `node` obeys
/// it. Nothing here is read again after start, but what the files of TokenConfig hold.
#pragma once

#include "mesh/namespaces.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::node {

/// Where to listen or dial. The host is an IP address without brackets or a DNS name; never empty.
struct Address {
    std::string host;
    std::uint16_t port = 0;

    friend bool operator==(const Address&, const Address&) = default;
};

/// As people write it, with brackets around an IPv6 address.
inline std::string to_string(const Address& address) {
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

/// The way back. `text` was checked when it was configured, told or made.
inline Address split_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    if (colon != std::string_view::npos) {
        const std::string_view digits = text.substr(colon + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), port);
    }
    return {std::string{host}, port};
}

/// A seed that begins so names an SRV record.
inline constexpr std::string_view srv_prefix = "srv:";

/// Listeners that the operator opened to strangers on purpose (`--open`).
struct OpenListeners {
    bool client = false;
    bool mesh = false;
    bool admin = false;
};

/// How clients prove who they are (docs/tokens.md). Paths of files; empty: not given.
struct TokenConfig {
    std::string hmac_secret_file;
    std::string key_file;  ///< a public key or a certificate in PEM
    std::string jwks_file;
    std::string audience;  ///< which a token must be for. Empty: any
    std::string issuer;  ///< whom a token must be of. Empty: any

    bool allow_anonymous = false;  ///< who has none may come too, as nobody in particular

    /// Whether tokens are asked for. Without a key none could be checked.
    [[nodiscard]] bool has_key() const {
        return !hmac_secret_file.empty() || !key_file.empty() || !jwks_file.empty();
    }
};

/// More loops than this only wait for the one that has the mesh.
inline constexpr unsigned workers_max = 64;

struct NodeConfig {
    /// Identity of the node: unique in the cluster and the same after a restart, because the node
    /// id is its hash. 1 to limits::node_name_bytes bytes of letters, digits, `.`, `_` and `-`.
    std::string name;
    /// Nodes link only to nodes of the same cluster, and every hash is keyed with it. Same alphabet
    /// as `name`, at most limits::cluster_name_bytes.
    std::string cluster = "grapevine";
    /// What nodes prove to each other that they know. Empty: any process that reaches the mesh
    /// listener may join; `cli` allows that on loopback or with `open.mesh` only.
    std::string secret;
    /// Other secrets that nodes may prove, while the secret of the cluster is changed.
    std::vector<std::string> also_accepted;

    /// Where each audience connects (product.md, three listeners). Port 0: any free port, which the
    /// node prints. Already known to be loopback, protected, or opened on purpose.
    Address listen{"127.0.0.1", 8000};
    Address mesh_listen{"127.0.0.1", 7947};
    Address admin_listen{"127.0.0.1", 9000};
    /// What other nodes dial when it is not `mesh_listen` (containers, NAT). Port never 0. Empty:
    /// the listen address, or the local address of the link when that is 0.0.0.0 or [::].
    std::optional<Address> mesh_advertise;

    /// Where to look for other nodes, for ever: `host:port` or `srv:_service._proto.name`. May be
    /// unreachable, may name this node, may have many addresses. Empty: the first node of a cluster
    /// waits to be found.
    std::vector<std::string> seeds;
    /// Which DNS servers to ask, in this order. Ports never 0. Empty: those of the system.
    std::vector<Address> dns_servers;
    /// How often every name of `seeds` is looked up. At least 1 s.
    std::chrono::seconds dns_every{30};

    /// How long the users of a node that left stay shown. 0: gone at once.
    std::chrono::seconds leave_linger{0};

    /// Up to so many nodes each has a link to every other; beyond, to its neighbours and to those
    /// it has messages for. 8 to 2000.
    unsigned full_mesh_max = 200;
    /// How long such a link is kept without a message. At least 10 s: results are never later.
    std::chrono::seconds link_idle{300};

    OpenListeners open;
    /// Pages of which origins may connect as clients, besides the node's own: AllowedOrigins.
    /// Empty: none, or with `open.client` all.
    std::vector<std::string> allowed_origins;
    /// Whether the client listener has the chat and the admin listener the dashboard.
    bool pages = true;
    /// What clients may do in which channels.
    mesh::ChannelRules rules;
    TokenConfig tokens;
    /// Loops, each a thread. 1 keeps everything on one thread, with no queue between; more pay for
    /// TLS and wide fan-out on larger machines. 1 to workers_max.
    unsigned workers = 1;
};

}  // namespace grapevine::node
