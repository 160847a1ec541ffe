// Whole logs told piece by piece, while they change, over links that are slow or end.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"

namespace grapevine::sim {
namespace {

/// Everything is told by snapshots of two keys a chunk, a few chunks a turn.
WorldOptions in_pieces(std::uint32_t ring, std::size_t nodes, std::uint64_t seed) {
    WorldOptions options{.nodes = nodes, .seed = seed};
    options.mesh.ring_min = options.mesh.ring_max = ring;
    options.mesh.snapshot_chunk_keys = 2;
    options.mesh.snapshot_turn_work = 400;
    options.mesh.catchup_bytes_max = 300;
    options.mesh.link_flight_bytes_max = 400;
    options.mesh.channel_linger = 0ms;
    options.network.window_bytes = 1'000;
    return options;
}

std::vector<Client*> crowd_with_channels(Cluster& cluster, std::size_t size, std::size_t channels) {
    std::vector<Client*> clients;
    for (std::size_t count = 0; count < size; ++count)
        clients.push_back(&cluster.add_client("c" + std::to_string(count), cluster.node(1)));
    cluster.run_for(500ms);
    for (Client* client : clients)
        for (std::size_t channel = 0; channel < channels; ++channel)
            client->subscribe(client->user() + "-" + std::to_string(channel));
    cluster.run_for(500ms);
    return clients;
}

void change_much(
    Cluster& cluster, const std::vector<Client*>& clients, int rounds, Duration pause) {
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t at = 0; at < clients.size(); ++at) {
            const std::string channel = clients[at]->user() + "-" + std::to_string(round % 7);
            round / 7 % 2 == 0 ? clients[at]->unsubscribe(channel)
                               : clients[at]->subscribe(channel);
        }
        cluster.run_for(pause);
    }
}

std::uint64_t begun(Cluster& cluster) {
    return cluster.node(1).mesh().counters().snapshots_begun;
}

// Changes before and behind the place that the reading got to, all the way through.
TEST(Snapshot, IsExactWhileMuchChanges) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        Cluster cluster{in_pieces(100, 2, seed)};
        cluster.node(1).start();
        cluster.run_for(1s);
        const auto clients = crowd_with_channels(cluster, 20, 10);
        cluster.network().set_path_both_ways(
            cluster.node(1).host(),
            cluster.node(2).host(),
            Path{.latency = {.least = 1ms, .most = 5ms}, .bytes_per_ms = 10});
        cluster.node(2).start();
        std::size_t most = 0;
        for (int round = 0; round < 40; ++round) {
            change_much(cluster, clients, 2, 10ms);
            for (const auto& [peer, link] : cluster.node(1).mesh().complete_links())
                most = std::max(most, cluster.node(1).mesh().queued_bytes(link));
        }
        EXPECT_LT(most, 20'000u);
        cluster.heal();
        cluster.expect_all_is_well();
        EXPECT_GT(cluster.node(2).count<mesh::SnapshotApplied>(), 0u);
    }
}

// What is held stays as it was until a whole snapshot is there, however often one is cut off.
TEST(Snapshot, OfALostLinkLeavesTheOldReplica) {
    Cluster cluster{in_pieces(4, 2, 3)};
    cluster.form();
    const auto clients = crowd_with_channels(cluster, 10, 10);
    cluster.wait_until_converged(30s);
    const std::size_t held = cluster.node(2).mesh().visible_entries().size();
    const auto applied = cluster.node(2).count<mesh::SnapshotApplied>();
    cluster.partition({&cluster.node(2)}, {&cluster.node(1)});
    change_much(cluster, clients, 3, 10ms);
    cluster.run_for(8s);
    cluster.heal();
    cluster.network().set_path(
        cluster.node(1).host(),
        cluster.node(2).host(),
        Path{.latency = {.least = 1ms, .most = 2ms}, .bytes_per_ms = 1});
    for (int cut = 0; cut < 3; ++cut) {
        const std::uint64_t before = begun(cluster);
        cluster.wait_for(
            "another snapshot", [&] { return begun(cluster) > before; }, 30s);
        cluster.run_for(200ms);
        EXPECT_EQ(cluster.node(2).mesh().visible_entries().size(), held);
        for (const auto link : cluster.links(cluster.node(1), cluster.node(2)))
            cluster.network().break_connection(link, 10ms, 10ms);
    }
    EXPECT_EQ(cluster.node(2).count<mesh::SnapshotApplied>(), applied);
    cluster.heal();
    cluster.expect_all_is_well();
}

// More changes than the log keeps while the link hardly moves: it is begun anew, and ends when the
// link is as quick as the changes.
TEST(Snapshot, IsBegunAnewWhenTheLogForgets) {
    Cluster cluster{in_pieces(16, 2, 4)};
    cluster.node(1).start();
    cluster.run_for(1s);
    const auto clients = crowd_with_channels(cluster, 20, 10);
    cluster.node(2).start();
    cluster.wait_for(
        "begun", [&] { return begun(cluster) > 0; }, 5s);
    cluster.network().set_path(
        cluster.node(1).host(),
        cluster.node(2).host(),
        Path{.latency = {.least = 1ms, .most = 2ms}, .bytes_per_ms = 1});
    change_much(cluster, clients, 50, 40ms);
    EXPECT_GT(cluster.node(1).mesh().counters().snapshots_restarted, 0u);
    cluster.heal();
    cluster.expect_all_is_well();
}

// One at a time here: all are served in the end, and who has hardly any bandwidth gives way.
TEST(Snapshot, ManyJoinersTakeTurns) {
    WorldOptions options = in_pieces(64, 6, 5);
    options.mesh.snapshots_max = 1;
    options.mesh.snapshot_turn = 200ms;
    Cluster cluster{options};
    cluster.node(1).start();
    cluster.run_for(1s);
    crowd_with_channels(cluster, 20, 10);
    cluster.network().set_path(
        cluster.node(1).host(),
        cluster.node(2).host(),
        Path{.latency = {.least = 1ms, .most = 2ms}, .bytes_per_ms = 1});
    cluster.node(2).start();
    cluster.wait_for(
        "begun", [&] { return begun(cluster) > 0; }, 5s);
    for (std::size_t joiner = 3; joiner <= 6; ++joiner)
        cluster.node(joiner).start();
    const std::size_t all = cluster.node(1).mesh().visible_entries().size();
    cluster.wait_for(
        "the quick ones know all",
        [&] {
            for (std::size_t joiner = 3; joiner <= 6; ++joiner)
                if (cluster.node(joiner).mesh().visible_entries().size() < all) return false;
            return true;
        },
        3s);
    EXPECT_EQ(cluster.node(2).count<mesh::SnapshotApplied>(), 0u);
    cluster.heal();
    cluster.expect_all_is_well();
}

/// A member that tells a log, and whom it tells it to.
struct HostileSnapshot : testing::Test {
    void meet(std::size_t node_keys_max = 1'000'000) {
        WorldOptions options{.nodes = 2, .seed = 1};
        options.mesh.node_keys_max = node_keys_max;
        cluster = std::make_unique<Cluster>(options);
        cluster->form();
        cluster->add_client("ann", cluster->node(2));
        fake = std::make_unique<FakePeer>(cluster->stage(), "fake", "10.6.6.6");
        fake->dial(cluster->node(1));
        cluster->wait_for(
            "taken in", [&] { return fake->is_taken_in(); }, 5s);
    }
    void tell_begin() {
        fake->send(proto::SnapBegin{fake->hello.node_id, fake->hello.epoch, proto::Version{1}, 1});
    }
    void tell_chunk(std::uint64_t first, std::uint64_t keys) {
        proto::SnapChunk chunk{fake->hello.node_id, {}};
        for (std::uint64_t key = first; key < first + keys; ++key)
            chunk.changes.push_back({key, proto::TableKind::users, 1});
        fake->send(chunk);
    }
    [[nodiscard]] std::size_t table_bytes() const {
        return cluster->node(1).mesh().table_memory_bytes();
    }
    void expect_unharmed() {
        EXPECT_EQ(cluster->node(1).mesh().where_is("ann").sessions, 1u);
        EXPECT_EQ(
            cluster->node(1).state_of(cluster->node(2)), std::optional{proto::MemberState::alive});
    }
    std::unique_ptr<Cluster> cluster;
    std::unique_ptr<FakePeer> fake;
};

// What was staged is swept in its own time; begun again meanwhile, nothing more is staged.
TEST_F(HostileSnapshot, BegunAgainAndAgainFillsNoMemory) {
    meet();
    for (std::uint64_t round = 0; round < 300; ++round) {
        tell_begin();
        tell_chunk(round * 4000, 4000);
        if (round % 10 == 0) cluster->run_for(1ms);
    }
    EXPECT_LT(table_bytes(), 1'000'000u);  // a million keys were told
    cluster->run_for(5s);
    expect_unharmed();
}

// Each costs a slot, and there are 16,384: an empty one is used again.
TEST_F(HostileSnapshot, BegunManyTimesWithNothingTakesOneSlot) {
    meet();
    for (int count = 0; count < 20'000; ++count)
        tell_begin();
    cluster->run_for(1s);
    EXPECT_EQ(cluster->node(1).count<mesh::LimitReached>(), 0u);
    cluster->node(2).crash();
    cluster->run_for(1s);
    cluster->node(2).start();
    cluster->wait_for(
        "n2 is back",
        [&] { return cluster->node(1).state_of(cluster->node(2)) == proto::MemberState::alive; },
        15s);
}

TEST_F(HostileSnapshot, ThatNeverEndsIsBounded) {
    meet();
    tell_begin();
    for (std::uint64_t round = 0; round < 500; ++round) {
        tell_chunk(0, 4000);
        cluster->run_for(20ms);
    }
    EXPECT_TRUE(fake->is_open());
    EXPECT_LT(table_bytes(), 1'000'000u);
    expect_unharmed();
}

TEST_F(HostileSnapshot, OfMoreKeysThanANodeMayHaveEndsTheLink) {
    meet(10'000);
    tell_begin();
    for (std::uint64_t round = 0; round < 3; ++round)
        tell_chunk(round * 4000, 4000);
    cluster->run_for(1s);
    EXPECT_FALSE(fake->is_open());
    expect_unharmed();
}

TEST_F(HostileSnapshot, ChangesToMoreKeysThanANodeMayHaveEndTheLink) {
    meet(100);
    proto::Delta delta{
        .origin = fake->hello.node_id,
        .epoch = fake->hello.epoch,
        .from = proto::Version{0},
        .to = proto::Version{101},
        .changes = {},
        .hash_after = {}};
    for (std::uint64_t key = 0; key < 101; ++key)
        delta.changes.push_back({key, proto::TableKind::users, 1});
    fake->send(delta);
    cluster->run_for(1s);
    EXPECT_FALSE(fake->is_open());
    expect_unharmed();
}

}  // namespace
}  // namespace grapevine::sim
