// A message costs no heap allocation in steady state, on either node, from the command's bytes to
// the push's bytes: with both machines, the driver and the codecs in between.
#include "tests/support/allocation_count.hpp"
#include "tests/support/two_nodes.hpp"

#include <gtest/gtest.h>

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
