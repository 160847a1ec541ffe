// Answers of loops and nodes, put together; what is missing, late or too much.
#include "mesh/inquiries.hpp"
#include "proto/client_codec.hpp"
#include "proto/limits.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace grapevine::mesh {
namespace {

namespace limits = proto::limits;
using proto::Found;
using proto::FoundStep;
using proto::Query;

constexpr NodeId n2{2};
constexpr NodeId n3{3};
constexpr std::array both{n2, n3};
constexpr SessionId ann{7};

class InquiriesTest : public testing::Test {
protected:
    explicit InquiriesTest(std::size_t loops = 1) { config.loops = loops; }

    std::uint64_t ask(QueryKind kind = QueryKind::presence, SessionId by = ann) {
        return inquiries.open(
            Inquiry{.asker = {.session = by, .command_id = 5}, .kind = kind, .channel = "lobby"},
            both,
            now);
    }
    void pass(Duration time) {
        now.steady += time;
        inquiries.tick(now);
    }
    static std::string one(std::string_view client, std::string_view user = "bob") {
        std::string entry;
        proto::append_present_client(entry, {.user = user, .client = client});
        return entry;
    }
    static std::string clients_in(std::string_view entries) {
        std::string clients;
        EXPECT_TRUE(proto::for_each_present_client(entries, [&](const proto::ClientInfo& info) {
            clients.append(info.client).append(" ");
        }));
        return clients;
    }
    /// The only answer there is.
    Inquired answered() {
        EXPECT_EQ(inquiries.answers().size(), 1U);
        Inquired answer = inquiries.answers().empty() ? Inquired{} : inquiries.answers().front();
        inquiries.answers().clear();
        return answer;
    }

    MeshConfig config;
    Now now{.steady = Instant{std::chrono::hours{1}}, .wall = {}};
    Inquiries inquiries{config};
};

TEST_F(InquiriesTest, AnswersOfAllArePutTogether) {
    const std::uint64_t number = ask();
    ASSERT_NE(number, 0U);
    const std::string b = one("b");
    const std::string c = one("c");
    const std::string d = one("d");
    inquiries.on(LoopFound{.number = number, .clients = one("a")});
    EXPECT_TRUE(inquiries.on(n2, Found{.number = number, .step = FoundStep::more, .clients = b}));
    EXPECT_TRUE(inquiries.on(n3, Found{.number = number, .step = FoundStep::last, .clients = c}));
    EXPECT_TRUE(inquiries.answers().empty()) << "n2 has more to say";
    EXPECT_TRUE(inquiries.on(n2, Found{.number = number, .step = FoundStep::last, .clients = d}));
    const Inquired answer = answered();
    EXPECT_EQ(answer.asker.session, ann);
    EXPECT_EQ(answer.asker.command_id, 5U);
    EXPECT_EQ(clients_in(answer.clients), "a b c d ");
    EXPECT_FALSE(answer.is_incomplete);
    EXPECT_EQ(inquiries.size(), 0U);
    EXPECT_EQ(inquiries.held_bytes(), 0U);
}

TEST_F(InquiriesTest, UsersOfSeveralNodesAreCountedOnce) {
    const std::uint64_t number = ask(QueryKind::presence_stats);
    inquiries.on(LoopFound{.number = number, .clients = {}, .count = 3, .users = {1, 2}});
    const std::vector<std::uint64_t> at_n2{2, 9};
    const std::vector<std::uint64_t> at_n3{9};
    EXPECT_TRUE(inquiries.on(
        n2,
        {.number = number,
         .step = FoundStep::last,
         .count = 2,
         .users = proto::CopyList::of(at_n2)}));
    EXPECT_TRUE(inquiries.on(
        n3,
        {.number = number,
         .step = FoundStep::last,
         .count = 4,
         .users = proto::CopyList::of(at_n3)}));
    EXPECT_EQ(answered().stats, (proto::PresenceStats{.clients = 9, .users = 3}));
    EXPECT_EQ(inquiries.held_bytes(), 0U);
}

TEST_F(InquiriesTest, WhoIsSilentIsLeftOutAfterASecond) {
    const std::uint64_t number = ask();
    inquiries.on(LoopFound{.number = number, .clients = one("a")});
    EXPECT_TRUE(inquiries.on(n2, Found{.number = number, .step = FoundStep::last}));
    pass(999ms);
    EXPECT_TRUE(inquiries.answers().empty());
    pass(1ms);
    const Inquired answer = answered();
    EXPECT_TRUE(answer.is_incomplete);
    EXPECT_EQ(clients_in(answer.clients), "a ");
    const std::string late = one("late");
    EXPECT_TRUE(
        inquiries.on(n3, Found{.number = number, .step = FoundStep::last, .clients = late}));
    EXPECT_TRUE(inquiries.answers().empty()) << "too late";
    EXPECT_EQ(inquiries.incomplete(), 1U);
}

TEST_F(InquiriesTest, WhoLeftHasNobodyAndWhoIsLostIsUnknown) {
    const std::uint64_t first = ask();
    inquiries.on(LoopFound{.number = first, .clients = {}});
    inquiries.node_left(n2);
    inquiries.node_left(n3);
    EXPECT_FALSE(answered().is_incomplete);

    const std::uint64_t second = ask();
    inquiries.on(LoopFound{.number = second, .clients = {}});
    inquiries.node_left(n2);
    inquiries.node_lost(n3);
    EXPECT_TRUE(answered().is_incomplete);

    const std::uint64_t third = ask();
    inquiries.cannot_ask(third, n2);
    inquiries.cannot_ask(third, n3);
    EXPECT_TRUE(inquiries.answers().empty()) << "this node was asked";
    inquiries.on(LoopFound{.number = third, .clients = {}});
    EXPECT_TRUE(answered().is_incomplete);
}

TEST_F(InquiriesTest, WhatIsSaidTwiceOrByStrangersIsIgnored) {
    const std::uint64_t number = ask();
    const std::string x = one("x");
    const Found last{.number = number, .step = FoundStep::last, .clients = x};
    EXPECT_TRUE(inquiries.on(NodeId{99}, last));
    EXPECT_TRUE(inquiries.on(n2, last));
    EXPECT_TRUE(inquiries.on(n2, last));
    EXPECT_TRUE(inquiries.on(n3, Found{.number = number, .step = FoundStep::cut}));
    inquiries.on(LoopFound{.number = number, .clients = {}});
    const Inquired answer = answered();
    EXPECT_EQ(clients_in(answer.clients), "x ");
    EXPECT_TRUE(answer.is_incomplete) << "n3 said that it was not all";
    EXPECT_FALSE(inquiries.on(n2, Found{.number = number, .clients = "\x0a\x7f"})) << "malformed";
}

TEST_F(InquiriesTest, AnAnswerIsCutAtAWholeClient) {
    const std::uint64_t number = ask();
    const std::string long_name(200, 'n');
    std::string most;
    while (most.size() <= limits::presence_bytes)
        most += one("c", long_name);
    inquiries.on(LoopFound{.number = number, .clients = most});
    inquiries.node_left(n2);
    inquiries.node_left(n3);
    const Inquired answer = answered();
    EXPECT_TRUE(answer.is_incomplete);
    EXPECT_EQ(answer.clients.size(), most.size() - one("c", long_name).size());
    EXPECT_FALSE(clients_in(answer.clients).empty());
}

TEST_F(InquiriesTest, UsersBeyondTheBoundAreNotCounted) {
    const std::uint64_t number = ask(QueryKind::presence_stats);
    LoopFound many{.number = number, .clients = {}, .count = limits::presence_users + 10};
    for (std::uint64_t user = 0; user < limits::presence_users; ++user)
        many.users.push_back(user);
    inquiries.on(many);
    const std::vector<std::uint64_t> more{1, 2, 3, limits::presence_users};
    EXPECT_TRUE(inquiries.on(
        n2, {.number = number, .step = FoundStep::last, .users = proto::CopyList::of(more)}));
    inquiries.node_left(n3);
    const Inquired answer = answered();
    EXPECT_EQ(answer.stats.users, limits::presence_users);
    EXPECT_TRUE(answer.is_incomplete);
}

// All of them were sorted for each user beyond the bound who freed a few places: minutes.
TEST_F(InquiriesTest, ACrowdThatIsInTwoPlacesIsSortedAFewTimesOnly) {
    const std::uint64_t number = ask(QueryKind::presence_stats);
    LoopFound many{.number = number, .clients = {}, .count = limits::presence_users};
    for (std::uint64_t user = 0; user < limits::presence_users; ++user)
        many.users.push_back(user);
    inquiries.on(many);
    for (const NodeId node : both)
        for (std::size_t at = 0; at < many.users.size(); at += limits::found_users) {
            const std::size_t size = std::min(limits::found_users, many.users.size() - at);
            const bool is_last = at + size == many.users.size();
            EXPECT_TRUE(inquiries.on(
                node,
                {.number = number,
                 .step = is_last ? FoundStep::last : FoundStep::more,
                 .users = proto::CopyList::of(std::span{many.users}.subspan(at, size))}));
        }
    const Inquired answer = answered();
    EXPECT_EQ(answer.stats.users, limits::presence_users);
    EXPECT_FALSE(answer.is_incomplete);
    EXPECT_EQ(inquiries.held_bytes(), 0U);
}

TEST_F(InquiriesTest, NobodyTakesAllOfThem) {
    for (std::size_t asked = 0; asked < Inquiries::open_of_one_max; ++asked)
        ASSERT_NE(ask(), 0U);
    EXPECT_EQ(ask(), 0U);
    const Query query{.number = 4, .kind = QueryKind::presence, .channel = "lobby"};
    for (std::size_t asked = 0; asked < Inquiries::open_of_one_max; ++asked)
        ASSERT_NE(inquiries.open(n2, query, now), 0U);
    EXPECT_EQ(inquiries.open(n3, query, now), 0U) << "more are not open at once";
    pass(1s);
    EXPECT_EQ(inquiries.size(), 0U);
    EXPECT_NE(ask(), 0U);
}

class InquiriesOfThreeLoops : public InquiriesTest {
protected:
    InquiriesOfThreeLoops() : InquiriesTest(3) {}
};

TEST_F(InquiriesOfThreeLoops, AnotherNodeIsToldWhatAllLoopsFound) {
    const Query query{.number = 4, .kind = QueryKind::presence, .channel = "lobby"};
    const std::uint64_t number = inquiries.open(n2, query, now);
    for (const char* const client : {"a", "b", "c"}) {
        EXPECT_TRUE(inquiries.replies().empty());
        inquiries.on(LoopFound{.number = number, .clients = one(client)});
    }
    ASSERT_EQ(inquiries.replies().size(), 1U);
    const Inquiries::Reply& reply = inquiries.replies().front();
    EXPECT_EQ(reply.node, n2);
    EXPECT_EQ(reply.found.number, 4U) << "its own number";
    EXPECT_EQ(clients_in(reply.found.clients), "a b c ");
    EXPECT_FALSE(reply.found.is_cut);
}

TEST_F(InquiriesOfThreeLoops, ALoopThatStandsStillIsLeftOutInHalfTheTime) {
    const Query query{.number = 4, .kind = QueryKind::presence, .channel = "lobby"};
    const std::uint64_t number = inquiries.open(n2, query, now);
    inquiries.on(LoopFound{.number = number, .clients = one("a")});
    pass(499ms);
    EXPECT_TRUE(inquiries.replies().empty());
    pass(1ms);
    ASSERT_EQ(inquiries.replies().size(), 1U);
    EXPECT_TRUE(inquiries.replies().front().found.is_cut);
    EXPECT_EQ(clients_in(inquiries.replies().front().found.clients), "a ");
}

}  // namespace
}  // namespace grapevine::mesh
