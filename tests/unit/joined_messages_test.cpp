// Publications and replies of one turn share messages where that costs no copy for each receiver,
// and nobody gets anything twice, out of order, or that is meant for others.
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace grapevine::tests {
namespace {

using proto::PayloadKind;
using proto::Target;

constexpr std::size_t joined_bytes_max = 4096;

class JoinedMessages : public testing::TestWithParam<Encoding> {
protected:
    SessionId join(std::uint32_t slot, const std::string& user, std::string_view channel = {}) {
        const SessionId id = room.join(slot, user, GetParam());
        if (!channel.empty()) room.says(id, {a_subscribe(channel)});
        room.drain(id);
        room.output.clear();
        return id;
    }
    void tell(Target target, std::string_view name, int number) {
        room.deliver(target, name, a_body(std::to_string(number)));
    }
    std::vector<std::string> heard_by(SessionId session) {
        std::vector<std::string> heard;
        for (const ReadReply& reply : room.replies_to(session))
            heard.push_back(
                reply.kind == proto::Reply::Kind::publication ? reply.data
                                                              : "#" + std::to_string(reply.id));
        return heard;
    }
    std::vector<std::string_view> messages_to(SessionId session) {
        std::vector<std::string_view> messages;
        for (const mesh::SendToSession& send : room.output.sends)
            if (send.session == session) messages.push_back(send.message.view());
        return messages;
    }
    void must_add_up(SessionId session) {
        std::size_t bytes = 0;
        for (const std::string_view message : messages_to(session))
            bytes += message.size();
        EXPECT_EQ(room.sessions.queued_bytes(session), bytes);
    }

    Room room;
};
using Words = std::vector<std::string>;

TEST_P(JoinedMessages, ThoseToOneUserInOneTurnAreOneMessage) {
    const SessionId bob = join(0, "bob");
    for (int number = 0; number < 8; ++number)
        tell(Target::user, "bob", number);
    EXPECT_EQ(room.output.sends.size(), 1U);
    EXPECT_EQ(heard_by(bob), (Words{"0", "1", "2", "3", "4", "5", "6", "7"}));
    EXPECT_EQ(room.sessions.counters().delivered, 8U);
    must_add_up(bob);
}

TEST_P(JoinedMessages, ThoseToOneChannelInOneTurnAreOneMessageSharedByAll) {
    std::vector<SessionId> in;
    for (std::uint32_t slot = 0; slot < 5; ++slot)
        in.push_back(join(slot, "", "den"));
    for (int number = 0; number < 3; ++number)
        tell(Target::channel, "den", number);
    ASSERT_EQ(room.output.sends.size(), in.size());
    for (const SessionId session : in) {
        EXPECT_EQ(heard_by(session), (Words{"0", "1", "2"}));
        must_add_up(session);
    }
    for (const mesh::SendToSession& send : room.output.sends)
        EXPECT_TRUE(send.message.same_as(room.output.sends.front().message));
    EXPECT_EQ(room.sessions.counters().delivered, 15U);
}

TEST_P(JoinedMessages, RepliesOfATurnAreOneMessageAndStayInOrderWithPushes) {
    const SessionId bob = join(0, "bob");
    room.says(bob, {a_publish("den", "1", 10)});
    room.says(bob, {a_publish("den", "1", 11)});
    tell(Target::user, "bob", 0);
    room.says(bob, {a_publish("den", "1", 12)});
    EXPECT_EQ(room.output.sends.size(), 1U);
    EXPECT_EQ(heard_by(bob), (Words{"#10", "#11", "0", "#12"}));
    must_add_up(bob);
}

TEST_P(JoinedMessages, WhatOthersHaveTooIsNotAddedTo) {
    const SessionId ann = join(0, "ann", "den");
    const SessionId bob = join(1, "bob", "den");
    tell(Target::channel, "den", 0);
    tell(Target::user, "ann", 1);
    tell(Target::channel, "den", 2);
    room.says(bob, {a_publish("other", "1", 9)});
    tell(Target::channel, "den", 3);
    EXPECT_EQ(heard_by(ann), (Words{"0", "1", "2", "3"}));
    EXPECT_EQ(heard_by(bob), (Words{"0", "2", "#9", "3"}));
    must_add_up(ann);
    must_add_up(bob);
}

TEST_P(JoinedMessages, WhoLeftOrCameInBetweenGetsNothingThatIsNotForHim) {
    const SessionId ann = join(0, "ann", "den");
    const SessionId bob = join(1, "bob", "den");
    const SessionId eve = join(2, "eve");
    tell(Target::channel, "den", 0);
    room.says(bob, {an_unsubscribe("den", 5)});
    tell(Target::channel, "den", 1);
    room.says(eve, {a_subscribe("den", 6)});
    tell(Target::channel, "den", 2);
    room.leaves(ann);
    tell(Target::channel, "den", 3);
    EXPECT_EQ(heard_by(ann), (Words{"0", "1", "2"}));
    EXPECT_EQ(heard_by(bob), (Words{"0", "#5"}));
    EXPECT_EQ(heard_by(eve), (Words{"#6", "2", "3"}));
}

TEST_P(JoinedMessages, TheNextTurnBeginsAnew) {
    const SessionId bob = join(0, "bob");
    tell(Target::user, "bob", 0);
    const proto::Bytes kept = room.output.sends.front().message;
    const std::string before{kept.view()};
    room.output.clear();
    tell(Target::user, "bob", 1);
    EXPECT_EQ(heard_by(bob), Words{"1"});
    EXPECT_EQ(kept.view(), before);
}

// What somebody keeps of a message is never written to.
TEST_P(JoinedMessages, AMessageThatIsKeptElsewhereIsNotAddedTo) {
    const SessionId bob = join(0, "bob");
    tell(Target::user, "bob", 0);
    const proto::Bytes kept = room.output.sends.front().message;
    const std::string before{kept.view()};
    tell(Target::user, "bob", 1);
    EXPECT_EQ(kept.view(), before);
    EXPECT_EQ(heard_by(bob), (Words{"0", "1"}));
}

TEST_P(JoinedMessages, AreNoLongerThanTheirBound) {
    const SessionId bob = join(0, "bob");
    const std::string text(100, 'x');
    for (int number = 0; number < 200; ++number)
        room.deliver(Target::user, "bob", a_body('"' + text + '"'));
    const std::string large(2 * joined_bytes_max, 'y');
    room.deliver(Target::user, "bob", a_body('"' + large + '"'));
    room.deliver(Target::user, "bob", a_body("1"));
    const auto messages = messages_to(bob);
    EXPECT_LT(messages.size(), 20U);
    std::size_t longer = 0;
    for (const std::string_view message : messages)
        longer += message.size() > joined_bytes_max ? 1 : 0;
    EXPECT_EQ(longer, 1U) << "only the one that is longer by itself";
    EXPECT_EQ(heard_by(bob).size(), 202U);
    must_add_up(bob);
}

TEST_P(JoinedMessages, WhoHasNoRoomLeftIsClosedAndWasNotWrittenTo) {
    const SessionId probe = join(0, "bob");
    tell(Target::user, "bob", 0);
    const std::size_t size = room.sessions.queued_bytes(probe);

    Room small{{.queue_bytes_max = size * 3 / 2 + 400}};
    const SessionId bob = small.join(0, "bob", GetParam());
    std::size_t written = 0;
    while (small.close_code_of(bob) == 0 && written < 100) {
        small.deliver(Target::user, "bob", a_body("0"));
        if (small.close_code_of(bob) == 0) ++written;
    }
    EXPECT_EQ(small.close_code_of(bob), code_of(CloseCode::slow));
    EXPECT_EQ(small.replies_to(bob).size(), written);
    EXPECT_EQ(small.sessions.counters().delivered, written);
}

TEST_P(JoinedMessages, ABinaryOneIsAMessageOfItsOwn) {
    const SessionId bob = join(0, "bob");
    tell(Target::user, "bob", 0);
    room.deliver(Target::user, "bob", a_body("\xff\x01"), PayloadKind::binary);
    tell(Target::user, "bob", 2);
    const bool is_json = GetParam() == Encoding::json;
    EXPECT_EQ(heard_by(bob), is_json ? (Words{"0", "2"}) : (Words{"0", "\xff\x01", "2"}));
}

INSTANTIATE_TEST_SUITE_P(
    Encodings,
    JoinedMessages,
    testing::Values(Encoding::json, Encoding::protobuf),
    [](const auto& tested) { return tested.param == Encoding::json ? "Json" : "Protobuf"; });

}  // namespace
}  // namespace grapevine::tests
