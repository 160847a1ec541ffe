// A send is answered with what became of it: once, truly, and as soon as it is known.
#include "proto/hash.hpp"
#include "tests/sim/cluster.hpp"
#include "tests/sim/stream.hpp"

namespace grapevine::sim {
namespace {

struct Sending : testing::Test {
    void SetUp() override {
        cluster.form();
        ann.connect(cluster.node(1));
        bob.connect(cluster.node(2));
        cluster.wait_until_converged(5s);
    }
    /// The answer to a send of Ann's about Bob.
    Receipt answer(const std::string& payload, Duration within = 12s) {
        cluster.wait_for(
            "an answer", [&] { return ann.receipt_of(payload, "bob").has_value(); }, within);
        return ann.receipt_of(payload, "bob").value_or(Receipt{});
    }

    Cluster cluster{{.nodes = 3, .seed = 1}};
    Client& ann = cluster.add_client({.user = "ann"});
    Client& bob = cluster.add_client({.user = "bob"});
};

// One call for three users: one on two other nodes, one on the sender's, one nowhere. The answer
// tells of each, when the last is known.
TEST_F(Sending, OneCallForSeveralUsersTellsOfEach) {
    Client& tablet = cluster.add_client("bob", cluster.node(3));
    Client& eve = cluster.add_client("eve", cluster.node(1));
    cluster.wait_until_converged(5s);
    const std::string news = ann.send({.to = {"bob", "joe", "eve"}});
    cluster.run_for(100ms);
    EXPECT_EQ(ann.result_of(news), nullptr);
    for (Client* one : {&bob, &tablet, &eve})
        EXPECT_EQ(one->times_heard(news), 1u);
    cluster.run_for(2200ms);
    ASSERT_NE(ann.result_of(news), nullptr);
    Receipt bobs = *ann.receipt_of(news, "bob");
    std::sort(bobs.nodes.begin(), bobs.nodes.end());
    EXPECT_EQ(bobs, (Receipt{.fate = Fate::written, .sessions = 2, .nodes = {"n2", "n3"}}));
    EXPECT_EQ(
        *ann.receipt_of(news, "eve"),
        (Receipt{.fate = Fate::written, .sessions = 1, .nodes = {"n1"}}));
    EXPECT_EQ(*ann.receipt_of(news, "joe"), (Receipt{.fate = Fate::not_connected}));
}

// The answer needs one round trip, not a tick.
TEST_F(Sending, AnAnswerComesWithinARoundTrip) {
    const std::string hello = ann.send({.to = {"bob"}});
    const Duration took = cluster.time_until(
        "an answer", [&] { return ann.result_of(hello) != nullptr; }, 5s);
    EXPECT_LE(took, Duration{10ms});  // client, node, node and back, at most a millisecond each
}

// What nobody asked about is kept until its copy is answered. Those answers wait for each other for
// a moment; one that somebody waits for does not, and takes the others along.
TEST(SendingAnswers, WaitForOthersOnlyWhenNobodyWaitsForThem) {
    WorldOptions options{.nodes = 2, .seed = 1};
    options.mesh.answers_wait = 300ms;
    Cluster cluster{options};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    cluster.wait_until_converged(5s);
    const auto unanswered = [&] { return cluster.node(1).mesh().flow_sizes().copies; };
    const std::string first = ann.say("#bob");
    cluster.run_for(20ms);
    EXPECT_EQ(bob.times_heard(first), 1u);
    EXPECT_EQ(unanswered(), 1u);
    cluster.run_for(320ms);
    EXPECT_EQ(unanswered(), 0u);

    (void)ann.say("#bob");
    const std::string asked = ann.send({.to = {"bob"}});
    cluster.run_for(20ms);
    EXPECT_NE(ann.result_of(asked), nullptr);
    EXPECT_EQ(unanswered(), 0u);

    for (int word = 0; word < 8; ++word)
        (void)ann.say("#bob");
    cluster.run_for(20ms);
    EXPECT_EQ(unanswered(), 0u);  // enough for a frame of their own

    // Whoever leaves owes nothing.
    (void)ann.say("#bob");
    cluster.run_for(20ms);
    EXPECT_EQ(unanswered(), 1u);
    cluster.node(2).leave();
    cluster.run_for(100ms);
    EXPECT_EQ(unanswered(), 0u);
    EXPECT_EQ(cluster.node(1).mesh().counters().user_undeliverable, 0u);
    cluster.expect_all_is_well();
}

// Whoever waits for nothing is answered at once, and with nothing.
TEST_F(Sending, WhoDoesNotWaitIsAnsweredAtOnce) {
    const std::string hello = ann.send({.to = {"bob", "joe"}, .wait = Wait::none});
    cluster.run_for(10ms);
    ASSERT_NE(ann.result_of(hello), nullptr);
    EXPECT_TRUE(ann.result_of(hello)->users.empty());
    EXPECT_EQ(bob.times_heard(hello), 1u);
}

// A client that acknowledges ends the wait for it.
TEST_F(Sending, AnAcknowledgementIsToldAtOnce) {
    const std::string hello = ann.send({.to = {"bob"}, .wait = Wait::client});
    const Receipt told = answer(hello, 100ms);
    EXPECT_EQ(told.fate, Fate::acked);
    EXPECT_TRUE(told.acknowledged);
    EXPECT_EQ(told.message_id, bob.message_id_of(hello));
    EXPECT_EQ(told.message_id.size(), 32u);
}

// A client that does not is no reason to claim that nothing was written, nor to wait for ever.
TEST_F(Sending, WithoutAcknowledgementItWasWritten) {
    bob.acknowledge(false);
    const std::string hello = ann.send({.to = {"bob"}, .wait = Wait::client});
    const Receipt told = answer(hello, 11s);
    EXPECT_EQ(told.fate, Fate::written);
    EXPECT_FALSE(told.acknowledged);
    EXPECT_EQ(told.nodes, std::vector<std::string>{"n2"});
    EXPECT_EQ(bob.times_heard(hello), 1u);
}

// An acknowledgement of somebody else's message, or of none, changes nothing.
TEST_F(Sending, OnlyTheRecipientCanAcknowledge) {
    Client& eve = cluster.add_client("eve", cluster.node(3));
    cluster.wait_until_converged(5s);
    bob.acknowledge(false);
    const std::string hello = ann.send({.to = {"bob"}, .wait = Wait::client});
    cluster.run_for(100ms);
    eve.claim(bob.message_id_of(hello));
    cluster.run_for(1s);
    EXPECT_EQ(ann.result_of(hello), nullptr);
    EXPECT_EQ(answer(hello, 11s).fate, Fate::written);
}

// Who calls again with the same key, also on another connection, gets the same answer, and the
// message is heard once.
TEST_F(Sending, ACallRepeatedWithItsKeyIsSentOnce) {
    const std::string hello = ann.send({.to = {"bob"}, .idempotency_key = "k1"});
    ann.send_again(hello);
    const Receipt first = answer(hello);
    ann.move_to(cluster.node(1));
    cluster.wait_until_converged(5s);
    ann.send_again(hello);
    cluster.run_for(100ms);
    EXPECT_EQ(first.fate, Fate::written);
    EXPECT_EQ(*ann.receipt_of(hello, "bob"), first);
    EXPECT_EQ(bob.times_heard(hello), 1u);
    EXPECT_EQ(cluster.node(1).mesh().counters().sends_repeated, 2u);
}

// Another user's key of the same name is another key.
TEST_F(Sending, KeysOfTwoSendersAreTwoKeys) {
    Client& eve = cluster.add_client("eve", cluster.node(1));
    cluster.wait_until_converged(5s);
    const std::string hers = eve.send({.to = {"bob"}, .idempotency_key = "k1"});
    const std::string anns = ann.send({.to = {"bob"}, .idempotency_key = "k1"});
    cluster.run_for(100ms);
    EXPECT_EQ(bob.times_heard(hers), 1u);
    EXPECT_EQ(bob.times_heard(anns), 1u);
}

// The HTTP API is answered likewise.
TEST_F(Sending, TheHttpApiIsAnsweredToo) {
    const std::string news = cluster.node(3).send({.to = {"bob", "joe"}});
    cluster.run_for(2200ms);
    const SendResult* const result = cluster.node(3).result_of(news);
    ASSERT_NE(result, nullptr);
    EXPECT_EQ(
        result->users.at("bob"), (Receipt{.fate = Fate::written, .sessions = 1, .nodes = {"n2"}}));
    EXPECT_EQ(result->users.at("joe"), (Receipt{.fate = Fate::not_connected}));
    EXPECT_EQ(bob.times_heard(news), 1u);
}

// A session that publishes and sends by turns is heard in the order in which it spoke, over several
// nodes and while others talk to the same user.
TEST_F(Sending, PublishAndSendKeepOneOrder) {
    Client& tablet = cluster.add_client("bob", cluster.node(1));
    Client& eve = cluster.add_client("eve", cluster.node(3));
    cluster.wait_until_converged(5s);
    Stream anns{ann, "bob"};
    Stream eves{eve, "bob"};
    for (int word = 0; word < 200; ++word) {
        anns.say();
        eves.say();
        if (word % 3 == 0) cluster.run_for(1ms);
    }
    cluster.run_for(1s);
    for (Client* device : {&bob, &tablet})
        EXPECT_EQ(device->heard().size(), anns.said().size() + eves.said().size());
}

// ---- names with one hash

/// Bob's name and others that have his hash.
std::vector<std::string> namesakes(std::size_t count, unsigned key_bits) {
    proto::HashKey key = proto::HashKey::of_cluster("test");
    key.mask = (std::uint64_t{1} << key_bits) - 1;
    std::vector<std::string> names{"bob"};
    for (int number = 0; names.size() < count; ++number) {
        std::string name = "twin" + std::to_string(number);
        if (proto::user_key_of(key, name) == proto::user_key_of(key, "bob"))
            names.push_back(std::move(name));
    }
    return names;
}

mesh::MeshConfig with_key_bits(unsigned bits) {
    mesh::MeshConfig config = default_mesh_config();
    config.key_bits = bits;
    return config;
}

// Three users share a hash: one on n2, one on n3, one nowhere. Each hears only what is for him, and
// each result is right although the tables cannot tell them apart.
TEST(Collisions, WhoseNamesShareAHashAreStillThemselves) {
    Cluster cluster{{.nodes = 3, .seed = 2, .mesh = with_key_bits(3)}};
    cluster.form();
    const auto names = namesakes(3, 3);
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client(names[0], cluster.node(2));
    Client& twin = cluster.add_client(names[1], cluster.node(3));
    cluster.wait_until_converged(5s);
    for (int round = 0; round < 20; ++round) {
        const std::string to_bob = ann.send({.to = {names[0]}});
        const std::string to_twin = ann.send({.to = {names[1]}});
        const std::string to_all = ann.send({.to = names});
        cluster.run_for(round % 2 == 0 ? 3s : 1ms);
        if (round % 2 != 0) continue;
        EXPECT_EQ(
            *ann.receipt_of(to_bob, names[0]),
            (Receipt{.fate = Fate::written, .sessions = 1, .nodes = {"n2"}}));
        EXPECT_EQ(
            *ann.receipt_of(to_twin, names[1]),
            (Receipt{.fate = Fate::written, .sessions = 1, .nodes = {"n3"}}));
        EXPECT_EQ(*ann.receipt_of(to_all, names[2]), (Receipt{.fate = Fate::not_connected}));
    }
    cluster.run_for(3s);
    EXPECT_EQ(bob.heard().size(), 40u);
    EXPECT_EQ(twin.heard().size(), 40u);
}

// The one who is looked for comes to a node that already has his hash: nothing in the tables but a
// count changes, and he is found within the park time.
TEST(Collisions, WhoJoinsANamesakeIsFound) {
    Cluster cluster{{.nodes = 2, .seed = 3, .mesh = with_key_bits(3)}};
    cluster.form();
    const auto names = namesakes(2, 3);
    Client& ann = cluster.add_client("ann", cluster.node(1));
    cluster.add_client(names[1], cluster.node(2));
    cluster.wait_until_converged(5s);
    const std::string hello = ann.send({.to = {names[0]}});
    cluster.run_for(1s);
    Client& bob = cluster.add_client(names[0], cluster.node(2));
    cluster.run_for(500ms);
    EXPECT_EQ(bob.times_heard(hello), 1u);
    EXPECT_EQ(ann.receipt_of(hello, names[0])->fate, Fate::written);
}

// Namesakes hop through each other's nodes under two streams.
TEST(Collisions, HoppingNamesakesHearTheirOwn) {
    Cluster cluster{{.nodes = 3, .seed = 4, .mesh = with_key_bits(2)}};
    cluster.form();
    const auto names = namesakes(2, 2);
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client(names[0], cluster.node(2));
    Client& twin = cluster.add_client(names[1], cluster.node(3));
    cluster.wait_until_converged(5s);
    Stream to_bob{ann, names[0]};
    Stream to_twin{ann, names[1]};
    for (std::size_t hop = 0; hop < 40; ++hop) {
        (hop % 2 == 0 ? bob : twin).move_gently_to(cluster.node(1 + hop * hop % 3));
        for (int word = 0; word < 20; ++word) {
            to_bob.say();
            to_twin.say();
            cluster.run_for(4ms);
        }
    }
    cluster.run_for(3s);
    EXPECT_EQ(bob.ever_heard(), to_bob.said());
    EXPECT_EQ(twin.ever_heard(), to_twin.said());
}

// ---- at least once

struct AtLeastOnce : Sending {
    std::string send(Wait wait = Wait::none) {
        return ann.send({.to = {"bob"}, .wait = wait, .at_least_once = true});
    }
};

// Whoever acknowledges hears it once, and never again.
TEST_F(AtLeastOnce, AnAcknowledgedMessageIsOver) {
    const std::string hello = send(Wait::node);
    cluster.run_for(100ms);
    bob.move_gently_to(cluster.node(3));
    cluster.run_for(12s);
    EXPECT_EQ(std::count(bob.ever_heard().begin(), bob.ever_heard().end(), hello), 1);
    EXPECT_EQ(ann.receipt_of(hello, "bob")->fate, Fate::written);  // known before the rest
}

// Whoever does not, and connects elsewhere, hears them again: in order, under their ids, each once
// in a session; until he acknowledges.
TEST_F(AtLeastOnce, WhoDidNotAcknowledgeHearsItAgainAfterReconnecting) {
    bob.acknowledge(false);
    std::vector<std::string> said;
    std::vector<std::string> ids;
    for (int count = 0; count < 5; ++count)
        said.push_back(send());
    cluster.run_for(1s);
    EXPECT_EQ(bob.heard(), said);
    for (const std::string& payload : said)
        ids.push_back(bob.message_id_of(payload));

    bob.move_gently_to(cluster.node(3));
    cluster.run_for(1s);
    EXPECT_EQ(bob.heard(), said);
    for (std::size_t index = 0; index < said.size(); ++index)
        EXPECT_EQ(bob.message_id_of(said[index]), ids[index]);

    bob.acknowledge(true);
    bob.move_gently_to(cluster.node(3));  // the same node again
    cluster.run_for(1s);
    EXPECT_EQ(bob.heard(), said);
    bob.move_gently_to(cluster.node(2));
    cluster.run_for(1s);
    EXPECT_EQ(bob.heard().size(), 0u);
}

// Its time is over after ten seconds, whoever connects then.
TEST_F(AtLeastOnce, ItIsNotRepeatedForEver) {
    bob.acknowledge(false);
    const std::string hello = send(Wait::client);
    cluster.run_for(11s);
    EXPECT_EQ(ann.receipt_of(hello, "bob")->fate, Fate::written);
    bob.move_gently_to(cluster.node(3));
    cluster.run_for(2s);
    EXPECT_EQ(bob.times_heard(hello), 0u);
}

// Longer away than others are waited for, but back in time.
TEST_F(AtLeastOnce, ItWaitsLongerForAUserWhoIsAway) {
    bob.disconnect();
    cluster.wait_until_converged(5s);
    const std::string hello = send(Wait::client);
    cluster.run_for(6s);
    bob.connect(cluster.node(3));
    cluster.run_for(200ms);
    EXPECT_EQ(bob.times_heard(hello), 1u);
    EXPECT_EQ(ann.receipt_of(hello, "bob")->fate, Fate::acked);
}

// What was in a connection that broke is not lost.
TEST_F(AtLeastOnce, WhatABrokenConnectionSwallowedComesAgain) {
    const auto links = cluster.network().between(bob.host(), cluster.node(2).host());
    ASSERT_EQ(links.size(), 1u);
    cluster.network().blackhole(links[0], Side::acceptor, 2s);
    const std::string hello = send(Wait::client);
    cluster.run_for(1s);
    EXPECT_EQ(bob.times_heard(hello), 0u);
    bob.move_to(cluster.node(3));
    cluster.run_for(1s);
    EXPECT_EQ(bob.times_heard(hello), 1u);
    EXPECT_EQ(ann.receipt_of(hello, "bob")->fate, Fate::acked);
}

// Messages of both kinds keep one order, whoever is away in between.
TEST_F(AtLeastOnce, BothKindsKeepOneOrder) {
    for (int hop = 0; hop < 20; ++hop) {
        bob.move_gently_to(cluster.node(2 + static_cast<std::size_t>(hop) % 2));
        for (int word = 0; word < 10; ++word) {
            word % 3 == 0 ? send() : ann.say("#bob");
            cluster.run_for(5ms);
        }
    }
    cluster.run_for(1s);
    cluster.expect_all_is_well();
}

}  // namespace
}  // namespace grapevine::sim
