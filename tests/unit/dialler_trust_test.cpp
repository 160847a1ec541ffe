// What a node says when it dials somebody who cannot prove that it knows the secret: who it is and
// its own proof, and no word about members, users or channels.
#include "proto/mesh_codec.hpp"
#include "tests/support/party.hpp"
#include "tests/support/recording.hpp"

#include <gtest/gtest.h>

namespace grapevine::tests {
namespace {

/// A node with a user and a channel that dialled a stranger, and everything it said to it.
struct Dialled {
    Dialled() {
        party.perform("connect ann");
        party.perform("subscribe ann lobby");
        while (!link.value)
            turn();
        mesh::Nonce nonce;
        nonce.fill('d');
        party.driver().on(mesh::LinkOpened{link, "10.0.0.2:7000", nonce}, party.now());
        turn();
    }
    void hears(const proto::MeshFrame& frame) {
        std::string message;
        proto::append_frame(message, frame);
        party.driver().on(mesh::LinkReceived{link, message}, party.now());
        party.perform("publish ann lobby");
        party.perform("everybody");
        turn();
    }
    void turn() {
        party.pass(std::chrono::milliseconds{100});
        const mesh::Edge edge = party.end_turn();
        for (const auto& resolve : edge.resolves)
            party.driver().on(mesh::Resolved{resolve.seed, {resolve.seed}}, party.now());
        if (!edge.dials.empty()) link = edge.dials.front().link;
        for (const auto& sent : edge.link_sends)
            said += names_of(sent.message.view());
        closed = closed || !edge.link_closes.empty();
    }

    Party party{
        {.cluster = "demo",
         .name = "n1",
         .secret = "open sesame",
         .advertise = "10.0.0.1:7000",
         .epoch = 1000,
         .boot = 1},
        {"10.0.0.2:7000"}};
    mesh::LinkId link;
    std::string said;
    bool closed = false;
};

proto::HelloAck stranger() {
    return {
        {.cluster = "demo",
         .node_id = {7},
         .epoch = {1},
         .boot = {2},
         .name = "stranger",
         .nonce = std::string(proto::nonce_bytes, 's')}};
}

TEST(DiallerTrust, TellsNothingToWhoDoesNotKnowTheSecret) {
    Dialled dialled;
    dialled.hears(stranger());
    EXPECT_EQ(dialled.said, " Hello Auth");
    for (int turn = 0; turn < 20; ++turn)
        dialled.turn();
    EXPECT_EQ(dialled.said, " Hello Auth") << "whatever happens here meanwhile";
    proto::Sha256 guess{};
    guess[0] = 1;
    dialled.hears(proto::Auth{guess});
    EXPECT_EQ(dialled.said, " Hello Auth Refuse");
    EXPECT_TRUE(dialled.closed);
    EXPECT_EQ(dialled.party.driver().mesh().members().size(), 1u);
}

// Without a proof of its own, a stranger who claims that all is done, or tells of members and
// users.
TEST(DiallerTrust, BelievesNothingOfWhoProvedNothing) {
    for (const proto::MeshFrame& claim :
         {proto::MeshFrame{proto::Welcome{
              .your_epoch_floor = {1ull << 61}, .advertise = "a:1", .your_version = {}}},
          proto::MeshFrame{proto::LinkActive{}},
          proto::MeshFrame{proto::Ping{}},
          proto::MeshFrame{proto::Members{{{.node_id = {8}, .epoch = {1}, .addresses = {"b:1"}}}}},
          proto::MeshFrame{proto::Leave{.epoch = {1}, .version = {}}}}) {
        Dialled dialled;
        const proto::Epoch epoch = dialled.party.driver().mesh().epoch();
        dialled.hears(stranger());
        dialled.hears(claim);
        EXPECT_EQ(dialled.said, " Hello Auth Refuse") << claim.index();
        EXPECT_TRUE(dialled.closed);
        EXPECT_EQ(dialled.party.driver().mesh().epoch(), epoch);
        EXPECT_EQ(dialled.party.driver().mesh().members().size(), 1u);
    }
}

}  // namespace
}  // namespace grapevine::tests
