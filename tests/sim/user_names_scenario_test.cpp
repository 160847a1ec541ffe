// Names of users, where the operator turned that on: whoever sees a user's key knows his name,
// through churn, short rings, partitions, deaths and restarts; and nobody else is told any.
#include "proto/hash.hpp"
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"

#include <map>
#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

WorldOptions with_names(std::size_t nodes, std::uint64_t seed) {
    WorldOptions options{.nodes = nodes, .seed = seed};
    options.mesh.replicate_names = true;
    return options;
}

struct UserNames {
    explicit UserNames(WorldOptions options) : cluster(std::move(options)) {}

    void crowd(std::size_t size) {
        for (std::size_t count = 0; count < size; ++count) {
            const std::string name = "user-" + std::to_string(count) +
                                     std::string(count % 3 == 0 ? count % 200 : 0, 'x');
            clients.push_back(
                &cluster.add_client(name, cluster.node(1 + count % cluster.nodes().size())));
            const auto hash = cluster.node(1).mesh().hash_key();
            names[proto::user_key_of(hash, name).value] = name;
        }
    }
    /// Half of them go, come back elsewhere, or come with another device, again and again.
    void churn(int rounds) {
        for (int round = 0; round < rounds; ++round) {
            for (std::size_t at = 0; at < clients.size(); ++at) {
                const std::size_t dice = (at * 7 + static_cast<std::size_t>(round) * 13) % 9;
                Node& node = cluster.node(1 + (dice + at) % cluster.nodes().size());
                if (clients[at]->is_offline() && node.is_running())
                    clients[at]->connect(node);
                else if (dice < 4)
                    clients[at]->disconnect();
            }
            cluster.run_for(30ms);
        }
    }
    void everybody_is_here() {
        for (Client* client : clients)
            if (client->is_offline()) client->connect(cluster.node(1));
        cluster.wait_until_converged(45s);
    }
    /// Users whom `node` sees, and knows by name.
    [[nodiscard]] std::size_t known(Node& node) {
        std::size_t found = 0;
        for (const mesh::Mesh::Entry& entry : node.mesh().visible_entries()) {
            if (entry.kind != proto::TableKind::users) continue;
            const auto here = node.mesh().name_of_user(entry.node, entry.key);
            const auto anywhere = node.mesh().name_of_user(entry.key);
            EXPECT_EQ(here.has_value(), anywhere.has_value());
            if (!here) continue;
            EXPECT_EQ(*here, names.at(entry.key));
            EXPECT_EQ(*anywhere, names.at(entry.key));
            ++found;
        }
        node.mesh().check_invariants();
        return found;
    }
    [[nodiscard]] static std::size_t seen(const Node& node) {
        std::size_t users = 0;
        for (const mesh::Mesh::Entry& entry : node.mesh().visible_entries())
            users += entry.kind == proto::TableKind::users ? 1 : 0;
        return users;
    }
    void everybody_is_known_to(Node& node) {
        EXPECT_GE(seen(node), clients.size());
        EXPECT_EQ(known(node), seen(node)) << node.mesh().config().name;
        EXPECT_EQ(node.mesh().name_sizes().names, seen(node));
    }
    void everybody_is_known() {
        for (const auto& node : cluster.nodes())
            if (node->is_running()) everybody_is_known_to(*node);
    }
    void nobody_is_known_to(const Node& node) {
        EXPECT_EQ(node.mesh().name_sizes().names, 0u);
        EXPECT_EQ(node.mesh().name_sizes().bytes, 0u);
        EXPECT_EQ(node.mesh().name_sizes().refused, 0u);
    }

    Cluster cluster;
    std::vector<Client*> clients;
    std::map<std::uint64_t, std::string> names;
};

// Whatever happened before, who is seen is known.
TEST(UserNames, SurviveChurnPartitionsSnapshotsAndRestarts) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        WorldOptions options = with_names(3, seed);
        if (seed % 2 == 0) options.mesh.ring_min = options.mesh.ring_max = 4;
        options.mesh.snapshot_chunk_keys = 5;
        UserNames users{options};
        users.cluster.form();
        users.crowd(30);
        users.churn(20);
        users.cluster.partition(
            {&users.cluster.node(3)}, {&users.cluster.node(1), &users.cluster.node(2)});
        users.churn(20);
        users.cluster.run_for(6s);
        users.cluster.heal();
        users.churn(20);
        users.cluster.network().break_connection(
            users.cluster.links(users.cluster.node(1), users.cluster.node(2)).front(), 10ms, 10ms);
        users.cluster.node(2).crash();
        users.churn(10);
        users.cluster.run_for(3s);
        users.cluster.node(2).start();
        users.churn(30);
        users.everybody_is_here();
        users.everybody_is_known();
        const bool is_short = options.mesh.ring_min == 4;
        EXPECT_TRUE(!is_short || users.cluster.node(3).count<mesh::SnapshotApplied>() > 0);
    }
}

// A name is there when its key is: at every instant, whoever is seen is known.
TEST(UserNames, ComeBeforeTheirKeys) {
    UserNames users{with_names(2, 1)};
    users.cluster.form();
    users.crowd(20);
    for (int step = 0; step < 1000; ++step) {
        users.cluster.run_for(1ms);
        EXPECT_EQ(users.known(users.cluster.node(2)), UserNames::seen(users.cluster.node(2)));
    }
    users.everybody_is_here();
    users.everybody_is_known();
}

// Notices of those whose node died need their names: they are kept as long as the copy is.
TEST(UserNames, OfANodeThatDiedAreKeptWithItsCopy) {
    WorldOptions options = with_names(3, 2);
    options.mesh.keep_down = 20s;
    UserNames users{options};
    users.cluster.form();
    users.crowd(9);
    users.everybody_is_here();
    users.cluster.run_for(1s);
    Node& watcher = users.cluster.node(2);
    const proto::NodeId dead = users.cluster.node(1).id();
    const std::uint64_t key = proto::user_key_of(watcher.mesh().hash_key(), "user-1").value;
    users.cluster.add_client("user-1", users.cluster.node(1));
    users.cluster.wait_for(
        "he is known there",
        [&] { return watcher.mesh().name_of_user(dead, key).has_value(); },
        5s);
    users.cluster.node(1).crash();
    users.cluster.wait_for(
        "n1 is down",
        [&] { return watcher.state_of(users.cluster.node(1)) == proto::MemberState::down; },
        20s);
    EXPECT_EQ(watcher.mesh().name_of_user(dead, key), "user-1");
    users.cluster.run_for(30s);
    EXPECT_EQ(watcher.mesh().name_of_user(dead, key), std::nullopt);
    watcher.mesh().check_invariants();
}

// Off, as shipped: nothing is sent, nothing is kept.
TEST(UserNames, AreNobodysWhereTheyAreOff) {
    UserNames users{{.nodes = 2, .seed = 3}};
    users.cluster.form();
    FakePeer fake{users.cluster.stage(), "fake", "10.6.6.6"};
    fake.hello.features = proto::feature_names;
    fake.dial(users.cluster.node(1));
    users.crowd(20);
    users.churn(10);
    fake.close();
    users.everybody_is_here();
    EXPECT_EQ(users.known(users.cluster.node(1)), 0u);
    EXPECT_EQ(users.known(users.cluster.node(2)), 0u);
    users.nobody_is_known_to(users.cluster.node(1));
    users.nobody_is_known_to(users.cluster.node(2));
    EXPECT_EQ(fake.count<proto::Names>(), 0u);
    EXPECT_GT(fake.count<proto::Delta>(), 0u);
}

// A cluster that is turned on node by node, and one node of an earlier version: those who keep
// names tell each other.
TEST(UserNames, AreToldToThoseWhoKeepThem) {
    UserNames users{with_names(2, 4)};
    NodeOptions off = users.cluster.default_node_options();
    off.mesh.replicate_names = false;
    Node& without = users.cluster.add_node(off);
    NodeOptions earlier = users.cluster.default_node_options();
    earlier.mesh.version_max = 1;
    Node& old = users.cluster.add_node(earlier);
    users.cluster.form();
    users.crowd(40);
    users.churn(10);
    for (Client* client : users.clients)
        if (client->is_offline()) client->connect(users.cluster.node(1));
    users.cluster.wait_until_converged(20s);
    users.nobody_is_known_to(without);
    for (const std::size_t number : {1, 2}) {
        Node& node = users.cluster.node(number);
        EXPECT_GT(users.known(node), 0u);
        for (const mesh::Mesh::Entry& entry : node.mesh().visible_entries()) {
            if (entry.kind != proto::TableKind::users) continue;
            const bool tells = entry.node != without.id() && entry.node != old.id();
            EXPECT_EQ(node.mesh().name_of_user(entry.node, entry.key).has_value(), tells);
        }
    }
}

// Beyond its budget a node knows keys only, and says how often.
TEST(UserNames, BeyondTheirBudgetAreNotKept) {
    WorldOptions options = with_names(2, 5);
    options.mesh.node_names_bytes_max = 500;
    options.mesh.all_names_bytes_max = 800;
    UserNames users{options};
    users.cluster.form();
    users.crowd(60);
    users.everybody_is_here();
    for (const std::size_t number : {1, 2}) {
        Node& node = users.cluster.node(number);
        EXPECT_GT(users.known(node), 5u);
        EXPECT_LT(users.known(node), 30u);
        EXPECT_LE(node.mesh().name_sizes().bytes, 800u);
        EXPECT_GT(node.mesh().name_sizes().refused, 0u);
    }
}

// A snapshot's names go in as small pieces as its keys do: also if all are as long as they may be,
// what waits on a link is not much more than a snapshot may queue.
TEST(UserNames, OfTheGreatestLengthDoNotGatherOnALink) {
    WorldOptions options = with_names(2, 10);
    options.mesh.catchup_bytes_max = 2'000;
    options.mesh.link_flight_bytes_max = 1'000;
    options.mesh.ring_min = options.mesh.ring_max = 4;
    UserNames users{options};
    users.cluster.node(1).start();
    users.cluster.run_for(100ms);
    for (int number = 0; number < 300; ++number) {
        std::string name = "user-" + std::to_string(number);
        name.resize(proto::limits::user_name_bytes, 'x');
        users.clients.push_back(&users.cluster.add_client(name, users.cluster.node(1)));
        const auto hash = users.cluster.node(1).mesh().hash_key();
        users.names[proto::user_key_of(hash, name).value] = name;
    }
    users.cluster.run_for(2s);
    users.cluster.network().set_path(
        users.cluster.node(1).host(),
        users.cluster.node(2).host(),
        Path{.latency = {.least = 1ms, .most = 2ms}, .bytes_per_ms = 100});
    users.cluster.node(2).start();
    std::size_t most = 0;
    for (int step = 0; step < 3'000; ++step) {
        users.cluster.run_for(1ms);
        for (const auto& [peer, link] : users.cluster.node(1).mesh().complete_links())
            most = std::max(most, users.cluster.node(1).mesh().queued_bytes(link));
    }
    users.cluster.heal();
    users.everybody_is_here();
    users.everybody_is_known();
    EXPECT_GT(users.cluster.node(2).count<mesh::SnapshotApplied>(), 0u);
    EXPECT_GT(most, 500u);
    EXPECT_LT(most, 5'000u);
}

// Neighbours pass names on with what they pass on.
TEST(UserNames, ReachNodesWithoutALink) {
    WorldOptions options = with_names(12, 6);
    options.mesh.full_mesh_max = 4;
    options.mesh.overlay_rings = 1;
    options.mesh.link_idle = 5s;
    UserNames users{options};
    users.cluster.form();
    users.crowd(24);
    users.cluster.run_for(20s);
    users.churn(10);
    users.everybody_is_here();
    std::uint64_t relayed = 0;
    for (const auto& node : users.cluster.nodes())
        relayed += node->mesh().counters().deltas_relayed;
    EXPECT_GT(relayed, 0u);
    users.everybody_is_known();
}

// ---- members that lie

struct HostileNames : testing::Test {
    explicit HostileNames(WorldOptions options = with_names(2, 7)) : cluster(std::move(options)) {
        cluster.form();
        cluster.add_client("ann", cluster.node(2));
        fake.hello.features = proto::feature_names;
        fake.dial(cluster.node(1));
        cluster.wait_for(
            "taken in", [&] { return fake.is_taken_in(); }, 5s);
    }
    [[nodiscard]] std::uint64_t key_of(std::string_view user) {
        return proto::user_key_of(cluster.node(1).mesh().hash_key(), user).value;
    }
    void tell_names(const std::vector<std::string>& names) {
        std::string packed;
        for (const std::string& name : names)
            proto::NameList::append(packed, name);
        fake.send(proto::Names{.origin = fake.hello.node_id, .names = {packed}});
    }
    void expect_ended() {
        cluster.run_for(1s);
        EXPECT_FALSE(fake.is_open());
        cluster.run_for(20s);
        expect_unharmed();
    }
    void expect_unharmed() {
        EXPECT_EQ(cluster.node(1).mesh().where_is("ann").sessions, 1u);
        EXPECT_EQ(cluster.node(1).mesh().name_of_user(key_of("ann")), "ann");
        cluster.node(1).mesh().check_invariants();
    }
    Cluster cluster;
    FakePeer fake{cluster.stage(), "fake", "10.6.6.6"};
};

struct HostileNamesOff : HostileNames {
    HostileNamesOff() : HostileNames({.nodes = 2, .seed = 8}) {}
};

TEST_F(HostileNames, OfItsUsersAreKept) {
    tell_names({"eve"});
    fake.announce("eve");
    cluster.run_for(100ms);
    EXPECT_EQ(cluster.node(1).mesh().name_of_user(fake.hello.node_id, key_of("eve")), "eve");
    fake.announce("eve", 0);
    cluster.run_for(100ms);
    EXPECT_EQ(cluster.node(1).mesh().name_of_user(fake.hello.node_id, key_of("eve")), std::nullopt);
    EXPECT_TRUE(fake.is_open());
    expect_unharmed();
}

TEST_F(HostileNames, OfAnotherHashEndTheLink) {
    tell_names({"ann"});
    fake.announce("eve");
    expect_ended();
}

TEST_F(HostileNames, OfSomebodyWhoGoesEndTheLink) {
    fake.announce("eve");
    tell_names({"eve"});
    fake.announce("eve", 0);
    expect_ended();
}

TEST_F(HostileNames, ThatNoUserMayHaveEndTheLink) {
    tell_names({"#eve"});
    fake.announce("#eve");
    expect_ended();
}

TEST_F(HostileNames, OverTheirLimitEndTheLink) {
    const std::string longer(proto::limits::user_name_bytes + 1, 'x');
    proto::NodeId id = fake.hello.node_id;
    // Batch{Frame{names{origin, names}}}, as no encoder of ours writes it.
    std::string body{"\x09"};
    body.append(reinterpret_cast<const char*>(&id.value), sizeof id.value);
    body += std::string{"\x12\x80\x02\xff"} + longer;
    const std::string frame = std::string{"\x82\x02\x8c\x02"} + body;
    fake.send_raw(std::string{"\x0a\x90\x02"} + frame);
    expect_ended();
}

TEST_F(HostileNames, OfAnotherNodesUsersEndTheLink) {
    std::string packed;
    proto::NameList::append(packed, "ann");
    fake.send(proto::Names{.origin = cluster.node(2).id(), .names = {packed}});
    expect_ended();
}

// More than any frame has users: nothing is kept that waits for nothing.
TEST_F(HostileNames, FloodsBeforeNothingEndTheLink) {
    for (int round = 0; round < 20; ++round) {
        std::vector<std::string> names;
        for (int count = 0; count < 1000; ++count)
            names.push_back("u" + std::to_string(round * 1000 + count));
        tell_names(names);
    }
    expect_ended();
}

TEST_F(HostileNamesOff, ThatNobodyAskedForEndTheLink) {
    tell_names({"eve"});
    cluster.run_for(1s);
    EXPECT_FALSE(fake.is_open());
    EXPECT_EQ(cluster.node(1).mesh().name_sizes().bytes, 0u);
}

// As many users as it likes: names of the others stay, and so does the budget.
TEST(HostileNamesFlood, OverTheBudgetAreNotKept) {
    WorldOptions options = with_names(2, 9);
    options.mesh.node_names_bytes_max = 100'000;
    options.mesh.all_names_bytes_max = 150'000;
    UserNames users{options};
    users.cluster.form();
    users.crowd(10);
    users.everybody_is_here();
    FakePeer fake{users.cluster.stage(), "fake", "10.6.6.6"};
    fake.hello.features = proto::feature_names;
    fake.dial(users.cluster.node(1));
    users.cluster.wait_for(
        "taken in", [&] { return fake.is_taken_in(); }, 5s);
    const mesh::Mesh& mesh = users.cluster.node(1).mesh();
    for (int round = 0; round < 20; ++round) {
        std::string packed;
        proto::Delta delta{
            .origin = fake.hello.node_id,
            .epoch = fake.hello.epoch,
            .from = proto::Version{static_cast<std::uint64_t>(round) * 1000},
            .to = proto::Version{static_cast<std::uint64_t>(round + 1) * 1000},
            .changes = {},
            .hash_after = {}};
        for (int count = 0; count < 1000; ++count) {
            const std::string name = "u" + std::to_string(round * 1000 + count);
            proto::NameList::append(packed, name);
            delta.changes.push_back(
                {proto::user_key_of(mesh.hash_key(), name).value, proto::TableKind::users, 1});
        }
        fake.send(proto::Names{.origin = fake.hello.node_id, .names = {packed}});
        fake.send(delta);
        users.cluster.run_for(20ms);
        EXPECT_LE(mesh.name_sizes().bytes, 150'000u);
    }
    EXPECT_TRUE(fake.is_open());
    EXPECT_GT(mesh.name_sizes().refused, 15'000u);
    for (const auto& [key, name] : users.names)
        EXPECT_EQ(mesh.name_of_user(key), name);
    mesh.check_invariants();
}

}  // namespace
}  // namespace grapevine::sim
