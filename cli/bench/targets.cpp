#include "cli/bench/targets.hpp"

#include "cli/usage_error.hpp"
#include "node/config.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <system_error>

namespace grapevine::cli::bench {
namespace {

constexpr int look_max_ms = 3000;
/// Loopback addresses to dial from: enough for 900,000 connections to one node, and for all that
/// wait for their port to be free again when thousands leave in a second.
constexpr std::uint32_t loopback_sources = 32;

SocketAddress address_of(const sockaddr* raw, socklen_t size) {
    SocketAddress address{.size = size};
    std::memcpy(&address.storage, raw, size);
    return address;
}

/// Whether somebody takes a connection; else why not.
int look_at(const SocketAddress& address) {
    const Descriptor socket{
        ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket.is_open()) return errno;
    if (::connect(socket.number(), address.raw(), address.size) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd wait{.fd = socket.number(), .events = POLLOUT, .revents = 0};
    if (::poll(&wait, 1, look_max_ms) != 1) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

std::string host_of(const ClientUrl& url) {
    const bool has_brackets = url.host.starts_with('[') && url.host.ends_with(']');
    return has_brackets ? url.host.substr(1, url.host.size() - 2) : url.host;
}

Target find_target(const ClientUrl& url) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const std::string host = host_of(url);
    const int looked_up =
        ::getaddrinfo(host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
    if (looked_up != 0)
        throw Unreachable(
            "--url " + url.text + ": no address for this host: " + ::gai_strerror(looked_up));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
    int error = 0;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
        const SocketAddress address = address_of(info->ai_addr, info->ai_addrlen);
        error = look_at(address);
        if (error == 0)
            return {
                .address = address,
                .host_and_port = to_string(node::Address{host, url.port}),
                .path = url.path,
                .text = url.text};
    }
    throw Unreachable(
        "--url " + url.text + ": nobody takes a connection there (" +
        std::generic_category().message(error) +
        "); is the node running, and is this its client "
        "listener?");
}

SocketAddress parse_source(const std::string& text) {
    SocketAddress address;
    auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        address.size = sizeof v4;
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        address.size = sizeof v6;
    } else {
        throw UsageError("--source '" + text + "': give an IP address of this host");
    }
    const Descriptor socket{::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (::bind(socket.number(), address.raw(), address.size) != 0)
        throw UsageError(
            "--source '" + text + "': " + std::generic_category().message(errno) +
            "; give an IP address of this host");
    return address;
}

/// 127.0.0.(1 + index).
SocketAddress loopback(std::uint32_t index) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index);
    return address_of(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

bool is_loopback(const SocketAddress& address) {
    if (address.family() != AF_INET) return false;
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
    return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
}

}  // namespace

std::vector<Target> find_targets(const std::vector<ClientUrl>& urls) {
    std::vector<Target> targets;
    for (const ClientUrl& url : urls)
        targets.push_back(find_target(url));
    return targets;
}

Sources::Sources(const std::vector<std::string>& addresses) {
    for (const std::string& text : addresses)
        given_.push_back(parse_source(text));
}

SocketAddress Sources::next(const Target& target) {
    const std::size_t index = used_++;
    for (std::size_t i = 0; i < given_.size(); ++i) {
        const SocketAddress& source = given_[(index + i) % given_.size()];
        if (source.family() == target.address.family()) return source;
    }
    if (is_loopback(target.address))
        return loopback(static_cast<std::uint32_t>(index) % loopback_sources);
    return {};
}

}  // namespace grapevine::cli::bench
