#include "mesh/driver.hpp"

#include "mesh/publish.hpp"
#include "mesh/status.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

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

Driver::Driver(
    MeshConfig mesh,
    SessionsConfig sessions,
    Now start,
    std::size_t loops,
    Authenticator* authenticator)
    : mesh_(
          [&] {
              mesh.loops = loops;
              return std::move(mesh);
          }(),
          start),
      sessions_config_([&] {
          sessions.hash_key = mesh_.hash_key();
          sessions.node_name = mesh_.config().name;
          sessions.tells_names = mesh_.config().replicate_names;
          sessions.all_queues_bytes_max /= std::max<std::size_t>(loops, 1);
          return std::move(sessions);
      }()),
      sessions_(sessions_config_, authenticator),
      other_loops_(loops, mesh_.config().loop_waiting_bytes_max) {}

template <class Told>
void Driver::speak(SessionsOutput& output, Told told) {
    output.sends.swap(edge_.session_sends);
    output.closes.swap(edge_.session_closes);
    told(output);
    output.sends.swap(edge_.session_sends);
    output.closes.swap(edge_.session_closes);
}

void Driver::on(const SessionOpened& opened, Now now) {
    speak(sessions_output_, [&](auto& output) { sessions_.handle(opened, now, output); });
    exchange(now);
}

void Driver::on(const SessionReceived& received, Now now) {
    speak(sessions_output_, [&](auto& output) { sessions_.on(received, now, output); });
    exchange(now);
}

void Driver::on(const SessionClosed& closed, Now now) {
    speak(sessions_output_, [&](auto& output) { sessions_.handle(closed, now, output); });
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

void Driver::inquire(Inquiry inquiry, Now now) {
    mesh_.handle(std::move(inquiry), now, mesh_output_);
    exchange(now);
}

void Driver::leave(Now now) {
    if (leaving_) return;
    leaving_ = true;
    speak(sessions_output_, [&](auto& output) { sessions_.handle(ShutdownBegun{}, now, output); });
    for (std::size_t loop = 1; loop < other_loops_.size(); ++loop)
        other_loops_.tell(loop, ShutdownBegun{});
    exchange(now);
    mesh_.handle(LeaveWanted{}, now, mesh_output_);
    exchange(now);
}

void Driver::time_reached(Now now) {
    if (sessions_.next_deadline() <= now.steady)
        speak(sessions_output_, [&](auto& output) {
            sessions_.handle(SessionsTimeReached{}, now, output);
        });
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

void Driver::on(LoopOutput& output, std::size_t loop, Now now) {
    other_loops_.taken(loop, output.taken_bytes);
    hear(output.said, loop, now);
    tell_sessions(now);
    output.said.clear();
    exchange(now);
}

/// Hands over until both are quiet. It ends: what Sessions says makes Mesh deliver, a delivery
/// makes Sessions say what became of it and perhaps that a slow session is gone, and a message that
/// found nobody is delivered again only after that went into the log, a few times at most.
void Driver::exchange(Now now) {
    for (;;) {
        hear(sessions_output_, 0, now);
        tell_sessions(now);
        sessions_output_.clear();
        collect_mesh();
        if (delivered_.is_empty() && unasked_.empty()) return;
        sessions_output_.swap(delivered_);
    }
}

void Driver::hear(SessionsOutput& said, std::size_t loop, Now now) {
    for (const LocalChange& change : said.changes) {
        other_loops_.changed(loop, change);
        mesh_.on(change, now, mesh_output_);
    }
    // Both kinds in the order in which they were said.
    std::size_t published = 0;
    for (SendToUsers& send : said.sends_to_users) {
        for (; published < send.after; ++published)
            mesh_.on(said.publishes[published], now, mesh_output_);
        mesh_.handle(std::move(send), now, mesh_output_);
    }
    for (; published < said.publishes.size(); ++published)
        mesh_.on(said.publishes[published], now, mesh_output_);
    for (const Delivered& delivered : said.delivered)
        if (const auto whole = other_loops_.answered(loop, delivered))
            mesh_.on(*whole, now, mesh_output_);
    if (!unasked_.empty())
        for (const Delivered& delivered : std::exchange(unasked_, {}))
            mesh_.on(delivered, now, mesh_output_);
    // Nobody acknowledges what was not written before.
    for (Acknowledge& acknowledge : said.acknowledges)
        mesh_.handle(std::move(acknowledge), now, mesh_output_);
    for (const Question& question : said.questions)
        mesh_.handle(question, now, mesh_output_);
    for (PresenceSaid& each : said.presence)
        std::visit([&](auto& told) { mesh_.handle(std::move(told), now, mesh_output_); }, each);
}

/// Deliveries point into publications, which must live until this is done.
void Driver::tell_sessions(Now now) {
    for (const Joined& joined : mesh_output_.joined) {
        const std::size_t loop = loop_of(joined.session);
        if (loop != 0)
            other_loops_.tell(loop, joined);
        else
            sessions_.on(joined);
    }
    if (!mesh_output_.delivers.empty())
        speak(delivered_, [&](auto&) {
            for (const Deliver& of : mesh_output_.delivers)
                deliver(of, now);
        });
    for (Answer& answer : mesh_output_.answers) {
        const std::size_t loop = loop_of(answer.asker.session);
        if (answer.asker.request != 0)
            edge_.api_answers.push_back(std::move(answer));
        else if (loop != 0)
            other_loops_.tell(loop, std::move(answer));
        else
            speak(delivered_, [&](auto& output) { sessions_.handle(answer, now, output); });
    }
    for (PresenceTold& each : mesh_output_.presence)
        std::visit([&](auto& told) { tell(told, now); }, each);
    mesh_output_.joined.clear();
    mesh_output_.delivers.clear();
    mesh_output_.answers.clear();
    mesh_output_.presence.clear();
}

void Driver::tell(LoopQuery& query, Now now) {
    for (std::size_t loop = 1; loop < other_loops_.size(); ++loop)
        other_loops_.tell(loop, query);
    sessions_.handle(std::move(query), now, delivered_);
}

void Driver::tell(Inquired& inquired, Now now) {
    const std::size_t loop = loop_of(inquired.asker.session);
    if (inquired.asker.request != 0) {
        Bytes json = Bytes::with_capacity(256);
        append_inquired(json.writable(), inquired);
        edge_.api_answers.push_back({inquired.asker, std::move(json), {}});
    } else if (loop != 0) {
        other_loops_.tell(loop, std::move(inquired));
    } else {
        speak(
            delivered_, [&](auto& output) { sessions_.handle(std::move(inquired), now, output); });
    }
}

void Driver::deliver(const Deliver& deliver, Now now) {
    if (!other_loops_.any()) return sessions_.on(deliver, now, delivered_);
    const OtherLoops::Asked asked = other_loops_.hand_over(deliver);
    if (asked.own) sessions_.on(deliver, now, delivered_);
    if (asked.answer) unasked_.push_back(*asked.answer);
}

void Driver::collect_mesh() {
    mesh_output_.alive.clear();
    if (!mesh_output_.has_for_edge()) return;
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
