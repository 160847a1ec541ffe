// A message costs no heap allocation in steady state, on either node, from the command's bytes to
// the push's bytes: with both machines, the driver and the codecs in between.
#include "tests/support/allocation_count.hpp"
#include "tests/support/two_nodes.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace grapevine::tests {
namespace {

class DataPath : public testing::TestWithParam<proto::Encoding> {};

/// One turn of node 0 with `messages` publications, then the turn of node 1 that delivers them.
void carry(TwoNodes& nodes, SessionId sender, const std::string& command, int messages) {
    const auto drain = [&](std::size_t node) {
        Driver& driver = nodes[node];
        for (const auto& send : driver.edge().session_sends)
            driver.on(mesh::SessionDrained{send.session, send.message.size()}, nodes.now());
        for (const auto& send : driver.edge().link_sends)
            nodes.carry(node, send);
        driver.edge().clear();
    };
    for (int count = 0; count < messages; ++count)
        nodes[0].on(SessionReceived{sender, command}, nodes.now());
    nodes[0].end_turn(nodes.now());
    drain(0);
    nodes[1].end_turn(nodes.now());
    drain(1);
}

void must_not_allocate(proto::Encoding encoding, std::string_view channel) {
    TwoNodes nodes;
    const SessionId ann = nodes.client(0, "ann", encoding);
    const SessionId bob = nodes.client(1, "bob", encoding);
    std::string subscribe;
    proto::append_command(
        subscribe,
        encoding,
        {.id = 2, .kind = proto::CommandKind::subscribe, .channel = "chat:lobby"});
    nodes[1].on(SessionReceived{bob, subscribe}, nodes.now());
    nodes.settle();

    const std::string command = publish_command(encoding, channel, 128);
    for (int warm = 0; warm < 200; ++warm)
        carry(nodes, ann, command, 100);
    const std::uint64_t delivered = nodes[1].sessions().counters().delivered;
    const std::size_t before = allocations();
    for (int turn = 0; turn < 100; ++turn)
        carry(nodes, ann, command, 100);
    EXPECT_EQ(allocations() - before, 0u);
    EXPECT_EQ(nodes[1].sessions().counters().delivered - delivered, 10'000u)
        << "what was measured must have happened";
}

/// Turns in which ann says something to each of these in turn. `own`: they are on her own node.
void must_not_allocate_for_users(proto::Encoding encoding, std::size_t node, int users) {
    TwoNodes nodes;
    const SessionId ann = nodes.client(0, "ann", encoding);
    std::vector<std::string> commands;
    for (int user = 0; user < users; ++user) {
        const std::string name = "a user with a longer name " + std::to_string(user);
        nodes.client(node, name, encoding);
        commands.push_back(publish_command(encoding, "#" + name, 128));
    }
    const std::string first = "the first user after a pause";
    nodes.client(node, first, encoding);
    const std::string first_command = publish_command(encoding, "#" + first, 128);
    const auto round = [&] {
        carry(nodes, ann, first_command, 3);
        for (const std::string& command : commands)
            carry(nodes, ann, command, 3);
        // Long enough for all of them to be forgotten.
        nodes.pass(std::chrono::seconds{6});
    };
    for (int warm = 0; warm < 5; ++warm)
        round();
    // Passing time took the edges' memory away; answers leave when there are a few.
    for (int warm = 0; warm < 5; ++warm)
        carry(nodes, ann, first_command, 3);
    const std::uint64_t delivered = nodes[node].sessions().counters().delivered;
    const std::size_t before = allocations();
    for (const std::string& command : commands)
        carry(nodes, ann, command, 3);
    EXPECT_EQ(allocations() - before, 0u);
    EXPECT_EQ(
        nodes[node].sessions().counters().delivered - delivered,
        3 * static_cast<std::uint64_t>(users));
    EXPECT_EQ(nodes[0].mesh().flow_sizes().flows, static_cast<std::size_t>(users) + 1);
    nodes.pass(std::chrono::seconds{6});
    EXPECT_EQ(nodes[0].mesh().flow_sizes().flows, 0u) << "who is not written to costs nothing";
}

/// Eight messages a turn to a channel with many subscribers on the other node: they share messages,
/// which grow.
void must_not_allocate_for_a_crowd(proto::Encoding encoding) {
    constexpr std::uint64_t crowd = 100;
    TwoNodes nodes;
    const SessionId ann = nodes.client(0, "ann", encoding);
    std::string subscribe;
    proto::append_command(
        subscribe, encoding, {.id = 2, .kind = proto::CommandKind::subscribe, .channel = "den"});
    for (std::uint64_t number = 0; number < crowd; ++number) {
        const SessionId session = nodes.client(1, "u" + std::to_string(number), encoding);
        nodes[1].on(SessionReceived{session, subscribe}, nodes.now());
    }
    nodes.settle();
    const std::string command = publish_command(encoding, "den", 128);
    for (int warm = 0; warm < 50; ++warm)
        carry(nodes, ann, command, 8);
    const std::uint64_t delivered = nodes[1].sessions().counters().delivered;
    const std::size_t before = allocations();
    for (int turn = 0; turn < 50; ++turn)
        carry(nodes, ann, command, 8);
    EXPECT_EQ(allocations() - before, 0u);
    EXPECT_EQ(nodes[1].sessions().counters().delivered - delivered, 50 * 8 * crowd);
}

TEST_P(DataPath, AllocatesNothingForMessagesToACrowd) {
    must_not_allocate_for_a_crowd(GetParam());
}
TEST_P(DataPath, AllocatesNothingForAMessageToAUserOfTheSameNode) {
    must_not_allocate_for_users(GetParam(), 0, 1);
}
TEST_P(DataPath, AllocatesNothingForUsersWhoWereForgotten) {
    must_not_allocate_for_users(GetParam(), 1, 100);
}
TEST_P(DataPath, AllocatesNothingForAMessageToAUser) {
    must_not_allocate(GetParam(), "#bob");
}
TEST_P(DataPath, AllocatesNothingForAMessageToAChannel) {
    must_not_allocate(GetParam(), "chat:lobby");
}

INSTANTIATE_TEST_SUITE_P(
    Encodings,
    DataPath,
    testing::Values(proto::Encoding::json, proto::Encoding::protobuf),
    [](const auto& tested) { return tested.param == proto::Encoding::json ? "Json" : "Protobuf"; });

}  // namespace
}  // namespace grapevine::tests
