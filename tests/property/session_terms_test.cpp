// A naive model of who may stay where for how long, against the machine: tokens that end, are
// refreshed in time or not, in any order.
#include "mesh/authenticator.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace grapevine::tests {
namespace {

using namespace std::chrono_literals;
using Seconds = std::int64_t;
using Kind = proto::Reply::Kind;

constexpr Seconds grace_s = 25;
const std::array<std::string, 3> rooms{"attic", "den", "lobby"};

/// A token is the second at which it ends; `-`: it never does.
class Clockmaker final : public mesh::Authenticator {
public:
    mesh::ConnectToken connect_token(std::string_view token, mesh::WallTime now) override {
        return judged<mesh::ConnectToken>(token, now);
    }
    mesh::SubscribeToken
    subscribe_token(std::string_view token, const mesh::TokenBearer&, mesh::WallTime now) override {
        return judged<mesh::SubscribeToken>(token, now);
    }

private:
    template <class Token>
    static Token judged(std::string_view token, mesh::WallTime now) {
        Token judged;
        if (token == "-") return judged;
        Seconds end = 0;
        std::from_chars(token.data(), token.data() + token.size(), end);
        judged.ends = mesh::WallTime{std::chrono::seconds{end}};
        if (*judged.ends <= now) judged.fault = mesh::TokenFault::expired;
        return judged;
    }
};

class TermsModel {
public:
    enum class Step : std::uint8_t { refresh, subscribe, sub_refresh, unsubscribe, pass };

    TermsModel() {
        const std::optional<Seconds> end = some_end();
        id_ = room_.open(0);
        says(a_connect(), end);
        ends_ = end;
        room_.drain(id_);
        room_.output.clear();
    }

    void take(Step step) {
        if (is_over_) return;
        const std::string& channel = *rc::gen::elementOf(rooms);
        const std::optional<Seconds> end = some_end();
        switch (step) {
        case Step::refresh:
            says(a_command(CommandKind::refresh, {}), end);
            RC_ASSERT(room_.replies_to(id_).at(0).ttl_s == ttl_of(end));
            ends_ = end;
            break;
        case Step::subscribe: {
            says(a_subscribe(channel), end);
            const bool is_new = subscriptions_.emplace(channel, end).second;
            RC_ASSERT(room_.error_to(id_) == (is_new ? 0 : code_of(ErrorCode::already_subscribed)));
            break;
        }
        case Step::sub_refresh: {
            says(a_command(CommandKind::sub_refresh, channel), end);
            const auto found = subscriptions_.find(channel);
            const bool is_there = found != subscriptions_.end();
            if (is_there) found->second = end;
            RC_ASSERT(
                room_.error_to(id_) == (is_there ? 0 : code_of(ErrorCode::permission_denied)));
            break;
        }
        case Step::unsubscribe:
            room_.says(id_, {an_unsubscribe(channel)});
            subscriptions_.erase(channel);
            break;
        case Step::pass: pass(*rc::gen::inRange(1, 40)); break;
        }
        room_.drain(id_);
        room_.output.clear();
        compare();
    }

private:
    [[nodiscard]] Seconds now() const {
        return std::chrono::duration_cast<std::chrono::seconds>(room_.now.wall.time_since_epoch())
            .count();
    }
    std::optional<Seconds> some_end() const {
        const int in = *rc::gen::inRange(0, 60);
        return in == 0 ? std::nullopt : std::optional{now() + in};
    }
    [[nodiscard]] std::uint32_t ttl_of(std::optional<Seconds> end) const {
        return end ? static_cast<std::uint32_t>(*end - now()) : 0;
    }
    void says(Command command, std::optional<Seconds> end) {
        const std::string token = end ? std::to_string(*end) : "-";
        command.token = token;
        room_.says(id_, {command});
    }
    [[nodiscard]] bool is_past(std::optional<Seconds> end) const {
        return end && *end + grace_s <= now();
    }

    /// Pings are answered at once, so nothing ends but by its own end.
    void pass(Seconds seconds) {
        for (Seconds left = seconds; left > 0 && !is_over_; --left) {
            room_.drain(id_);
            room_.output.clear();
            room_.pass(1s);
            is_over_ = is_past(ends_);
            RC_ASSERT(room_.close_code_of(id_) == (is_over_ ? code_of(CloseCode::expired) : 0U));
            std::map<std::string, std::uint32_t> told;
            bool is_pinged = false;
            for (const ReadReply& reply : room_.replies_to(id_)) {
                if (reply.kind == Kind::unsubscribed) told.emplace(reply.channel, reply.code);
                is_pinged = is_pinged || reply.kind == Kind::ping;
            }
            std::map<std::string, std::uint32_t> expected;
            for (auto each = subscriptions_.begin(); !is_over_ && each != subscriptions_.end();) {
                const bool ends = is_past(each->second);
                if (ends) expected.emplace(each->first, 2501U);
                each = ends ? subscriptions_.erase(each) : std::next(each);
            }
            RC_ASSERT(told == expected);
            if (is_pinged) room_.says(id_, {a_pong()});
        }
    }

    /// Where it is heard is where the model has it.
    void compare() {
        for (const std::string& channel : rooms) {
            room_.deliver(proto::Target::channel, channel, a_body());
            const bool is_there = !is_over_ && subscriptions_.count(channel) != 0;
            RC_ASSERT(room_.replies_to(id_).size() == (is_there ? 1U : 0U));
            room_.drain(id_);
            room_.output.clear();
        }
    }

    Clockmaker authenticator_;
    Room room_{{.rules = {.without_namespace = {}}}, &authenticator_};
    SessionId id_;
    std::optional<Seconds> ends_;
    std::map<std::string, std::optional<Seconds>> subscriptions_;
    bool is_over_ = false;
};

RC_GTEST_PROP(SessionTerms, WhatIsNotRefreshedEndsAndNothingElse, ()) {
    TermsModel model;
    const auto steps = *rc::gen::container<std::vector<TermsModel::Step>>(rc::gen::element(
        TermsModel::Step::refresh,
        TermsModel::Step::subscribe,
        TermsModel::Step::sub_refresh,
        TermsModel::Step::unsubscribe,
        TermsModel::Step::pass));
    for (const TermsModel::Step step : steps)
        model.take(step);
}

}  // namespace
}  // namespace grapevine::tests
