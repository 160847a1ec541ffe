// Who lives? Told soon about the dead, never wrongly about the living, however slow, sick or
// malicious an observer is.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

using proto::MemberState;

/// Whether every running node but the subject gives it this state.
bool all_say(Cluster& cluster, std::size_t subject, MemberState state) {
    for (const auto& node : cluster.nodes())
        if (node.get() != &cluster.node(subject) && node->is_running() && !node->is_paused() &&
            node->state_of(cluster.node(subject)) != state)
            return false;
    return true;
}

/// From what happens to the last node until all others call it down.
Duration time_to_down(std::size_t nodes, std::uint64_t seed, void (Node::*fate)()) {
    Cluster cluster{{.nodes = nodes, .seed = seed}};
    cluster.form();
    cluster.run_for(Duration{seed * 137ms});
    (cluster.node(nodes).*fate)();
    const Duration took = cluster.time_until(
        "down everywhere", [&] { return all_say(cluster, nodes, MemberState::down); }, 20s);
    for (const auto& node : cluster.nodes())
        EXPECT_LE(node->count<mesh::MemberDown>(), 1u) << "somebody healthy";
    return took;
}

TEST(Detection, ASilentHostIsDownWithinFiveAndAHalfSecondsWhereverOthersAgree) {
    for (const std::size_t nodes : {3u, 4u, 5u, 8u, 16u})
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            const Duration took = time_to_down(nodes, seed, &Node::lose_host);
            EXPECT_GE(took, Duration{4s}) << nodes;
            EXPECT_LE(took, Duration{5500ms}) << nodes << " nodes, seed " << seed;
        }
}

TEST(Detection, OfTwoNodesTheOtherIsDownWithinSevenSecondsOfSilence) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        EXPECT_LE(time_to_down(2, seed, &Node::lose_host), Duration{7s}) << seed;
}

TEST(Detection, AKilledProcessIsDownWithinASecondInAMeshOfAnySize) {
    for (const std::size_t nodes : {2u, 3u, 5u, 16u})
        for (std::uint64_t seed = 1; seed <= 5; ++seed)
            EXPECT_LE(time_to_down(nodes, seed, &Node::crash), Duration{1s}) << nodes;
}

// The scenario of Lifeguard: some nodes stop again and again, for half a second to six. What they
// believe when they wake must not hurt the healthy ones.
TEST(Detection, NodesThatStopAgainAndAgainMakeNobodyHealthyDown) {
    constexpr std::size_t count = 16;
    for (const std::size_t sick : {1u, 4u}) {
        Cluster cluster{{.nodes = count, .seed = sick}};
        cluster.form();
        mesh::Rng rng{sick};
        std::vector<Duration> next(sick);
        std::vector<Duration> until(sick, Duration{-1});
        std::size_t fixed_timeout_would_say = 0;
        for (Duration passed{}; passed < 60s; passed += 100ms) {
            for (std::size_t at = 0; at < sick; ++at) {
                Node& node = cluster.node(1 + at);
                if (!node.is_paused() && passed >= next[at]) {
                    const Duration span{
                        static_cast<Duration::rep>(rng.between(500'000, 6'000'000))};
                    // With a timeout of five seconds, looked at before what waits in the sockets:
                    fixed_timeout_would_say += span > 5s ? count - 1 : 0;
                    until[at] = passed + span;
                    node.pause();
                } else if (node.is_paused() && passed >= until[at]) {
                    next[at] = passed + Duration{static_cast<Duration::rep>(rng.below(4'000'000))};
                    node.resume();
                }
            }
            cluster.run_for(100ms);
        }
        std::size_t wrong = 0;
        for (const auto& node : cluster.nodes())
            for (const mesh::Event& event : node->events())
                if (const auto* const down = std::get_if<mesh::MemberDown>(&event))
                    wrong += std::stoul(down->name.substr(1)) > sick ? 1 : 0;
        EXPECT_EQ(wrong, 0u) << cluster.report();
        EXPECT_GT(fixed_timeout_would_say, 10u) << "the scenario must be able to fool somebody";
        cluster.heal();
        cluster.expect_all_is_well();
    }
}

// A link that delivers late, but within the suspicion time, is nobody's business.
TEST(Detection, DelaysShorterThanTheSuspicionTimeSuspectNobody) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Cluster cluster{{.nodes = 5, .seed = seed}};
        cluster.form();
        for (int round = 0; round < 8; ++round) {
            for (const ConnectionId id : cluster.links(cluster.node(1), cluster.node(2)))
                cluster.network().stall(id, Side::dialer, 1900ms);
            cluster.run_for(2500ms);
        }
        for (const auto& node : cluster.nodes())
            EXPECT_EQ(node->count<mesh::MemberSuspected>(), 0u) << cluster.report();
    }
}

/// On networks on which a handshake takes longer than the others need to say that they hear
/// somebody.
WorldOptions far_apart(std::size_t nodes, std::uint64_t seed) {
    WorldOptions options{.nodes = nodes, .seed = seed};
    options.network.path.latency.most = Duration{seed * 20ms};
    return options;
}

/// The link of the first two nodes takes what one of them sends and loses it. Nobody is told.
ConnectionId make_half_open(Cluster& cluster, std::uint64_t seed) {
    const ConnectionId link = cluster.links(cluster.node(1), cluster.node(2)).front();
    cluster.network().blackhole(link, seed % 2 == 0 ? Side::dialer : Side::acceptor, std::nullopt);
    return link;
}

// All others reach the silent one, and say so every second. That is one reason to doubt oneself,
// not three a second: who waits nine times as long keeps the dead link for half a minute.
TEST(Detection, AHalfOpenLinkIsReplacedWithinSevenSecondsHoweverManyReachTheOther) {
    for (const std::size_t nodes : {2u, 3u, 4u, 5u, 8u, 16u})
        for (std::uint64_t seed = 1; seed <= 6; ++seed) {
            Cluster cluster{far_apart(nodes, seed)};
            cluster.form();
            cluster.run_for(Duration{seed * 137ms});
            const ConnectionId dead = make_half_open(cluster, seed);
            const Duration took = cluster.time_until(
                "another link",
                [&] {
                    const auto links = cluster.links(cluster.node(1), cluster.node(2));
                    return std::find(links.begin(), links.end(), dead) == links.end() &&
                           cluster.is_converged();
                },
                40s);
            EXPECT_LE(took, Duration{7s}) << nodes << " nodes, seed " << seed;
            for (const auto& node : cluster.nodes())
                EXPECT_EQ(node->count<mesh::MemberDown>(), 0u) << cluster.report();
            cluster.expect_all_is_well();
        }
}

// Nor does it say anything of other links: who dies meanwhile is missed almost as soon as ever.
TEST(Detection, AHalfOpenLinkHidesNobodysDeath) {
    for (const std::size_t nodes : {5u, 8u, 16u})
        for (std::uint64_t seed = 1; seed <= 6; ++seed) {
            Cluster cluster{far_apart(nodes, seed)};
            cluster.form();
            make_half_open(cluster, seed);
            cluster.run_for(2s);
            cluster.node(nodes).lose_host();
            const Duration took = cluster.time_until(
                "down everywhere", [&] { return all_say(cluster, nodes, MemberState::down); }, 40s);
            EXPECT_LE(took, Duration{7s}) << nodes << " nodes, seed " << seed;
        }
}

/// A mesh of four, and a peer of all of them that says what a test wants.
struct Accusations : testing::Test {
    Accusations() {
        cluster.form();
        for (std::size_t at = 0; at < 4; ++at) {
            liars.push_back(std::make_unique<FakePeer>(
                cluster.stage(), "liar" + std::to_string(at), "10.6.6." + std::to_string(1 + at)));
            liars.back()->dial(cluster.node(1 + at));
        }
        cluster.wait_for(
            "taken in",
            [&] {
                return std::all_of(liars.begin(), liars.end(), [](const auto& liar) {
                    return liar->is_taken_in();
                });
            },
            5s);
    }
    proto::Suspect accusation(std::size_t accused, std::uint32_t refute) {
        return {cluster.node(accused).id(), cluster.node(accused).mesh().epoch(), refute};
    }

    Cluster cluster{{.nodes = 4, .seed = 1}};
    std::vector<std::unique_ptr<FakePeer>> liars;
};

// consul #5567, foca #25: accusation and refutation storms.
TEST_F(Accusations, APeerThatAccusesEverybodyHarmsNobodyAndIsAnsweredSeldom) {
    for (std::uint32_t round = 0; round < 1000; ++round) {
        for (std::size_t accused = 1; accused <= 4; ++accused)
            for (const auto& liar : liars)
                liar->send(accusation(accused, round / 100));
        cluster.run_for(10ms);
    }
    for (std::size_t at = 1; at <= 4; ++at) {
        const Node& node = cluster.node(at);
        for (std::size_t other = 1; other <= 4; ++other)
            if (other != at) {
                EXPECT_EQ(node.state_of(cluster.node(other)), MemberState::alive);
            }
        // Ten seconds: at most one contradiction a second, and each costs what its links cost.
        EXPECT_LE(node.mesh().counters().refutations, 12u);
        EXPECT_GE(node.mesh().counters().refutations, 5u);
        EXPECT_LE(liars[at - 1]->count<proto::Refute>(), 4u * 12 + 12);
        EXPECT_LE(liars[at - 1]->count<proto::Suspect>(), 12u);
    }
}

TEST_F(Accusations, ClaimsAboutOtherLivesUnknownNodesAndTooManyContradictionsAreIgnored) {
    const proto::NodeId victim = cluster.node(2).id();
    const proto::Epoch epoch = cluster.node(2).mesh().epoch();
    for (const proto::Suspect& claim : std::vector<proto::Suspect>{
             {victim, proto::Epoch{1}, 0},
             {victim, proto::Epoch{UINT64_MAX}, 0},
             {victim, epoch, UINT32_MAX},
             {proto::NodeId{4711}, epoch, 0},
             {{}, {}, 0}})
        for (const auto& liar : liars)
            liar->send(claim);
    for (const auto& liar : liars)
        liar->send(proto::Refute{victim, epoch, UINT32_MAX});
    cluster.run_for(1s);
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->mesh().counters().refutations, 0u);
    // And a true accusation still has its effect: the victim says that it lives.
    liars[0]->send(accusation(2, 0));
    cluster.run_for(1s);
    EXPECT_EQ(cluster.node(2).mesh().counters().refutations, 1u);
}

// A thousand requests to probe others, for nodes that are there, that are not, and for itself.
TEST_F(Accusations, AFloodOfProbeRequestsIsBounded) {
    for (std::uint64_t round = 0; round < 1000; ++round)
        for (const proto::NodeId target :
             {cluster.node(2).id(), proto::NodeId{round}, liars[0]->hello.node_id})
            liars[0]->send(proto::PingReq{target, round + 1});
    cluster.run_for(5s);
    EXPECT_EQ(liars[0]->count<proto::PingNack>(), 2000u) << "nobody there, or only itself";
    EXPECT_EQ(liars[0]->count<proto::Echo>(), 64u) << "more at a time are not carried";
    liars[0]->send(proto::PingReq{cluster.node(2).id(), 7});
    cluster.run_for(1s);
    EXPECT_EQ(liars[0]->count<proto::Echo>(), 65u);
    EXPECT_EQ(cluster.node(1).count<mesh::MemberSuspected>(), 0u);
}

}  // namespace
}  // namespace grapevine::sim
