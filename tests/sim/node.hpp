/// One node of the simulated cluster: the real Driver with both machines and codecs, and around it
/// what node/ is in the real process: it numbers links and sessions, honours message limits,
/// resolves, dials, closes, and runs turns. Its process can crash, pause, leave and start again
/// under the same name.
#pragma once

#include "mesh/driver.hpp"
#include "tests/sim/loops.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/observation.hpp"
#include "tests/sim/stage.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::sim {

struct NodeOptions {
    mesh::MeshConfig mesh;  ///< boot and rng_seed are drawn at each start
    mesh::SessionsConfig sessions;  ///< node_name and hash_key are filled in
    /// How late a turn starts after the first of its facts.
    Duration turn_delay_least = 1us;
    Duration turn_delay_most = 100us;
    Duration wall_offset{};  ///< of this machine's wall clock
    std::size_t loops = 1;  ///< as `--workers`
    Duration loop_crossing_most = 300us;  ///< how long a batch takes from one loop to another
};

/// What a node's processes gave to links.
struct LinkTraffic {
    std::uint64_t messages = 0;
    std::uint64_t bytes =
        0;  ///< with the heads of WebSocket frames, as a real node would send them
};

/// How the last process of a node came to its end.
enum class Exit : std::uint8_t { running, never_started, crashed, left, stopped };

class Node final : public Host {
public:
    /// The host part of every address of this node is `ip`.
    Node(Stage& stage, NodeOptions options, std::string ip);

    // ---- life
    void start();
    void crash();
    /// As if the power went: nobody is told anything.
    void lose_host();
    void pause();
    void resume();
    void leave();
    /// Its next process runs somewhere else, as containers do.
    void move_to(const std::string& ip);
    /// One of its loops besides the first stands still for so long.
    void stall_loop(std::size_t loop, Duration span);
    void jump_wall(Duration by) { options_.wall_offset += by; }
    /// A client of whom only this is simulated: it connects as `user`, reads nothing, goes.
    proto::SessionId enter(const std::string& user);
    void go(proto::SessionId visitor);
    /// As `POST /api/publish` does. Returns the payload.
    std::string publish(const std::string& channel);
    /// As `POST /api/send` does. Returns the payload.
    std::string send(const SendOrder& order);

    // ---- who it is
    [[nodiscard]] const std::string& name() const { return options_.mesh.name; }
    [[nodiscard]] proto::NodeId id() const;
    [[nodiscard]] HostId host() const { return host_; }
    [[nodiscard]] std::string mesh_address() const;
    [[nodiscard]] std::string client_address(proto::Encoding encoding) const;
    /// May be changed while the process does not run.
    [[nodiscard]] NodeOptions& options() { return options_; }
    [[nodiscard]] const NodeOptions& options() const { return options_; }

    // ---- what it holds
    [[nodiscard]] bool is_running() const { return process_ != nullptr; }
    [[nodiscard]] bool is_paused() const { return is_running() && process_->paused; }
    [[nodiscard]] Exit last_exit() const { return last_exit_; }
    [[nodiscard]] const mesh::Mesh& mesh() const;
    /// Those of the first loop.
    [[nodiscard]] const mesh::Sessions& sessions() const;
    [[nodiscard]] const mesh::OtherLoops& other_loops() const;
    /// Of all loops.
    [[nodiscard]] std::size_t session_count() const;
    [[nodiscard]] ProcessKey process() const { return is_running() ? process_->key : ProcessKey{}; }
    /// The state it gives to another node; nothing if it does not know it.
    [[nodiscard]] std::optional<proto::MemberState> state_of(const Node& other) const;
    [[nodiscard]] std::optional<Socket> socket_of(mesh::LinkId link) const;
    /// What its HTTP API answered to a send, in whichever life; null: nothing yet.
    [[nodiscard]] const SendResult* result_of(const std::string& payload) const;
    /// Since the simulation began.
    [[nodiscard]] const LinkTraffic& link_traffic() const { return link_traffic_; }
    /// What its process told, since its start.
    [[nodiscard]] const mesh::Events& events() const { return events_; }
    template <class Event>
    [[nodiscard]] std::size_t count() const {
        std::size_t counted = 0;
        for (const mesh::Event& event : events_)
            counted += std::holds_alternative<Event>(event) ? 1 : 0;
        return counted;
    }

    // ---- facts from the network
    void accepted(Socket socket, std::string_view listener, std::string peer) override;
    void opened(Socket socket) override;
    void dial_failed(Socket socket, mesh::DialFailure why) override;
    void received(Socket socket, const proto::Bytes& message) override;
    void drained(Socket socket, std::size_t bytes) override;
    void closed(Socket socket, std::uint16_t code) override;

private:
    /// What the process keeps of one of its sockets.
    struct Wire {
        bool is_link = false;
        mesh::LinkId link;
        proto::SessionId session;
        bool trusted = false;
        std::size_t flight_bytes = 0;
        std::string address;
    };
    struct Caller {
        SessionKey key;
        proto::Encoding encoding = proto::Encoding::json;
        Socket socket;
    };
    using Fact = std::function<void(mesh::Now)>;
    /// Everything that a crash takes away.
    struct Process {
        Process(
            ProcessKey named,
            const mesh::MeshConfig& config,
            const mesh::SessionsConfig& session_config,
            Duration offset,
            mesh::Now start,
            std::size_t loop_count)
            : key(named),
              steady_offset(offset),
              driver(config, session_config, start, loop_count) {}

        ProcessKey key;
        Duration steady_offset;
        mesh::Driver driver;
        std::optional<Loops> loops;
        std::map<Socket, Wire> wires;
        std::map<mesh::LinkId, Socket> links;
        std::map<proto::SessionId, Socket> sessions;
        /// Of all sessions there were: one that ended in this turn may still have been written to.
        std::map<proto::SessionId, Caller> callers;
        /// What sessions asked about channels and was not answered yet, by command.
        struct Asked {
            proto::CommandKind kind{};
            std::string channel;
            std::set<proto::NodeId> shown{};  ///< of a question: the whole time so far
        };
        std::map<std::pair<proto::SessionId, std::uint32_t>, Asked> asked;
        /// Answers of this turn: shown after what may have changed in it before they were made.
        std::vector<PresenceTold> presence_told;
        std::map<std::uint64_t, std::string> api_sends;  ///< payloads, by request, unanswered
        std::uint64_t api_requests = 0;
        std::deque<Fact> inbox;
        std::vector<std::uint32_t> generations;  ///< of session slots
        std::vector<std::uint32_t> free_slots;
        std::uint64_t links_accepted = 0;
        std::uint64_t turns = 0;
        std::uint64_t ticks = 0;
        std::uint64_t looks = 0;
        std::uint64_t events_told = 0;
        std::uint64_t seen_progress = 0;  ///< of the counters, when its tables were last shown
        std::uint64_t idle_turns = 0;  ///< in a row, with a deadline that stays in the past
        bool turn_scheduled = false;
        bool paused = false;
        Instant wake_at = mesh::never;
    };

    [[nodiscard]] mesh::Now now() const;
    void post(Fact fact);
    void schedule_turn();
    void turn();
    [[nodiscard]] std::uint64_t progress() const;
    void observe();
    void observe_queues();
    void observe_commands(proto::SessionId session, std::string_view message);
    void observe_session_sends(const mesh::Edge& edge);
    void observe_answer(proto::SessionId session, const proto::Reply& reply);
    void observe_questions();
    /// Nodes of which its table says that they have subscribers.
    [[nodiscard]] std::set<proto::NodeId> nodes_with(const std::string& channel) const;
    [[nodiscard]] Duration answer_within(Wait wait, bool at_least_once) const;
    void take_api_answer(const mesh::Answer& answer);
    std::string new_payload(const std::string& channel);
    void carry_out(mesh::Edge& edge);
    [[nodiscard]] Instant next_deadline() const;
    void schedule_wake();
    void end(Exit how);
    proto::SessionId new_session();
    void take_message(const Wire& wire, Socket socket, const proto::Bytes& message, mesh::Now now);
    void forget(Socket socket);

    Stage& stage_;
    NodeOptions options_;
    HostId host_;
    mesh::Rng rng_;
    std::unique_ptr<Process> process_;
    Exit last_exit_ = Exit::never_started;
    mesh::Events events_;
    LinkTraffic link_traffic_;
    std::map<std::string, SendResult> api_results_;  ///< by payload
};

}  // namespace grapevine::sim
