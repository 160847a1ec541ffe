#include "mesh/driver.hpp"

#include "mesh/publish.hpp"
#include "mesh/status.hpp"

#include <algorithm>
#include <iterator>

namespace grapevine::mesh {
namespace {

template <class T>
void move_all(std::vector<T>& from, std::vector<T>& to) {
    if (from.empty()) return;
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    from.clear();
}

}  // namespace

void Edge::clear() {
    session_sends.clear();
    session_closes.clear();
    dials.clear();
    resolves.clear();
    link_sends.clear();
    link_closes.clear();
    link_trusts.clear();
    api_answers.clear();
    events.clear();
    has_left = false;
    must_stop = false;
}

Driver::Driver(MeshConfig mesh, SessionsConfig sessions, Now start)
    : mesh_(std::move(mesh), start), sessions_([&] {
          sessions.hash_key = mesh_.hash_key();
          sessions.node_name = mesh_.config().name;
          sessions.tells_names = mesh_.config().replicate_names;
          return std::move(sessions);
      }()) {}

void Driver::on(const SessionOpened& opened, Now now) {
    sessions_.handle(opened, now, sessions_output_);
    exchange(now);
}

void Driver::on(const SessionReceived& received, Now now) {
    sessions_.on(received, now, sessions_output_);
    exchange(now);
}

void Driver::on(const SessionClosed& closed, Now now) {
    sessions_.handle(closed, now, sessions_output_);
    exchange(now);
}

void Driver::on(const SessionDrained& drained, Now) {
    sessions_.on(drained);
}

void Driver::on(const LinkOpened& opened, Now now) {
    mesh_.handle(opened, now, mesh_output_);
    exchange(now);
}

void Driver::on(const LinkReceived& received, Now now) {
    mesh_.on(received, now, mesh_output_);
    exchange(now);
}

void Driver::on(const LinkClosed& closed, Now now) {
    mesh_.handle(closed, now, mesh_output_);
    exchange(now);
}

void Driver::on(const LinkDrained& drained, Now now) {
    mesh_.handle(drained, now, mesh_output_);
    exchange(now);
}

void Driver::on(const DialFailed& failed, Now now) {
    mesh_.handle(failed, now, mesh_output_);
    exchange(now);
}

void Driver::on(const Resolved& resolved, Now now) {
    mesh_.handle(resolved, now, mesh_output_);
    exchange(now);
}

void Driver::publish(
    proto::Target target,
    std::string_view name,
    proto::PayloadKind kind,
    std::string_view data,
    Now now) {
    Publish publish = publish_of(target, name, kind, {.data = data}, mesh_.hash_key());
    mesh_.on(publish, now, mesh_output_);
    exchange(now);
}

void Driver::send(SendToUsers send, Now now) {
    mesh_.handle(std::move(send), now, mesh_output_);
    exchange(now);
}

void Driver::leave(Now now) {
    if (leaving_) return;
    leaving_ = true;
    sessions_.handle(ShutdownBegun{}, now, sessions_output_);
    exchange(now);
    mesh_.handle(LeaveWanted{}, now, mesh_output_);
    exchange(now);
}

void Driver::time_reached(Now now) {
    if (sessions_.next_deadline() <= now.steady)
        sessions_.handle(SessionsTimeReached{}, now, sessions_output_);
    if (mesh_.next_deadline() <= now.steady) mesh_.handle(TimeReached{}, now, mesh_output_);
    exchange(now);
}

void Driver::end_turn(Now now) {
    mesh_.on(TurnEnded{}, now, mesh_output_);
    exchange(now);
}

Instant Driver::next_deadline() const {
    return std::min(mesh_.next_deadline(), sessions_.next_deadline());
}

std::string Driver::cluster_json(Now now) const {
    std::string json;
    append_cluster(json, mesh_, Reader::operators, now);
    return json;
}

/// Hands over until both are quiet. It ends: what Sessions says makes Mesh deliver, a delivery
/// makes Sessions say what became of it and perhaps that a slow session is gone, and a message that
/// found nobody is delivered again only after that went into the log, a few times at most.
void Driver::exchange(Now now) {
    for (;;) {
        collect_sessions();
        for (const LocalChange& change : sessions_output_.changes)
            mesh_.on(change, now, mesh_output_);
        // Both kinds in the order in which they were said.
        std::size_t said = 0;
        std::vector<Publish>& publishes = sessions_output_.publishes;
        for (SendToUsers& send : sessions_output_.sends_to_users) {
            for (; said < send.after; ++said)
                mesh_.on(publishes[said], now, mesh_output_);
            mesh_.handle(std::move(send), now, mesh_output_);
        }
        for (; said < publishes.size(); ++said)
            mesh_.on(publishes[said], now, mesh_output_);
        for (Acknowledge& acknowledge : sessions_output_.acknowledges)
            mesh_.handle(std::move(acknowledge), now, mesh_output_);
        for (const Delivered& delivered : sessions_output_.delivered)
            mesh_.on(delivered, now, mesh_output_);
        for (const Question& question : sessions_output_.questions)
            mesh_.handle(question, now, mesh_output_);
        for (const Joined& joined : mesh_output_.joined)
            sessions_.on(joined);
        // Deliveries point into publications: these go when those are done.
        for (const Deliver& deliver : mesh_output_.delivers)
            sessions_.on(deliver, now, delivered_);
        for (Answer& answer : mesh_output_.answers) {
            if (answer.asker.request != 0)
                edge_.api_answers.push_back(std::move(answer));
            else
                sessions_.handle(answer, now, delivered_);
        }
        sessions_output_.clear();
        collect_mesh();
        if (delivered_.is_empty()) return;
        sessions_output_.swap(delivered_);
    }
}

void Driver::collect_sessions() {
    move_all(sessions_output_.sends, edge_.session_sends);
    move_all(sessions_output_.closes, edge_.session_closes);
}

void Driver::collect_mesh() {
    move_all(mesh_output_.dials, edge_.dials);
    move_all(mesh_output_.resolves, edge_.resolves);
    move_all(mesh_output_.sends, edge_.link_sends);
    move_all(mesh_output_.closes, edge_.link_closes);
    move_all(mesh_output_.trusts, edge_.link_trusts);
    move_all(mesh_output_.events, edge_.events);
    edge_.has_left = edge_.has_left || mesh_output_.has_left;
    edge_.must_stop = edge_.must_stop || mesh_output_.must_stop;
    mesh_output_.clear();
}

}  // namespace grapevine::mesh
