/// Where the driver's facts and intentions meet the loop: at the end of each turn in which
/// something happened, the machines finish their turn and what they intend is done.
#pragma once

#include "mesh/driver.hpp"
#include "node/client_turn.hpp"
#include "node/journal.hpp"
#include "node/loop.hpp"

#include <functional>

namespace grapevine::node {

class AdminListener;
class ClientListener;
class MeshListener;
class Workers;

class Turn final : public ClientTurn {
public:
    Turn(Loop& loop, mesh::Driver& driver, Journal& journal);
    ~Turn() override;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    /// Who does what the machines intend. Set once, before the first fact.
    void
    connect(ClientListener& clients, MeshListener& links, AdminListener& admin, Workers& workers);
    /// Called once each, when the node has said goodbye or must end because its name is taken.
    std::function<void()> on_left;
    std::function<void()> on_must_stop;

    /// Tells the driver one fact, and sees to it that this turn is finished.
    template <class Fact>
    void tell(const Fact& fact) {
        driver_.on(fact, now());
        schedule();
    }
    void tell(const mesh::LinkReceived& received);
    void tell(const mesh::SessionOpened& opened) override { tell<>(opened); }
    void tell(const mesh::SessionReceived& received) override;
    void tell(const mesh::SessionDrained& drained) override { tell<>(drained); }
    void tell(const mesh::SessionClosed& closed) override { tell<>(closed); }
    [[nodiscard]] bool is_leaving() const override { return driver_.is_leaving(); }
    /// What another loop said in one of its turns.
    void hear(std::size_t loop, mesh::LoopOutput& output);
    /// For facts that are not values (Driver::publish, Driver::leave): call the driver, then this.
    void schedule();
    [[nodiscard]] mesh::Now now() const;
    [[nodiscard]] mesh::Driver& driver() { return driver_; }

private:
    /// Bytes that came from other nodes, or that clients said and that now wait to go to some.
    void crossed(std::size_t bytes);
    [[nodiscard]] std::uint64_t forwarded() const {
        return driver_.mesh().counters().forwards_sent;
    }
    void finish();
    void act();
    void deadline_reached();
    void arm();

    Loop& loop_;
    mesh::Driver& driver_;
    Journal& journal_;
    ClientListener* clients_ = nullptr;
    MeshListener* links_ = nullptr;
    AdminListener* admin_ = nullptr;
    Workers* workers_ = nullptr;
    TimerId timer_;
    Instant armed_for_ = mesh::never;
    std::size_t crossed_bytes_ = 0;
    bool scheduled_ = false;
    bool said_left_ = false;
    bool said_stop_ = false;
};

}  // namespace grapevine::node
