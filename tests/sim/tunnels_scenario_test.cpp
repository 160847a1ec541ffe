// Two nodes that cannot reach each other, but both reach a third: nobody is lost, and order is
// kept.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"
#include "tests/sim/stream.hpp"

#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

using proto::MemberState;
using proto::Tunnel;
using proto::TunnelStep;

struct Tunnels : testing::Test {
    /// Nothing that n1 says reaches n2, and if `both` the other way round neither.
    void cut(bool both) {
        cluster.network().block(cluster.node(1).host(), cluster.node(2).host());
        if (both) cluster.network().block(cluster.node(2).host(), cluster.node(1).host());
    }
    [[nodiscard]] bool has_tunnel() {
        for (const auto& member : cluster.node(1).mesh().members())
            if (member.node == cluster.node(2).id()) return member.linked && member.is_tunnel;
        return false;
    }
    void wait_for_tunnel() {
        cluster.wait_for(
            "a link through n3", [&] { return has_tunnel(); }, 15s);
    }

    Cluster cluster{{.nodes = 3, .seed = 4}};
};

TEST_F(Tunnels, ACutPairSeesAndReachesEachOthersUsersThroughAThird) {
    cluster.form();
    for (const bool both : {false, true}) {
        Client& ann = cluster.add_client("ann" + std::to_string(both), cluster.node(1));
        Client& bob = cluster.add_client("bob" + std::to_string(both), cluster.node(2));
        ann.subscribe("lobby");
        bob.subscribe("lobby");
        cluster.wait_until_converged(5s);
        cut(both);
        wait_for_tunnel();
        cluster.run_for(1s);
        // Both ways: what changed since, what is said to a channel, and what is sent to a user.
        cluster.add_client("eve" + std::to_string(both), cluster.node(1));
        cluster.add_client("joe" + std::to_string(both), cluster.node(2));
        cluster.run_for(1s);
        const auto where = [&](std::size_t at, const std::string& user) {
            return cluster.node(at).mesh().where_is(user + std::to_string(both)).sessions;
        };
        EXPECT_EQ(where(2, "eve"), 1u);
        EXPECT_EQ(where(1, "joe"), 1u);
        const std::string there = ann.say("lobby");
        const std::string back = bob.say("lobby");
        const std::string sent = ann.send({.to = {"bob" + std::to_string(both)}});
        cluster.run_for(1s);
        EXPECT_EQ(bob.times_heard(there), 1u);
        EXPECT_EQ(ann.times_heard(back), 1u);
        EXPECT_EQ(bob.times_heard(sent), 1u);
        EXPECT_TRUE(ann.receipt_of(sent, "bob" + std::to_string(both))->was_accepted());
        EXPECT_EQ(cluster.node(1).count<mesh::MemberDown>(), 0u);
        EXPECT_EQ(cluster.node(2).count<mesh::MemberDown>(), 0u);
        EXPECT_GT(cluster.node(3).mesh().counters().tunnel_frames_carried, 0u);
        cluster.heal();
        cluster.wait_for(
            "a link of their own", [&] { return !has_tunnel(); }, 15s);
        cluster.expect_all_is_well(20s);
    }
}

// Links of all kinds follow each other under a stream of messages: the checkers see every reorder.
TEST_F(Tunnels, OrderIsKeptWhileALinkGoesAndComes) {
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    Stream stream{ann, "bob"};
    for (int round = 0; round < 4; ++round) {
        cut(round % 2 == 0);
        for (int word = 0; word < 3000; ++word) {
            stream.say();
            cluster.run_for(4ms);
        }
        EXPECT_TRUE(has_tunnel());
        cluster.heal();
        for (int word = 0; word < 3000; ++word) {
            stream.say();
            cluster.run_for(4ms);
        }
        EXPECT_FALSE(has_tunnel());
    }
    EXPECT_GT(stream.count(Fate::written) + stream.count(Fate::acked), stream.asked() * 2 / 3);
    cluster.expect_all_is_well();
}

// What a tunnel brings at once is read message by message. The first heartbeat of a new life came
// with its greeting, was compared with the replica of the last one, and blamed for it.
TEST(TunnelsInSlowTurns, ANewLifeThatIsMetThroughAThirdIsNotTakenForTheLast) {
    Cluster cluster{{.nodes = 3, .seed = 1, .turn_delay_most = 400ms}};
    cluster.form();
    cluster.network().block(cluster.node(1).host(), cluster.node(2).host());
    cluster.network().block(cluster.node(2).host(), cluster.node(1).host());
    for (int life = 0; life < 12; ++life) {
        for (int user = life; user < 14; ++user)
            cluster.add_client("bob" + std::to_string(user), cluster.node(2));
        cluster.run_for(12s);
        cluster.node(2).crash();
        cluster.node(2).start();
    }
    EXPECT_GT(cluster.node(3).mesh().counters().tunnel_frames_carried, 100u);
    EXPECT_EQ(cluster.node(1).count<mesh::Diverged>(), 0u);
    cluster.heal();
    cluster.expect_all_is_well(30s);
}

// The third node goes, or its link to one of them: another one carries on.
TEST_F(Tunnels, WhenTheThirdGoesAFourthCarriesOn) {
    cluster.add_node();
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    cut(true);
    wait_for_tunnel();
    for (const std::size_t gone : {3u, 4u}) {
        cluster.node(gone).crash();
        cluster.run_for(20s);
        EXPECT_TRUE(has_tunnel()) << gone;
        const std::string sent = ann.send({.to = {"bob"}});
        cluster.run_for(1s);
        EXPECT_TRUE(ann.receipt_of(sent, "bob")->was_accepted());
        cluster.node(gone).start();
        cluster.run_for(10s);
    }
    cluster.heal();
    cluster.expect_all_is_well(20s);
}

// They never met before: each learns of the other from the third.
TEST_F(Tunnels, ThoseWhoNeverMetDirectlyMeetThroughAThird) {
    WorldOptions options{.nodes = 3, .seed = 6, .seeds = {"10.0.0.3:7000"}};
    Cluster apart{options};
    apart.network().block(apart.node(1).host(), apart.node(2).host());
    apart.network().block(apart.node(2).host(), apart.node(1).host());
    apart.start_all();
    apart.run_for(1s);
    apart.add_client("ann", apart.node(1));
    apart.add_client("bob", apart.node(2));
    apart.run_for(15s);
    EXPECT_EQ(apart.node(1).state_of(apart.node(2)), MemberState::alive);
    EXPECT_EQ(apart.node(1).mesh().where_is("bob").sessions, 1u);
    EXPECT_EQ(apart.node(2).mesh().where_is("ann").sessions, 1u);
    apart.heal();
    apart.expect_all_is_well(20s);
}

// A node that is dead to both is dead, whoever could have carried.
TEST_F(Tunnels, ADeadNodeStaysDead) {
    cluster.form();
    cut(true);
    wait_for_tunnel();
    cluster.node(2).crash();
    cluster.wait_for(
        "down",
        [&] { return cluster.node(1).state_of(cluster.node(2)) == MemberState::down; },
        15s);
    cluster.heal();
}

/// A peer of n1 that says about tunnels what it likes.
struct HostileTunnels : testing::Test {
    HostileTunnels() {
        cluster.form();
        fake.dial(cluster.node(1));
        cluster.wait_for(
            "taken in", [&] { return fake.is_taken_in(); }, 5s);
    }
    Tunnel frame(proto::NodeId to, TunnelStep step, std::uint64_t id, std::string_view data = {}) {
        return {
            .from = fake.hello.node_id,
            .to = to,
            .opener = fake.hello.node_id,
            .id = id,
            .step = step,
            .bytes = 0,
            .data = data};
    }

    Cluster cluster{{.nodes = 3, .seed = 1}};
    FakePeer fake{cluster.stage(), "fake", "10.6.6.6"};
};

TEST_F(HostileTunnels, NonsenseIsAnsweredOrIgnoredAndHurtsNobody) {
    const proto::NodeId n1 = cluster.node(1).id();
    const proto::NodeId n2 = cluster.node(2).id();
    for (std::uint64_t id = 0; id < 200; ++id) {
        fake.send(frame(proto::NodeId{id}, TunnelStep::open, id));  // to nobody
        fake.send(frame(fake.hello.node_id, TunnelStep::open, id));  // to itself
        fake.send(frame(n1, TunnelStep::data, id, "of no tunnel"));
        fake.send(frame(n1, TunnelStep::drained, id));
        fake.send(frame(n1, TunnelStep::close, id));
        fake.send(frame(n2, TunnelStep::data, id, "of no tunnel"));
    }
    cluster.run_for(1s);
    EXPECT_TRUE(fake.is_open());
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->count<mesh::MemberSuspected>(), 0u);
}

TEST_F(HostileTunnels, OpenedByTheThousandTheyAreBoundedAndTimeOut) {
    for (std::uint64_t id = 1; id <= 5000; ++id) {
        fake.send(frame(cluster.node(1).id(), TunnelStep::open, id));
        if (id % 100 == 0) cluster.run_for(1ms);
    }
    cluster.run_for(100ms);
    EXPECT_LE(cluster.node(1).mesh().complete_links().size(), 4u);
    EXPECT_LE(cluster.node(1).mesh().tunnel_count(), 1024u);
    cluster.run_for(10s);
    EXPECT_EQ(cluster.node(1).mesh().tunnel_count(), 0u) << "nobody said Hello in time";
    EXPECT_EQ(cluster.node(1).state_of(cluster.node(2)), MemberState::alive);
}

TEST_F(HostileTunnels, WhoSpeaksForAnotherNodeIsCutOff) {
    Tunnel forged = frame(cluster.node(2).id(), TunnelStep::open, 1);
    forged.from = forged.opener = cluster.node(3).id();
    fake.send(forged);
    cluster.run_for(1s);
    EXPECT_FALSE(fake.is_open());
}

}  // namespace
}  // namespace grapevine::sim
