// Which sessions of a user a delivery is meant for, and what is reported of it (exchange.hpp:
// Deliver).
#include "mesh/sessions.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace grapevine::tests {
namespace {

using proto::LinkId;
using proto::PayloadKind;
using proto::Target;
using proto::Version;

constexpr mesh::DeliveryId a_delivery{.from = proto::NodeId{3}, .copy = 7};

class DeliveryFence : public testing::Test {
protected:
    /// A session of ann that is in the log since `version`.
    SessionId
    ann_since(std::uint64_t version, std::uint32_t slot, Encoding encoding = Encoding::json) {
        const SessionId session = room.join(slot, "ann", encoding);
        room.joined(session, version);
        return session;
    }
    /// For ann, whose sessions in (since, known] are meant.
    void deliver(std::uint64_t since, std::uint64_t known, mesh::DeliveryId delivery = a_delivery) {
        room.output.clear();
        room.happens(mesh::Deliver{
            .target = Target::user,
            .payload_kind = kind,
            .key = room.key_of("ann"),
            .name = "ann",
            .body = body,
            .known = Version{known},
            .since = Version{since},
            .delivery = delivery});
    }
    [[nodiscard]] std::size_t pushes_to(SessionId session) const {
        return room.replies_to(session).size();
    }
    void expect_report(std::uint32_t present, std::uint32_t written) const {
        ASSERT_EQ(room.output.delivered.size(), 1U);
        const mesh::Delivered& report = room.output.delivered[0];
        EXPECT_EQ(report.delivery.from, a_delivery.from);
        EXPECT_EQ(report.delivery.copy, a_delivery.copy);
        EXPECT_EQ(report.present, present);
        EXPECT_EQ(report.written, written);
    }

    Room room;
    std::string body = a_body();
    PayloadKind kind = PayloadKind::json;
};

// Its sender did not know of this session when it chose the node.
TEST_F(DeliveryFence, ASessionThatJoinedLaterGetsNothing) {
    const SessionId early = ann_since(5, 0);
    const SessionId late = ann_since(6, 1);
    deliver(0, 5);
    EXPECT_EQ(pushes_to(early), 1U);
    EXPECT_EQ(pushes_to(late), 0U);
    expect_report(1, 1);

    deliver(0, 6);
    EXPECT_EQ(pushes_to(late), 1U);
    expect_report(2, 2);
}

// Until Mesh has told it, a session is in no log, so nobody can have meant it.
TEST_F(DeliveryFence, ASessionThatIsNotInTheLogYetGetsNothing) {
    const SessionId ann = room.join(0, "ann");
    deliver(0, mesh::newest.value - 1);
    EXPECT_EQ(pushes_to(ann), 0U);
    expect_report(0, 0);
    EXPECT_EQ(room.sessions.counters().not_here, 1U);

    room.joined(ann, 2);
    deliver(0, 2);
    EXPECT_EQ(pushes_to(ann), 1U);
    expect_report(1, 1);
}

TEST_F(DeliveryFence, ASessionThatHasItAlreadyIsCountedAndNotWrittenAgain) {
    const SessionId before = ann_since(4, 0);
    const SessionId at = ann_since(5, 1);
    const SessionId after = ann_since(6, 2);
    const SessionId too_late = ann_since(10, 3);
    deliver(5, 9);
    EXPECT_EQ(pushes_to(before), 0U);
    EXPECT_EQ(pushes_to(at), 0U);
    EXPECT_EQ(pushes_to(after), 1U);
    EXPECT_EQ(pushes_to(too_late), 0U);
    expect_report(3, 3);
    EXPECT_EQ(room.sessions.counters().delivered, 1U);
}

TEST_F(DeliveryFence, ReportsThatNobodyIsHere) {
    deliver(0, 9);
    expect_report(0, 0);
    const SessionId ann = ann_since(1, 0);
    room.leaves(ann);
    deliver(0, 9);
    expect_report(0, 0);
    EXPECT_EQ(room.sessions.counters().not_here, 2U);
}

TEST_F(DeliveryFence, ReportsEverySessionOfTheUserAndOfNobodyElse) {
    ann_since(1, 0);
    deliver(0, 9);
    expect_report(1, 1);
    ann_since(2, 1, Encoding::protobuf);
    const SessionId bob = room.join(2, "bob");
    room.joined(bob, 3);
    deliver(0, 9);
    expect_report(2, 2);
    EXPECT_EQ(pushes_to(bob), 0U);
}

// A collision of hashes must not make a stranger count.
TEST_F(DeliveryFence, ReportsNobodyForAnotherNameWithTheSameHash) {
    ann_since(1, 0);
    room.happens(mesh::Deliver{
        .target = Target::user,
        .key = room.key_of("ann"),
        .name = "mallory",
        .body = body,
        .delivery = a_delivery});
    expect_report(0, 0);
    EXPECT_TRUE(room.output.sends.empty());
}

TEST(DeliveryFenceOfSlowSessions, WhoIsClosedAsSlowIsNotPresent) {
    Room room{{.queue_bytes_max = 600}};
    const SessionId slow = room.join(0, "ann");
    const SessionId other = room.join(1, "ann");
    room.joined(slow, 1);
    room.joined(other, 2);
    const std::string body = a_body('"' + std::string(400, 'x') + '"');
    const mesh::Deliver deliver{
        .target = Target::user,
        .key = room.key_of("ann"),
        .name = "ann",
        .body = body,
        .known = Version{9},
        .delivery = a_delivery};
    room.happens(deliver);
    room.drain(other);
    room.output.clear();
    room.happens(deliver);
    EXPECT_EQ(room.close_code_of(slow), code_of(CloseCode::slow));
    EXPECT_EQ(room.replies_to(other).size(), 1U);
    ASSERT_EQ(room.output.delivered.size(), 1U);
    EXPECT_EQ(room.output.delivered[0].present, 1U);
    EXPECT_EQ(room.output.delivered[0].written, 1U);

    // Alone, it leaves nobody.
    room.leaves(other);
    const SessionId alone = room.join(2, "ann");
    room.joined(alone, 3);
    room.happens(deliver);
    room.output.clear();
    room.happens(deliver);
    EXPECT_EQ(room.close_code_of(alone), code_of(CloseCode::slow));
    ASSERT_EQ(room.output.delivered.size(), 1U);
    EXPECT_EQ(room.output.delivered[0].present, 0U);
    EXPECT_EQ(room.output.delivered[0].written, 0U);
}

TEST_F(DeliveryFence, AJsonSessionIsPresentForABinaryPayloadThatIsNotWrittenToIt) {
    body = a_body("\xff\x01");
    kind = PayloadKind::binary;
    const SessionId json = ann_since(1, 0);
    deliver(0, 9);
    EXPECT_EQ(pushes_to(json), 0U);
    expect_report(1, 0);
    const SessionId protobuf = ann_since(2, 1, Encoding::protobuf);
    deliver(0, 9);
    EXPECT_EQ(pushes_to(protobuf), 1U);
    expect_report(2, 1);
}

TEST_F(DeliveryFence, ABodyThatCannotBeReadIsWrittenToNobody) {
    body = "\x22\x7f";
    ann_since(1, 0);
    deliver(0, 9);
    expect_report(1, 0);
    EXPECT_EQ(room.sessions.counters().bodies_rejected, 1U);
}

TEST_F(DeliveryFence, NobodyIsToldIfNobodyAsked) {
    const SessionId ann = ann_since(1, 0);
    deliver(0, 9, {});
    EXPECT_EQ(pushes_to(ann), 1U);
    EXPECT_TRUE(room.output.delivered.empty());
    room.leaves(ann);
    deliver(0, 9, {});
    EXPECT_TRUE(room.output.delivered.empty());
}

// Where nothing moves, nothing is fenced: subscribers and everybody get what comes.
TEST_F(DeliveryFence, ChannelsAndEverybodyHaveNone) {
    const SessionId ann = ann_since(5, 0);
    const SessionId fresh = room.join(1, "bob");
    for (const SessionId session : {ann, fresh})
        room.says(session, {a_subscribe("lobby")});
    for (const Target target : {Target::channel, Target::everybody}) {
        room.output.clear();
        room.happens(mesh::Deliver{
            .target = target,
            .key = room.key_of("lobby"),
            .name = "lobby",
            .body = body,
            .known = Version{1},
            .since = Version{9}});
        EXPECT_EQ(pushes_to(ann), 1U);
        EXPECT_EQ(pushes_to(fresh), 1U);
        EXPECT_TRUE(room.output.delivered.empty());
    }
}

// The slot of a session that ended may be taken by another, which has another place in the log.
TEST_F(DeliveryFence, JoinedConcernsOneSessionOnly) {
    const SessionId first = room.join(0, "ann");
    room.leaves(first);
    const SessionId second = room.open(0, Encoding::json, 2);
    room.says(second, {a_connect(R"({"user":"ann"})")});
    room.joined(first, 1);
    deliver(0, 9);
    EXPECT_EQ(pushes_to(second), 0U);
    expect_report(0, 0);
    room.joined(second, 3);
    deliver(0, 9);
    EXPECT_EQ(pushes_to(second), 1U);
}

}  // namespace
}  // namespace grapevine::tests
