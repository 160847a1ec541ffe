// A member that tells nonsense about logs, lives and nodes: what it names is not there. It is
// believed nothing, answered seldom, and remembered within bounds.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"

#include <string>

namespace grapevine::sim {
namespace {

struct HostileTables : testing::Test {
    HostileTables() {
        cluster.form();
        cluster.wait_until_converged(5s);
        fake.dial(cluster.node(1));
        cluster.wait_for(
            "taken in", [&] { return fake.is_taken_in(); }, 5s);
        cluster.run_for(3s);
    }
    [[nodiscard]] const mesh::MeshCounters& counters() { return cluster.node(1).mesh().counters(); }
    void expect_unharmed() {
        EXPECT_TRUE(fake.is_open());
        EXPECT_EQ(cluster.node(1).count<mesh::MemberSuspected>(), 0u);
        EXPECT_EQ(cluster.node(1).state_of(cluster.node(2)), proto::MemberState::alive);
        const std::string hello = ann.say("#bob");
        cluster.run_for(1s);
        EXPECT_EQ(bob.times_heard(hello), 1u);
    }

    static mesh::MeshConfig config() {
        mesh::MeshConfig config = default_mesh_config();
        config.keep_down = 10s;
        return config;
    }
    Cluster cluster{{.nodes = 2, .seed = 1, .mesh = config()}};
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    FakePeer fake{cluster.stage(), "fake", "10.6.6.6"};
};

// A heartbeat tells how far its log is, and it never is: it is asked for what is missing, each two
// seconds at most.
TEST_F(HostileTables, HeartbeatsOfALogThatNeverComesAreAskedAboutSeldom) {
    for (std::uint64_t round = 0; round < 1000; ++round) {
        fake.send(proto::Ping{
            .seq = round,
            .sent_us = ~std::uint64_t{0},
            .version = proto::Version{round % 3 == 0 ? ~std::uint64_t{0} : 0},
            .sethash = round});
        cluster.run_for(10ms);
    }
    EXPECT_GE(fake.count<proto::Catchup>(), 2u);
    EXPECT_LE(fake.count<proto::Catchup>(), 6u);
    expect_unharmed();
}

// The end of a snapshot is lost with the link that carried it, when another has taken its place:
// what was staged waits for nothing. (Seed 8200125: nobody asked for it again.)
TEST_F(HostileTables, ASnapshotOfWhichNothingMoreComesIsAskedForAgain) {
    fake.send(proto::SnapBegin{
        .origin = fake.hello.node_id,
        .epoch = fake.hello.epoch,
        .version = proto::Version{5},
        .keys = 2});
    fake.send(proto::SnapChunk{
        .origin = fake.hello.node_id,
        .changes = {proto::Change{.key = 1, .kind = proto::TableKind::users, .count = 1}}});
    for (std::uint64_t round = 0; round < 5; ++round) {
        fake.send(
            proto::Ping{.seq = round, .sent_us = 0, .version = proto::Version{5}, .sethash = 7});
        cluster.run_for(1s);
    }
    EXPECT_GE(fake.count<proto::Catchup>(), 1u);
    EXPECT_LE(fake.count<proto::Catchup>(), 3u);
    expect_unharmed();
}

// What it says that it holds of our log, and when it heard, is its own matter.
TEST_F(HostileTables, AnswersToHeartbeatsThatWereNeverSentChangeNothing) {
    for (std::uint64_t round = 0; round < 1000; ++round)
        fake.send(proto::Pong{
            .seq = round,
            .sent_us = round % 2 == 0 ? 0 : ~std::uint64_t{0},
            .your_version = proto::Version{~std::uint64_t{0}}});
    cluster.run_for(100ms);
    const std::size_t told = fake.count<proto::Delta>();
    cluster.add_client("eve", cluster.node(1));
    cluster.run_for(1s);
    EXPECT_EQ(fake.count<proto::Delta>(), told + 1) << "it is told as before";
    expect_unharmed();
}

TEST_F(HostileTables, RequestsForLogsThatAreNotHereAreNotAnswered) {
    const proto::Epoch epoch = cluster.node(1).mesh().epoch();
    const std::uint64_t begun = counters().snapshots_begun;
    const std::size_t heard = fake.heard().size();
    for (std::uint64_t round = 0; round < 1000; ++round)
        for (const proto::Catchup& request :
             {proto::Catchup{cluster.node(2).id(), cluster.node(2).mesh().epoch(), {}},
              proto::Catchup{proto::NodeId{round}, epoch, {}},
              proto::Catchup{cluster.node(1).id(), proto::Epoch{epoch.value + 1 + round}, {}},
              proto::Catchup{cluster.node(1).id(), proto::Epoch{round}, {}}})
            fake.send(request);
    cluster.run_for(900ms);
    EXPECT_EQ(counters().snapshots_begun, begun);
    EXPECT_LE(fake.heard().size(), heard + 2) << "no more than heartbeats";
    expect_unharmed();
}

// Ends of snapshots that never began, changes of lives that never were, goodbyes of others' lives,
// echoes and denials of questions that nobody asked.
TEST_F(HostileTables, WhatBelongsToNothingIsIgnored) {
    const proto::NodeId own = fake.hello.node_id;
    for (std::uint64_t round = 2; round < 500; ++round) {
        const proto::Epoch other{round};
        fake.send(proto::SnapChunk{
            .origin = own,
            .changes = {proto::Change{.key = round, .kind = proto::TableKind::users, .count = 1}}});
        fake.send(proto::SnapEnd{
            .origin = own, .version = proto::Version{round}, .keys = 1, .sethash = round});
        fake.send(proto::Delta{
            .origin = own,
            .epoch = other,
            .from = proto::Version{0},
            .to = proto::Version{round},
            .changes = {proto::Change{.key = 1, .kind = proto::TableKind::users, .count = 1}},
            .hash_after = round});
        fake.send(proto::Leave{.epoch = other, .version = {}});
        fake.send(proto::Echo{.nonce = round});
        fake.send(proto::PingNack{.target = cluster.node(2).id(), .nonce = round});
        fake.send(proto::Refute{cluster.node(2).id(), other, UINT32_MAX});
    }
    cluster.run_for(3s);
    EXPECT_EQ(cluster.node(1).count<mesh::SnapshotApplied>(), 0u);
    EXPECT_EQ(cluster.node(1).count<mesh::MemberLeft>(), 0u);
    EXPECT_EQ(cluster.node(1).mesh().visible_entries().size(), 2u);
    EXPECT_EQ(counters().reached_by_others, 0u);
    expect_unharmed();
}

// A hundred thousand nodes that never were: twelve times what is remembered, so a million is the
// same. Whoever is there stays, whoever comes is found, and when the liar is gone so are they.
TEST_F(HostileTables, AHundredThousandFalseMembersAreBoundedAndForgotten) {
    std::uint64_t number = 0;
    for (int burst = 0; burst < 40; ++burst) {
        for (int list = 0; list < 10; ++list) {
            proto::Members lies;
            for (int lie = 0; lie < 250; ++lie) {
                ++number;
                lies.members.push_back(
                    {.node_id = proto::NodeId{number},
                     .epoch = proto::Epoch{number},
                     .name = "x",
                     .addresses = {
                         "10." + std::to_string(66 + number % 100) + "." +
                         std::to_string(number / 100 % 250) +
                         ".1:" + std::to_string(1 + number / 25'000)}});
            }
            fake.send(lies);
        }
        cluster.run_for(50ms);
        EXPECT_LE(cluster.network().connections().size(), 100u) << "dials under way";
    }
    EXPECT_EQ(number, 100'000u);
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 3u);
    const std::size_t said = cluster.node(1).count<mesh::LimitReached>();
    EXPECT_GE(said, 1u);
    EXPECT_LE(said, 400u) << "once a list";

    Node& late = cluster.add_node();
    late.start();
    cluster.wait_for(
        "the third of them",
        [&] {
            return cluster.node(1).state_of(late) == proto::MemberState::alive &&
                   cluster.node(2).state_of(late) == proto::MemberState::alive;
        },
        10s);
    expect_unharmed();

    fake.close();
    cluster.run_for(40s);
    const std::size_t dials = cluster.network().dials_to("10.67.0.1:1");
    EXPECT_GE(dials, 1u);
    cluster.run_for(20s);
    EXPECT_EQ(cluster.network().dials_to("10.67.0.1:1"), dials) << "nobody is looked for any more";
    cluster.expect_all_is_well();
}

/// Without a secret: what is left is the cluster's name.
TEST(WithoutASecret, TheNameOfTheClusterIsAllThatProtects) {
    WorldOptions options{.nodes = 2, .seed = 1};
    options.mesh.secret.clear();
    Cluster cluster{options};
    cluster.form();
    FakePeer other{cluster.stage(), "other", "10.6.6.5", ""};
    other.hello.cluster = "elsewhere";
    FakePeer guessing{cluster.stage(), "guessing", "10.6.6.6", "a guess"};
    FakePeer anybody{cluster.stage(), "anybody", "10.6.6.7", ""};
    for (FakePeer* const peer : {&other, &guessing, &anybody})
        peer->dial(cluster.node(1));
    cluster.run_for(1s);
    EXPECT_TRUE(other.was_refused_for(proto::RefuseReason::wrong_cluster));
    EXPECT_TRUE(guessing.was_refused_for(proto::RefuseReason::wrong_secret));
    EXPECT_TRUE(anybody.is_taken_in());
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 3u);
}

}  // namespace
}  // namespace grapevine::sim
