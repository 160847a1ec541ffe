#include "mesh/data_links.hpp"

#include <gtest/gtest.h>

namespace grapevine::mesh {
namespace {

struct DataLinksTest : testing::Test {
    void pass(Duration time) { now.steady += time; }
    DataLinks::Late tick() { return links.tick(/*is_on=*/true, now); }

    MeshConfig config;
    Now now{Instant{1h}, {}};
    DataLinks links{config};
    NodeId ann{1};
    NodeId bob{2};
};

TEST_F(DataLinksTest, NobodyIsWantedWhileEverybodyHasALink) {
    EXPECT_FALSE(links.want(ann, now));
    EXPECT_FALSE(links.wait(ann, "frame", now));
    EXPECT_TRUE(links.take_news().empty());
    EXPECT_EQ(links.size(), 0u);
}

TEST_F(DataLinksTest, OneIsDialledOnceAndKeptWhileItIsUsed) {
    (void)tick();
    EXPECT_TRUE(links.want(ann, now));
    EXPECT_TRUE(links.want(ann, now));
    EXPECT_EQ(links.take_news(), std::vector<NodeId>{ann});
    EXPECT_TRUE(links.take_news().empty());
    LinkQueue queue;
    links.linked(ann, queue, proto::mesh_version_max);
    for (int round = 0; round < 3; ++round) {
        pass(config.link_idle - 1s);
        links.used(ann, now);
        (void)tick();
        EXPECT_TRUE(links.is_wanted(ann));
    }
    pass(config.link_idle + 1s);
    (void)tick();
    EXPECT_FALSE(links.is_wanted(ann));
}

TEST_F(DataLinksTest, WhatWaitsGoesOutInOrderWhenThereIsALink) {
    (void)tick();
    EXPECT_TRUE(links.wait(ann, "one", now));
    EXPECT_TRUE(links.wait(bob, "other", now));
    EXPECT_TRUE(links.wait(ann, "two", now));
    LinkQueue queue;
    links.linked(ann, queue, proto::mesh_version_max);
    EXPECT_EQ(queue.take(SIZE_MAX).view(), "onetwo");
    EXPECT_FALSE(queue.take(SIZE_MAX));
    EXPECT_EQ(tick().dropped, 0u);
}

TEST_F(DataLinksTest, WhatTheLinkDoesNotSpeakIsDropped) {
    (void)tick();
    EXPECT_TRUE(links.wait(ann, "new", now, 2));
    EXPECT_TRUE(links.wait(ann, "old", now));
    LinkQueue queue;
    links.linked(ann, queue, 1);
    EXPECT_EQ(queue.take(SIZE_MAX).view(), "old");
}

TEST_F(DataLinksTest, NobodyWaitsForLong) {
    (void)tick();
    EXPECT_TRUE(links.wait(ann, "one", now));
    EXPECT_TRUE(links.wait(ann, "two", now));
    pass(config.wait_for_link + 1ms);
    const DataLinks::Late late = tick();
    EXPECT_EQ(late.dropped, 2u);
    EXPECT_TRUE(late.any);
    EXPECT_FALSE(tick().any) << "told once";
    EXPECT_FALSE(links.want(ann, now)) << "it is not worth waiting for";
    EXPECT_FALSE(links.wait(ann, "three", now));
    LinkQueue queue;
    links.linked(ann, queue, proto::mesh_version_max);
    EXPECT_FALSE(queue.take(SIZE_MAX));
    EXPECT_TRUE(links.want(ann, now)) << "there was a link meanwhile";
}

TEST_F(DataLinksTest, WhatWaitsIsBounded) {
    config.link_wait_bytes_max = 100;
    config.all_link_wait_bytes_max = 150;
    (void)tick();
    const std::string frame(60, 'x');
    EXPECT_TRUE(links.wait(ann, frame, now));
    EXPECT_FALSE(links.wait(ann, frame, now)) << "for one node";
    EXPECT_TRUE(links.wait(bob, frame, now));
    EXPECT_FALSE(links.wait(NodeId{3}, frame, now)) << "for all";
}

TEST_F(DataLinksTest, TheIdlestGoFirstButNotOneThatIsBeingMade) {
    config.data_links_max = 2;
    (void)tick();
    LinkQueue queue;
    for (std::uint64_t id = 1; id <= 3; ++id) {
        (void)links.want(NodeId{id}, now);
        if (id != 1) links.linked(NodeId{id}, queue, proto::mesh_version_max);
        pass(1s);
    }
    (void)tick();
    EXPECT_TRUE(links.is_wanted(NodeId{1})) << "not linked yet";
    EXPECT_FALSE(links.is_wanted(NodeId{2}));
    EXPECT_TRUE(links.is_wanted(NodeId{3}));
}

TEST_F(DataLinksTest, NothingStaysWhenTheMeshIsSmallAgain) {
    (void)tick();
    EXPECT_TRUE(links.wait(ann, "one", now));
    EXPECT_EQ(links.tick(/*is_on=*/false, now).dropped, 1u);
    EXPECT_EQ(links.size(), 0u);
}

}  // namespace
}  // namespace grapevine::mesh
