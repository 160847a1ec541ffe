// What World::expect_convergence demands: that tables come to equal the truth and stay so as long
// as the truth stays, and that they follow when it changes; and World::expect_wholeness, of nodes
// alone.
#include "tests/sim/world.hpp"

#include <gtest/gtest.h>

namespace grapevine::sim {
namespace {

/// Three nodes that tell changes late, so that tables are behind whenever anybody moves.
struct Convergence : testing::Test {
    static WorldOptions slow_to_tell() {
        WorldOptions options{.nodes = 3, .seed = 1};
        options.mesh.flush_min = options.mesh.flush_max = 400ms;
        return options;
    }
    Convergence() {
        world.start_all();
        world.add_client("ann", world.node(1));
        bob = &world.add_client("bob", world.node(2));
        EXPECT_TRUE(world.run_until([this] { return world.is_converged(); }, 20s));
    }
    void cut_off_the_second() {
        world.partition({&world.node(2)}, {&world.node(1), &world.node(3)});
    }

    World world{slow_to_tell()};
    Client* bob = nullptr;
};

// A client whose connection ended comes back when it likes, also while somebody looks.
TEST_F(Convergence, WhoComesOrGoesMeanwhileIsWaitedFor) {
    world.stage().clock.in(1010ms, [this] { world.add_client("eve", world.node(3)); });
    world.stage().clock.in(4s, [this] { bob->disconnect(); });
    world.stage().clock.in(6s, [this] { bob->move_to(world.node(1)); });
    const Instant start = world.time();
    world.expect_convergence(30s);
    EXPECT_TRUE(world.is_good()) << world.report();
    EXPECT_TRUE(world.is_converged()) << *world.why_not_converged();
    EXPECT_GE(world.time() - start, Duration{9s}) << "three quiet seconds after the last";
}

TEST_F(Convergence, NodesAreWholeWhileClientsAreStillOnTheirWay) {
    cut_off_the_second();
    world.run_for(10s);
    world.heal();
    Client& eve = world.add_client(ClientOptions{.user = "eve"});
    world.network().block(world.node(3).host(), eve.host());
    eve.connect(world.node(3));
    world.expect_wholeness(15s);
    EXPECT_TRUE(world.is_good()) << world.report();
    EXPECT_FALSE(world.is_converged());
}

TEST_F(Convergence, NodesThatDoNotMeetInTimeAreBlamed) {
    cut_off_the_second();
    world.run_for(10s);
    world.expect_wholeness(15s);
    EXPECT_EQ(world.stage().verdict.first().substr(0, 15), "WholeAfterHeal:");
}

TEST_F(Convergence, TablesThatDoNotFollowAreBlamed) {
    world.stage().clock.in(1s, [this] {
        cut_off_the_second();
        world.add_client("eve", world.node(2));
    });
    world.expect_convergence(20s);
    EXPECT_EQ(world.stage().verdict.first().substr(0, 18), "ConvergeAfterHeal:");
}

TEST_F(Convergence, TablesThatChangeWithoutAReasonAreBlamed) {
    cut_off_the_second();
    // Shortly before its user is hidden, which nobody undoes.
    world.run_for(4s);
    world.expect_convergence(20s);
    EXPECT_EQ(world.stage().verdict.first().substr(0, 14), "StayConverged:");
}

}  // namespace
}  // namespace grapevine::sim
