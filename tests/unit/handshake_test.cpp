#include "mesh/handshake.hpp"

#include <gtest/gtest.h>

namespace grapevine::mesh {
namespace {

using proto::RefuseReason;
using Stage = Handshake::Stage;

Identity identity(std::uint64_t node, std::string secret = "s3cret") {
    return {
        .cluster = "demo",
        .name = "n" + std::to_string(node),
        .secret = std::move(secret),
        .node = proto::NodeId{node},
        .epoch = proto::Epoch{100},
        .boot = proto::Boot{node * 7}};
}

/// A dialer and an acceptor that hear each other at once.
struct Pair {
    Handshake dialer;
    Handshake acceptor;
    std::optional<Handshake::Refusal> refused_by_dialer;
    std::optional<Handshake::Refusal> refused_by_acceptor;

    Pair(const Identity& left, const Identity& right, proto::NodeId expected = {})
        : dialer(left, true, std::string(16, 'd'), 5, expected),
          acceptor(right, false, std::string(16, 'a'), 0, {}) {}

    void run() {
        Handshake::Frames to_acceptor;
        Handshake::Frames to_dialer;
        dialer.begin(to_acceptor);
        acceptor.begin(to_dialer);
        while ((!to_acceptor.empty() || !to_dialer.empty()) && !refused_by_dialer &&
               !refused_by_acceptor) {
            const Handshake::Frames right = std::exchange(to_acceptor, {});
            for (const auto& frame : right)
                if (!refused_by_acceptor) refused_by_acceptor = acceptor.on(frame, to_dialer);
            const Handshake::Frames left = std::exchange(to_dialer, {});
            for (const auto& frame : left)
                if (!refused_by_dialer) refused_by_dialer = dialer.on(frame, to_acceptor);
            if (acceptor.stage() == Stage::proven)
                acceptor.welcome({.advertise = "a:1"}, to_dialer);
            if (dialer.stage() == Stage::proven) dialer.welcome({.advertise = "d:1"}, to_acceptor);
        }
    }
};

TEST(Handshake, CompletesAtBothEndsAndNamesTheLinkAlike) {
    Pair pair{identity(1), identity(2)};
    pair.run();
    EXPECT_TRUE(pair.dialer.is_complete());
    EXPECT_TRUE(pair.acceptor.is_complete());
    EXPECT_EQ(pair.dialer.name(), pair.acceptor.name());
    EXPECT_EQ(pair.dialer.name(), (LinkName{proto::NodeId{1}, 5}));
    EXPECT_EQ(pair.dialer.peers_welcome().advertise, "a:1");
    EXPECT_EQ(pair.acceptor.peers_welcome().advertise, "d:1");
}

TEST(Handshake, RefusesAnotherSecretOnTheSideThatSeesItFirst) {
    Pair pair{identity(1, "one"), identity(2, "two")};
    pair.run();
    ASSERT_TRUE(pair.refused_by_acceptor);
    EXPECT_EQ(pair.refused_by_acceptor->reason, RefuseReason::wrong_secret);
    EXPECT_NE(pair.refused_by_acceptor->text.find("--secret-file"), std::string::npos);
    EXPECT_FALSE(pair.dialer.is_proven());
}

TEST(Handshake, RefusesAnotherCluster) {
    Identity other = identity(2);
    other.cluster = "prod";
    Pair pair{identity(1), other};
    pair.run();
    ASSERT_TRUE(pair.refused_by_acceptor);
    EXPECT_EQ(pair.refused_by_acceptor->reason, RefuseReason::wrong_cluster);
}

TEST(Handshake, KnowsItself) {
    Pair pair{identity(1), identity(1)};
    pair.run();
    ASSERT_TRUE(pair.refused_by_acceptor);
    EXPECT_EQ(pair.refused_by_acceptor->reason, RefuseReason::is_self);
}

TEST(Handshake, RefusesToBeTakenForAnotherNode) {
    Pair pair{identity(1), identity(2), /*expected=*/proto::NodeId{3}};
    pair.run();
    ASSERT_TRUE(pair.refused_by_acceptor);
    EXPECT_EQ(pair.refused_by_acceptor->reason, RefuseReason::unexpected_node);
}

TEST(Handshake, RefusesAVersionItDoesNotSpeak) {
    Handshake acceptor{identity(2), false, std::string(16, 'a'), 0, {}};
    Handshake::Frames answers;
    const proto::Hello hello{
        .cluster = "demo",
        .proto_min = 99,
        .proto_max = 99,
        .node_id = proto::NodeId{1},
        .name = "n1"};
    const auto refusal = acceptor.on(hello, answers);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, RefuseReason::wrong_version);
    EXPECT_TRUE(answers.empty());
}

// Whoever sends our own proof back to us must not get in.
TEST(Handshake, DoesNotTakeItsOwnProofBack) {
    Handshake dialer{identity(1), true, std::string(16, 'd'), 1, {}};
    Handshake::Frames sent;
    dialer.begin(sent);
    proto::Hello mirrored = std::get<proto::Hello>(sent.at(0));
    mirrored.node_id = proto::NodeId{9};
    ASSERT_FALSE(dialer.on(proto::HelloAck{mirrored}, sent));
    const auto refusal = dialer.on(std::get<proto::Auth>(sent.at(1)), sent);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, RefuseReason::wrong_secret);
}

TEST(Handshake, RefusesAnythingOutOfOrder) {
    Handshake acceptor{identity(2), false, std::string(16, 'a'), 0, {}};
    Handshake::Frames answers;
    const auto refusal = acceptor.on(proto::Welcome{}, answers);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, RefuseReason::protocol_error);
}

}  // namespace
}  // namespace grapevine::mesh
