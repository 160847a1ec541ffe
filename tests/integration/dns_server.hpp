/// DNS servers for tests: dnsmasq, a real one, and one that answers as it is told and is good for
/// nothing but failures. Each has a loopback address of its own.
#pragma once

#include "node/config.hpp"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <pwd.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace grapevine::tests {

/// Different in every process, and for every call.
inline node::Address free_dns_address() {
    static int made = 0;
    const auto pid = static_cast<unsigned>(::getpid());
    return {
        "127." + std::to_string(64 + pid / 65536 % 64) + "." + std::to_string(pid / 256 % 256) +
            "." + std::to_string(pid % 254 + 1),
        static_cast<std::uint16_t>(5300 + ++made)};
}

/// dnsmasq, certain about everything below `test`.
class Dnsmasq {
public:
    /// `hosts` as in /etc/hosts; `options` are dnsmasq's.
    Dnsmasq(const std::string& hosts, std::vector<std::string> options) {
        std::array<char, 32> path{"/tmp/grapevine-hosts-XXXXXX"};
        const int file = ::mkstemp(path.data());
        if (file < 0) throw std::runtime_error{"no temporary file"};
        ::close(file);
        hosts_path_ = path.data();
        std::ofstream{hosts_path_} << hosts;
        const passwd* const user = ::getpwuid(::getuid());
        options.insert(
            options.begin(),
            {"dnsmasq",
             "--keep-in-foreground",
             "--conf-file=/dev/null",
             "--pid-file=",
             "--user=" + std::string{user != nullptr ? user->pw_name : "root"},
             "--port=" + std::to_string(address_.port),
             "--listen-address=" + address_.host,
             "--bind-interfaces",
             "--no-resolv",
             "--no-hosts",
             "--local=/test/",
             "--addn-hosts=" + hosts_path_});
        pid_ = ::fork();
        if (pid_ == 0) run(options);
    }
    ~Dnsmasq() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::unlink(hosts_path_.c_str());
    }
    Dnsmasq(const Dnsmasq&) = delete;
    Dnsmasq& operator=(const Dnsmasq&) = delete;

    [[nodiscard]] const node::Address& address() const { return address_; }
    void freeze() const { ::kill(pid_, SIGSTOP); }
    void thaw() const { ::kill(pid_, SIGCONT); }
    [[nodiscard]] bool has_ended() const { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; }

private:
    [[noreturn]] static void run(std::vector<std::string>& words) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        std::vector<char*> arguments;
        for (std::string& word : words)
            arguments.push_back(word.data());
        arguments.push_back(nullptr);
        // Where Debian puts it is not on everybody's path.
        ::execvp("dnsmasq", arguments.data());
        ::execv("/usr/sbin/dnsmasq", arguments.data());
        std::fprintf(stderr, "no dnsmasq here: run scripts/install\n");
        ::_exit(127);
    }

    node::Address address_ = free_dns_address();
    std::string hosts_path_;
    pid_t pid_ = -1;
};

/// Answers each UDP question with a code, or with addresses.
class ToyDnsServer {
public:
    static constexpr int a = 1;
    static constexpr int aaaa = 28;
    static constexpr int no_error = 0;
    static constexpr int server_failure = 2;
    static constexpr int refused = 5;

    /// `code_for` the type of a question; `no_error` answers 192.0.2.1.
    ToyDnsServer(asio::io_context& context, std::function<int(int type)> code_for)
        : socket_(context, {asio::ip::make_address(address_.host), address_.port}),
          code_for_(std::move(code_for)) {
        listen();
    }
    [[nodiscard]] const node::Address& address() const { return address_; }
    [[nodiscard]] int asked() const { return asked_; }

private:
    void listen() {
        socket_.async_receive_from(
            asio::buffer(buffer_), from_, [this](std::error_code error, std::size_t size) {
                if (error) return;
                answer(std::string{buffer_.data(), size});
                listen();
            });
    }
    void answer(std::string message) {
        ++asked_;
        std::size_t end = 12;
        while (message[end] != 0)
            end += static_cast<unsigned char>(message[end]) + 1u;
        const int type = static_cast<unsigned char>(message[end + 2]);
        message.resize(end + 5);
        const int code = code_for_(type);
        message[2] = static_cast<char>(0x81);
        message[3] = static_cast<char>(0x80 | code);
        message[7] = code == no_error ? 1 : 0;
        message[9] = message[11] = 0;
        if (code == no_error)
            message += std::string{"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04\xc0\0\x02\x01", 16};
        std::error_code ignored;
        socket_.send_to(asio::buffer(message), from_, 0, ignored);
    }

    node::Address address_ = free_dns_address();
    asio::ip::udp::socket socket_;
    asio::ip::udp::endpoint from_;
    std::array<char, 512> buffer_{};
    std::function<int(int)> code_for_;
    int asked_ = 0;
};

}  // namespace grapevine::tests
