// What names answer, and what becomes of a mesh that found itself by them.
#include "tests/sim/cluster.hpp"

#include <algorithm>

namespace grapevine::sim {
namespace {

const std::string mesh_name = "mesh.example:7000";
using Addresses = std::vector<std::string>;

/// Nodes that know nothing but one name.
WorldOptions by_name(std::size_t nodes, std::uint64_t seed) {
    return {.nodes = nodes, .seed = seed, .seeds = {mesh_name}};
}

Addresses addresses_of(Cluster& cluster) {
    Addresses addresses;
    for (const auto& node : cluster.nodes())
        addresses.push_back(node->mesh_address());
    return addresses;
}

template <class Event>
std::size_t count_all(Cluster& cluster) {
    std::size_t count = 0;
    for (const auto& node : cluster.nodes())
        count += node->count<Event>();
    return count;
}

// A timeout is no answer: a node asks again and joins when its resolver works.
TEST(Discovery, ATimeoutThenAnAnswer) {
    Cluster cluster{by_name(3, 1)};
    cluster.stage().names.fail(mesh_name);
    cluster.start_all();
    cluster.run_for(120s);
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->mesh().members().size(), 1u);
    EXPECT_GT(cluster.node(1).mesh().counters().seeds_unresolved, 3u);
    cluster.stage().names.set(mesh_name, addresses_of(cluster));
    const Duration took = cluster.time_until(
        "a full mesh", [&] { return cluster.is_converged(); }, 60s);
    EXPECT_LE(took, Duration{25s});  // 12 s between questions, 8 s for one that is under way
    cluster.expect_all_is_well();
}

// Half an answer (one family answered, the other timed out) is used for what it has.
TEST(Discovery, HalfAnAnswerIsUsed) {
    Cluster cluster{by_name(3, 2)};
    cluster.stage().names.fail(mesh_name, {"10.0.0.1:7000"});
    cluster.form();
    cluster.expect_all_is_well();
}

// The name is gone, or no server answers any more, after the mesh has formed: nothing happens to
// it, and members that crash are still found again.
TEST(Discovery, AMeshOutlivesItsName) {
    for (const bool is_certain : {true, false}) {
        Cluster cluster{by_name(3, 3)};
        cluster.stage().names.set(mesh_name, addresses_of(cluster));
        cluster.form();
        if (is_certain)
            cluster.stage().names.set(mesh_name, {});
        else
            cluster.stage().names.fail(mesh_name);
        cluster.run_for(600s);
        EXPECT_EQ(count_all<mesh::MemberSuspected>(cluster), 0u);
        cluster.partition({&cluster.node(1)}, {&cluster.node(2), &cluster.node(3)});
        cluster.run_for(60s);
        cluster.heal();
        cluster.expect_all_is_well();
    }
}

// Every node's answer has the node's own address too: it notices and does not go on about it.
TEST(Discovery, TheOwnAddressInTheAnswerIsDialledRarely) {
    Cluster cluster{by_name(3, 4)};
    cluster.stage().names.set(mesh_name, addresses_of(cluster));
    cluster.form();
    cluster.run_for(240s);
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->count<mesh::SelfDialled>(), 1u) << node->name();
    cluster.expect_all_is_well();
}

// emqx #11593: a rolling restart in which every node comes back with another address, while some
// resolvers still have the answer of before. The mesh is complete after each step.
TEST(Discovery, ARollingRestartChangesEveryAddress) {
    for (const bool is_killed : {true, false}) {
        Cluster cluster{by_name(3, 5)};
        cluster.stage().names.set(mesh_name, addresses_of(cluster));
        cluster.form();
        const Addresses former = addresses_of(cluster);
        for (std::size_t round = 0; round < 2; ++round)
            for (std::size_t number = 1; number <= 3; ++number) {
                Node& node = cluster.node(number);
                cluster.stage().names.set_for(
                    cluster.node(number % 3 + 1).name(), mesh_name, addresses_of(cluster));
                if (is_killed)
                    node.crash();
                else
                    node.leave();
                cluster.wait_for(
                    "its end", [&] { return !node.is_running(); }, 10s);
                node.move_to("10.0." + std::to_string(round + 1) + "." + std::to_string(number));
                cluster.stage().names.set(mesh_name, addresses_of(cluster));
                node.start();
                cluster.wait_until_converged(15s);
            }
        cluster.run_for(660s);
        for (const std::string& address : former) {
            const std::size_t dials = cluster.network().dials_to(address);
            cluster.run_for(120s);
            EXPECT_EQ(cluster.network().dials_to(address), dials) << address;
        }
        cluster.expect_all_is_well();
    }
}

// All nodes are gone at once and come back with other addresses: those that are left without links
// ask at once, and not after the half minute.
TEST(Discovery, WhoLostItsLinksAsksAtOnce) {
    Cluster cluster{by_name(5, 6)};
    cluster.stage().names.set(mesh_name, addresses_of(cluster));
    cluster.form();
    cluster.run_for(33s);
    for (std::size_t number = 2; number <= 5; ++number)
        cluster.node(number).crash();
    for (std::size_t number = 2; number <= 5; ++number) {
        cluster.node(number).move_to("10.0.9." + std::to_string(number));
        // They do not look for n1: it has to find them.
        cluster.node(number).options().mesh.seeds = {"10.0.9.2:7000"};
    }
    cluster.stage().names.set(mesh_name, addresses_of(cluster));
    for (std::size_t number = 2; number <= 5; ++number)
        cluster.node(number).start();
    const Duration took = cluster.time_until(
        "a full mesh", [&] { return cluster.is_converged(); }, 60s);
    EXPECT_LE(took, Duration{5s});
    cluster.expect_all_is_well();
}

// However long the others are away, a resolver is not asked more often than every 2 s.
TEST(Discovery, AResolverIsNotFlooded) {
    Cluster cluster{by_name(3, 7)};
    cluster.stage().names.set(mesh_name, addresses_of(cluster));
    cluster.form();
    cluster.node(2).crash();
    cluster.node(3).crash();
    cluster.run_for(300s);
    const std::vector<Instant>& asked = cluster.stage().names.asked("n1", mesh_name);
    EXPECT_LE(asked.size(), 25u);
    for (std::size_t number = 1; number < asked.size(); ++number)
        EXPECT_GE(asked[number] - asked[number - 1], Duration{2s});
}

// emitter #340: addresses that the name does not list any more, and where nobody answers, are
// dialled no more; those that it lists are, for ever.
TEST(Discovery, VanishedAddressesAreNotDialledForEver) {
    const Addresses dead{"10.9.0.1:7000", "10.9.0.2:7000"};
    Cluster cluster{by_name(2, 8)};
    Addresses all = addresses_of(cluster);
    all.insert(all.end(), dead.begin(), dead.end());
    cluster.stage().names.set(mesh_name, all);
    cluster.form();
    cluster.run_for(100s);
    for (const std::string& address : dead)
        EXPECT_GT(cluster.network().dials_to(address), 10u);
    cluster.stage().names.set(mesh_name, addresses_of(cluster));
    cluster.run_for(35s);
    std::vector<std::size_t> before;
    for (const std::string& address : dead)
        before.push_back(cluster.network().dials_to(address));
    cluster.run_for(300s);
    for (std::size_t number = 0; number < dead.size(); ++number)
        EXPECT_EQ(cluster.network().dials_to(dead[number]), before[number]);
    cluster.expect_all_is_well();
}

// Timeouts prove nothing: what was listed before them is still dialled.
TEST(Discovery, ATimeoutDropsNoAddress) {
    Cluster cluster{by_name(2, 9)};
    cluster.stage().names.set(mesh_name, {"10.0.0.1:7000"});
    cluster.node(2).start();
    cluster.run_for(20s);
    cluster.stage().names.fail(mesh_name);
    cluster.run_for(1200s);
    cluster.node(1).start();
    cluster.wait_until_converged(15s);
    cluster.expect_all_is_well();
}

// Two halves whose resolvers knew only their own half: as soon as one of them hears of any address
// of the other, they are one mesh.
TEST(Discovery, TwoHalvesMergeWhenOneSeedOfTheOtherIsListed) {
    Cluster cluster{by_name(4, 10)};
    for (const std::size_t number : {1u, 2u})
        cluster.stage().names.set_for(
            cluster.node(number).name(), mesh_name, {"10.0.0.1:7000", "10.0.0.2:7000"});
    cluster.stage().names.set(mesh_name, {"10.0.0.3:7000", "10.0.0.4:7000"});
    cluster.start_all();
    cluster.run_for(60s);
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->mesh().members().size(), 2u);
    cluster.stage().names.set_for(
        "n2", mesh_name, {"10.0.0.1:7000", "10.0.0.2:7000", "10.0.0.4:7000"});
    cluster.wait_until_converged(40s);
    cluster.expect_all_is_well();
}

// Two halves that could not reach each other when they were started, though both know all seeds:
// they are one within half a minute of the first seed that can be reached.
TEST(Discovery, TwoHalvesMergeWhenAnySeedBecomesReachable) {
    Cluster cluster{by_name(4, 11)};
    cluster.stage().names.set(mesh_name, {"10.0.0.1:7000", "10.0.0.3:7000"});
    cluster.partition({&cluster.node(1), &cluster.node(2)}, {&cluster.node(3), &cluster.node(4)});
    cluster.start_all();
    cluster.run_for(900s);
    for (const auto& node : cluster.nodes())
        EXPECT_EQ(node->mesh().members().size(), 2u);
    cluster.heal();
    const Duration took = cluster.time_until(
        "one mesh", [&] { return cluster.is_converged(); }, 60s);
    EXPECT_LE(took, Duration{30s});
    cluster.expect_all_is_well();
}

// The address of a seed changes hands while its former owner is a member elsewhere: whoever is
// there now is found all the same.
TEST(Discovery, ASeedThatChangesHandsIsFound) {
    Cluster cluster{{.nodes = 3, .seed = 12, .seeds = {"10.0.0.1:7000"}}};
    cluster.node(1).start();
    cluster.node(2).start();
    cluster.run_for(10s);
    cluster.node(1).crash();
    cluster.node(1).move_to("10.0.1.1");
    cluster.node(1).options().mesh.seeds = {"10.0.0.2:7000"};
    cluster.node(1).start();
    cluster.run_for(10s);
    EXPECT_EQ(cluster.node(2).mesh().members().size(), 2u);
    cluster.node(3).move_to("10.0.0.1");
    cluster.node(3).start();
    cluster.wait_until_converged(40s);
    cluster.expect_all_is_well();
}

// Ten thousand addresses, of which one is alive: it is found, the rest costs a bounded number of
// dials and memory, and it is said.
TEST(Discovery, TenThousandAddressesAreHarmless) {
    Cluster cluster{by_name(2, 13)};
    Addresses addresses;
    for (int number = 0; number < 10'000; ++number)
        addresses.push_back(
            "10.9." + std::to_string(number / 250) + "." + std::to_string(number % 250) + ":7000");
    addresses[1000] = cluster.node(1).mesh_address();
    cluster.stage().names.set(mesh_name, addresses);
    cluster.start_all();
    const Duration took = cluster.time_until(
        "both to meet", [&] { return cluster.is_converged(); }, 300s);
    EXPECT_LE(took, Duration{120s});
    EXPECT_GE(cluster.node(2).count<mesh::LimitReached>(), 1u);
    EXPECT_GE(cluster.node(2).mesh().counters().seed_addresses_left_out, 10'000u - 1024u);
    EXPECT_LE(cluster.network().connections().size(), 2 * 64u + 2);
    cluster.stage().names.set(mesh_name, {cluster.node(1).mesh_address()});
    cluster.run_for(120s);
    const std::size_t dials = cluster.network().dials_to(addresses[0]);
    cluster.run_for(120s);
    EXPECT_EQ(cluster.network().dials_to(addresses[0]), dials);
    cluster.expect_all_is_well();
}

}  // namespace
}  // namespace grapevine::sim
