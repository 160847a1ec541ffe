#include "node/turn.hpp"

#include "node/admin_listener.hpp"
#include "node/client_listener.hpp"
#include "node/mesh_listener.hpp"
#include "node/workers.hpp"

#include <utility>

namespace grapevine::node {
namespace {

/// What crosses between nodes in one turn. More: nodes and clients work one after the other, each
/// on a large batch while the others wait for it; less: more system calls for as many messages.
constexpr std::size_t crossed_bytes_max = 16 * 1024;

}  // namespace

Turn::Turn(Loop& loop, mesh::Driver& driver, Journal& journal)
    : loop_(loop), driver_(driver), journal_(journal) {}

Turn::~Turn() {
    loop_.disarm(timer_);
}

void Turn::connect(
    ClientListener& clients, MeshListener& links, AdminListener& admin, Workers& workers) {
    clients_ = &clients;
    links_ = &links;
    admin_ = &admin;
    workers_ = &workers;
    schedule();
}

mesh::Now Turn::now() const {
    return loop_.clocks();
}

void Turn::tell(const mesh::SessionReceived& received) {
    const std::uint64_t before = forwarded();
    tell<>(received);
    if (forwarded() != before) crossed(received.text.size());
}

void Turn::tell(const mesh::LinkReceived& received) {
    tell<>(received);
    crossed(received.message.size());
}

void Turn::hear(std::size_t loop, mesh::LoopOutput& output) {
    const std::uint64_t before = forwarded();
    const std::size_t bytes = output.bytes();
    driver_.on(output, loop, now());
    if (forwarded() != before) crossed(bytes);
    schedule();
}

void Turn::crossed(std::size_t bytes) {
    crossed_bytes_ += bytes;
    if (crossed_bytes_ >= crossed_bytes_max) loop_.let_turn_end();
}

void Turn::schedule() {
    if (std::exchange(scheduled_, true)) return;
    loop_.at_end_of_turn([this] { finish(); });
}

void Turn::finish() {
    scheduled_ = false;
    crossed_bytes_ = 0;
    driver_.end_turn(now());
    act();
    arm();
}

void Turn::act() {
    mesh::Edge& edge = driver_.edge();
    for (const mesh::SendToSession& send : edge.session_sends)
        clients_->send(send);
    for (const mesh::CloseSession& close : edge.session_closes)
        clients_->close(close);
    for (const mesh::TrustLink& trust : edge.link_trusts)
        links_->trust(trust);
    for (const mesh::SendFrame& send : edge.link_sends)
        links_->send(send);
    for (const mesh::CloseLink& close : edge.link_closes)
        links_->close(close);
    for (const mesh::Resolve& resolve : edge.resolves)
        links_->resolve(resolve);
    for (const mesh::Dial& dial : edge.dials)
        links_->dial(dial);
    for (const mesh::Answer& answer : edge.api_answers)
        admin_->answered(answer);
    for (const mesh::Event& event : edge.events)
        journal_.write(event, now());
    workers_->hand_over(driver_.other_loops());
    const bool left = edge.has_left && !std::exchange(said_left_, edge.has_left || said_left_);
    const bool must_stop =
        edge.must_stop && !std::exchange(said_stop_, edge.must_stop || said_stop_);
    edge.clear();
    if (left && on_left) on_left();
    if (must_stop && on_must_stop) on_must_stop();
}

void Turn::deadline_reached() {
    timer_ = {};
    armed_for_ = mesh::never;
    driver_.time_reached(now());
    schedule();
}

void Turn::arm() {
    const Instant next = driver_.next_deadline();
    if (timer_ && next >= armed_for_ && armed_for_ != mesh::never) return;  // early is harmless
    loop_.disarm(timer_);
    armed_for_ = next;
    if (next != mesh::never)
        timer_ = loop_.arm_at(next, TimerCall::to<&Turn::deadline_reached>(this));
}

}  // namespace grapevine::node
