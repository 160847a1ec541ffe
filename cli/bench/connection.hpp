/// One WebSocket connection of the load generator, from the dial to its end. What is sent is
/// collected and leaves at the end of the turn; what comes is read in place.
#pragma once

#include "cli/bench/frames.hpp"
#include "cli/bench/poller.hpp"
#include "node/transport/handshake.hpp"

#include <memory>
#include <netinet/in.h>
#include <span>
#include <string>
#include <string_view>

namespace grapevine::cli::bench {

/// An IPv4 or IPv6 address with a port, as the system takes it.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* raw() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
    [[nodiscard]] int family() const { return storage.ss_family; }
};

/// A client listener, looked up.
struct Target {
    SocketAddress address;
    std::string host_and_port;  ///< for the request's head
    std::string path;
    std::string text;  ///< the URL, for people
};

class ConnectionOwner {
public:
    /// The handshake is done.
    virtual void opened() = 0;
    /// A message. False: it made no sense.
    virtual bool received(std::string_view message) = 0;
    /// Once after each dial; `why` is for people. Not from inside `dial`, which is not called from
    /// inside this either.
    virtual void ended(std::string_view why) = 0;

protected:
    ~ConnectionOwner() = default;
};

class Connection final : Poller::Watcher {
public:
    Connection(Poller& poller, ConnectionOwner& owner) : poller_(poller), owner_(owner) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// `source`: where to dial from; of size 0, the system chooses. Not while it is in use.
    void dial(
        const Target& target,
        const SocketAddress& source,
        std::string_view subprotocol,
        std::span<const std::string> headers);
    /// Frames that are appended here leave at the end of the turn, if `send` is called.
    [[nodiscard]] std::string& outgoing() { return outgoing_; }
    void send();
    /// The peer does not read fast enough: whoever can wait should.
    [[nodiscard]] bool is_congested() const { return outgoing_.size() > congested_bytes; }
    [[nodiscard]] bool is_open() const { return stage_ == Stage::open; }
    [[nodiscard]] bool is_idle() const { return stage_ == Stage::idle; }
    [[nodiscard]] const MaskKey& key() const { return key_; }
    /// The owner has what it dialled for; else the connection ends in time.
    void be_content() { poller_.disarm(deadline_); }
    /// It waits for something more, and again not for ever.
    void be_waiting();
    /// In order: says that it leaves; the end follows when the peer has closed too.
    void close();
    /// At once; the end follows unless it came before.
    void abort(std::string_view why);

private:
    /// What may wait for a peer that does not read. More hides longer that it does not.
    static constexpr std::size_t congested_bytes = 256 * 1024;

    enum class Stage : std::uint8_t { idle, dialling, shaking_hands, open, closing };

    void ready(bool is_ending) override;
    void flush() override;
    void on_connected();
    void read(bool to_the_end);
    /// Gives the bytes that were used up; the rest is the beginning of more.
    std::size_t take(std::string_view bytes);
    std::size_t take_answer(std::string_view bytes);
    std::size_t take_frames(std::string_view bytes);
    /// False: nothing more is to be read.
    bool take_frame(const Frame& frame);
    void time_out();
    void on_dead_dial();
    void end(std::string_view why);

    Poller& poller_;
    ConnectionOwner& owner_;
    Descriptor socket_;
    Stage stage_ = Stage::idle;
    bool will_flush_ = false;
    MaskKey key_;
    node::TimerId deadline_{};
    std::string outgoing_;
    std::string unread_;  ///< the beginning of a frame
    std::unique_ptr<node::ClientHandshake> handshake_;  ///< until it is done
    std::string dead_on_dial_;
};

}  // namespace grapevine::cli::bench
