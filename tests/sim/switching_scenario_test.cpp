// Several links of one process: what comes on a newer one is read after what the older ones bring,
// and never waits for anything that does not come.
#include "tests/sim/cluster.hpp"
#include "tests/sim/fake_peer.hpp"

#include <memory>

namespace grapevine::sim {
namespace {

/// A node that dialled another, and a process whose links to it a test cranks by hand.
struct Switching : testing::Test {
    void SetUp() override {
        cluster.node(2).options().mesh.seeds = {cluster.node(2).mesh_address()};
        cluster.form();
    }
    /// Another link of the same process. Its log goes on with the first's.
    FakePeer& add_link(proto::LinkActive active) {
        FakePeer& made = add_process(1);
        made.hello.boot = links.front()->hello.boot;
        made.hello.dial_seq = links.size() - 1;  // dial() counts it
        active.number = links.size();
        made.active = active;
        made.dial(node);
        cluster.wait_for(
            "taken in", [&] { return made.is_taken_in(); }, 5s);
        return made;
    }
    FakePeer& add_process(std::uint64_t epoch) {
        const std::string ip = "10.6.6." + std::to_string(1 + links.size());
        links.push_back(std::make_unique<FakePeer>(cluster.stage(), "liar", ip));
        links.back()->hello.epoch = proto::Epoch{epoch};
        return *links.back();
    }
    /// Says that the process uses this link of its own besides.
    [[nodiscard]] proto::LinkActive after(std::uint64_t dial_seq) const {
        return {.after_initiator = links.front()->hello.node_id, .after_dial_seq = dial_seq};
    }
    /// One change of the process's log, the `version`th.
    void announce(FakePeer& on, std::uint64_t version, const char* user) {
        const proto::HashKey key = node.mesh().hash_key();
        on.send(proto::Delta{
            .origin = on.hello.node_id,
            .epoch = on.hello.epoch,
            .from = proto::Version{version - 1},
            .to = proto::Version{version},
            .changes =
                {{.key = proto::user_key_of(key, user).value,
                  .kind = proto::TableKind::users,
                  .count = 1}},
            .hash_after = {}});
    }
    [[nodiscard]] bool sees(const char* user) const {
        return node.mesh().where_is(user).sessions != 0;
    }
    [[nodiscard]] std::size_t ended(mesh::LinkEnd why) const {
        std::size_t counted = 0;
        for (const mesh::Event& event : node.events())
            if (const auto* const down = std::get_if<mesh::LinkDown>(&event))
                counted += down->why == why ? 1 : 0;
        return counted;
    }

    Cluster cluster{{.nodes = 2, .seed = 1, .seeds = {"10.0.0.1:7000", "10.0.0.2:7000"}}};
    Node& node = cluster.node(1);
    std::vector<std::unique_ptr<FakePeer>> links;
};

// Links are named by who dialled and that process's count of dials, so a link to somebody else may
// have the name that a former life gave to one of ours. What came was kept until it ended: for
// ever.
TEST_F(Switching, ALinkToSomebodyElseIsNotWaitedFor) {
    std::uint64_t dial_seq = 0;
    for (const mesh::Event& event : node.events())
        if (const auto* const up = std::get_if<mesh::LinkUp>(&event); up != nullptr && up->dialled)
            dial_seq = up->link.value;
    ASSERT_NE(dial_seq, 0u) << cluster.report();
    FakePeer& link = add_link({.after_initiator = node.id(), .after_dial_seq = dial_seq});
    announce(link, 1, "ann");
    cluster.wait_for(
        "ann seen", [&] { return sees("ann"); }, 1s);
}

// Two processes of one name wait until a third has not answered, and are let in at once. The one
// that is over took the place of the other, which was told that a link of it is still in use.
TEST_F(Switching, AProcessThatIsOverDoesNotTakeThePlaceOfALaterOne) {
    FakePeer& silent = add_link({});
    FakePeer& later = add_process(3);
    FakePeer& over = add_process(2);
    over.dial(node);
    cluster.run_for(10ms);  // who came last is let in first
    later.dial(node);
    cluster.wait_for(
        "the silent one replaced", [&] { return !silent.is_open(); }, 5s);
    cluster.wait_for(
        "the one that is over refused",
        [&] { return over.was_refused_for(proto::RefuseReason::stale_epoch); },
        2s);
    EXPECT_TRUE(later.is_taken_in());
    EXPECT_TRUE(later.is_open());
    for (const proto::MeshFrame& frame : later.heard())
        if (const auto* const active = std::get_if<proto::LinkActive>(&frame)) {
            EXPECT_EQ(active->after_initiator, proto::NodeId{});
        }
}

// The second of three links ends while what came on it still waits for the first.
TEST_F(Switching, WhatIsKeptOfALinkIsReadBeforeItsEnd) {
    FakePeer& first = add_link({});
    announce(first, 1, "ann");
    FakePeer& second = add_link(after(1));
    announce(second, 2, "bob");
    FakePeer& third = add_link(after(2));
    announce(third, 3, "carl");
    cluster.run_for(100ms);
    second.send(proto::LinkSwitch{});
    cluster.run_for(500ms);
    EXPECT_TRUE(sees("ann"));
    EXPECT_FALSE(sees("bob")) << "the first may still bring something";
    EXPECT_FALSE(sees("carl"));
    first.send(proto::LinkSwitch{});
    cluster.wait_for(
        "all seen", [&] { return sees("bob") && sees("carl"); }, 100ms);
    EXPECT_EQ(first.count<proto::Catchup>() + second.count<proto::Catchup>(), 0u);
    EXPECT_EQ(third.count<proto::Catchup>(), 0u) << "nothing was missing";
    cluster.run_for(1s);
    EXPECT_FALSE(first.is_open());
    EXPECT_FALSE(second.is_open());
    EXPECT_TRUE(third.is_open());
}

// A peer that has seconds' worth of messages to say on the old link is let finish.
TEST_F(Switching, WhoGoesOnTalkingOnTheOldLinkIsWaitedFor) {
    FakePeer& first = add_link({});
    FakePeer& second = add_link(after(1));
    announce(second, 2, "bob");
    for (std::uint64_t second_passed = 0; second_passed < 10; ++second_passed) {
        first.send(proto::Ping{.seq = second_passed});
        cluster.run_for(1s);
    }
    EXPECT_EQ(ended(mesh::LinkEnd::switch_overdue), 0u);
    EXPECT_FALSE(sees("bob"));
    announce(first, 1, "ann");
    first.send(proto::LinkSwitch{});
    cluster.wait_for(
        "both seen", [&] { return sees("ann") && sees("bob"); }, 100ms);
    EXPECT_EQ(second.count<proto::Catchup>(), 0u);
}

TEST_F(Switching, WhoOnlyTalksOnTheOldLinkIsNotWaitedForForever) {
    FakePeer& first = add_link({});
    FakePeer& second = add_link(after(1));
    announce(second, 1, "ann");
    for (std::uint64_t passed = 0; passed < 32 && first.is_open(); ++passed) {
        first.send(proto::Ping{.seq = passed});
        cluster.run_for(1s);
    }
    EXPECT_EQ(ended(mesh::LinkEnd::switch_overdue), 1u);
    EXPECT_TRUE(sees("ann"));
}

// Silence on it is another thing: what comes on the new link is not kept waiting for that.
TEST_F(Switching, WhoSaysNothingOnTheOldLinkIsNotWaitedForLong) {
    FakePeer& first = add_link({});
    FakePeer& second = add_link(after(1));
    announce(second, 1, "ann");
    cluster.wait_for(
        "ann seen", [&] { return sees("ann"); }, 3500ms);
    cluster.run_for(100ms);
    EXPECT_FALSE(first.is_open());
}

}  // namespace
}  // namespace grapevine::sim
