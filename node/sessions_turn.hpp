/// The turn of a loop that has sessions and no Mesh: at its end what sessions want is done here,
/// and what they say goes to loop 0 as one batch.
#pragma once

#include "mesh/crossing.hpp"
#include "node/batch_queue.hpp"
#include "node/client_turn.hpp"
#include "node/loop.hpp"
#include "node/loop_report.hpp"

#include <atomic>
#include <functional>

namespace grapevine::node {

class ClientListener;

/// One turn of another loop, as loop 0 hears of it.
struct LoopBatch {
    mesh::LoopOutput output;
    LoopReport report;
};

class SessionsTurn final : public ClientTurn {
public:
    /// `authenticator`: of this loop; null: nobody is asked for a token. `to_mesh`: where batches
    /// go. `report` says how this loop does.
    SessionsTurn(
        Loop& loop,
        const mesh::SessionsConfig& config,
        mesh::Authenticator* authenticator,
        BatchQueue<LoopBatch>& to_mesh,
        const std::atomic<bool>& leaving,
        std::function<LoopReport()> report);
    ~SessionsTurn() override;
    SessionsTurn(const SessionsTurn&) = delete;
    SessionsTurn& operator=(const SessionsTurn&) = delete;

    /// Who does what the sessions want. Set once, before the first fact. On the loop's thread.
    void connect(ClientListener& clients);

    void tell(const mesh::SessionOpened& opened) override { pass(opened); }
    void tell(const mesh::SessionReceived& received) override {
        sessions_.on(received, now(), output_);
        schedule();
    }
    void tell(const mesh::SessionDrained& drained) override { sessions_.on(drained); }
    void tell(const mesh::SessionClosed& closed) override { pass(closed); }
    [[nodiscard]] bool is_leaving() const override { return leaving_.load(); }

    /// What loop 0 says.
    void take(const mesh::LoopInput& input);
    [[nodiscard]] const mesh::Sessions& sessions() const { return sessions_; }

private:
    template <class Fact>
    void pass(const Fact& fact) {
        sessions_.handle(fact, now(), output_);
        schedule();
    }
    [[nodiscard]] mesh::Now now() const;
    void schedule();
    void finish();
    void act();
    void hand_over();
    void beat();
    void deadline_reached();
    void arm();

    Loop& loop_;
    mesh::Sessions sessions_;
    mesh::SessionsOutput output_;
    BatchQueue<LoopBatch>& to_mesh_;
    const std::atomic<bool>& leaving_;
    std::function<LoopReport()> report_;
    ClientListener* clients_ = nullptr;
    std::size_t taken_bytes_ = 0;
    Instant reported_at_{};
    TimerId timer_;
    TimerId beat_timer_;
    Instant armed_for_ = mesh::never;
    bool scheduled_ = false;
};

}  // namespace grapevine::node
