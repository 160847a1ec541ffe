// A mesh that is too large for a link between every two nodes: few links, and all else as before.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"
#include "tests/sim/stream.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

using proto::MemberState;

/// So many nodes of which each keeps links to four others.
WorldOptions large(std::size_t nodes, std::uint64_t seed = 1) {
    WorldOptions options{.nodes = nodes, .seed = seed};
    options.mesh.full_mesh_max = 6;
    options.mesh.overlay_rings = 2;
    options.mesh.link_idle = 10s;
    return options;
}

struct Overlay : testing::Test {
    explicit Overlay(WorldOptions options = large(16)) : cluster(std::move(options)) {}

    [[nodiscard]] std::size_t links() {
        std::size_t counted = 0;
        for (const auto& node : cluster.nodes())
            if (node->is_running()) counted += node->mesh().complete_links().size();
        return counted / 2;
    }
    [[nodiscard]] bool are_linked(std::size_t one, std::size_t other) {
        for (const auto& [node, link] : cluster.node(one).mesh().complete_links())
            if (node == cluster.node(other).id()) return true;
        return false;
    }
    /// The first node after `one` that has no link to it.
    [[nodiscard]] std::size_t stranger_of(std::size_t one) {
        for (std::size_t other = one + 1;; ++other)
            if (!are_linked(one, other)) return other;
    }
    void form_and_rest() {
        cluster.form();
        rest();
    }
    void rest() {
        cluster.wait_for(
            "links that nobody needs end",
            [&] { return links() <= cluster.nodes().size() * 2; },
            30s);
        cluster.wait_until_converged(5s);
    }
    /// Everybody who runs gives this state to a node.
    [[nodiscard]] bool all_see(std::size_t of, MemberState state) {
        return std::all_of(cluster.nodes().begin(), cluster.nodes().end(), [&](const auto& node) {
            return !node->is_running() || node->state_of(cluster.node(of)) == state;
        });
    }
    /// The first nodes say something for everybody in turn; `meanwhile` is called before each word.
    /// Whoever is connected to them hears all of it, once.
    void expect_all_hear_what_is_for_everybody(
        std::size_t nodes, const std::function<void()>& meanwhile) {
        std::vector<Client*> all;
        for (std::size_t at = 1; at <= nodes; ++at)
            all.push_back(&cluster.add_client("u" + std::to_string(at), cluster.node(at)));
        for (Client* client : all)
            client->subscribe("$system");
        cluster.wait_until_converged(5s);
        std::vector<std::string> said;
        for (std::size_t word = 0; word < 1000; ++word) {
            meanwhile();
            said.push_back(cluster.node(1 + word % nodes).publish("$system"));
            cluster.run_for(2ms);
        }
        cluster.run_for(500ms);
        for (const std::string& word : said)
            for (Client* client : all)
                EXPECT_EQ(client->times_heard(word), 1u) << client->user() << ' ' << word;
    }
    template <class Event>
    [[nodiscard]] std::size_t count() {
        std::size_t counted = 0;
        for (const auto& node : cluster.nodes())
            counted += node->count<Event>();
        return counted;
    }

    Cluster cluster;
};

TEST_F(Overlay, FewLinksRemainAndNobodyIsSuspectedForThat) {
    form_and_rest();
    cluster.run_for(60s);
    EXPECT_LE(links(), cluster.nodes().size() * 2);
    EXPECT_EQ(count<mesh::MemberSuspected>(), 0u);
    EXPECT_EQ(count<mesh::MemberDown>(), 0u);
    EXPECT_EQ(count<mesh::CatchupAsked>(), 0u);
    cluster.expect_all_is_well();
}

TEST_F(Overlay, SignsOfLifeOfNodesThatDoNotChangeAreShort) {
    form_and_rest();
    cluster.run_for(10s);
    std::uint64_t before = 0;
    for (const auto& node : cluster.nodes())
        before += node->link_traffic().bytes;
    cluster.run_for(60s);
    std::uint64_t bytes = 0;
    for (const auto& node : cluster.nodes())
        bytes += node->link_traffic().bytes;
    // Two pings and two pongs for each of four links are half of that.
    EXPECT_LE((bytes - before) / 60 / cluster.nodes().size(), 600u);
    EXPECT_EQ(count<mesh::MemberSuspected>(), 0u);
}

TEST_F(Overlay, WhoComesAndGoesIsSeenByThoseWithoutALink) {
    form_and_rest();
    for (std::size_t round = 0; round < 20; ++round) {
        const std::size_t at = 1 + round % cluster.nodes().size();
        Client& client = cluster.add_client("u" + std::to_string(round), cluster.node(at));
        EXPECT_LE(
            cluster.time_until(
                "seen", [&] { return client.is_connected() && cluster.is_converged(); }, 5s),
            400ms);
        client.disconnect();
        EXPECT_LE(
            cluster.time_until(
                "gone", [&] { return cluster.is_converged(); }, 5s),
            400ms);
    }
    EXPECT_EQ(count<mesh::CatchupAsked>(), 0u);
    EXPECT_LE(links(), cluster.nodes().size() * 2) << "the table needs no link";
}

// Neighbours have heard signs of life of each log, and no change of it yet.
TEST_F(Overlay, TheFirstChangesAfterALongRestAreSeenAtOnce) {
    cluster.form();
    for (std::size_t at = 1; at <= cluster.nodes().size(); ++at)
        cluster.add_client("resident" + std::to_string(at), cluster.node(at));
    rest();
    for (std::size_t at = 1; at <= cluster.nodes().size(); ++at) {
        Client& client = cluster.add_client("u" + std::to_string(at), cluster.node(at));
        EXPECT_LE(
            cluster.time_until(
                "seen", [&] { return client.is_connected() && cluster.is_converged(); }, 5s),
            400ms);
    }
    EXPECT_EQ(count<mesh::CatchupAsked>(), 0u);
}

TEST_F(Overlay, AMessageMakesItsLinkAndALongSilenceEndsIt) {
    form_and_rest();
    const std::size_t far = stranger_of(1);
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(far));
    bob.subscribe("den");
    cluster.wait_until_converged(5s);
    cluster.run_for(2s);
    EXPECT_FALSE(are_linked(1, far));
    const std::string first = ann.send({.to = {"bob"}});
    const std::string second = ann.say("den");
    const std::string third = ann.say("den");
    cluster.run_for(500ms);
    EXPECT_EQ(bob.times_heard(first), 1u);
    EXPECT_EQ(bob.times_heard(second), 1u);
    EXPECT_EQ(bob.times_heard(third), 1u);
    EXPECT_TRUE(ann.receipt_of(first, "bob")->was_accepted());
    EXPECT_TRUE(are_linked(1, far));
    cluster.run_for(60s);
    EXPECT_FALSE(are_linked(1, far));
    EXPECT_EQ(count<mesh::MemberSuspected>(), 0u);
    cluster.expect_all_is_well();
}

TEST_F(Overlay, APublicationIsTheFirstThingThatMakesALink) {
    form_and_rest();
    const std::size_t far = stranger_of(1);
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(far));
    bob.subscribe("den");
    cluster.wait_until_converged(5s);
    cluster.run_for(3s);
    std::vector<std::string> said;
    for (int word = 0; word < 50; ++word)
        said.push_back(ann.say("den"));
    cluster.run_for(500ms);
    for (const std::string& word : said)
        EXPECT_EQ(bob.times_heard(word), 1u);
}

TEST_F(Overlay, ManyMessagesWaitForTheLinkThatTheFirstMakes) {
    form_and_rest();
    const std::size_t far = stranger_of(1);
    Client& ann = cluster.add_client("ann", cluster.node(1));
    cluster.add_client("bob", cluster.node(far));
    cluster.wait_until_converged(5s);
    cluster.run_for(3s);
    Stream stream{ann, "bob"};
    for (int word = 0; word < 300; ++word)
        stream.say();
    cluster.run_for(1s);
    EXPECT_EQ(stream.count(Fate::written) + stream.count(Fate::acked), stream.asked());
}

// What is said while the other end lets go of the link is written there, and its answer finds a
// way.
TEST_F(Overlay, AMessageThatCrossesTheEndOfItsLinkIsAnswered) {
    form_and_rest();
    const std::size_t far = stranger_of(1);
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(far));
    cluster.wait_until_converged(5s);
    for (int round = 0; round < 8; ++round) {
        EXPECT_FALSE(ann.send({.to = {"bob"}}).empty());
        cluster.run_for(1s);
        const auto rested = [&](std::size_t at) {
            return cluster.node(at).mesh().counters().links_rested;
        };
        const std::uint64_t by_one = rested(1);
        const std::uint64_t by_other = rested(far);
        ASSERT_TRUE(cluster.run_until(
            [&] { return rested(1) != by_one || rested(far) != by_other; }, 30s, /*glance=*/100us));
        const bool one_ends = rested(1) != by_one;
        Client& late = one_ends ? bob : ann;
        const std::string to = one_ends ? "ann" : "bob";
        // Also while the two ends still talk about it, and after that.
        cluster.run_for(round / 2 * 300us);
        const Wait wait = round % 2 == 0 ? Wait::node : Wait::client;
        const std::string word = late.send({.to = {to}, .wait = wait});
        cluster.run_for(1s);
        const auto receipt = late.receipt_of(word, to);
        ASSERT_TRUE(receipt.has_value()) << round;
        EXPECT_TRUE(receipt->was_accepted()) << round;
        EXPECT_EQ((one_ends ? ann : bob).times_heard(word), 1u);
    }
    cluster.expect_all_is_well();
}

TEST_F(Overlay, ABurstIsPassedOnWholeHoweverLittleIsKept) {
    for (const auto& node : cluster.nodes())
        node->options().mesh.relay_changes_max = 4;
    form_and_rest();
    for (int user = 0; user < 60; ++user)
        cluster.add_client("u" + std::to_string(user), cluster.node(3));
    cluster.run_for(3s);
    EXPECT_EQ(count<mesh::CatchupAsked>(), 0u);
    cluster.expect_all_is_well();
}

TEST_F(Overlay, WhatIsForEverybodyReachesEverybodyOnce) {
    form_and_rest();
    expect_all_hear_what_is_for_everybody(cluster.nodes().size(), [] {});
}

// It knows nothing of neighbours: it has links to all, and is told by whoever says something.
TEST_F(Overlay, WhatIsForEverybodyReachesANodeOfAnEarlierVersionToo) {
    cluster.node(3).options().mesh.version_max = proto::mesh_version_min;
    cluster.form();
    cluster.run_for(30s);
    expect_all_hear_what_is_for_everybody(cluster.nodes().size(), [] {});
}

TEST_F(Overlay, WhatIsForEverybodyReachesEverybodyWhileTheMeshGrowsOutOfIt) {
    for (const auto& node : cluster.nodes())
        node->options().mesh.full_mesh_max = 12;
    form_and_rest();
    std::size_t leaving = cluster.nodes().size();
    int turn = 0;
    expect_all_hear_what_is_for_everybody(9, [&] {
        if (++turn % 100 == 0 && leaving > 9) cluster.node(leaving--).leave();
    });
    EXPECT_EQ(links(), 36u);
}

// The last word that goes straight is overtaken by the first that neighbours pass on. It comes too
// late then; it does not come after what was said later.
TEST_F(Overlay, WhatIsForEverybodyKeepsItsOrderWhileTheMeshGrowsIntoIt) {
    const std::size_t few = cluster.node(1).options().mesh.full_mesh_max;
    for (std::size_t at = 1; at <= few; ++at)
        cluster.node(at).start();
    cluster.run_for(5s);
    std::vector<Client*> all;
    for (std::size_t at = 1; at <= few; ++at)
        all.push_back(&cluster.add_client("u" + std::to_string(at), cluster.node(at)));
    cluster.run_for(1s);
    const Path slow{.latency = {.least = 300ms, .most = 300ms}};
    for (std::size_t at = 2; at <= few; at += 2)
        cluster.network().set_path(cluster.node(1).host(), cluster.node(at).host(), slow);
    std::vector<std::string> said;
    for (std::size_t word = 0; word < 600; ++word) {
        if (word == 200)
            for (std::size_t at = few + 1; at <= cluster.nodes().size(); ++at)
                cluster.node(at).start();
        said.push_back(cluster.node(1).publish("$system"));
        cluster.run_for(5ms);
    }
    cluster.run_for(1s);
    for (const Client* client : all)
        EXPECT_GE(client->heard().size(), said.size() - 100) << client->user();
    cluster.expect_all_is_well();
}

TEST_F(Overlay, AKilledProcessIsGoneEverywhereWithinASecond) {
    form_and_rest();
    cluster.add_client("bob", cluster.node(5));
    cluster.wait_until_converged(5s);
    cluster.node(5).crash();
    const auto is_gone = [&] { return all_see(5, MemberState::down); };
    EXPECT_LE(cluster.time_until("gone", is_gone, 20s), 1s);
    EXPECT_EQ(count<mesh::MemberDown>(), cluster.nodes().size() - 1);
}

TEST_F(Overlay, ASilentHostIsGoneEverywhereInTime) {
    form_and_rest();
    cluster.node(5).lose_host();
    const auto is_gone = [&] { return all_see(5, MemberState::down); };
    EXPECT_LE(cluster.time_until("gone", is_gone, 20s), 5500ms);
    EXPECT_EQ(count<mesh::MemberDown>(), cluster.nodes().size() - 1);
}

TEST_F(Overlay, WhoLeavesIsGoneEverywhereAtOnceAndForGood) {
    form_and_rest();
    cluster.node(5).leave();
    const auto is_gone = [&] { return all_see(5, MemberState::left); };
    EXPECT_LE(cluster.time_until("gone", is_gone, 20s), 1s);
    EXPECT_EQ(count<mesh::MemberSuspected>(), 0u);
    cluster.run_for(5s);
    cluster.node(5).start();
    cluster.wait_until_converged(20s);
    cluster.expect_all_is_well();
}

TEST_F(Overlay, OneSickNeighbourCondemnsNobody) {
    form_and_rest();
    // Nothing reaches n1 from any of its neighbours.
    for (std::size_t other = 2; other <= cluster.nodes().size(); ++other)
        if (are_linked(1, other))
            cluster.network().block(cluster.node(other).host(), cluster.node(1).host());
    cluster.run_for(20s);
    for (const auto& node : cluster.nodes())
        if (node.get() != &cluster.node(1)) {
            EXPECT_EQ(node->count<mesh::MemberDown>(), 0u) << node->name();
        }
    cluster.heal();
    cluster.expect_all_is_well();
}

TEST_F(Overlay, HalvesPartAndMeetAgain) {
    form_and_rest();
    for (const std::size_t minority : {8u, 3u}) {
        std::vector<Node*> left;
        std::vector<Node*> right;
        for (std::size_t at = 1; at <= cluster.nodes().size(); ++at)
            (at <= minority ? left : right).push_back(&cluster.node(at));
        cluster.partition(left, right);
        cluster.wait_for(
            "each side sees the other down",
            [&] {
                for (const auto& node : cluster.nodes())
                    for (const auto& other : cluster.nodes()) {
                        const bool apart =
                            (std::find(left.begin(), left.end(), node.get()) != left.end()) !=
                            (std::find(left.begin(), left.end(), other.get()) != left.end());
                        if (apart && node->state_of(*other) != MemberState::down) return false;
                        if (!apart && node != other && node->state_of(*other) != MemberState::alive)
                            return false;
                    }
                return true;
            },
            60s);
        cluster.add_client("late" + std::to_string(minority), cluster.node(1));
        cluster.run_for(5s);
        cluster.heal();
        cluster.wait_until_converged(20s);
    }
    cluster.expect_all_is_well();
}

TEST_F(Overlay, EverybodyIsKilledInTurnUnderAStreamOfMessages) {
    form_and_rest();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    const std::size_t far = stranger_of(1);
    cluster.add_client("bob", cluster.node(far));
    cluster.wait_until_converged(5s);
    Stream stream{ann, "bob"};
    for (std::size_t at = 2; at <= cluster.nodes().size(); ++at) {
        if (at != far) cluster.node(at).crash();
        for (int word = 0; word < 300; ++word) {
            stream.say();
            cluster.run_for(10ms);
        }
        if (at != far) cluster.node(at).start();
    }
    EXPECT_EQ(stream.count(Fate::written) + stream.count(Fate::acked), stream.asked());
    cluster.expect_all_is_well();
}

TEST_F(Overlay, TheMeshGrowsIntoItAndOutOfIt) {
    std::vector<std::size_t> late;
    for (std::size_t at = 1; at <= 5; ++at)
        cluster.node(at).start();
    cluster.run_for(10s);
    EXPECT_EQ(links(), 10u);
    for (std::size_t at = 6; at <= cluster.nodes().size(); ++at) {
        cluster.node(at).start();
        cluster.run_for(2s);
    }
    cluster.run_for(20s);
    EXPECT_LE(links(), cluster.nodes().size() * 2);
    cluster.wait_until_converged(10s);
    for (std::size_t at = 5; at <= cluster.nodes().size(); ++at) {
        cluster.node(at).leave();
        cluster.run_for(1s);
    }
    cluster.run_for(20s);
    EXPECT_EQ(links(), 6u);
    cluster.expect_all_is_well();
}

// While the flag is changed node by node, or when it was set wrongly.
TEST_F(Overlay, NodesThatWantMoreLinksThanOthersHaveThem) {
    for (std::size_t at = 1; at <= cluster.nodes().size(); at += 2)
        cluster.node(at).options().mesh.full_mesh_max = 100;
    cluster.form();
    cluster.run_for(30s);
    EXPECT_EQ(cluster.node(1).mesh().complete_links().size(), cluster.nodes().size() - 1);
    EXPECT_LT(cluster.node(2).mesh().complete_links().size(), cluster.nodes().size() - 1);
    EXPECT_EQ(count<mesh::MemberSuspected>(), 0u);
    for (std::size_t round = 0; round < 8; ++round) {
        Client& client = cluster.add_client("u" + std::to_string(round), cluster.node(1 + round));
        EXPECT_LE(
            cluster.time_until(
                "seen", [&] { return client.is_connected() && cluster.is_converged(); }, 5s),
            400ms);
    }
    EXPECT_EQ(count<mesh::CatchupAsked>(), 0u);
    cluster.node(5).crash();
    cluster.run_for(1s);
    for (const auto& node : cluster.nodes())
        if (node->is_running()) {
            EXPECT_EQ(node->state_of(cluster.node(5)), MemberState::down) << node->name();
        }
    cluster.expect_all_is_well();
}

/// A neighbour that says about others what it likes.
struct HostileNeighbour : Overlay {
    HostileNeighbour() {
        form_and_rest();
        fake.dial(cluster.node(1));
        cluster.wait_for(
            "taken in", [&] { return fake.is_taken_in(); }, 5s);
        liar = fake.hello.node_id;
    }
    [[nodiscard]] proto::Epoch epoch_of(std::size_t at) { return cluster.node(at).mesh().epoch(); }

    FakePeer fake{cluster.stage(), "fake", "10.6.6.6"};
    proto::NodeId liar;
};

TEST_F(HostileNeighbour, ALieAboutALogIsFoundAndPutRight) {
    const std::size_t far = stranger_of(1);
    // What is held of it meanwhile proves nothing.
    cluster.stage().liars.insert(cluster.node(far).id());
    cluster.add_client("bob", cluster.node(far));
    cluster.run_for(2s);
    std::uint64_t version = 0;
    for (const auto& [node, view] : cluster.node(1).mesh().replicas())
        if (node == cluster.node(far).id()) version = view.version.value;
    for (std::uint64_t lie = 0; lie < 100; ++lie) {
        // A user who is not there, with a hash that does not fit, then without any.
        proto::Delta delta{
            .origin = cluster.node(far).id(),
            .epoch = epoch_of(far),
            .from = {version},
            .to = {version + 1 + lie},
            .changes = {{.key = 666 + lie, .count = 1}},
            .hash_after = {}};
        if (lie % 2 == 0) delta.hash_after = lie;
        fake.send(delta);
        cluster.run_for(10ms);
    }
    fake.close();
    cluster.run_for(20s);
    EXPECT_GT(cluster.node(1).mesh().counters().divergences, 0u);
    // Everybody shows what n_far has, and no more.
    for (const auto& node : cluster.nodes())
        for (const auto& entry : node->mesh().visible_entries())
            EXPECT_FALSE(entry.key >= 666 && entry.key < 766) << node->name();
}

TEST_F(HostileNeighbour, ALieAboutALinkedNodesLogIsNotEvenHeard) {
    std::size_t near = 2;
    while (!are_linked(1, near))
        ++near;
    fake.send(proto::Delta{
        .origin = cluster.node(near).id(),
        .epoch = epoch_of(near),
        .from = {0},
        .to = {std::uint64_t{1} << 62},
        .changes = {{.key = 666, .count = 1}},
        .hash_after = {}});
    cluster.run_for(100ms);
    for (const auto& entry : cluster.node(1).mesh().visible_entries())
        EXPECT_NE(entry.key, 666u);
    cluster.add_client("bob", cluster.node(near));
    fake.close();
    cluster.run_for(1s);
    EXPECT_EQ(cluster.node(1).mesh().where_is("bob").sessions, 1u);
}

TEST_F(HostileNeighbour, SignsOfLifeOfStrangersOfTheFutureAndOfTheDeadAreBounded) {
    cluster.node(5).crash();
    cluster.run_for(2s);
    for (std::uint64_t round = 0; round < 200; ++round) {
        proto::Beats beats;
        for (std::uint64_t id = 0; id < 200; ++id)
            beats.beats.push_back(
                {.node = proto::NodeId{1'000'000 * round + id},
                 .epoch = proto::Epoch{id},
                 .seq = round,
                 .version = {},
                 .sethash = 0});
        beats.beats.push_back(
            {.node = cluster.node(6).id(),
             .epoch = proto::Epoch{proto::limits::epoch_max},
             .seq = 1,
             .version = {},
             .sethash = 0});
        fake.send(beats);
        cluster.run_for(10ms);
    }
    for (const auto& node : cluster.nodes())
        if (node->is_running()) {
            EXPECT_LE(node->mesh().members().size(), cluster.nodes().size() + 1);
            EXPECT_EQ(node->state_of(cluster.node(5)), MemberState::down);
            if (node.get() != &cluster.node(6)) {
                EXPECT_EQ(node->state_of(cluster.node(6)), MemberState::alive);
            }
        }
}

TEST_F(HostileNeighbour, NumbersOfSignsOfLifeThatWereNeverSaidMeanNothing) {
    std::string again;
    for (std::uint32_t round = 0; round < 40; ++round) {
        proto::Beats beats;
        for (std::uint32_t at = 0; at < proto::limits::members_per_frame; ++at) {
            const std::uint32_t number = round * proto::limits::members_per_frame + at;
            proto::BeatsAgain::append(again, {static_cast<std::uint16_t>(number), UINT8_MAX});
            beats.beats.push_back(
                {.node = proto::NodeId{1'000'000 + number},
                 .epoch = proto::Epoch{1},
                 .seq = UINT64_MAX,
                 .version = {},
                 .sethash = 0,
                 .number = number % proto::limits::numbered_beats + 1});
        }
        beats.again.packed = again;
        fake.send(beats);
        cluster.run_for(100ms);
        again.clear();
    }
    EXPECT_TRUE(fake.is_open());
    EXPECT_LE(cluster.node(1).mesh().members().size(), cluster.nodes().size() + 1);
    for (std::size_t at = 2; at <= cluster.nodes().size(); ++at)
        EXPECT_EQ(cluster.node(1).state_of(cluster.node(at)), MemberState::alive) << at;
    fake.close();
    cluster.run_for(1s);
    EXPECT_EQ(count<mesh::Diverged>(), 0u);
}

TEST_F(HostileNeighbour, WhoAccusesEverybodyInEverybodysNameBringsNobodyDown) {
    for (int round = 0; round < 50; ++round) {
        for (std::size_t of = 2; of <= cluster.nodes().size(); ++of)
            for (std::size_t by = 2; by <= cluster.nodes().size(); ++by)
                if (of != by)
                    fake.send(proto::Suspect{
                        cluster.node(of).id(), epoch_of(of), 0, cluster.node(by).id()});
        cluster.run_for(100ms);
    }
    EXPECT_EQ(count<mesh::MemberDown>(), 0u);
    for (std::size_t at = 2; at <= cluster.nodes().size(); ++at)
        EXPECT_EQ(cluster.node(1).state_of(cluster.node(at)), MemberState::alive) << at;
}

}  // namespace
}  // namespace grapevine::sim
