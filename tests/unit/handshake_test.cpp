#include "mesh/handshake.hpp"

#include <gtest/gtest.h>

namespace grapevine::mesh {
namespace {

using proto::RefuseReason;

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
            if (acceptor.stage() == Handshake::Stage::proven)
                acceptor.welcome({.advertise = "a:1"}, to_dialer);
            if (dialer.stage() == Handshake::Stage::proven)
                dialer.welcome({.advertise = "d:1"}, to_acceptor);
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

Identity speaking(std::uint64_t node, std::uint32_t least, std::uint32_t most) {
    Identity speaker = identity(node);
    speaker.version_min = least;
    speaker.version_max = most;
    return speaker;
}

TEST(Handshake, SpeaksTheLatestVersionThatBothDo) {
    struct Case {
        std::uint32_t least, most, other_least, other_most, spoken;
    };
    constexpr std::uint32_t all = 0xffffffff;
    for (const Case& pair : {
             Case{1, 1, 1, 1, 1},
             Case{1, 2, 1, 1, 1},
             Case{1, 2, 1, 2, 2},
             Case{1, 2, 2, 5, 2},
             Case{2, 4, 3, 9, 4},
             Case{1, 2, 0, all, 2},
         })
        for (const bool swapped : {false, true}) {
            Identity left = speaking(1, pair.least, pair.most);
            Identity right = speaking(2, pair.other_least, pair.other_most);
            if (swapped) std::swap(left, right);
            Pair both{left, right};
            EXPECT_LE(both.dialer.version(), left.version_min) << "nothing is agreed on yet";
            both.run();
            EXPECT_TRUE(both.dialer.is_complete());
            EXPECT_TRUE(both.acceptor.is_complete());
            EXPECT_EQ(both.dialer.version(), pair.spoken);
            EXPECT_EQ(both.acceptor.version(), pair.spoken);
        }
}

TEST(Handshake, WithNoVersionInCommonNamesBothRangesAndWhomToUpgrade) {
    Pair future{speaking(1, 3, 9), speaking(2, 1, 2)};
    future.run();
    ASSERT_TRUE(future.refused_by_acceptor);
    EXPECT_EQ(future.refused_by_acceptor->reason, RefuseReason::wrong_version);
    EXPECT_EQ(
        future.refused_by_acceptor->text,
        R"("n1" speaks mesh protocol 3 to 9, "n2" speaks 1 to 2: upgrade "n2")");
    Pair past{speaking(1, 0, 0), speaking(2, 1, 2)};
    past.run();
    ASSERT_TRUE(past.refused_by_acceptor);
    EXPECT_EQ(
        past.refused_by_acceptor->text,
        R"("n1" speaks mesh protocol 0 to 0, "n2" speaks 1 to 2: upgrade "n1")");
}

TEST(Handshake, RefusesARangeOfVersionsThatIsNone) {
    Pair pair{speaking(1, 5, 1), speaking(2, 1, 2)};
    pair.run();
    ASSERT_TRUE(pair.refused_by_acceptor);
    EXPECT_EQ(pair.refused_by_acceptor->reason, RefuseReason::protocol_error);
    EXPECT_NE(pair.refused_by_acceptor->text.find("5 to 1"), std::string::npos);
}

// While the secret is changed a node shows one and takes two: no step of the change keeps two nodes
// apart, whichever of them dials, as long as all have finished the step before.
TEST(Handshake, EveryStepOfAChangeOfTheSecretGoesWithTheStepBefore) {
    using Secrets = std::vector<std::string>;
    const std::vector<Secrets> steps{{"old"}, {"old", "new"}, {"new", "old"}, {"new"}};
    const auto knowing = [](std::uint64_t node, const Secrets& secrets) {
        Identity party = identity(node, secrets.front());
        party.also_accepted.assign(secrets.begin() + 1, secrets.end());
        return party;
    };
    for (std::size_t one = 0; one < steps.size(); ++one)
        for (std::size_t other = 0; other < steps.size(); ++other) {
            Pair pair{knowing(1, steps[one]), knowing(2, steps[other])};
            pair.run();
            const bool close = one <= other + 1 && other <= one + 1;
            EXPECT_TRUE(pair.dialer.is_complete() || !close) << one << other;
            EXPECT_EQ(pair.dialer.is_complete(), pair.acceptor.is_complete());
            EXPECT_EQ(pair.dialer.is_complete(), !pair.refused_by_acceptor) << one << other;
            if (!pair.refused_by_acceptor) continue;
            EXPECT_EQ(pair.refused_by_acceptor->reason, RefuseReason::wrong_secret);
            for (const char* const secret : {"old", "new"})
                EXPECT_EQ(pair.refused_by_acceptor->text.find(secret), std::string::npos);
        }
}

// Who has heard a proof can say it again, but not to the same challenge.
TEST(Handshake, AProofIsGoodForOneLink) {
    Handshake dialer{identity(1), true, std::string(16, 'd'), 5, {}};
    Handshake acceptor{identity(2), false, std::string(16, 'a'), 0, {}};
    Handshake::Frames said;
    Handshake::Frames answers;
    dialer.begin(said);
    ASSERT_FALSE(acceptor.on(said.at(0), answers));
    ASSERT_FALSE(dialer.on(answers.at(0), said));
    ASSERT_FALSE(acceptor.on(said.at(1), answers));
    Handshake later{identity(2), false, std::string(16, 'b'), 0, {}};
    answers.clear();
    ASSERT_FALSE(later.on(said.at(0), answers));
    const auto refusal = later.on(said.at(1), answers);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, RefuseReason::wrong_secret);
    EXPECT_EQ(answers.size(), 1u) << "no proof is given to who gave none";
}

// A stranger who is dialled by a node gets a proof from it. It opens no link back to that node,
// with the very same nonces and whoever the stranger claims to be.
TEST(Handshake, AProofMadeForADialOpensNoLinkBack) {
    Identity stranger = identity(9, "a guess");
    Handshake dialling{identity(1), true, std::string(16, 'd'), 1, {}};
    Handshake::Frames proof;
    ASSERT_FALSE(dialling.on(
        proto::HelloAck{proto::Hello{
            .cluster = "demo",
            .node_id = stranger.node,
            .epoch = stranger.epoch,
            .boot = stranger.boot,
            .name = stranger.name,
            .nonce = std::string(16, 's')}},
        proof));
    Handshake accepting{identity(1), false, std::string(16, 'd'), 0, {}};
    Handshake::Frames answers;
    ASSERT_FALSE(accepting.on(
        proto::Hello{
            .cluster = "demo",
            .node_id = stranger.node,
            .epoch = stranger.epoch,
            .boot = stranger.boot,
            .name = stranger.name,
            .nonce = std::string(16, 's')},
        answers));
    const auto refusal = accepting.on(proof.at(0), answers);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, RefuseReason::wrong_secret);
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
