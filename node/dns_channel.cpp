#include "node/dns_channel.hpp"

#include <algorithm>
#include <arpa/nameser.h>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <utility>

namespace grapevine::node {
namespace {

/// A server that is silent is asked once more and given twice the time: 4.5 s for each server.
constexpr int first_try_ms = 1500;
constexpr int tries = 2;

/// Somebody who waits for an answer; c-ares gives it back exactly once.
template <class Told>
struct Question {
    Told told;

    static std::unique_ptr<Question> take(void* argument) {
        return std::unique_ptr<Question>{static_cast<Question*>(argument)};
    }
};

DnsOutcome outcome_of(int status) {
    switch (status) {
    case ARES_SUCCESS: return DnsOutcome::answered;
    case ARES_ENODATA:
    case ARES_ENOTFOUND: return DnsOutcome::none;
    default: return DnsOutcome::failed;
    }
}

bool is_given_up(int status) {
    return status == ARES_EDESTRUCTION || status == ARES_ECANCELLED;
}

asio::ip::address address_of(const sockaddr& from) {
    if (from.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &from, sizeof v4);
        return asio::ip::address_v4{ntohl(v4.sin_addr.s_addr)};
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, &from, sizeof v6);
    asio::ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), v6.sin6_addr.s6_addr, bytes.size());
    return asio::ip::address_v6{bytes, v6.sin6_scope_id};
}

void addresses_told(void* argument, int status, int, ares_addrinfo* found) {
    const auto question = Question<DnsChannel::Addresses>::take(argument);
    std::vector<asio::ip::address> addresses;
    for (const ares_addrinfo_node* node = found != nullptr ? found->nodes : nullptr;
         node != nullptr;
         node = node->ai_next)
        addresses.push_back(address_of(*node->ai_addr));
    if (found != nullptr) ares_freeaddrinfo(found);
    if (is_given_up(status)) return;
    DnsOutcome outcome = outcome_of(status);
    if (outcome == DnsOutcome::answered && addresses.empty()) outcome = DnsOutcome::none;
    question->told(outcome, std::move(addresses));
}

void services_told(void* argument, int status, int, unsigned char* answer, int size) {
    const auto question = Question<DnsChannel::Services>::take(argument);
    if (is_given_up(status)) return;
    ares_srv_reply* found = nullptr;
    if (status == ARES_SUCCESS) status = ares_parse_srv_reply(answer, size, &found);
    std::vector<DnsService> services;
    for (const ares_srv_reply* one = found; one != nullptr; one = one->next)
        services.push_back({one->host, one->port, one->priority});
    if (found != nullptr) ares_free_data(found);
    question->told(outcome_of(status), std::move(services));
}

std::string text_of(const std::vector<Address>& servers) {
    std::string text;
    for (const Address& server : servers)
        text.append(text.empty() ? "" : ",").append(to_string(server));
    return text;
}

}  // namespace

DnsChannel::DnsChannel(Loop& loop, const std::vector<Address>& servers) : loop_(loop) {
    std::string hosts_file_then_dns = "fb";
    ares_options options{};
    options.timeout = first_try_ms;
    options.tries = tries;
    options.lookups = hosts_file_then_dns.data();
    options.sock_state_cb = [](void* self, ares_socket_t socket, int reads, int writes) {
        static_cast<DnsChannel*>(self)->socket_changed(socket, reads != 0, writes != 0);
    };
    options.sock_state_cb_data = this;
    const int chosen =
        ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    if (ares_init_options(&channel_, &options, chosen) != ARES_SUCCESS) {
        channel_ = nullptr;
        return;
    }
    if (servers.empty()) return;
    if (ares_set_servers_ports_csv(channel_, text_of(servers).c_str()) == ARES_SUCCESS) return;
    ares_destroy(std::exchange(channel_, nullptr));
}

DnsChannel::~DnsChannel() {
    if (channel_ != nullptr) ares_destroy(channel_);
    loop_.disarm(timer_);
}

void DnsChannel::ask_addresses(const std::string& host, DnsFamily family, Addresses told) {
    if (channel_ == nullptr) return told(DnsOutcome::failed, {});
    // Rarely in the hosts file for this family, and then c-ares 1.18 leaks a little each time.
    if (host == "localhost" && family == DnsFamily::v6)
        return told(DnsOutcome::answered, {asio::ip::address_v6::loopback()});
    ares_addrinfo_hints hints{};
    // Sorting would ask the kernel for a route to each address, and all are used anyway.
    hints.ai_flags = ARES_AI_NOSORT;
    hints.ai_family = family == DnsFamily::v4 ? AF_INET : AF_INET6;
    hints.ai_socktype = SOCK_STREAM;
    auto question = std::make_unique<Question<Addresses>>(Question<Addresses>{std::move(told)});
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, addresses_told, question.release());
    arm();
}

void DnsChannel::ask_services(const std::string& name, Services told) {
    if (channel_ == nullptr) return told(DnsOutcome::failed, {});
    auto question = std::make_unique<Question<Services>>(Question<Services>{std::move(told)});
    ares_search(channel_, name.c_str(), ns_c_in, ns_t_srv, services_told, question.release());
    arm();
}

// ---- what c-ares needs of the loop

void DnsChannel::socket_changed(ares_socket_t socket, bool reads, bool writes) {
    auto found = watches_.find(socket);
    if (!reads && !writes) {  // c-ares closes it now
        if (found == watches_.end()) return;
        found->second->is_over = true;
        found->second->descriptor.release();
        watches_.erase(found);
        return;
    }
    if (found == watches_.end()) {
        Descriptor descriptor{loop_.context().get_executor()};
        std::error_code ignored;  // then its timeout speaks
        descriptor.assign(socket, ignored);
        found = watches_.emplace(socket, std::make_shared<Watch>(std::move(descriptor))).first;
    }
    found->second->wants_read = reads;
    found->second->wants_write = writes;
    await(socket, found->second);
}

void DnsChannel::await(ares_socket_t socket, const std::shared_ptr<Watch>& watch) {
    if (!watch->descriptor.is_open()) return;
    if (watch->wants_read && !std::exchange(watch->awaits_read, true))
        watch->descriptor.async_wait(
            Descriptor::wait_read, [this, socket, watch](std::error_code error) {
                watch->awaits_read = false;
                if (error || watch->is_over) return;
                process(socket, ARES_SOCKET_BAD);
                if (!watch->is_over) await(socket, watch);
            });
    if (watch->wants_write && !std::exchange(watch->awaits_write, true))
        watch->descriptor.async_wait(
            Descriptor::wait_write, [this, socket, watch](std::error_code error) {
                watch->awaits_write = false;
                if (error || watch->is_over || !watch->wants_write) return;
                process(ARES_SOCKET_BAD, socket);
                if (!watch->is_over) await(socket, watch);
            });
}

void DnsChannel::process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel_, readable, writable);
    arm();
}

void DnsChannel::time_out() {
    timer_ = {};
    process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void DnsChannel::arm() {
    loop_.disarm(timer_);
    timeval wait{};
    if (ares_timeout(channel_, nullptr, &wait) == nullptr) return;
    timer_ = loop_.arm(
        std::chrono::seconds{wait.tv_sec} + std::chrono::microseconds{wait.tv_usec},
        TimerCall::to<&DnsChannel::time_out>(this));
}

}  // namespace grapevine::node
