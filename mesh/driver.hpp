/// Runs the two machines of one node together: hands what one says to the other until both are
/// quiet, and leaves at the edge only what must leave the process. The real node and the simulator
/// drive the machines through this class and no other way, so what is simulated is what runs.
///
///     driver.on(SessionReceived{...}, now);   // as many facts as the turn has
///     driver.end_turn(now);                   // then once
///     for (auto& send : driver.edge().session_sends) ...   // do it, then
///     driver.edge().clear();
///
/// A node of several loops has this on loop 0, with that loop's sessions; the other loops have
/// Sessions only, and batches cross (crossing.hpp).
#pragma once

#include "mesh/mesh.hpp"
#include "mesh/other_loops.hpp"
#include "mesh/sessions.hpp"

#include <string_view>
#include <vector>

namespace grapevine::mesh {

/// Everything the outside must do, in the order of each list; sends before closes.
struct Edge {
    std::vector<SendToSession> session_sends;
    std::vector<CloseSession> session_closes;
    std::vector<Dial> dials;
    std::vector<Resolve> resolves;
    std::vector<SendFrame> link_sends;
    std::vector<CloseLink> link_closes;
    std::vector<TrustLink> link_trusts;
    std::vector<Answer> api_answers;  ///< to requests of the HTTP API
    Events events;
    bool has_left = false;
    bool must_stop = false;

    void clear();
};

class Driver {
public:
    /// `loops`: of the node. The other loops' Sessions take sessions_config(), and each an
    /// authenticator of its own if this one has any.
    Driver(
        MeshConfig mesh,
        SessionsConfig sessions,
        Now start,
        std::size_t loops = 1,
        Authenticator* authenticator = nullptr);

    // ---- facts from clients
    void on(const SessionOpened& opened, Now now);
    void on(const SessionReceived& received, Now now);
    void on(const SessionClosed& closed, Now now);
    void on(const SessionDrained& drained, Now now);
    // ---- facts from links
    void on(const LinkOpened& opened, Now now);
    void on(const LinkReceived& received, Now now);
    void on(const LinkClosed& closed, Now now);
    void on(const LinkDrained& drained, Now now);
    void on(const DialFailed& failed, Now now);
    void on(const Resolved& resolved, Now now);
    // ---- from another loop; takes what was said
    void on(LoopOutput& output, std::size_t loop, Now now);

    /// A publication from the HTTP API. `data` is valid JSON without raw newlines (or any bytes, if
    /// binary); `name` within limits. Both are the caller's to check.
    void publish(
        proto::Target target,
        std::string_view name,
        proto::PayloadKind kind,
        std::string_view data,
        Now now);
    /// `POST /api/send`: its answer comes in Edge::api_answers, at once or later.
    void send(SendToUsers send, Now now);
    /// `POST /api/presence`: likewise.
    void inquire(Inquiry inquiry, Now now);
    /// SIGTERM: sessions are closed with 3001, the others hear LEAVE; Edge::has_left follows.
    void leave(Now now);
    /// When next_deadline() has come.
    void time_reached(Now now);
    void end_turn(Now now);

    [[nodiscard]] Instant next_deadline() const;
    [[nodiscard]] Edge& edge() { return edge_; }
    /// After end_turn(): what each other loop is to be told.
    [[nodiscard]] OtherLoops& other_loops() { return other_loops_; }
    [[nodiscard]] const OtherLoops& other_loops() const { return other_loops_; }
    [[nodiscard]] const SessionsConfig& sessions_config() const { return sessions_config_; }
    [[nodiscard]] const Mesh& mesh() const { return mesh_; }
    [[nodiscard]] const Sessions& sessions() const { return sessions_; }
    [[nodiscard]] bool is_leaving() const { return leaving_; }
    /// As `GET /api/cluster` answers.
    [[nodiscard]] std::string cluster_json(Now now) const;

private:
    /// Lets Sessions speak: `told(output)`. What it sends gathers at the edge for the whole turn,
    /// so that a later message can join an earlier one (session_delivery.hpp).
    template <class Told>
    void speak(SessionsOutput& output, Told told);
    void exchange(Now now);
    void hear(SessionsOutput& said, std::size_t loop, Now now);
    void tell_sessions(Now now);
    void deliver(const Deliver& deliver, Now now);
    void tell(LoopQuery& query, Now now);
    void tell(Inquired& inquired, Now now);
    void collect_mesh();

    Mesh mesh_;
    const SessionsConfig sessions_config_;
    Sessions sessions_;
    OtherLoops other_loops_;
    SessionsOutput sessions_output_;
    SessionsOutput delivered_;  ///< reused by exchange(): what deliveries led to
    std::vector<Delivered> unasked_;  ///< answers to copies that no loop had room for
    MeshOutput mesh_output_;
    Edge edge_;
    bool leaving_ = false;
};

}  // namespace grapevine::mesh
