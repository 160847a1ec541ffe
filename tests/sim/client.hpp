/// A simulated user's program: connects to a node as an SDK does, in JSON or Protobuf, subscribes,
/// says and hears, answers pings, and reports all of it to the checkers. Every payload it says is
/// unique.
#pragma once

#include "proto/client_codec.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/observation.hpp"
#include "tests/sim/receipt.hpp"
#include "tests/sim/stage.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace grapevine::sim {

struct ClientOptions {
    std::string user;
    proto::Encoding encoding = proto::Encoding::json;
    /// Nothing heard for this long: the client gives its connection up, as SDKs do.
    Duration silence_most = 40s;
    /// Answers `rpc ack` to every message that wants it.
    bool acknowledges = true;
    /// Wants to hear who comes and goes wherever it subscribes.
    bool watches = false;
};

class Client final : public Host {
public:
    Client(Stage& stage, ClientOptions options, std::string ip);

    // ---- what the user does
    /// Channels that are wanted already are subscribed to once connected.
    void connect(const Node& node);
    void disconnect();
    void move_to(const Node& node);
    /// Says goodbye, hears what is still on its way, and only then connects to the other node: what
    /// was written to its session it hears.
    void move_gently_to(const Node& node);
    /// Its machine is lost: it says nothing more, not even goodbye.
    void vanish();
    void subscribe(const std::string& channel);
    void unsubscribe(const std::string& channel);
    /// To a channel, or with `#bob` to a user. Returns the payload; empty if it is not connected.
    std::string say(const std::string& channel);
    /// `size` bytes of padding make the payload large.
    std::string say(const std::string& channel, std::size_t size);
    /// `rpc send`. Returns the payload; empty if it is not connected.
    std::string send(const SendOrder& order);
    /// The same send once more, payload and idempotency key included.
    void send_again(const std::string& payload);
    void acknowledge(bool messages) { options_.acknowledges = messages; }
    /// Says that it has this message, whosever it is.
    void claim(const std::string& message_id);
    void ask_who_is_online(const std::string& user);
    void ask_who_is_in(const std::string& channel);
    void ask_how_many_are_in(const std::string& channel);
    /// Sends bytes as they are.
    void send_raw(std::string_view bytes);
    void stop_reading();
    void read_again();

    // ---- what became of it
    [[nodiscard]] const std::string& user() const { return options_.user; }
    [[nodiscard]] HostId host() const { return host_; }
    [[nodiscard]] bool is_connected() const { return state_ == State::connected; }
    [[nodiscard]] bool is_offline() const { return state_ == State::offline; }
    [[nodiscard]] SessionKey session() const { return session_; }
    /// The process it is connected to; meaningful while connected.
    [[nodiscard]] ProcessKey process() const { return process_; }
    [[nodiscard]] const Node& node() const { return *node_; }
    /// Those whose subscription was confirmed on this connection.
    [[nodiscard]] const std::set<std::string>& channels() const { return channels_; }
    [[nodiscard]] bool has_open_requests() const { return !requests_.empty(); }
    /// Payloads of the present connection, in order.
    [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }
    /// The same of all its connections.
    [[nodiscard]] const std::vector<std::string>& ever_heard() const { return ever_heard_; }
    /// As it was heard last; empty: it has none.
    [[nodiscard]] std::string message_id_of(const std::string& payload) const;
    /// The answer to a send, on whichever connection; null: nothing yet.
    [[nodiscard]] const SendResult* result_of(const std::string& payload) const;
    /// What it says of one user; nothing if it says nothing yet.
    [[nodiscard]] std::optional<Receipt>
    receipt_of(const std::string& payload, const std::string& user) const;
    [[nodiscard]] std::size_t times_heard(const std::string& payload) const;
    [[nodiscard]] const std::vector<std::uint32_t>& errors() const { return errors_; }
    [[nodiscard]] std::uint32_t close_code() const { return close_code_; }
    [[nodiscard]] const std::string& last_answer() const { return last_answer_; }
    /// What was answered last about a channel: users, sorted. Nothing if nothing was.
    struct Presence {
        std::vector<std::string> users;
        proto::PresenceStats stats;
        bool incomplete = false;
    };
    [[nodiscard]] const std::optional<Presence>& presence() const { return presence_; }
    /// Who came and went, in order, on all connections: `join bob lobby`.
    [[nodiscard]] const std::vector<std::string>& comings() const { return comings_; }

    // ---- facts from the network
    void accepted(Socket, std::string_view, std::string) override {}
    void opened(Socket socket) override;
    void dial_failed(Socket socket, mesh::DialFailure why) override;
    void received(Socket socket, const proto::Bytes& message) override;
    void drained(Socket, std::size_t) override {}
    void closed(Socket socket, std::uint16_t code) override;

private:
    enum class State : std::uint8_t { offline, dialling, greeting, connected, leaving };
    struct Request {
        proto::CommandKind kind{};
        std::string channel;
        std::string payload;  ///< of a send
    };

    void send(const proto::Command& command);
    std::uint32_t ask(proto::CommandKind kind, const std::string& channel);
    void take(const proto::Reply& reply);
    void take_push(const proto::Reply& reply);
    void take_coming(const proto::Reply& reply);
    void take_presence(const proto::Reply& reply);
    void take_answer(const std::string& payload, const proto::Reply& reply);
    std::string new_payload(const std::string& channel, std::size_t size);
    void call(std::string_view method, std::string_view data, const std::string& payload);
    void greeted(const proto::Reply& reply);
    void over();
    void watch_silence();

    Stage& stage_;
    ClientOptions options_;
    DeviceKey device_;
    HostId host_;
    State state_ = State::offline;
    Socket socket_;
    const Node* node_ = nullptr;
    const Node* next_node_ = nullptr;  ///< of a gentle move
    ProcessKey process_;
    SessionKey session_;
    std::uint32_t commands_ = 0;
    Instant last_heard_;
    std::uint32_t close_code_ = 0;
    std::map<std::uint32_t, Request> requests_;
    std::set<std::string> wanted_;
    std::set<std::string> channels_;
    std::vector<std::string> heard_;
    std::vector<std::string> ever_heard_;
    std::map<std::string, std::string> message_ids_;  ///< by payload
    std::map<std::string, SendOrder> orders_;  ///< by payload
    std::map<std::string, SendResult> results_;  ///< by payload
    std::vector<std::uint32_t> errors_;
    std::string last_answer_;
    std::optional<Presence> presence_;
    std::vector<std::string> comings_;
};

}  // namespace grapevine::sim
