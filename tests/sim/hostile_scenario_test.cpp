// Whoever speaks nonsense, or too much of it, costs itself its link and nobody else anything.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"

namespace grapevine::sim {
namespace {

/// Two nodes with a user on each, and a stranger.
struct Hostile : testing::Test {
    void SetUp() override {
        cluster.form();
        ann.connect(cluster.node(1));
        bob.connect(cluster.node(2));
        cluster.wait_until_converged(5s);
    }
    /// The stranger completes the handshake and is a member with an empty log.
    void take_in() {
        fake.dial(cluster.node(1));
        cluster.wait_for(
            "taken in", [&] { return fake.is_taken_in(); }, 5s);
    }
    void expect_unharmed() {
        const std::string hello = ann.say("#bob");
        cluster.run_for(1s);
        EXPECT_EQ(bob.times_heard(hello), 1u);
        EXPECT_EQ(cluster.node(1).state_of(cluster.node(2)), proto::MemberState::alive);
    }
    void expect_closed(Duration within = 5s) {
        cluster.wait_for(
            "the stranger's link closed", [&] { return !fake.is_open(); }, within);
        expect_unharmed();
    }

    Cluster cluster{{.nodes = 2, .seed = 1}};
    Client& ann = cluster.add_client({.user = "ann"});
    Client& bob = cluster.add_client({.user = "bob"});
    FakePeer fake{cluster.stage(), "fake", "10.6.6.6"};
};

// The fake's own handshake is right: it is taken in, and hears what a member hears.
TEST_F(Hostile, AnHonestFakeIsTakenIn) {
    take_in();
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 3u);
    EXPECT_EQ(cluster.node(2).mesh().members().size(), 2u);  // hearsay makes no member
    cluster.run_for(10s);
    EXPECT_TRUE(fake.is_open());
    expect_unharmed();
}

TEST_F(Hostile, GarbageBeforeHello) {
    fake.dial(cluster.node(1));
    fake.hello.cluster = std::string(100, 'x');
    cluster.run_for(3ms);
    fake.send_raw("GET / HTTP/1.1\r\n\r\n");
    expect_closed();
    EXPECT_GE(
        cluster.node(1).mesh().counters().frames_rejected +
            cluster.node(1).mesh().counters().links_refused +
            cluster.node(1).count<mesh::LinkRefused>(),
        1u);
}

TEST_F(Hostile, MoreThanFourKilobytesBeforeTheHandshake) {
    fake.proves_itself = false;
    fake.dial(cluster.node(1));
    cluster.run_for(10ms);
    fake.send_raw(std::string(5000, 'x'));
    expect_closed();
}

TEST_F(Hostile, SilenceInsteadOfAHandshake) {
    fake.proves_itself = false;
    fake.dial(cluster.node(1));
    cluster.run_for(2s);
    EXPECT_TRUE(fake.is_open());
    expect_closed(5s);
}

TEST_F(Hostile, AHandshakeThatNeverEndsIsCutOff) {
    fake.welcomes = false;
    fake.dial(cluster.node(1));
    expect_closed(10s);
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 2u);
}

// Its address is repeated to others and dialled: one that is none must not get that far, whatever
// its length.
TEST_F(Hostile, AnAddressThatIsNoneIsNotBelieved) {
    int count = 0;
    for (const char* const advertise : {"too long", "no port", "h\x1b[31m:1", ":0", ":99999"}) {
        const std::string number = std::to_string(++count);
        FakePeer liar{cluster.stage(), "liar" + number, "10.6.7." + number};
        liar.welcome.advertise = count == 1 ? ":" + std::string(259, '7') : advertise;
        liar.dial(cluster.node(1));
        cluster.wait_for(
            "taken in", [&] { return liar.is_taken_in(); }, 5s);
        cluster.run_for(1s);
        expect_unharmed();
        liar.close();
        cluster.run_for(1s);
    }
}

// After the last epoch there is none to begin: a liar could lock a node out for ever.
TEST_F(Hostile, AnEpochAtTheEndOfTimeIsNotBelieved) {
    take_in();
    const proto::MemberFact lie{
        .node_id = cluster.node(2).mesh().self(),
        .epoch = proto::Epoch{~std::uint64_t{0}},
        .name = "n2"};
    fake.send(proto::Members{{lie}});
    cluster.run_for(1s);
    cluster.node(2).crash();
    cluster.run_for(1s);
    cluster.node(2).start();
    cluster.wait_for(
        "n2 is back",
        [&] { return cluster.node(1).state_of(cluster.node(2)) == proto::MemberState::alive; },
        15s);
    EXPECT_EQ(cluster.node(2).count<mesh::EpochRaised>(), 0u);
}

// Thousands of addresses where nobody is: dialled a bounded number at a time, and forgotten.
TEST_F(Hostile, AFloodOfFalseMembersIsBoundedAndForgotten) {
    take_in();
    for (int frame = 0; frame < 40; ++frame) {
        proto::Members lies;
        for (int number = 0; number < 250; ++number)
            lies.members.push_back(
                {.node_id = proto::NodeId{static_cast<std::uint64_t>(frame * 250 + number + 1)},
                 .epoch = proto::Epoch{1},
                 .name = "x",
                 .addresses = {
                     "10.66." + std::to_string(frame) + "." + std::to_string(number) + ":1"}});
        fake.send(lies);
    }
    cluster.run_for(2s);
    expect_unharmed();
}

TEST_F(Hostile, AWrongProofIsRefused) {
    FakePeer thief{cluster.stage(), "thief", "10.6.6.7", "guess"};
    thief.dial(cluster.node(1));
    cluster.wait_for(
        "refusal", [&] { return thief.was_refused_for(proto::RefuseReason::wrong_secret); }, 5s);
    EXPECT_EQ(thief.count<proto::Auth>(), 0u);  // nothing to try the secret on
    cluster.wait_for(
        "close", [&] { return !thief.is_open(); }, 5s);
    expect_unharmed();
}

TEST_F(Hostile, AnotherProtocolVersionIsRefused) {
    fake.hello.proto_min = proto::mesh_version_max + 1;
    fake.hello.proto_max = proto::mesh_version_max + 2;
    fake.dial(cluster.node(1));
    cluster.wait_for(
        "refusal", [&] { return fake.was_refused_for(proto::RefuseReason::wrong_version); }, 5s);
    expect_closed();
}

TEST_F(Hostile, WhoMeansAnotherNodeIsTold) {
    fake.hello.expected_node_id = proto::NodeId{12345};
    fake.dial(cluster.node(1));
    cluster.wait_for(
        "refusal", [&] { return fake.was_refused_for(proto::RefuseReason::unexpected_node); }, 5s);
    expect_closed();
}

TEST_F(Hostile, DataBeforeTheHandshake) {
    fake.proves_itself = false;
    fake.dial(cluster.node(1));
    cluster.run_for(10ms);
    fake.send(proto::Delta{
        .origin = cluster.node(2).id(),
        .epoch = proto::Epoch{99},
        .from = proto::Version{0},
        .to = proto::Version{1},
        .changes = {proto::Change{.key = 1, .kind = proto::TableKind::users, .count = 1}},
        .hash_after = {}});
    expect_closed();
}

TEST_F(Hostile, GarbageFromAMember) {
    take_in();
    fake.send_raw("\xff\xff\xff\xff\xff\xff");
    expect_closed();
    EXPECT_EQ(cluster.node(1).count<mesh::FrameRejected>(), 1u);
}

TEST_F(Hostile, AFrameThatAnnouncesAGigabyte) {
    take_in();
    fake.send_raw(std::string{"\x0a\xff\xff\xff\xff\x03", 6});
    expect_closed();
}

TEST_F(Hostile, AMessageAboveTheLimit) {
    take_in();
    fake.send_raw(std::string(proto::limits::mesh_message_bytes + 1, 'x'));
    expect_closed();
}

TEST_F(Hostile, ChangesOfAnotherNodesLog) {
    take_in();
    fake.send(proto::Delta{
        .origin = cluster.node(2).id(),
        .epoch = proto::Epoch{99},
        .from = proto::Version{0},
        .to = proto::Version{100},
        .changes = {},
        .hash_after = {}});
    expect_closed();
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 1u);
}

TEST_F(Hostile, ASnapshotOfAnotherNodesLog) {
    take_in();
    fake.send(proto::SnapBegin{
        .origin = cluster.node(2).id(),
        .epoch = proto::Epoch{99},
        .version = proto::Version{1},
        .keys = 0});
    expect_closed();
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 1u);
}

// It lies about a node that never was; the address is tried, nothing else comes of it.
TEST_F(Hostile, HearsayMakesNoMembers) {
    take_in();
    fake.send(proto::Members{
        .members = {proto::MemberFact{
            .node_id = proto::NodeId{777},
            .epoch = proto::Epoch{1},
            .refute = 0,
            .state = proto::MemberState::alive,
            .name = "ghost",
            .addresses = {"10.7.7.7:7000"}}}});
    cluster.run_for(30s);
    EXPECT_EQ(cluster.node(1).mesh().members().size(), 3u);
    expect_unharmed();
}

// It claims that a live node is down or has left; nobody believes hearsay.
TEST_F(Hostile, HearsayKillsNobody) {
    take_in();
    for (const auto state : {proto::MemberState::down, proto::MemberState::left})
        fake.send(proto::Members{
            .members = {proto::MemberFact{
                .node_id = cluster.node(2).id(),
                .epoch = cluster.node(2).mesh().epoch(),
                .refute = 99,
                .state = state,
                .name = "n2",
                .addresses = {}}}});
    fake.send(proto::Leave{.epoch = cluster.node(2).mesh().epoch(), .version = {}});
    cluster.run_for(2s);
    expect_unharmed();
}

// Repeated and absurd catch-up requests cost the asker's link room, not the node.
TEST_F(Hostile, AFloodOfCatchups) {
    take_in();
    for (int count = 0; count < 2000; ++count)
        fake.send(proto::Catchup{
            .origin = cluster.node(1).id(),
            .epoch = cluster.node(1).mesh().epoch(),
            .version = proto::Version{static_cast<std::uint64_t>(count % 3 == 0 ? ~0ull : 0)}});
    cluster.run_for(2s);
    expect_unharmed();
}

// A log that lies about its own hash is thrown away and asked for again, not shown.
TEST_F(Hostile, AChangeWithAFalseHash) {
    take_in();
    cluster.run_for(100ms);
    fake.send(proto::Delta{
        .origin = fake.hello.node_id,
        .epoch = fake.hello.epoch,
        .from = proto::Version{0},
        .to = proto::Version{1},
        .changes = {proto::Change{.key = 4711, .kind = proto::TableKind::users, .count = 1}},
        .hash_after = 1});
    cluster.run_for(1s);
    EXPECT_EQ(cluster.node(1).count<mesh::Diverged>(), 1u);
    EXPECT_EQ(fake.count<proto::Catchup>(), 1u);
    expect_unharmed();
}

// A publication whose body is nonsense is dropped and counted; nobody's connection suffers.
TEST_F(Hostile, AForwardWithABrokenBody) {
    take_in();
    fake.send(proto::Forward{
        .copy = 1,
        .target = proto::Target::user,
        .name = "ann",
        .payload_kind = proto::PayloadKind::json,
        .body = "\xff\xff\xff",
        .known = mesh::newest,
        .message_id = {}});
    cluster.run_for(1s);
    EXPECT_EQ(cluster.node(1).sessions().counters().bodies_rejected, 1u);
    expect_unharmed();
}

// Hundreds of connections that never say a word are cut off one by one, and members are served
// meanwhile.
TEST_F(Hostile, ManySilentConnections) {
    std::vector<std::unique_ptr<FakePeer>> crowd;
    for (int count = 0; count < 300; ++count) {
        crowd.push_back(std::make_unique<FakePeer>(
            cluster.stage(), "crowd" + std::to_string(count), "10.5.0." + std::to_string(count)));
        crowd.back()->proves_itself = false;
        crowd.back()->dial(cluster.node(1));
    }
    cluster.run_for(1s);
    expect_unharmed();
    cluster.run_for(9s);
    for (const auto& one : crowd)
        EXPECT_FALSE(one->is_open());
}

}  // namespace
}  // namespace grapevine::sim
