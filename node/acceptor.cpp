#include "node/acceptor.hpp"

#include <cerrno>

namespace grapevine::node {
namespace {

/// The kernel's queue of callers that were not accepted yet; bounded again by net.core.somaxconn.
constexpr int backlog = 4096;
/// Accepts in one go, so that a storm of callers does not starve those who are already here.
constexpr int accepts_per_turn_max = 64;
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

    void accept_some() {
        for (int i = 0; i < accepts_per_turn_max && acceptor.is_open(); ++i) {
            TcpSocket socket{owner.loop_of_next().context()};
            std::error_code error;
            acceptor.accept(socket, error);
            if (error == asio::error::would_block || error == asio::error::try_again) break;
            if (error) {
                ++counters.accept_errors;
                if (is_exhausted(error)) return pause();
                continue;
            }
            ++counters.accepted;
            owner.accepted(std::move(socket));
        }
        if (acceptor.is_open()) wait();
    }

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
};

Acceptor::Acceptor(
    Loop& loop,
    const asio::ip::tcp::endpoint& address,
    AcceptorOwner& owner,
    EdgeCounters& counters)
    : state_(std::make_shared<State>(loop, owner, counters)) {
    auto& acceptor = state_->acceptor;
    std::error_code error;
    acceptor.open(address.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
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
