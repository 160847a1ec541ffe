// Messages reach whom they are for, on whichever node, once.
#include "tests/sim/cluster.hpp"

namespace grapevine::sim {
namespace {

// Ann on n1 speaks to a channel; Bob on n2 and Eve on n3 hear it, Ann too because she is in it, and
// the user who is not in the channel does not.
TEST(Talking, AChannelSpansNodes) {
    Cluster cluster{{.nodes = 3, .seed = 1}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    Client& eve = cluster.add_client("eve", cluster.node(3));
    Client& joe = cluster.add_client("joe", cluster.node(3));
    for (Client* client : {&ann, &bob, &eve})
        client->subscribe("lobby");
    cluster.wait_until_converged(5s);

    const std::string hello = ann.say("lobby");
    cluster.run_for(1s);

    EXPECT_EQ(ann.times_heard(hello), 1u);
    EXPECT_EQ(bob.times_heard(hello), 1u);
    EXPECT_EQ(eve.times_heard(hello), 1u);
    EXPECT_EQ(joe.times_heard(hello), 0u);
}

// A message to a user reaches all sessions of that user, on two nodes, and nobody else's.
TEST(Talking, AUserOnTwoNodesHearsOnBoth) {
    Cluster cluster{{.nodes = 3, .seed = 2}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& phone = cluster.add_client("bob", cluster.node(2));
    Client& laptop = cluster.add_client("bob", cluster.node(3));
    Client& tablet = cluster.add_client("bob", cluster.node(3));
    Client& eve = cluster.add_client("eve", cluster.node(2));
    cluster.wait_until_converged(5s);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 3u);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").nodes, (std::vector<std::string>{"n2", "n3"}));

    const std::string psst = ann.say("#bob");
    cluster.run_for(1s);

    for (Client* client : {&phone, &laptop, &tablet})
        EXPECT_EQ(client->times_heard(psst), 1u);
    EXPECT_EQ(eve.times_heard(psst), 0u);
    EXPECT_EQ(ann.times_heard(psst), 0u);
}

// duolicious #678: closing the last tab of one device marked the user offline while another was
// open.
TEST(Talking, ClosingOneOfTwoSessionsKeepsTheUserOnline) {
    Cluster cluster{{.nodes = 2, .seed = 3}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& tab = cluster.add_client("bob", cluster.node(2));
    Client& other_tab = cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    tab.disconnect();
    cluster.wait_until_converged(5s);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 1u);
    const std::string hello = ann.say("#bob");
    cluster.run_for(1s);
    EXPECT_EQ(other_tab.times_heard(hello), 1u);
}

// The location of a user is known everywhere 20 ms after the connect was answered.
TEST(Talking, AConnectIsVisibleEverywhereWithinTwentyMilliseconds) {
    Cluster cluster{{.nodes = 3, .seed = 4}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    cluster.wait_for(
        "greeting", [&] { return ann.is_connected(); }, 1s);
    const Duration took = cluster.time_until(
        "visible", [&] { return cluster.node(3).mesh().where_is("ann").sessions == 1; }, 1s);
    EXPECT_LE(took, Duration{20ms});
}

// What the HTTP API says to $system reaches every session on every node once.
TEST(Talking, SystemMessagesReachEverybody) {
    Cluster cluster{{.nodes = 3, .seed = 5}};
    cluster.form();
    std::vector<Client*> all;
    for (const std::size_t number : {1u, 1u, 2u, 3u})
        all.push_back(&cluster.add_client("u" + std::to_string(all.size()), cluster.node(number)));
    cluster.wait_until_converged(5s);
    const std::string notice = cluster.node(2).publish("$system");
    cluster.run_for(1s);
    for (Client* client : all)
        EXPECT_EQ(client->times_heard(notice), 1u) << client->user();
}

// The HTTP API of any node reaches channels and users of any other.
TEST(Talking, TheHttpApiReachesChannelsAndUsersElsewhere) {
    Cluster cluster{{.nodes = 2, .seed = 6}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    ann.subscribe("news");
    cluster.wait_until_converged(5s);
    const std::string headline = cluster.node(2).publish("news");
    const std::string note = cluster.node(2).publish("#ann");
    cluster.run_for(1s);
    EXPECT_EQ(ann.times_heard(headline), 1u);
    EXPECT_EQ(ann.times_heard(note), 1u);
}

// Who left a channel hears nothing more of it, and who comes back does.
TEST(Talking, UnsubscribeAndSubscribeAgain) {
    Cluster cluster{{.nodes = 2, .seed = 7}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    bob.subscribe("lobby");
    cluster.wait_until_converged(5s);
    bob.unsubscribe("lobby");
    cluster.wait_until_converged(5s);
    const std::string missed = ann.say("lobby");
    cluster.run_for(100ms);
    bob.subscribe("lobby");
    cluster.wait_until_converged(5s);
    const std::string heard = ann.say("lobby");
    cluster.run_for(1s);
    EXPECT_EQ(bob.times_heard(missed), 0u);
    EXPECT_EQ(bob.times_heard(heard), 1u);
}

// socket.io #5226 sent every unicast to every node. A message to one user costs one frame to one
// node.
TEST(Talking, AUserMessageTravelsToOneNodeOnly) {
    Cluster cluster{{.nodes = 5, .seed = 8}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    cluster.add_client("bob", cluster.node(4));
    cluster.wait_until_converged(5s);
    const auto before = cluster.node(1).mesh().counters().forwards_sent;
    for (int count = 0; count < 10; ++count)
        ann.say("#bob");
    cluster.run_for(1s);
    EXPECT_EQ(cluster.node(1).mesh().counters().forwards_sent - before, 10u);
    EXPECT_EQ(cluster.node(2).mesh().counters().forwards_received, 0u);
}

// A user who moves from node to node is found at the new one, and no ghost stays behind.
TEST(Talking, AUserWhoMovesIsFoundAtTheNewPlaceOnly) {
    Cluster cluster{{.nodes = 3, .seed = 9}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(1));
    for (int round = 0; round < 9; ++round) {
        bob.move_to(cluster.node(1 + static_cast<std::size_t>(round) % 3));
        cluster.wait_until_converged(5s);
        EXPECT_EQ(cluster.node(2).mesh().where_is("bob").sessions, 1u);
        const std::string hello = ann.say("#bob");
        cluster.run_for(100ms);
        EXPECT_EQ(bob.times_heard(hello), 1u);
    }
}

// Any session may ask where a user is; the answer comes from the local table.
TEST(Talking, UserStatusIsAnsweredFromTheTable) {
    Cluster cluster{{.nodes = 2, .seed = 10}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    ann.ask_who_is_online("bob");
    cluster.run_for(100ms);
    EXPECT_NE(ann.last_answer().find(R"("online":true)"), std::string::npos) << ann.last_answer();
    EXPECT_NE(ann.last_answer().find(R"("n2")"), std::string::npos) << ann.last_answer();
}

// A client that stops reading is closed as slow (3008), the others keep receiving, in order and all
// of it.
TEST(Talking, AReceiverThatStopsReadingIsClosedWhileOthersKeepReceiving) {
    Cluster cluster{{.nodes = 2, .seed = 11}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    Client& eve = cluster.add_client("eve", cluster.node(2));
    bob.subscribe("lobby");
    eve.subscribe("lobby");
    cluster.wait_until_converged(5s);
    eve.stop_reading();
    std::vector<std::string> said;
    for (int count = 0; count < 200; ++count) {
        said.push_back(ann.say("lobby", 10'000));
        cluster.run_for(5ms);
    }
    cluster.run_for(1s);
    EXPECT_EQ(bob.heard(), said);
    EXPECT_EQ(cluster.node(2).sessions().counters().closed_slow, 1u);
    EXPECT_EQ(cluster.node(2).sessions().session_count(), 1u);
}

// A client that was lost without a word is noticed by its missing pong, and its user goes offline.
TEST(Talking, AClientThatVanishesIsNoticedByItsMissingPong) {
    Cluster cluster{{.nodes = 2, .seed = 12}};
    cluster.form();
    Client& bob = cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    bob.vanish();
    cluster.run_for(20s);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 1u);
    cluster.wait_for(
        "offline", [&] { return cluster.node(1).mesh().where_is("bob").sessions == 0; }, 40s);
    EXPECT_EQ(cluster.node(2).sessions().counters().closed_no_pong, 1u);
}

}  // namespace
}  // namespace grapevine::sim
