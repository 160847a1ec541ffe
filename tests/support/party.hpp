/// One node of a link that was recorded, or is being recorded: everything about it that is random
/// or comes from a clock is fixed, and it does what a text says.
///
///     connect ann            a client named ann comes, in JSON
///     subscribe ann lobby    publish ann lobby    close ann
///     send bob               as `POST /api/send` with wait: node
///     ask bob                the same with wait: client
///     ack ann                ann acknowledges the newest message that asks for it
///     everybody              as `POST /api/publish` to $system
///     leave
#pragma once

#include "mesh/driver.hpp"
#include "proto/client_codec.hpp"
#include "tests/support/client_builders.hpp"

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::tests {

/// What a party is to others.
struct PartyIs {
    std::string cluster;
    std::string name;
    std::string secret;
    std::string advertise;
    std::uint64_t epoch = 0;
    std::uint64_t boot = 0;
};

class Party {
public:
    Party(const PartyIs& who, std::vector<std::string> seeds, mesh::MeshConfig config = {})
        : now_{mesh::Instant{std::chrono::hours{1}}, wall_of(who)},
          driver_(configured(who, std::move(seeds), std::move(config)), {}, now_) {}

    mesh::Driver& driver() { return driver_; }
    [[nodiscard]] mesh::Now now() const { return now_; }
    /// What its clients heard, of publications alone: `ann: <data>`.
    [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }
    /// Receipts of its sends, in the order they came.
    [[nodiscard]] const std::vector<std::string>& receipts() const { return receipts_; }
    [[nodiscard]] const mesh::Events& events() const { return events_; }
    template <class Event>
    [[nodiscard]] std::size_t count() const {
        std::size_t counted = 0;
        for (const mesh::Event& event : events_)
            counted += std::holds_alternative<Event>(event) ? 1 : 0;
        return counted;
    }

    void pass(mesh::Duration time) {
        now_.steady += time;
        driver_.time_reached(now_);
    }

    void perform(const std::string& step) {
        std::istringstream words{step};
        std::string verb;
        std::string user;
        std::string channel;
        words >> verb >> user >> channel;
        if (verb == "connect") return connect(user);
        if (verb == "subscribe")
            return command(user, {.id = 2, .kind = Kind::subscribe, .channel = channel});
        if (verb == "publish")
            return command(
                user,
                {.id = 3,
                 .kind = Kind::publish,
                 .channel = channel,
                 .data = R"({"text":"hello"})"});
        if (verb == "close") return driver_.on(mesh::SessionClosed{clients_.at(user)}, now_);
        if (verb == "send") return send(user, mesh::Wait::node);
        if (verb == "ask") return send(user, mesh::Wait::client);
        if (verb == "ack") {
            const std::string data = R"({"id":")" + newest_id_ + R"("})";
            return command(user, {.id = 4, .kind = Kind::rpc, .method = "ack", .data = data});
        }
        if (verb == "leave") return driver_.leave(now_);
        mesh::check(verb == "everybody", "a party knows what it is told to do");
        driver_.publish(
            proto::Target::everybody, "$system", proto::PayloadKind::json, R"({"all":1})", now_);
    }

    /// Ends the turn. What is for links is the caller's to carry.
    mesh::Edge end_turn() {
        driver_.end_turn(now_);
        mesh::Edge edge = std::move(driver_.edge());
        driver_.edge().clear();
        for (const mesh::SendToSession& sent : edge.session_sends)
            for (const ReadReply& reply : read(proto::Encoding::json, sent.message.view())) {
                if (reply.kind != proto::Reply::Kind::publication) continue;
                heard_.push_back(names_.at(sent.session) + ": " + reply.data);
                if (!reply.message_id.empty()) newest_id_ = reply.message_id;
            }
        for (const mesh::Answer& answer : edge.api_answers)
            receipts_.emplace_back(answer.json.view());
        events_.insert(events_.end(), edge.events.begin(), edge.events.end());
        return edge;
    }

private:
    using Kind = proto::CommandKind;

    static mesh::WallTime wall_of(const PartyIs& who) {
        return mesh::WallTime{mesh::Duration{static_cast<mesh::Duration::rep>(who.epoch)}};
    }
    static mesh::MeshConfig
    configured(const PartyIs& who, std::vector<std::string> seeds, mesh::MeshConfig config) {
        config.cluster = who.cluster;
        config.name = who.name;
        config.secret = who.secret;
        config.advertise = who.advertise;
        config.seeds = std::move(seeds);
        config.boot = proto::Boot{who.boot};
        config.rng_seed = who.boot;
        return config;
    }

    void connect(const std::string& user) {
        const auto slot = static_cast<std::uint64_t>(names_.size());
        const mesh::SessionId id{slot | std::uint64_t{1} << 32};
        clients_[user] = id;
        names_[id] = user;
        driver_.on(mesh::SessionOpened{id, proto::Encoding::json, {slot, 7}}, now_);
        const std::string data = R"({"user":")" + user + R"("})";
        command(user, {.id = 1, .kind = Kind::connect, .data = data});
    }
    void command(const std::string& user, const proto::Command& said) {
        const std::string text = written(proto::Encoding::json, {said});
        driver_.on(mesh::SessionReceived{clients_.at(user), text}, now_);
    }
    void send(const std::string& user, mesh::Wait wait) {
        mesh::SendToUsers send{.wait = wait, .users = {user}, .data = R"({"text":"for you"})"};
        send.asker.request = ++requests_;
        driver_.send(std::move(send), now_);
    }

    mesh::Now now_;
    mesh::Driver driver_;
    std::map<std::string, mesh::SessionId> clients_;
    std::map<mesh::SessionId, std::string> names_;
    std::vector<std::string> heard_;
    std::vector<std::string> receipts_;
    std::string newest_id_;
    mesh::Events events_;
    std::uint64_t requests_ = 0;
};

}  // namespace grapevine::tests
