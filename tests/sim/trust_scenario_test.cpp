// Who is let in, what is said to who is not, and how the secret is changed: clusters never merge,
// and never split for good.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"

#include <algorithm>

namespace grapevine::sim {
namespace {

using proto::RefuseReason;

std::size_t refusals_of(const Node& node, RefuseReason reason) {
    std::size_t counted = 0;
    for (const mesh::Event& event : node.events())
        if (const auto* refused = std::get_if<mesh::LinkRefused>(&event))
            counted += refused->reason == reason ? 1 : 0;
    return counted;
}

/// A cluster with somebody and something to tell of, and its most curious peer.
struct Trust : testing::Test {
    void SetUp() override {
        cluster.form();
        ann.connect(cluster.node(1));
        bob.connect(cluster.node(2));
        bob.subscribe("lobby");
        cluster.wait_until_converged(5s);
    }
    void expect_unharmed() {
        const std::string hello = ann.say("lobby");
        cluster.run_for(1s);
        EXPECT_EQ(bob.times_heard(hello), 1u);
        EXPECT_EQ(cluster.node(1).state_of(cluster.node(2)), proto::MemberState::alive);
    }
    /// Everything it can get out of a node without proving that it knows the secret.
    void expect_told_nothing(FakePeer& stranger) {
        for (int dial = 0; dial < 3; ++dial) {
            stranger.dial(cluster.node(1));
            cluster.run_for(4s);
        }
        EXPECT_FALSE(stranger.heard().empty());
        for (const proto::MeshFrame& frame : stranger.heard())
            EXPECT_TRUE(
                std::holds_alternative<proto::HelloAck>(frame) ||
                std::holds_alternative<proto::Refuse>(frame))
                << frame.index();
        EXPECT_EQ(cluster.node(1).mesh().members().size(), 2u);
        expect_unharmed();
    }

    Cluster cluster{{.nodes = 2, .seed = 1}};
    Client& ann = cluster.add_client({.user = "ann"});
    Client& bob = cluster.add_client({.user = "bob"});
};

TEST_F(Trust, WithoutTheSecretNothingIsTold) {
    FakePeer thief{cluster.stage(), "thief", "10.6.6.7", "guess"};
    expect_told_nothing(thief);
    EXPECT_TRUE(thief.was_refused_for(RefuseReason::wrong_secret));
}

TEST_F(Trust, WhoProvesNothingIsToldNothing) {
    FakePeer silent{cluster.stage(), "silent", "10.6.6.7"};
    silent.proves_itself = false;
    expect_told_nothing(silent);
}

// It even knows the secret: two clusters may share one by mistake.
TEST_F(Trust, AnotherClusterIsToldNothing) {
    FakePeer other{cluster.stage(), "other", "10.6.6.7"};
    other.hello.cluster = "another";
    expect_told_nothing(other);
    EXPECT_TRUE(other.was_refused_for(RefuseReason::wrong_cluster));
    EXPECT_EQ(other.count<proto::HelloAck>(), 0u);
}

TEST_F(Trust, ClaimsAboutVersionsAreTakenForWhatTheyAre) {
    struct Claim {
        std::uint32_t least, most;
        std::optional<RefuseReason> refused;
    };
    int count = 0;
    for (const Claim& claim :
         {Claim{0, 0xffffffff, {}},
          Claim{1, 0xffffffff, {}},
          Claim{1, 1, {}},
          Claim{3, 9, RefuseReason::wrong_version},
          Claim{0, 0, RefuseReason::wrong_version},
          Claim{0xffffffff, 0xffffffff, RefuseReason::wrong_version},
          Claim{2, 1, RefuseReason::protocol_error},
          Claim{0xffffffff, 0, RefuseReason::protocol_error}}) {
        const std::string number = std::to_string(++count);
        FakePeer claimant{cluster.stage(), "claimant" + number, "10.6.7." + number};
        claimant.hello.proto_min = claim.least;
        claimant.hello.proto_max = claim.most;
        claimant.dial(cluster.node(1));
        cluster.run_for(2s);
        EXPECT_EQ(claimant.is_taken_in(), !claim.refused) << claim.least << " " << claim.most;
        EXPECT_TRUE(!claim.refused || claimant.was_refused_for(*claim.refused)) << number;
        for (const mesh::MemberView& view : cluster.node(1).mesh().members())
            EXPECT_TRUE(
                view.name != claimant.hello.name ||
                view.protocol == std::min(claim.most, proto::mesh_version_max));
        claimant.close();
        expect_unharmed();
    }
}

// A name of 4 KiB, in a message of more than that and in one that may just be sent.
TEST_F(Trust, NamesOfFourKilobytesAreNoNames) {
    for (const std::size_t size : {std::size_t{4050}, std::size_t{5000}}) {
        FakePeer boaster{cluster.stage(), "boaster" + std::to_string(size), "10.6.6.7"};
        boaster.greets = false;
        boaster.dial(cluster.node(1));
        cluster.run_for(100ms);
        ASSERT_TRUE(boaster.is_open());
        const auto with_length = [](char tag, const std::string& body) {
            return std::string{tag} + static_cast<char>((body.size() & 0x7f) | 0x80) +
                   static_cast<char>(body.size() >> 7) + body;
        };
        const std::string hello = with_length('\x3a', std::string(size, 'x'));
        boaster.send_raw(with_length('\x0a', with_length('\x0a', hello)));
        cluster.wait_for(
            "the link closed", [&] { return !boaster.is_open(); }, 1s);
        EXPECT_TRUE(boaster.heard().empty());
        expect_unharmed();
    }
    EXPECT_EQ(cluster.node(1).count<mesh::FrameRejected>(), 1u) << "the larger is not even read";
}

// A misconfigured node dials for ever. It is one line that counts, and costs nobody anything.
TEST_F(Trust, AThousandRefusalsAreOneThatCounts) {
    FakePeer thief{cluster.stage(), "thief", "10.6.6.7", "guess"};
    for (int dial = 0; dial < 1000; ++dial) {
        thief.dial(cluster.node(1));
        const auto refused = static_cast<std::size_t>(dial) + 1;
        cluster.wait_for(
            "refused", [&] { return thief.count<proto::Refuse>() == refused; }, 5s);
    }
    const std::vector<mesh::RefusedLink>& refusals = cluster.node(1).mesh().refusals();
    ASSERT_EQ(refusals.size(), 1u);
    EXPECT_EQ(refusals[0].times, 1000u);
    EXPECT_EQ(refusals[0].name, "thief");
    EXPECT_EQ(refusals[0].address, "10.6.6.7");
    EXPECT_FALSE(refusals[0].by_peer);
    EXPECT_EQ(refusals[0].reason, RefuseReason::wrong_secret);
    EXPECT_NE(refusals[0].text.find("--secret-file"), std::string::npos);
    const mesh::MeshCounters& counters = cluster.node(1).mesh().counters();
    EXPECT_EQ(
        counters.refused_by_us.at(static_cast<std::size_t>(RefuseReason::wrong_secret)), 1000u);
    expect_unharmed();
}

// Both sides of a refusal are shown on both ends, with the same words.
TEST(TrustBetween, BothEndsShowARefusal) {
    Cluster cluster{{.nodes = 2, .seed = 3}};
    cluster.node(2).options().mesh.secret = "guess";
    cluster.start_all();
    cluster.run_for(20s);
    const auto wrong_secret = [&](std::size_t node, bool by_peer) {
        const auto& all = cluster.node(node).mesh().refusals();
        return std::find_if(all.begin(), all.end(), [&](const mesh::RefusedLink& refused) {
            return refused.reason == RefuseReason::wrong_secret && refused.by_peer == by_peer;
        });
    };
    const auto ours = wrong_secret(1, false);
    const auto theirs = wrong_secret(2, true);
    ASSERT_NE(ours, cluster.node(1).mesh().refusals().end());
    ASSERT_NE(theirs, cluster.node(2).mesh().refusals().end());
    EXPECT_EQ(ours->name, "n2");
    EXPECT_EQ(theirs->name, "n1");
    EXPECT_EQ(ours->address, "10.0.0.2");
    EXPECT_EQ(theirs->address, "10.0.0.1:7000");
    EXPECT_EQ(ours->text, theirs->text);
    EXPECT_EQ(ours->text.find("guess"), std::string::npos);
    EXPECT_EQ(ours->text.find("sesame"), std::string::npos);
}

// The secret is changed while the cluster runs: three rounds of restarts, and at no time is anybody
// refused or left out.
TEST(TrustBetween, ANewSecretRollsThroughTheCluster) {
    struct Knows {
        std::string shown;
        std::vector<std::string> also;
    };
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        mesh::MeshConfig config = default_mesh_config();
        const std::string old = config.secret;
        const std::string fresh = "new sesame";
        config.also_accepted = {fresh};  // whoever shows one of these belongs to the cluster
        Cluster cluster{{.nodes = 4, .seed = seed, .mesh = config}};
        for (const auto& node : cluster.nodes()) {
            node->options().mesh.also_accepted.clear();
            cluster.add_client("user-of-" + node->name(), *node).subscribe("lobby");
        }
        cluster.form();
        for (const Knows& step : {Knows{old, {fresh}}, Knows{fresh, {old}}, Knows{fresh, {}}})
            for (const auto& node : cluster.nodes()) {
                if (seed % 2 == 0) {
                    node->leave();
                    cluster.wait_for(
                        "it left", [&] { return !node->is_running(); }, 10s);
                } else {
                    node->crash();
                }
                node->options().mesh.secret = step.shown;
                node->options().mesh.also_accepted = step.also;
                node->start();
                cluster.expect_all_is_well();
                for (const auto& each : cluster.nodes())
                    EXPECT_EQ(refusals_of(*each, RefuseReason::wrong_secret), 0u) << each->name();
            }
        // Who knows only the old one is outside now.
        FakePeer late{cluster.stage(), "late", "10.6.6.6", old};
        late.dial(cluster.node(1));
        cluster.run_for(1s);
        EXPECT_TRUE(late.was_refused_for(RefuseReason::wrong_secret));
    }
}

// Another node of the same cluster took over a member's address: whoever dials that member there is
// told, and forgets the address for it; the newcomer is a member of its own.
TEST(TrustBetween, AnAddressTakenOverByAnotherNodeLeadsToThatNode) {
    Cluster cluster{{.nodes = 3, .seed = 4}};
    cluster.form();
    cluster.node(3).crash();
    cluster.node(3).options().mesh.name = "n9";
    cluster.node(3).start();
    cluster.run_for(30s);
    for (const std::size_t number : {1u, 2u}) {
        const Node& node = cluster.node(number);
        EXPECT_EQ(node.state_of(cluster.node(3)), proto::MemberState::alive);
        for (const mesh::MemberView& member : node.mesh().members())
            EXPECT_TRUE(member.name != "n3" || member.state == proto::MemberState::down);
    }
    const std::size_t refused = refusals_of(cluster.node(1), RefuseReason::unexpected_node) +
                                refusals_of(cluster.node(2), RefuseReason::unexpected_node);
    cluster.run_for(60s);
    EXPECT_EQ(
        refusals_of(cluster.node(1), RefuseReason::unexpected_node) +
            refusals_of(cluster.node(2), RefuseReason::unexpected_node),
        refused)
        << "the address is not dialled for the former node again";
    cluster.expect_all_is_well();
}

// grafana mimir #6187: a whole other cluster, of the same names and with another secret, gets the
// addresses of this one's dead members. Nothing of one is ever known in the other.
TEST(TrustBetween, TwoClustersThatSwapAddressesStayTwo) {
    Cluster cluster{{.nodes = 4, .seed = 5}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    for (const std::size_t number : {3u, 4u}) {
        cluster.node(number).crash();
        cluster.node(number).options().mesh.secret = "of the other cluster";
        cluster.node(number).options().mesh.seeds = {"10.0.0.3:7000"};
    }
    cluster.run_for(10s);
    cluster.node(3).start();
    cluster.node(4).start();
    Client& eve = cluster.add_client("eve", cluster.node(3));
    cluster.run_for(60s);
    EXPECT_TRUE(eve.is_connected());
    EXPECT_EQ(cluster.node(3).mesh().members().size(), 2u);
    EXPECT_EQ(cluster.node(4).state_of(cluster.node(3)), proto::MemberState::alive);
    for (const std::size_t number : {1u, 2u}) {
        EXPECT_EQ(cluster.node(number).state_of(cluster.node(3)), proto::MemberState::down);
        EXPECT_TRUE(cluster.node(number).mesh().where_is("eve").nodes.empty());
        EXPECT_GE(refusals_of(cluster.node(number), RefuseReason::wrong_secret), 1u);
    }
    const std::string hello = ann.say("#bob");
    cluster.run_for(1s);
    EXPECT_EQ(bob.times_heard(hello), 1u);
}

}  // namespace
}  // namespace grapevine::sim
