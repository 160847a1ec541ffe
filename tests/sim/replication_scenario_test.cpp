// Tables under pressure: short rings, slow links, large tables, joiners in the middle of churn.
#include "tests/sim/cluster.hpp"

namespace grapevine::sim {
namespace {

WorldOptions with_ring(std::uint32_t ring, std::size_t nodes, std::uint64_t seed) {
    WorldOptions options{.nodes = nodes, .seed = seed};
    options.mesh.ring_min = ring;
    options.mesh.ring_max = ring;
    return options;
}

std::vector<Client*> crowd(Cluster& cluster, std::size_t size, std::size_t on_node) {
    std::vector<Client*> clients;
    for (std::size_t count = 0; count < size; ++count)
        clients.push_back(&cluster.add_client("c" + std::to_string(count), cluster.node(on_node)));
    return clients;
}

/// Everybody joins and leaves something, several times a second.
void churn(Cluster& cluster, const std::vector<Client*>& clients, int rounds) {
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t at = 0; at < clients.size(); ++at) {
            const std::size_t dice = (at * 7 + static_cast<std::size_t>(round) * 13) % 5;
            if (clients[at]->is_offline())
                clients[at]->connect(cluster.node(1 + dice % 2));
            else if (dice == 0)
                clients[at]->disconnect();
            else if (dice < 3)
                clients[at]->subscribe("room" + std::to_string(dice + at % 3));
            else
                clients[at]->unsubscribe("room" + std::to_string(dice + at % 3));
        }
        cluster.run_for(40ms);
    }
}

// The log remembers four changes only, so a peer that was away gets a snapshot; it must be as
// exact.
TEST(Replication, ARingOfFourChangesForcesSnapshots) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Cluster cluster{with_ring(4, 3, seed)};
        cluster.form();
        const auto clients = crowd(cluster, 12, 1);
        cluster.wait_until_converged(10s);
        cluster.partition({&cluster.node(3)}, {&cluster.node(1), &cluster.node(2)});
        churn(cluster, clients, 20);
        cluster.run_for(6s);
        cluster.heal();
        churn(cluster, clients, 100);
        for (Client* client : clients)
            if (client->is_offline()) client->connect(cluster.node(2));
        cluster.expect_all_is_well();
        EXPECT_GT(cluster.node(3).count<mesh::SnapshotApplied>(), 0u);
    }
}

// CometD #640: a node joins while others connect and disconnect all the time; its list must be
// whole.
TEST(Replication, AJoinerUnderChurnGetsAWholeTable) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Cluster cluster{with_ring(seed % 2 == 0 ? 4 : 1024, 3, seed)};
        cluster.node(1).start();
        cluster.node(2).start();
        cluster.run_for(2s);
        const auto clients = crowd(cluster, 30, 1);
        churn(cluster, clients, 25);
        cluster.node(3).start();
        churn(cluster, clients, 50);
        cluster.expect_all_is_well();
    }
}

// phoenix_pubsub #74: joining worked below fifty entries and failed above. Here are five thousand.
TEST(Replication, AJoinerGetsFiveThousandChannels) {
    Cluster cluster{with_ring(64, 2, 1)};
    cluster.node(1).start();
    cluster.run_for(1s);
    const auto clients = crowd(cluster, 40, 1);
    cluster.run_for(1s);
    for (std::size_t at = 0; at < clients.size(); ++at)
        for (int channel = 0; channel < 125; ++channel)
            clients[at]->subscribe("ch-" + std::to_string(at) + "-" + std::to_string(channel));
    cluster.run_for(2s);
    cluster.node(2).start();
    const Duration took = cluster.time_until(
        "converged", [&] { return cluster.is_converged(); }, 20s);
    EXPECT_LE(took, Duration{3s});
    EXPECT_EQ(cluster.node(2).mesh().visible_entries().size(), 40u + 5'000u);
}

// nats-server #3571 sent everything again on every reconnect. A short break costs only what
// changed.
TEST(Replication, AReconnectSendsOnlyWhatChanged) {
    Cluster cluster{{.nodes = 2, .seed = 2}};
    cluster.form();
    const auto clients = crowd(cluster, 100, 1);
    cluster.wait_until_converged(10s);
    const auto before = cluster.node(2).mesh().counters().changes_applied;
    cluster.network().break_connection(
        cluster.links(cluster.node(1), cluster.node(2)).front(), 10ms, 10ms);
    clients[0]->subscribe("lobby");
    cluster.run_for(3s);
    cluster.wait_until_converged(10s);
    EXPECT_LE(cluster.node(2).mesh().counters().changes_applied - before, 3u);
    EXPECT_EQ(cluster.node(2).count<mesh::SnapshotApplied>(), 0u);
}

// A slow link must not make its sender's queue grow with the churn: changes for it are conflated.
TEST(Replication, ASlowLinkConflates) {
    WorldOptions options = with_ring(1024, 3, 3);
    options.mesh.link_delta_bytes_max = 2'000;
    options.mesh.link_flight_bytes_max = 4'000;
    options.network.window_bytes = 4'000;
    Cluster cluster{options};
    cluster.form();
    const auto clients = crowd(cluster, 60, 1);
    cluster.run_for(1s);
    cluster.network().set_path_both_ways(
        cluster.node(1).host(),
        cluster.node(3).host(),
        Path{.latency = {.least = 20ms, .most = 40ms}, .bytes_per_ms = 2});
    std::size_t most = 0;
    for (int round = 0; round < 40; ++round) {
        churn(cluster, clients, 5);
        for (const auto& [peer, link] : cluster.node(1).mesh().complete_links())
            most = std::max(most, cluster.node(1).mesh().queued_bytes(link));
    }
    EXPECT_LT(most, 40'000u);
    EXPECT_EQ(
        cluster.node(1).count<mesh::MemberDown>() + cluster.node(3).count<mesh::MemberDown>(), 0u)
        << cluster.report();
    cluster.heal();
    cluster.expect_all_is_well();
}

// emqx: heartbeats waited behind bulk data and a healthy peer was declared dead. They overtake it.
TEST(Replication, HeartbeatsOvertakeBulkData) {
    WorldOptions options{.nodes = 2, .seed = 4};
    options.network.window_bytes = 64 * 1024;
    options.mesh.link_flight_bytes_max = 32 * 1024;
    Cluster cluster{options};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    bob.subscribe("bulk");
    cluster.wait_until_converged(5s);
    cluster.network().set_path(
        cluster.node(1).host(),
        cluster.node(2).host(),
        Path{.latency = {.least = 1ms, .most = 2ms}, .bytes_per_ms = 100});
    for (int second = 0; second < 20; ++second) {
        for (int count = 0; count < 8; ++count)
            ann.say("bulk", 20'000);  // 160 kB/s through 100 kB/s
        cluster.run_for(1s);
    }
    EXPECT_EQ(
        cluster.node(1).count<mesh::MemberSuspected>() +
            cluster.node(2).count<mesh::MemberSuspected>(),
        0u)
        << cluster.report();
    cluster.run_for(30s);
    EXPECT_EQ(bob.heard().size(), 160u);
}

// phoenix_pubsub #71: a few hundred changes a second, for ever, and nodes timed out. Here are four
// thousand, over links that just carry them: nobody is suspected, and everything is seen in time.
TEST(Replication, SteadyChangesSuspectNobodyAndAreSeenInTime) {
    WorldOptions options{.nodes = 3, .seed = 6};
    options.network.path.bytes_per_ms = 200;
    options.mesh.channel_linger = 0ms;
    Cluster cluster{options};
    cluster.form();
    const auto clients = crowd(cluster, 200, 1);
    cluster.wait_until_converged(10s);
    for (int round = 0; round < 50; ++round) {
        for (Client* const client : clients) {
            const std::string channel = client->user() + "-" + std::to_string(round / 2);
            round % 2 == 0 ? client->subscribe(channel) : client->unsubscribe(channel);
        }
        cluster.run_for(50ms);
    }
    Client& last = cluster.add_client("last", cluster.node(1));
    const Duration took = cluster.time_until(
        "the last seen",
        [&] { return cluster.node(3).mesh().where_is(last.user()).sessions == 1; },
        2s);
    EXPECT_LE(took, Duration{500ms});
    EXPECT_GE(cluster.node(3).mesh().counters().deltas_applied, 50u);
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->count<mesh::MemberSuspected>(), 0u);
    cluster.wait_until_converged(5s);
}

// Publications to a node that reads too slowly are dropped and counted beyond the bound; the link
// survives.
TEST(Replication, MessagesForASlowNodeAreDroppedBeyondTheBound) {
    WorldOptions options{.nodes = 3, .seed = 5};
    options.mesh.link_message_bytes_max = 200'000;
    options.mesh.link_flight_bytes_max = 32 * 1024;
    options.network.window_bytes = 32 * 1024;
    Cluster cluster{options};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    Client& eve = cluster.add_client("eve", cluster.node(3));
    for (Client* client : {&bob, &eve})
        client->subscribe("bulk");
    cluster.wait_until_converged(5s);
    cluster.network().set_path(
        cluster.node(1).host(),
        cluster.node(2).host(),
        Path{.latency = {.least = 1ms, .most = 2ms}, .bytes_per_ms = 20});
    std::vector<std::string> said;
    for (int count = 0; count < 100; ++count) {
        said.push_back(ann.say("bulk", 20'000));
        cluster.run_for(20ms);
    }
    cluster.run_for(20s);
    EXPECT_EQ(eve.heard(), said);
    EXPECT_LT(bob.heard().size(), 60u);
    EXPECT_GT(bob.heard().size(), 10u);
    EXPECT_EQ(cluster.node(1).mesh().counters().forwards_dropped, 100u - bob.heard().size());
    EXPECT_EQ(cluster.node(1).count<mesh::MemberDown>(), 0u);
    cluster.heal();
    cluster.expect_all_is_well();
}

// A channel whose last subscriber leaves and returns within two seconds costs no change at all.
TEST(Replication, AFlappingChannelLingers) {
    Cluster cluster{{.nodes = 2, .seed = 6}};
    cluster.form();
    Client& ann = cluster.add_client("ann", cluster.node(1));
    ann.subscribe("lobby");
    cluster.wait_until_converged(5s);
    const auto version = cluster.node(1).mesh().members().front().version;
    for (int round = 0; round < 10; ++round) {
        ann.unsubscribe("lobby");
        cluster.run_for(500ms);
        ann.subscribe("lobby");
        cluster.run_for(500ms);
    }
    EXPECT_EQ(cluster.node(1).mesh().members().front().version, version);
    ann.unsubscribe("lobby");
    cluster.run_for(1500ms);
    EXPECT_EQ(cluster.node(2).mesh().visible_entries().size(), 2u);
    cluster.run_for(1s);
    EXPECT_EQ(cluster.node(2).mesh().visible_entries().size(), 1u);
}

// The same user on many tabs: the number of sessions is told, and going from many to one is exact.
TEST(Replication, SessionCountsAreExact) {
    Cluster cluster{{.nodes = 2, .seed = 7}};
    cluster.form();
    std::vector<Client*> tabs;
    for (int count = 0; count < 300; ++count)
        tabs.push_back(&cluster.add_client("ann", cluster.node(1)));
    cluster.wait_until_converged(10s);
    EXPECT_EQ(cluster.node(2).mesh().where_is("ann").sessions, 255u);  // 255 or more
    for (std::size_t at = 0; at < tabs.size() - 1; ++at)
        tabs[at]->disconnect();
    cluster.wait_until_converged(10s);
    EXPECT_EQ(cluster.node(2).mesh().where_is("ann").sessions, 1u);
}

// Operators watch how long ago tables were last found equal. Where users come and go all the time a
// heartbeat hardly ever tells of a version that is here at that moment: what changes arrive with
// must count too.
TEST(Replication, TablesThatNeverRestAreFoundEqualAllTheSame) {
    Cluster cluster{{.nodes = 3, .seed = 1}};
    cluster.form();
    const Node& observer = cluster.node(2);
    const auto last_equal = [&] {
        for (const mesh::MemberView& member : observer.mesh().members())
            if (member.node == cluster.node(1).id()) return member.last_equal;
        return mesh::never;
    };
    cluster.run_for(2s);
    const Instant before = last_equal();
    ASSERT_NE(before, mesh::never);
    for (Duration passed{}; passed < 5s; passed += 400us) {
        const proto::SessionId visitor = cluster.node(1).enter("visitor");
        cluster.run_for(200us);
        cluster.node(1).go(visitor);
        cluster.run_for(200us);
    }
    EXPECT_GE(last_equal() - before, Duration{4s});
}

}  // namespace
}  // namespace grapevine::sim
