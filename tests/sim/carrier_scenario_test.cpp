// A third node that carries a link between two others, and lies about it. What it says in their
// names must pass the same handshake as on a link of their own; what it loses or spoils costs
// answers and time, and nothing that was promised.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

using proto::MemberState;
using proto::Tunnel;
using proto::TunnelStep;

/// n1 with Ann, n2 with Bob, and a carrier that both are linked to: one node, with a hand at each.
struct LyingCarrier : testing::Test {
    LyingCarrier() {
        cluster.form();
        cluster.wait_until_converged(5s);
        beside_n2.hello.boot = beside_n1.hello.boot;
        join(beside_n1, 1);
        join(beside_n2, 2);
        beside_n1.on_tunnel = [this](const Tunnel& told) { carry(told, beside_n2); };
        beside_n2.on_tunnel = [this](const Tunnel& told) { carry(told, beside_n1); };
    }
    void join(FakePeer& hand, std::size_t number) {
        hand.dial(cluster.node(number));
        cluster.wait_for(
            "taken in", [&] { return hand.is_taken_in(); }, 5s);
    }
    void carry(Tunnel told, FakePeer& onwards) {
        std::string data{told.data};
        if (told.step == TunnelStep::data && !data.empty() && !spoil(data)) return;
        told.data = data;
        onwards.send(told);
        ++carried;
    }
    void cut() {
        cluster.network().block(cluster.node(1).host(), cluster.node(2).host());
        cluster.network().block(cluster.node(2).host(), cluster.node(1).host());
    }
    [[nodiscard]] bool has_tunnel() {
        const auto members = cluster.node(1).mesh().members();
        return std::any_of(members.begin(), members.end(), [&](const mesh::MemberView& member) {
            return member.node == cluster.node(2).id() && member.linked && member.is_tunnel;
        });
    }
    /// Both write to each other, and come and go, while the carrier does what it does.
    void talk(int rounds) {
        for (int round = 0; round < rounds; ++round) {
            sent.push_back(ann.send({.to = {"bob"}}));
            bob.say("#ann");
            ann.subscribe("room" + std::to_string(round % 7));
            bob.subscribe("room" + std::to_string(round % 5));
            bob.unsubscribe("room" + std::to_string((round + 2) % 5));
            cluster.run_for(100ms);
        }
        cluster.run_for(4s);
    }
    [[nodiscard]] std::size_t heard_by_bob() {
        return static_cast<std::size_t>(
            std::count_if(sent.begin(), sent.end(), [&](const std::string& payload) {
                return bob.times_heard(payload) == 1;
            }));
    }
    void expect_all_is_well_without_it() {
        beside_n1.close();
        beside_n2.close();
        cluster.heal();
        cluster.expect_all_is_well(30s);
    }

    Cluster cluster{{.nodes = 2, .seed = 1}};
    Client& ann = cluster.add_client("ann", cluster.node(1));
    Client& bob = cluster.add_client("bob", cluster.node(2));
    FakePeer beside_n1{cluster.stage(), "carrier", "10.6.6.1"};
    FakePeer beside_n2{cluster.stage(), "carrier", "10.6.6.2"};
    /// What it does to a message that it carries; false: it loses it.
    std::function<bool(std::string&)> spoil = [](std::string&) { return true; };
    std::size_t carried = 0;
    std::vector<std::string> sent;
};

// The others would prove nothing if it could not carry at all.
TEST_F(LyingCarrier, WhenItIsHonestTheLinkIsWhole) {
    cut();
    cluster.wait_for(
        "a link through it", [&] { return has_tunnel(); }, 15s);
    talk(30);
    EXPECT_EQ(heard_by_bob(), 30u);
    EXPECT_EQ(cluster.node(1).count<mesh::MemberDown>(), 0u);
    expect_all_is_well_without_it();
}

TEST_F(LyingCarrier, WhatItLosesIsUnknownAndTheRestIsInOrder) {
    int count = 0;
    spoil = [&](std::string&) { return ++count % 7 != 0; };
    cut();
    cluster.wait_for(
        "a link through it", [&] { return has_tunnel(); }, 30s);
    talk(200);
    EXPECT_GE(heard_by_bob(), 50u);
    std::size_t unknown = 0;
    for (const std::string& payload : sent)
        if (const auto receipt = ann.receipt_of(payload, "bob"))
            unknown += receipt->fate == Fate::unknown ? 1 : 0;
    EXPECT_GE(unknown, 1u);
    expect_all_is_well_without_it();
}

// Keys of changes are swapped for others, and every fifth message is noise.
TEST_F(LyingCarrier, WhatItAltersIsNoticedAndFetchedAgain) {
    for (const auto& node : cluster.nodes())
        cluster.stage().liars.insert(node->id());  // as far as each other's logs show
    int count = 0;
    spoil = [&](std::string& data) {
        proto::MeshReader reader{data};
        proto::MeshFrame frame;
        std::string altered;
        while (reader.next(frame) == proto::MeshReader::Step::frame) {
            if (auto* delta = std::get_if<proto::Delta>(&frame); delta != nullptr)
                for (proto::Change& change : delta->changes)
                    change.key ^= 1;
            proto::append_frame(altered, frame);
        }
        data = has_tunnel() && ++count % 5 == 0 ? "\xff\xff\xff\xff" : altered;
        return true;
    };
    cut();
    cluster.wait_for(
        "a link through it", [&] { return has_tunnel(); }, 30s);
    talk(100);
    EXPECT_GE(cluster.node(1).count<mesh::Diverged>(), 1u);
    EXPECT_GE(cluster.node(1).count<mesh::FrameRejected>(), 1u);
    expect_all_is_well_without_it();
}

/// The carrier claims that others open links to n1 through it, and says their words itself.
struct Ventriloquist : LyingCarrier {
    Ventriloquist() {
        beside_n1.on_tunnel = [this](const Tunnel& told) { hear(told); };
    }
    void say(const proto::Hello& as, const proto::MeshFrame& frame) {
        std::string data;
        proto::append_frame(data, frame);
        Tunnel told = step_of(as, TunnelStep::data);
        told.data = data;
        beside_n1.send(told);
    }
    void open(const proto::Hello& as) {
        ++tunnel;
        beside_n1.send(step_of(as, TunnelStep::open));
        say(as, as);
        cluster.run_for(100ms);
    }
    [[nodiscard]] Tunnel step_of(const proto::Hello& as, TunnelStep step) const {
        return {
            .from = as.node_id,
            .to = cluster_n1,
            .opener = as.node_id,
            .id = tunnel,
            .step = step,
            .bytes = 0,
            .data = {}};
    }
    void hear(const Tunnel& told) {
        if (told.step == TunnelStep::close) ++closes;
        if (told.step != TunnelStep::data) return;
        proto::MeshReader reader{told.data};
        proto::MeshFrame frame;
        while (reader.next(frame) == proto::MeshReader::Step::frame) {
            if (const auto* refuse = std::get_if<proto::Refuse>(&frame); refuse != nullptr)
                refused_for.push_back(refuse->reason);
            welcomes += std::holds_alternative<proto::Welcome>(frame) ? 1u : 0u;
        }
    }
    /// As n2 introduced itself, and proved itself, to the carrier.
    template <class Frame>
    [[nodiscard]] Frame of_n2() const {
        for (const proto::MeshFrame& frame : beside_n2.heard())
            if (const auto* found = std::get_if<Frame>(&frame); found != nullptr) return *found;
        ADD_FAILURE() << "n2 did not say it";
        return {};
    }
    void expect_unharmed() {
        EXPECT_EQ(welcomes, 0u);
        EXPECT_EQ(cluster.node(1).mesh().members().size(), 3u);
        EXPECT_EQ(cluster.node(1).state_of(cluster.node(2)), MemberState::alive);
        EXPECT_EQ(cluster.node(1).count<mesh::MemberRestarted>(), 0u);
        const std::string hello = ann.say("#bob");
        cluster.run_for(1s);
        EXPECT_EQ(bob.times_heard(hello), 1u);
    }

    const proto::NodeId cluster_n1 = cluster.node(1).id();
    std::uint64_t tunnel = 0;
    std::size_t closes = 0;
    std::size_t welcomes = 0;
    std::vector<proto::RefuseReason> refused_for;
};

// It repeats what n2 said to it, word for word: each proof is of one link.
TEST_F(Ventriloquist, WhatAMemberOnceProvedProvesNothingAgain) {
    const proto::Hello n2 = of_n2<proto::HelloAck>().hello;
    for (int again = 0; again < 20; ++again) {
        open(n2);
        say(n2, of_n2<proto::Auth>());
        cluster.run_for(100ms);
    }
    EXPECT_EQ(refused_for, std::vector(20, proto::RefuseReason::wrong_secret));
    cluster.run_for(10s);
    EXPECT_EQ(cluster.node(1).mesh().tunnel_count(), 0u);
    expect_unharmed();
}

// Of another cluster, and of this one without the secret: what a carrier vouches for is nothing.
TEST_F(Ventriloquist, WhoIsNoMemberIsRefusedThroughAThirdAsWell) {
    proto::Hello stranger = beside_n1.hello;
    stranger.name = "stranger";
    stranger.node_id = proto::NodeId{4711};
    stranger.cluster = "elsewhere";
    open(stranger);
    stranger.cluster = "test";
    open(stranger);
    say(stranger, proto::Auth{.mac = proto::sha256("a guess")});
    cluster.run_for(100ms);
    EXPECT_EQ(
        refused_for,
        (std::vector{proto::RefuseReason::wrong_cluster, proto::RefuseReason::wrong_secret}));
    expect_unharmed();
}

// A link to itself, and links of which nothing more is heard.
TEST_F(Ventriloquist, LinksThatLeadNowhereAreBoundedAndGivenUp) {
    proto::Hello self = of_n2<proto::HelloAck>().hello;
    self.node_id = cluster_n1;
    open(self);
    for (std::uint64_t number = 1; number <= 3000; ++number) {
        ++tunnel;
        proto::Hello nobody = beside_n1.hello;
        nobody.node_id = proto::NodeId{number};
        beside_n1.send(step_of(nobody, TunnelStep::open));
        if (number % 100 == 0) cluster.run_for(1ms);
    }
    cluster.run_for(10ms);
    EXPECT_LE(cluster.node(1).mesh().tunnel_count(), 1024u);
    EXPECT_GE(closes, 1900u) << "what is not taken is answered";
    cluster.run_for(10s);
    EXPECT_EQ(cluster.node(1).mesh().tunnel_count(), 0u);
    expect_unharmed();
}

}  // namespace
}  // namespace grapevine::sim
