// Who is subscribed, asked across nodes that are silent, gone or old; and who hears who comes and
// goes.
#include "tests/sim/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace grapevine::sim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

WorldOptions of(std::size_t nodes, std::uint64_t seed) {
    WorldOptions options;
    options.nodes = nodes;
    options.seed = seed;
    options.sessions.rules.without_namespace.tells_comings = true;
    return options;
}

/// Ann at n1, Bob at n2, Eve at n3: all in the lobby. Ann hears who comes and goes.
struct Lobby {
    explicit Lobby(WorldOptions options) : world(std::move(options)) { begin(); }

    void begin() {
        world.start_all();
        EXPECT_TRUE(world.run_until([&] { return world.is_converged(); }, 20s)) << world.report();
        for (Client* const one : all())
            one->connect(world.node(one == &ann ? 1 : one == &bob ? 2 : 3));
        EXPECT_TRUE(world.run_until(
            [&] { return ann.is_connected() && bob.is_connected() && eve.is_connected(); }, 5s));
        for (Client* const one : all()) {
            one->subscribe("lobby");
            world.run_for(300ms);
        }
        EXPECT_TRUE(world.is_good()) << world.report();
    }
    /// How long the answer took; it must come.
    Duration ask(Client& asker) {
        const Instant asked = world.time();
        asker.ask_who_is_in("lobby");
        EXPECT_TRUE(world.run_until([&] { return asker.presence().has_value(); }, 5s, 1ms))
            << world.report();
        return world.time() - asked;
    }
    std::vector<Client*> all() { return {&ann, &bob, &eve}; }

    World world;
    Client& ann = world.add_client({.user = "ann", .watches = true});
    Client& bob = world.add_client({.user = "bob", .encoding = proto::Encoding::protobuf});
    Client& eve = world.add_client({.user = "eve"});
};

TEST(PresenceScenario, EverybodyIsToldOfWhereverHeIs) {
    for (const std::size_t loops : {1, 3}) {
        WorldOptions options = of(3, 11 + loops);
        options.loops = loops;
        Lobby lobby{options};
        for (Client* const asker : lobby.all()) {
            EXPECT_LT(lobby.ask(*asker), 50ms);
            EXPECT_THAT(asker->presence()->users, ElementsAre("ann", "bob", "eve"));
            EXPECT_FALSE(asker->presence()->incomplete);
        }
        lobby.bob.ask_how_many_are_in("lobby");
        lobby.world.run_for(50ms);
        ASSERT_TRUE(lobby.bob.presence());
        EXPECT_EQ(lobby.bob.presence()->stats, (proto::PresenceStats{.clients = 3, .users = 3}));
        EXPECT_TRUE(lobby.world.is_good()) << lobby.world.report();
    }
}

TEST(PresenceScenario, ASilentNodeMakesItIncompleteAndADeadOneDoesNot) {
    Lobby lobby{of(3, 21)};
    lobby.world.node(3).pause();
    const Duration took = lobby.ask(lobby.ann);
    EXPECT_GE(took, 1s);
    EXPECT_LT(took, 1200ms);
    EXPECT_TRUE(lobby.ann.presence()->incomplete);
    EXPECT_THAT(lobby.ann.presence()->users, ElementsAre("ann", "bob"));

    lobby.world.node(3).lose_host();
    EXPECT_TRUE(lobby.world.run_until(
        [&] {
            return lobby.world.node(1).state_of(lobby.world.node(3)) == proto::MemberState::down;
        },
        20s));
    EXPECT_LT(lobby.ask(lobby.ann), 50ms);
    EXPECT_FALSE(lobby.ann.presence()->incomplete);
    EXPECT_THAT(lobby.ann.presence()->users, ElementsAre("ann", "bob"));
    EXPECT_THAT(
        lobby.ann.comings(), ElementsAre("join ann lobby", "join bob lobby", "join eve lobby"))
        << "nobody is left who could say that Eve went";
    EXPECT_TRUE(lobby.world.is_good()) << lobby.world.report();
}

TEST(PresenceScenario, WhoComesAndGoesIsHeard) {
    Lobby lobby{of(3, 31)};
    EXPECT_THAT(
        lobby.ann.comings(), ElementsAre("join ann lobby", "join bob lobby", "join eve lobby"));
    EXPECT_THAT(lobby.bob.comings(), IsEmpty()) << "he did not ask for it";
    lobby.bob.unsubscribe("lobby");
    lobby.world.run_for(100ms);
    lobby.eve.disconnect();
    lobby.world.run_for(100ms);
    EXPECT_THAT(
        lobby.ann.comings(),
        ElementsAre(
            "join ann lobby",
            "join bob lobby",
            "join eve lobby",
            "leave bob lobby",
            "leave eve lobby"));
    lobby.ask(lobby.ann);
    EXPECT_THAT(lobby.ann.presence()->users, ElementsAre("ann"));
    EXPECT_TRUE(lobby.world.is_good()) << lobby.world.report();
}

TEST(PresenceScenario, ANodeThatLeavesSaysThatItsSessionsDo) {
    Lobby lobby{of(3, 41)};
    lobby.world.node(2).leave();
    lobby.world.run_for(1s);
    EXPECT_EQ(lobby.world.node(2).last_exit(), Exit::left);
    EXPECT_EQ(lobby.ann.comings().back(), "leave bob lobby");
    EXPECT_LT(lobby.ask(lobby.ann), 50ms);
    EXPECT_FALSE(lobby.ann.presence()->incomplete);
    EXPECT_THAT(lobby.ann.presence()->users, ElementsAre("ann", "eve"));
    EXPECT_TRUE(lobby.world.is_good()) << lobby.world.report();
}

/// It cannot be asked, and what it is not told it does not mistake for anything.
TEST(PresenceScenario, ANodeOfAnEarlierProgramMakesItIncomplete) {
    World world{of(2, 51)};
    world.node(2).options().mesh.version_max = proto::mesh_version_min;
    world.start_all();
    ASSERT_TRUE(world.run_until([&] { return world.is_converged(); }, 20s));
    Client& ann = world.add_client("ann", world.node(1));
    Client& bob = world.add_client({.user = "bob", .watches = true});
    bob.connect(world.node(2));
    world.run_for(100ms);
    bob.subscribe("lobby");
    world.run_for(100ms);
    ann.subscribe("lobby");
    world.run_for(100ms);
    ann.ask_who_is_in("lobby");
    world.run_for(100ms);
    ASSERT_TRUE(ann.presence());
    EXPECT_TRUE(ann.presence()->incomplete);
    EXPECT_THAT(ann.presence()->users, ElementsAre("ann"));
    EXPECT_THAT(bob.comings(), ElementsAre("join bob lobby"));
    EXPECT_TRUE(world.is_converged()) << "the link stays";
    EXPECT_TRUE(world.is_good()) << world.report();
}

/// In a mesh so large that nodes have links to neighbours only, one is made to ask.
TEST(PresenceScenario, NodesWithoutALinkAreAskedOnOneThatIsMade) {
    WorldOptions options = of(12, 61);
    options.mesh.full_mesh_max = 4;
    options.mesh.overlay_rings = 2;
    options.mesh.rest_after = 500ms;
    World world{options};
    world.start_all();
    ASSERT_TRUE(world.run_until([&] { return world.is_converged(); }, 30s)) << world.report();
    std::vector<Client*> people;
    for (std::size_t number = 1; number <= 12; ++number) {
        people.push_back(&world.add_client("u" + std::to_string(number), world.node(number)));
        people.back()->subscribe("lobby");
    }
    world.run_for(10s);
    for (Client* const one : people) {
        one->ask_who_is_in("lobby");
        ASSERT_TRUE(world.run_until([&] { return one->presence().has_value(); }, 3s));
        EXPECT_EQ(one->presence()->users.size(), 12U);
        EXPECT_FALSE(one->presence()->incomplete);
    }
    EXPECT_TRUE(world.is_good()) << world.report();
}

}  // namespace
}  // namespace grapevine::sim
