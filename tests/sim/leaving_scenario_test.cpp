// Nodes that leave while their users are still shown for a while, as deploys want it.
#include "tests/sim/cluster.hpp"

namespace grapevine::sim {
namespace {

WorldOptions lingering(Duration linger) {
    WorldOptions options{.nodes = 3, .seed = 1};
    options.mesh.leave_linger = linger;
    return options;
}

/// n3 leaves; its user connects to n2 two seconds later. Whether n1 ever showed him nowhere.
bool was_hidden_while_moving(Duration linger) {
    Cluster cluster{lingering(linger)};
    cluster.form();
    Client& bob = cluster.add_client("bob", cluster.node(3));
    cluster.wait_until_converged(5s);
    bool was_hidden = false;
    const auto watch_for = [&](Duration span) {
        for (const Instant end = cluster.time() + span; cluster.time() < end;) {
            cluster.run_for(5ms);
            was_hidden = was_hidden || cluster.node(1).mesh().where_is("bob").nodes.empty();
        }
    };
    cluster.node(3).leave();
    watch_for(2s);
    bob.connect(cluster.node(2));
    watch_for(8s);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 1u);
    EXPECT_EQ(cluster.node(1).count<mesh::MemberLeft>(), 1u);
    EXPECT_EQ(cluster.node(1).count<mesh::MemberSuspected>(), 0u);
    cluster.node(3).start();
    cluster.expect_all_is_well();
    return was_hidden;
}

// fleetyards: a deploy made everybody go offline and come back. With a linger, nobody is seen to.
TEST(Leaving, UsersAreShownWhileTheyMoveOn) {
    EXPECT_FALSE(was_hidden_while_moving(5s));
    EXPECT_TRUE(was_hidden_while_moving(0s));
}

// A handshake that was under way when its node began to leave ended in a link on which nobody was
// told so: the peer showed the node, and then took it for dead.
TEST(Leaving, WhoIsMetMeanwhileIsToldToo) {
    std::size_t told_only = 0;
    for (Duration when = 25ms; when < 1500ms; when += 25ms) {
        WorldOptions options{.nodes = 3, .seed = 1};
        options.network.path.latency = {.least = 100ms, .most = 100ms};
        Cluster cluster{options};
        cluster.start_all();
        cluster.run_for(when);
        const proto::NodeId gone = cluster.node(1).id();
        cluster.node(1).leave();
        cluster.run_for(1800ms);
        const auto& met = cluster.node(2);
        for (const auto& member : met.mesh().members())
            if (member.node == gone) EXPECT_EQ(member.state, proto::MemberState::left);
        cluster.run_for(5s);
        EXPECT_EQ(met.count<mesh::MemberSuspected>(), 0u) << when.count();
        told_only += met.count<mesh::MemberLeft>();
    }
    EXPECT_GT(told_only, 0u);
}

// Those who do not come back are hidden when the linger is over, and not a moment later.
TEST(Leaving, WhoDoesNotMoveOnIsHiddenWhenItIsOver) {
    Cluster cluster{lingering(5s)};
    cluster.form();
    cluster.add_client("bob", cluster.node(3));
    cluster.wait_until_converged(5s);
    cluster.node(3).leave();
    cluster.run_for(4900ms);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 1u);
    cluster.run_for(300ms);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 0u);
    EXPECT_EQ(cluster.node(2).mesh().where_is("bob").sessions, 0u);
}

// The node is back before the linger is over: what its former life had is over at once.
TEST(Leaving, TheNextLifeEndsTheLingerOfTheFormerOne) {
    Cluster cluster{lingering(60s)};
    cluster.form();
    cluster.add_client("bob", cluster.node(3));
    cluster.wait_until_converged(5s);
    cluster.node(3).leave();
    cluster.run_for(1s);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 1u);
    cluster.node(3).start();
    cluster.run_for(5s);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 0u);
    cluster.add_client("joe", cluster.node(3));
    cluster.expect_all_is_well();
}

// Who is only shown is nowhere: what is said to him waits for him as it does for everybody who
// changes nodes, and no longer.
TEST(Leaving, MessagesWaitForWhoIsOnlyShown) {
    Cluster cluster{lingering(30s)};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(3));
    cluster.wait_until_converged(5s);
    cluster.node(3).leave();
    cluster.run_for(500ms);
    const std::string early = ann.send({.to = {"bob"}});
    cluster.run_for(3s);
    const std::string late = ann.send({.to = {"bob"}});
    cluster.run_for(1s);
    bob.connect(cluster.node(2));
    cluster.run_for(1s);
    ASSERT_TRUE(ann.receipt_of(early, "bob"));
    EXPECT_EQ(ann.receipt_of(early, "bob")->fate, Fate::not_connected);
    EXPECT_EQ(bob.times_heard(late), 1u);
    ASSERT_TRUE(ann.receipt_of(late, "bob"));
    EXPECT_TRUE(ann.receipt_of(late, "bob")->was_accepted());
}

}  // namespace
}  // namespace grapevine::sim
