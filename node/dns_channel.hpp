/// Questions to DNS servers, asked by c-ares and carried by a loop: its sockets are watched there,
/// its timeouts are timers there, and no thread is added. /etc/hosts is read first. What a server
/// cuts short in a UDP packet is asked again over TCP.
///
/// Reads the system's configuration when it is made, so make one for a few questions.
#pragma once

#include "node/config.hpp"
#include "node/loop.hpp"

#include <asio/ip/address.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>

#include <ares.h>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace grapevine::node {

/// `none` is certain: there is no such name, or it has nothing of that kind. `failed` says nothing.
enum class DnsOutcome : std::uint8_t { answered, none, failed };
enum class DnsFamily : std::uint8_t { v4, v6 };

/// What an SRV record names.
struct DnsService {
    std::string host;
    std::uint16_t port = 0;
    std::uint16_t priority = 0;
};

class DnsChannel {
public:
    using Addresses = std::function<void(DnsOutcome, std::vector<asio::ip::address>)>;
    using Services = std::function<void(DnsOutcome, std::vector<DnsService>)>;

    /// Without `servers` those of the system are asked.
    DnsChannel(Loop& loop, const std::vector<Address>& servers);
    /// Nobody who waits is told.
    ~DnsChannel();
    DnsChannel(const DnsChannel&) = delete;
    DnsChannel& operator=(const DnsChannel&) = delete;

    /// `told` is called once, perhaps from inside the call; it must not destroy the channel.
    void ask_addresses(const std::string& host, DnsFamily family, Addresses told);
    void ask_services(const std::string& name, Services told);

private:
    using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;
    struct Watch {
        explicit Watch(Descriptor made) : descriptor(std::move(made)) {}
        Descriptor descriptor;
        bool wants_read = false;
        bool wants_write = false;
        bool awaits_read = false;
        bool awaits_write = false;
        bool is_over = false;
    };

    void socket_changed(ares_socket_t socket, bool reads, bool writes);
    void await(ares_socket_t socket, const std::shared_ptr<Watch>& watch);
    void process(ares_socket_t readable, ares_socket_t writable);
    void time_out();
    void arm();

    Loop& loop_;
    ares_channel channel_ = nullptr;  ///< null: it could not be made, every question fails
    std::map<ares_socket_t, std::shared_ptr<Watch>> watches_;
    TimerId timer_;
};

}  // namespace grapevine::node
