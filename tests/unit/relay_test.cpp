// What is passed on is told through real links in the scenarios of tests/sim; here is what is news.
#include "mesh/relay.hpp"

#include <gtest/gtest.h>

namespace grapevine::mesh {
namespace {

struct RelayTest : testing::Test {
    static proto::Delta delta(std::uint64_t from, std::uint64_t to) {
        proto::Delta delta{
            .origin = ann,
            .epoch = epoch,
            .from = {from},
            .to = {to},
            .changes = {},
            .hash_after = {}};
        for (std::uint64_t key = from; key < to; ++key)
            delta.changes.push_back({.key = key, .count = 1});
        return delta;
    }
    static Beat beat(std::uint64_t seq, Epoch of = epoch) {
        return {.node = ann, .epoch = of, .seq = seq, .version = {}, .sethash = 0};
    }

    static constexpr NodeId ann{1};
    static constexpr NodeId bob{2};
    static constexpr NodeId eve{3};
    static constexpr Epoch epoch{10};
    MeshConfig config;
    Now now{Instant{1h}, {}};
    Relay relay{config};
};

TEST_F(RelayTest, ASignOfLifeIsNewsOnce) {
    EXPECT_TRUE(relay.heard(beat(1), bob));
    EXPECT_FALSE(relay.heard(beat(1), eve));
    EXPECT_TRUE(relay.heard(beat(3), eve));
    EXPECT_FALSE(relay.heard(beat(2), bob)) << "overtaken";
    EXPECT_TRUE(relay.heard(beat(1, Epoch{11}), bob)) << "another life";
}

TEST_F(RelayTest, APublicationForEverybodyIsNewsOnce) {
    EXPECT_TRUE(relay.heard(proto::Spread{.origin = ann, .epoch = epoch, .number = 1}));
    EXPECT_FALSE(relay.heard(proto::Spread{.origin = ann, .epoch = epoch, .number = 1}));
    EXPECT_TRUE(relay.heard(proto::Spread{.origin = ann, .epoch = epoch, .number = 2}));
    EXPECT_TRUE(relay.heard(proto::Spread{.origin = bob, .epoch = epoch, .number = 1}));
}

TEST_F(RelayTest, WhoLagsIsToldFromWhatIsKeptOrNotAtAll) {
    config.relay_changes_max = 8;
    relay.follow(bob, {});
    EXPECT_FALSE(relay.catch_up(bob, ann, epoch, {})) << "nothing was heard of it";
    relay.unfollow(bob);  // what nobody was told yet would be kept for longer
    for (std::uint64_t at = 0; at < 40; at += 4) {
        relay.heard(delta(at, at + 4), eve, now);
        relay.check_invariants();
    }
    relay.follow(bob, {});
    EXPECT_TRUE(relay.catch_up(bob, ann, epoch, {36}));
    EXPECT_TRUE(relay.catch_up(bob, ann, epoch, {32}));
    EXPECT_FALSE(relay.catch_up(bob, ann, epoch, {31})) << "that is not kept any more";
    EXPECT_FALSE(relay.catch_up(bob, ann, Epoch{9}, {36})) << "of another life";
    EXPECT_FALSE(relay.catch_up(eve, ann, epoch, {36})) << "does not follow";
}

TEST_F(RelayTest, AGapIsNeverToldOver) {
    relay.follow(bob, {});
    relay.heard(delta(0, 4), eve, now);
    relay.heard(delta(10, 12), eve, now);
    relay.check_invariants();
    EXPECT_FALSE(relay.catch_up(bob, ann, epoch, {2}));
    EXPECT_TRUE(relay.catch_up(bob, ann, epoch, {10}));
    relay.replaced(ann, epoch, {20});
    EXPECT_FALSE(relay.catch_up(bob, ann, epoch, {12})) << "a snapshot cannot be told in changes";
    relay.heard(delta(19, 23), eve, now);
    relay.check_invariants();
    EXPECT_TRUE(relay.catch_up(bob, ann, epoch, {20}));
}

TEST_F(RelayTest, ChangesWithoutAnyKeyAreBoundedToo) {
    config.relay_changes_max = 8;
    for (std::uint64_t at = 0; at < 1000; ++at) {
        proto::Delta empty = delta(at, at + 1);
        empty.changes.clear();
        relay.heard(empty, eve, now);
    }
    relay.check_invariants();
    EXPECT_FALSE(relay.catch_up(bob, ann, epoch, {900}));
}

TEST_F(RelayTest, ABurstIsKeptUntilItWasTold) {
    config.relay_changes_max = 8;
    relay.follow(bob, {});
    for (std::uint64_t at = 0; at < 40; at += 4)
        relay.heard(delta(at, at + 4), eve, now);
    EXPECT_TRUE(relay.catch_up(bob, ann, epoch, {0}));
    relay.check_invariants();
}

TEST_F(RelayTest, NothingIsDueWithoutFollowers) {
    relay.heard(delta(0, 4), eve, now);
    EXPECT_EQ(relay.due(), never);
    relay.follow(bob, {});
    EXPECT_LE(relay.due(), now.steady) << "what it lacks, at once";
}

}  // namespace
}  // namespace grapevine::mesh
