#include "node/sessions_turn.hpp"

#include "node/client_listener.hpp"

#include <utility>

namespace grapevine::node {
namespace {

/// A loop that has nothing to say says so this often: who hears nothing for long knows that it
/// stands still.
constexpr Duration beat_every = std::chrono::milliseconds{500};

}  // namespace

SessionsTurn::SessionsTurn(
    Loop& loop,
    const mesh::SessionsConfig& config,
    mesh::Authenticator* authenticator,
    BatchQueue<LoopBatch>& to_mesh,
    const std::atomic<bool>& leaving,
    std::function<LoopReport()> report)
    : loop_(loop),
      sessions_(config, authenticator),
      to_mesh_(to_mesh),
      leaving_(leaving),
      report_(std::move(report)) {}

SessionsTurn::~SessionsTurn() {
    loop_.disarm(timer_);
    loop_.disarm(beat_timer_);
}

void SessionsTurn::connect(ClientListener& clients) {
    clients_ = &clients;
    beat();
}

mesh::Now SessionsTurn::now() const {
    return loop_.clocks();
}

void SessionsTurn::take(const mesh::LoopInput& input) {
    input.tell(sessions_, now(), output_);
    taken_bytes_ += input.bytes();
    schedule();
}

void SessionsTurn::schedule() {
    if (std::exchange(scheduled_, true)) return;
    loop_.at_end_of_turn([this] { finish(); });
}

void SessionsTurn::finish() {
    scheduled_ = false;
    act();
    hand_over();
    arm();
}

void SessionsTurn::act() {
    for (const mesh::SendToSession& send : output_.sends)
        clients_->send(send);
    for (const mesh::CloseSession& close : output_.closes)
        clients_->close(close);
    output_.sends.clear();
    output_.closes.clear();
}

void SessionsTurn::hand_over() {
    const bool is_due = loop_.now() - reported_at_ >= beat_every;
    if (output_.is_empty() && taken_bytes_ == 0 && !is_due) return;
    // Mesh is behind: this loop reads nothing meanwhile, and TCP holds its clients back.
    if (!to_mesh_.wait_for_room()) return output_.clear();
    std::unique_ptr<LoopBatch> batch = to_mesh_.make();
    batch->output.said.swap(output_);
    batch->output.taken_bytes = std::exchange(taken_bytes_, 0);
    batch->report = report_();
    reported_at_ = loop_.now();
    const std::size_t bytes = batch->output.bytes();
    to_mesh_.push(std::move(batch), bytes);
}

void SessionsTurn::beat() {
    beat_timer_ = loop_.arm(beat_every, TimerCall::to<&SessionsTurn::beat>(this));
    schedule();
}

void SessionsTurn::deadline_reached() {
    timer_ = {};
    armed_for_ = mesh::never;
    sessions_.handle(mesh::SessionsTimeReached{}, now(), output_);
    schedule();
}

void SessionsTurn::arm() {
    const Instant next = sessions_.next_deadline();
    if (timer_ && next >= armed_for_ && armed_for_ != mesh::never) return;  // early is harmless
    loop_.disarm(timer_);
    armed_for_ = next;
    if (next != mesh::never)
        timer_ = loop_.arm_at(next, TimerCall::to<&SessionsTurn::deadline_reached>(this));
}

}  // namespace grapevine::node
