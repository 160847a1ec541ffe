#include "node/acceptor.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace grapevine::node {
namespace {

/// The kernel's queue of callers that were not accepted yet; bounded again by net.core.somaxconn.
constexpr int backlog = 4096;
/// Accepts in one go, and at most so many goes in a turn: handshakes are answered when they are
/// accepted, and a storm of callers must not starve those who are already here.
constexpr int accepts_max = 64;
constexpr int goes_per_turn_max = 8;
/// For how long the kernel keeps callers who have said nothing. Longer: the time that a head may
/// take begins later.
constexpr int silent_seconds = 1;
constexpr Duration pause_without_descriptors = std::chrono::milliseconds{100};

bool is_exhausted(const std::error_code& error) {
    const int value = error.value();
    return value == EMFILE || value == ENFILE || value == ENOBUFS || value == ENOMEM;
}

std::string text_of(const asio::ip::tcp::endpoint& address) {
    return to_string(Address{address.address().to_string(), address.port()});
}

std::string advice_for(const std::error_code& error) {
    switch (error.value()) {
    case EADDRINUSE:
        return "the port is already taken by another program; stop it or choose another port";
    case EADDRNOTAVAIL:
        return "this host has no such address; use 0.0.0.0 or [::] for every address it has";
    case EACCES: return "this user may not; ports below 1024 need privileges, choose a higher one";
    default: return error.message();
    }
}

/// Whatever happens, it works without.
void set_on_tcp(int descriptor, int option, int value) {
    ::setsockopt(descriptor, IPPROTO_TCP, option, &value, sizeof value);
}

[[noreturn]] void fail(const asio::ip::tcp::endpoint& address, const std::error_code& error) {
    throw CannotListen("cannot listen on " + text_of(address) + ": " + advice_for(error));
}

}  // namespace

asio::ip::tcp::endpoint find_listen_endpoint(const Address& address) {
    std::error_code error;
    const auto numeric = asio::ip::make_address(address.host, error);
    if (!error) return {numeric, address.port};
    asio::io_context context;
    asio::ip::tcp::resolver resolver{context};
    const auto found = resolver.resolve(address.host, std::to_string(address.port), error);
    if (error || found.empty())
        throw CannotListen(
            "cannot listen on " + to_string(address) + ": there is no address of that name (" +
            error.message() + ")");
    return found.begin()->endpoint();
}

/// Outlives the Acceptor for as long as a completion is on its way.
struct Acceptor::State : std::enable_shared_from_this<State> {
    State(Loop& own_loop, AcceptorOwner& its_owner, EdgeCounters& its_counters)
        : loop(own_loop), owner(its_owner), counters(its_counters), acceptor(own_loop.context()) {}

    void wait() {
        acceptor.async_wait(
            asio::socket_base::wait_read, [self = shared_from_this()](std::error_code error) {
                if (!error && self->acceptor.is_open()) self->accept_some();
            });
    }

    /// To ask when nobody waits costs the kernel nearly as much as to accept: so only as many are
    /// asked for as came the last time, and twice as many if there were more in the same turn.
    void accept_some() {
        goes = is_same_turn() ? goes + 1 : 1;
        if (goes > 1) expected = std::min(2 * expected, accepts_max);
        for (int i = 0; i < expected && acceptor.is_open(); ++i) {
            TcpSocket socket{owner.loop_of_next().context()};
            std::error_code error;
            acceptor.accept(socket, error);
            if (error == asio::error::would_block || error == asio::error::try_again) {
                expected = std::max(i, 1);
                break;
            }
            if (error) {
                ++counters.accept_errors;
                if (is_exhausted(error)) return pause();
                continue;
            }
            ++counters.accepted;
            owner.accepted(std::move(socket));
        }
        if (!acceptor.is_open()) return;
        if (goes < goes_per_turn_max) return wait();
        loop.at_end_of_turn([self = shared_from_this()] {
            if (self->acceptor.is_open()) self->wait();
        });
    }

    bool is_same_turn() { return std::exchange(accepted_at, loop.now()) == loop.now(); }

    void pause() {
        ++counters.accept_pauses;
        retry = loop.arm(pause_without_descriptors, TimerCall::to<&State::accept_some>(this));
    }

    void close() {
        std::error_code ignored;
        acceptor.close(ignored);
        loop.disarm(retry);
    }

    Loop& loop;
    AcceptorOwner& owner;
    EdgeCounters& counters;
    asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type> acceptor;
    TimerId retry{};
    int expected = 1;
    int goes = 0;
    Instant accepted_at{};
};

Acceptor::Acceptor(
    Loop& loop,
    const asio::ip::tcp::endpoint& address,
    AcceptorOwner& owner,
    EdgeCounters& counters,
    AcceptorOptions options)
    : state_(std::make_shared<State>(loop, owner, counters)) {
    auto& acceptor = state_->acceptor;
    std::error_code error;
    acceptor.open(address.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    // Accepted sockets inherit what follows: a system call for each of them less.
    if (!error) acceptor.set_option(asio::ip::tcp::no_delay(true), error);
    if (!error && options.waits_for_words)
        set_on_tcp(acceptor.native_handle(), TCP_DEFER_ACCEPT, silent_seconds);
    if (!error && options.kernel_unsent_max > 0)
        set_on_tcp(
            acceptor.native_handle(),
            TCP_NOTSENT_LOWAT,
            static_cast<int>(options.kernel_unsent_max));
    if (!error) acceptor.bind(address, error);
    if (!error) acceptor.listen(backlog, error);
    if (!error) acceptor.non_blocking(true, error);
    if (error) fail(address, error);
    local_ = acceptor.local_endpoint();
    state_->wait();
}

Acceptor::~Acceptor() {
    close();
}

void Acceptor::close() {
    state_->close();
}

}  // namespace grapevine::node
