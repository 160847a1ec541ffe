/// Two nodes whose links carry messages at once, without sockets or a network: for benchmarks and
/// for counting allocations, where the simulator would be measured too.
#pragma once

#include "mesh/driver.hpp"
#include "proto/client_codec.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace grapevine::tests {

using mesh::accepted_link_bit;
using mesh::Driver;
using mesh::Edge;
using mesh::Instant;
using mesh::LinkClosed;
using mesh::LinkDrained;
using mesh::LinkId;
using mesh::LinkOpened;
using mesh::LinkReceived;
using mesh::MeshConfig;
using mesh::Now;
using mesh::Resolved;
using mesh::SendFrame;
using mesh::SessionId;
using mesh::SessionOpened;
using mesh::SessionReceived;
using mesh::SessionsConfig;
using mesh::WallTime;

class TwoNodes {
public:
    TwoNodes() {
        for (std::uint64_t index = 0; index < 2; ++index) {
            MeshConfig config{
                .cluster = "bench",
                .name = index == 0 ? "a" : "b",
                .advertise = address(index),
                .seeds = {address(1)},
                .boot = proto::Boot{index + 1},
                .rng_seed = index};
            drivers_[index] = std::make_unique<Driver>(
                config,
                SessionsConfig{.ping_every = std::chrono::hours{24}},  // nobody answers pings
                now_);
        }
        settle();
    }

    Driver& operator[](std::size_t index) { return *drivers_[index]; }
    [[nodiscard]] Now now() const { return now_; }

    SessionId client(std::size_t node, std::string_view user, proto::Encoding encoding) {
        const SessionId id{next_slot_[node]++ | std::uint64_t{1} << 32};
        drivers_[node]->on(SessionOpened{id, encoding, {id.value, node}}, now_);
        std::string connect;
        const std::string data = "{\"user\":\"" + std::string{user} + "\"}";
        proto::append_command(
            connect, encoding, {.id = 1, .kind = proto::CommandKind::connect, .data = data});
        drivers_[node]->on(SessionReceived{id, connect}, now_);
        settle();
        return id;
    }

    void settle() { pass(std::chrono::seconds{1}); }
    /// Time, and what the nodes do in it.
    void pass(mesh::Duration time) {
        constexpr mesh::Duration step = std::chrono::milliseconds{20};
        for (mesh::Duration passed{}; passed < time; passed += step) {
            now_.steady += step;
            for (std::size_t node = 0; node < 2; ++node) {
                drivers_[node]->time_reached(now_);
                turn(node);
            }
        }
    }

    /// Ends the turn of one node and carries what it says to the other.
    void turn(std::size_t node) {
        Driver& driver = *drivers_[node];
        driver.end_turn(now_);
        Edge edge = std::move(driver.edge());
        driver.edge().clear();
        for (const auto& resolve : edge.resolves)
            driver.on(Resolved{resolve.seed, {resolve.seed}}, now_);
        for (const auto& dial : edge.dials) {
            const LinkId accepted{accepted_link_bit | ++accepted_};
            const std::size_t to = dial.address == address(0) ? 0 : 1;
            peer_[{node, dial.link}] = {to, accepted};
            peer_[{to, accepted}] = {node, dial.link};
            drivers_[to]->on(LinkOpened{accepted, "bench", {'x'}}, now_);
            driver.on(LinkOpened{dial.link, "bench", {'y'}}, now_);
        }
        for (const auto& send : edge.link_sends)
            carry(node, send);
        for (const auto& close : edge.link_closes) {
            const auto [to, link] = peer_[{node, close.link}];
            driver.on(LinkClosed{close.link}, now_);
            drivers_[to]->on(LinkClosed{link}, now_);
        }
    }
    /// Everything that both nodes have to say in one turn after another, until nothing is left:
    /// frames to the other, bytes of sessions to nowhere.
    void turn_until_quiet() {
        for (bool busy = true; busy;) {
            busy = false;
            for (std::size_t node = 0; node < 2; ++node) {
                Driver& driver = *drivers_[node];
                driver.end_turn(now_);
                for (const auto& send : driver.edge().session_sends)
                    driver.on(mesh::SessionDrained{send.session, send.message.size()}, now_);
                for (const auto& send : driver.edge().link_sends)
                    carry(node, send);
                busy = busy || !driver.edge().link_sends.empty();
                driver.edge().clear();
            }
        }
    }
    void carry(std::size_t node, const SendFrame& send) {
        const auto [to, link] = peer_.at({node, send.link});
        drivers_[node]->on(LinkDrained{send.link, send.message.size()}, now_);
        drivers_[to]->on(LinkReceived{link, send.message.view()}, now_);
    }
    std::pair<std::size_t, LinkId> peer(std::size_t node, LinkId link) {
        return peer_.at({node, link});
    }

private:
    static std::string address(std::uint64_t index) {
        return "10.0.0." + std::to_string(index) + ":1";
    }

    Now now_{.steady = Instant{std::chrono::hours{1}}, .wall = WallTime{std::chrono::hours{1000}}};
    std::unique_ptr<Driver> drivers_[2];
    std::map<std::pair<std::size_t, LinkId>, std::pair<std::size_t, LinkId>> peer_;
    std::uint64_t accepted_ = 0;
    std::uint64_t next_slot_[2]{};
};

inline std::string
publish_command(proto::Encoding encoding, std::string_view channel, std::size_t payload) {
    std::string command;
    const std::string data = "\"" + std::string(payload - 2, 'x') + "\"";
    proto::append_command(
        command,
        encoding,
        {.id = 7, .kind = proto::CommandKind::publish, .channel = channel, .data = data});
    return command;
}

}  // namespace grapevine::tests
