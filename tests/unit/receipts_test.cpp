// Receipts: one answer for each send, when enough is known, and the same again for the same key.
#include "mesh/receipts.hpp"

#include <gtest/gtest.h>

#include <string>

namespace grapevine::mesh {
namespace {

struct ReceiptsTest : testing::Test {
    MeshConfig config;
    MeshCounters counters;
    Receipts receipts{config, counters};
    MeshOutput output;
    Now now{.steady = Instant{1h}, .wall = {}};

    static SendToUsers send(std::vector<std::string> users, Wait wait, std::string key = {}) {
        return {
            .asker = {.session = SessionId{1}, .command_id = 9},
            .wait = wait,
            .users = std::move(users),
            .data = "1",
            .user = "ann",
            .client = "c",
            .idempotency_key = std::move(key)};
    }
    Receipts::Opened open(const SendToUsers& wanted) { return receipts.open(wanted, now, output); }
    void wrote(Receipts::Opened opened, std::uint32_t line, std::string_view node, unsigned count) {
        receipts.on(
            {.line = {opened.receipt, line},
             .what = SendNews::What::wrote,
             .state = SendState::written,
             .node = NodeId{1},
             .sessions = count},
            node,
            output);
    }
    void tell(Receipts::Opened opened, std::uint32_t line, SendNews::What what, SendState state) {
        receipts.on({.line = {opened.receipt, line}, .what = what, .state = state}, {}, output);
    }
    void ended(Receipts::Opened opened, std::uint32_t line, SendState state) {
        tell(opened, line, SendNews::What::ended, state);
    }
    std::string last() const {
        return output.answers.empty() ? "" : std::string{output.answers.back().json.view()};
    }
};

TEST_F(ReceiptsTest, WhoDoesNotWaitIsAnsweredAtOnce) {
    const Receipts::Opened opened = open(send({"bob"}, Wait::none));
    EXPECT_TRUE(opened.go);
    EXPECT_EQ(opened.receipt, nowhere);
    EXPECT_EQ(last(), "{}");
    EXPECT_EQ(receipts.size(), 0u);
}

TEST_F(ReceiptsTest, AnswersWhenEveryUserHasAResult) {
    const Receipts::Opened opened = open(send({"bob", "eve"}, Wait::node));
    wrote(opened, 0, "n2", 1);
    wrote(opened, 0, "n3", 2);
    ended(opened, 0, SendState::written);
    EXPECT_TRUE(output.answers.empty());
    ended(opened, 1, SendState::not_connected);
    EXPECT_EQ(
        last(),
        R"({"users":{"bob":{"state":"written","sessions":3,"nodes":["n2","n3"]},)"
        R"("eve":{"state":"not_connected","sessions":0,"nodes":[]}}})");
    EXPECT_EQ(output.answers.back().asker.command_id, 9u);
    EXPECT_EQ(receipts.size(), 0u);
}

TEST_F(ReceiptsTest, WhoWaitsForNodesNeedNotWaitForClients) {
    const Receipts::Opened opened = open(send({"bob"}, Wait::node));
    receipts.name({opened.receipt, 0}, {NodeId{1}, MessageId{2}});
    wrote(opened, 0, "n2", 1);
    tell(opened, 0, SendNews::What::settled, SendState::written);
    EXPECT_EQ(
        last(),
        R"({"users":{"bob":{"state":"written","sessions":1,"nodes":["n2"],)"
        R"("message_id":"00000000000000010000000000000002","acknowledged":false}}})");
    EXPECT_EQ(receipts.size(), 1u) << "its message has not ended";
    ended(opened, 0, SendState::acked);
    EXPECT_EQ(output.answers.size(), 1u) << "answered once";
    EXPECT_EQ(receipts.size(), 0u);
}

TEST_F(ReceiptsTest, WhoWaitsForTheClientIsToldWhetherItAcknowledged) {
    for (const bool acknowledges : {true, false}) {
        const Receipts::Opened opened = open(send({"bob"}, Wait::client));
        receipts.name({opened.receipt, 0}, {NodeId{1}, MessageId{2}});
        output.answers.clear();
        tell(opened, 0, SendNews::What::settled, SendState::written);
        EXPECT_TRUE(output.answers.empty());
        ended(opened, 0, acknowledges ? SendState::acked : SendState::written);
        EXPECT_NE(
            last().find(acknowledges ? R"("acknowledged":true)" : R"("acknowledged":false)"),
            std::string::npos);
    }
}

TEST_F(ReceiptsTest, ANodeThatWritesAgainIsNamedOnce) {
    const Receipts::Opened opened = open(send({"bob"}, Wait::client));
    wrote(opened, 0, "n2", 1);
    wrote(opened, 0, "n2", 2);
    ended(opened, 0, SendState::acked);
    EXPECT_NE(last().find(R"("sessions":2,"nodes":["n2"])"), std::string::npos) << last();
}

TEST_F(ReceiptsTest, AKeyThatWasSeenGetsTheFirstAnswer) {
    const Receipts::Opened opened = open(send({"bob"}, Wait::node, "k"));
    EXPECT_TRUE(opened.go);
    EXPECT_FALSE(open(send({"bob"}, Wait::node, "k")).go) << "while the first is on its way";
    EXPECT_TRUE(output.answers.empty());
    ended(opened, 0, SendState::unknown);
    EXPECT_EQ(output.answers.size(), 2u) << "both are answered";
    const std::string first = last();
    EXPECT_FALSE(open(send({"bob"}, Wait::client, "k")).go) << "and after it";
    EXPECT_EQ(last(), first);
    EXPECT_EQ(counters.sends_repeated, 2u);
}

TEST_F(ReceiptsTest, AKeyOfAnotherRequestIsAnError) {
    EXPECT_TRUE(open(send({"bob"}, Wait::none, "k")).go);
    EXPECT_FALSE(open(send({"eve"}, Wait::none, "k")).go);
    EXPECT_EQ(output.answers.back().error, proto::ErrorCode::bad_request);
    SendToUsers other = send({"bob"}, Wait::none, "k");
    other.data = "2";
    EXPECT_FALSE(open(other).go);
    EXPECT_EQ(output.answers.back().error, proto::ErrorCode::bad_request);
}

TEST_F(ReceiptsTest, AKeyIsOneSendersOwn) {
    EXPECT_TRUE(open(send({"bob"}, Wait::none, "k")).go);
    SendToUsers from_eve = send({"bob"}, Wait::none, "k");
    from_eve.user = "eve";
    EXPECT_TRUE(open(from_eve).go);
    SendToUsers from_api = send({"bob"}, Wait::none, "k");
    from_api.user = from_api.client = {};
    EXPECT_TRUE(open(from_api).go);
    SendToUsers from_ann_elsewhere = send({"bob"}, Wait::none, "k");
    from_ann_elsewhere.client = "another session";
    EXPECT_FALSE(open(from_ann_elsewhere).go);
}

TEST_F(ReceiptsTest, AKeyIsForgottenAfterItsTime) {
    EXPECT_TRUE(open(send({"bob"}, Wait::none, "k")).go);
    now.steady += config.idempotency_keep - 1us;
    receipts.tick(now);
    EXPECT_FALSE(open(send({"bob"}, Wait::none, "k")).go);
    now.steady += 1us;
    receipts.tick(now);
    EXPECT_EQ(receipts.key_count(), 0u);
    EXPECT_TRUE(open(send({"bob"}, Wait::none, "k")).go);
}

TEST_F(ReceiptsTest, AnAnswerThatComesAfterItsKeyWasForgottenIsStillGiven) {
    const Receipts::Opened opened = open(send({"bob"}, Wait::client, "k"));
    now.steady += config.idempotency_keep;
    receipts.tick(now);
    const Receipts::Opened again = open(send({"bob"}, Wait::client, "k"));
    EXPECT_TRUE(again.go);
    ended(opened, 0, SendState::acked);
    EXPECT_EQ(output.answers.size(), 1u);
    EXPECT_FALSE(open(send({"bob"}, Wait::client, "k")).go);
    EXPECT_EQ(output.answers.size(), 1u) << "the second of the key is on its way still";
    ended(again, 0, SendState::written);
    EXPECT_EQ(output.answers.size(), 3u);
}

TEST_F(ReceiptsTest, TooManyAreRefusedAndSaidSo) {
    config.receipts_max = 1;
    EXPECT_TRUE(open(send({"bob"}, Wait::node)).go);
    EXPECT_FALSE(open(send({"bob"}, Wait::node)).go);
    EXPECT_EQ(output.answers.back().error, proto::ErrorCode::too_many_requests);
    EXPECT_TRUE(open(send({"bob"}, Wait::none)).go) << "who does not wait needs no room";
    EXPECT_EQ(counters.sends_refused, 1u);
}

TEST_F(ReceiptsTest, TheUsersOfAllReceiptsAreBounded) {
    config.receipt_lines_max = 3;
    EXPECT_TRUE(open(send({"a", "b"}, Wait::node)).go);
    EXPECT_FALSE(open(send({"a", "b"}, Wait::node)).go);
    EXPECT_TRUE(open(send({"a"}, Wait::node)).go);
}

TEST_F(ReceiptsTest, KeysAreRefusedRatherThanForgottenEarly) {
    config.idempotency_keys_max = 1;
    EXPECT_TRUE(open(send({"bob"}, Wait::none, "k")).go);
    EXPECT_FALSE(open(send({"bob"}, Wait::none, "l")).go);
    EXPECT_EQ(output.answers.back().error, proto::ErrorCode::too_many_requests);
    EXPECT_FALSE(open(send({"bob"}, Wait::none, "k")).go);
    EXPECT_EQ(last(), "{}");
}

}  // namespace
}  // namespace grapevine::mesh
