// A naive model of who is connected and subscribed, against the machine, over tiny domains: few
// sessions, users and channels, so that every combination comes up.
#include "mesh/sessions.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace grapevine::tests {
namespace {

using proto::TableKind;
using proto::Target;

constexpr std::uint32_t slots = 6;
constexpr std::size_t channels_max = 3;
const std::array<std::string, 4> users{"", "ann", "bob", "eve"};
const std::array<std::string, 5> channels{"lobby", "attic", "chat:1", "ann", "x"};

struct ModelSession {
    SessionId id;
    bool connected = false;
    std::string user;
    std::set<std::string> channels;
};

class Model {
public:
    enum class Step : std::uint8_t {
        open,
        connect,
        subscribe,
        unsubscribe,
        publish,
        close,
        garbage,
        deliver,
        drain,
        pass
    };

    void take(Step step) {
        const auto slot = *rc::gen::inRange<std::uint32_t>(0, slots);
        std::optional<ModelSession>& session = sessions_[slot];
        switch (step) {
        case Step::open:
            if (!session) open(slot);
            break;
        case Step::connect:
            if (session) connect(session, *rc::gen::elementOf(users));
            break;
        case Step::subscribe:
            if (session) subscribe(session, *rc::gen::elementOf(channels));
            break;
        case Step::unsubscribe:
            if (session) unsubscribe(session, *rc::gen::elementOf(channels));
            break;
        case Step::publish:
            if (session) publish(session, *rc::gen::elementOf(channels));
            break;
        case Step::close:
            if (session) room_.leaves(session->id);
            session.reset();
            break;
        case Step::garbage:
            if (session) room_.says_bytes(session->id, "\xff{");
            session.reset();
            break;
        case Step::deliver: deliver(); break;
        case Step::drain:
            if (session) room_.drain(session->id);
            break;
        case Step::pass: pass(); break;
        }
        add_changes();
        room_.output.clear();
        compare();
    }

private:
    void open(std::uint32_t slot) {
        const Encoding encoding = *rc::gen::element(Encoding::json, Encoding::protobuf);
        sessions_[slot] = ModelSession{
            .id = room_.open(slot, encoding, ++generation_),
            .connected = false,
            .user = {},
            .channels = {}};
    }
    void says(const ModelSession& session, const Command& command) {
        room_.says(session.id, {command});
    }
    void connect(std::optional<ModelSession>& session, const std::string& user) {
        const std::string data = user.empty() ? "{}" : R"({"user":")" + user + "\"}";
        says(*session, a_connect(data));
        if (session->connected) {
            expect_bad_request(session);
        } else {
            session->connected = true;
            session->user = user;
        }
    }
    void subscribe(std::optional<ModelSession>& session, const std::string& channel) {
        says(*session, a_subscribe(channel));
        if (!session->connected) return expect_bad_request(session);
        const bool there = session->channels.count(channel) != 0;
        const bool full = session->channels.size() == channels_max;
        const std::uint32_t expected = there  ? code_of(ErrorCode::already_subscribed)
                                       : full ? code_of(ErrorCode::limit_exceeded)
                                              : 0;
        RC_ASSERT(room_.error_to(session->id) == expected);
        if (expected == 0) session->channels.insert(channel);
    }
    void unsubscribe(std::optional<ModelSession>& session, const std::string& channel) {
        says(*session, an_unsubscribe(channel));
        if (!session->connected) return expect_bad_request(session);
        RC_ASSERT(room_.error_to(session->id) == 0U);
        session->channels.erase(channel);
    }
    void publish(std::optional<ModelSession>& session, const std::string& channel) {
        says(*session, a_publish(channel));
        if (!session->connected) return expect_bad_request(session);
        RC_ASSERT(room_.output.publishes.size() == 1U);
        const mesh::Publish& publish = room_.output.publishes.front();
        RC_ASSERT(publish.name() == channel);
        RC_ASSERT(proto::read_publication(publish.body())->info.user == session->user);
    }
    void expect_bad_request(std::optional<ModelSession>& session) {
        RC_ASSERT(room_.close_code_of(session->id) == code_of(CloseCode::bad_request));
        session.reset();
    }

    void deliver() {
        const auto target = *rc::gen::element(Target::channel, Target::user, Target::everybody);
        const std::string name = *rc::gen::elementOf(channels);  // "ann" is a channel and a user
        room_.deliver(target, name, a_body());
        for (const std::optional<ModelSession>& session : sessions_) {
            if (!session) continue;
            const bool wanted = target == Target::channel ? session->channels.count(name) != 0
                                : target == Target::user
                                    ? session->connected && session->user == name
                                    : session->connected;
            const auto replies = room_.replies_to(session->id);
            RC_ASSERT(replies.size() == (wanted ? 1U : 0U));
            if (!wanted) continue;
            const std::string seen = target == Target::channel ? name
                                     : target == Target::user  ? "#" + name
                                                               : "$system";
            RC_ASSERT(replies.front().channel == seen);
        }
        drain_all();
    }
    /// Some seconds: who was pinged answers or is closed for it, who waits goes stale.
    void pass() {
        room_.pass(std::chrono::seconds{*rc::gen::inRange(1, 20)});
        for (std::optional<ModelSession>& session : sessions_) {
            if (!session) continue;
            const std::uint32_t code = room_.close_code_of(session->id);
            if (code == 0) continue;
            const CloseCode expected = session->connected ? CloseCode::no_pong : CloseCode::stale;
            RC_ASSERT(code == code_of(expected));
            session.reset();
        }
        const bool answers = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
        for (const mesh::SendToSession& send : std::vector{room_.output.sends})
            if (answers) room_.says(send.session, {a_pong()});
        drain_all();
    }
    void drain_all() {
        for (const std::optional<ModelSession>& session : sessions_)
            if (session) room_.drain(session->id);
    }

    void add_changes() {
        for (const mesh::LocalChange& change : room_.output.changes)
            told_[{change.kind, change.key}] += change.by;
    }
    void compare() {
        std::map<std::pair<TableKind, std::uint64_t>, int> expected;
        std::size_t open = 0;
        for (const std::optional<ModelSession>& session : sessions_) {
            if (!session) continue;
            ++open;
            if (!session->user.empty()) ++expected[{TableKind::users, room_.key_of(session->user)}];
            for (const std::string& channel : session->channels)
                expected[{TableKind::channels, room_.key_of(channel)}] = 1;
        }
        std::erase_if(told_, [](const auto& entry) { return entry.second == 0; });
        RC_ASSERT(told_ == expected);
        RC_ASSERT(room_.sessions.session_count() == open);
    }

    Room room_{{.channels_max = channels_max}};
    std::array<std::optional<ModelSession>, slots> sessions_;
    std::map<std::pair<TableKind, std::uint64_t>, int> told_;
    std::uint32_t generation_ = 0;
};

RC_GTEST_PROP(Sessions, DoAsTheNaiveModelDoes, ()) {
    using Step = Model::Step;
    const auto steps = *rc::gen::container<std::vector<Step>>(rc::gen::weightedElement<Step>(
        {{8, Step::open},
         {10, Step::connect},
         {12, Step::subscribe},
         {6, Step::unsubscribe},
         {4, Step::publish},
         {3, Step::close},
         {1, Step::garbage},
         {10, Step::deliver},
         {2, Step::drain},
         {2, Step::pass}}));
    Model model;
    for (const Step step : steps)
        model.take(step);
}

// Whatever bytes come, in pieces of real commands or not: no crash, and nothing is left behind.
RC_GTEST_PROP(Sessions, SurviveAnyBytes, ()) {
    const Encoding encoding = *rc::gen::element(Encoding::json, Encoding::protobuf);
    Room room;
    const SessionId somebody = room.open(0, encoding);
    std::string bytes = written(
        encoding,
        {a_connect(R"({"user":"ann"})"),
         a_subscribe(),
         a_publish(),
         an_rpc("user_status"),
         an_unsubscribe()});
    const auto damages = *rc::gen::container<std::vector<std::pair<std::size_t, char>>>(
        rc::gen::pair(rc::gen::inRange<std::size_t>(0, bytes.size()), rc::gen::arbitrary<char>()));
    for (const auto& [at, byte] : damages)
        bytes[at] = byte;
    bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    room.says_bytes(somebody, bytes);
    room.leaves(somebody);
    int sum = 0;
    for (const mesh::LocalChange& change : room.output.changes)
        sum += change.by;
    RC_ASSERT(sum == 0);
    RC_ASSERT(room.sessions.session_count() == 0U);
}

}  // namespace
}  // namespace grapevine::tests
