#include "mesh/refusals.hpp"

#include <gtest/gtest.h>

namespace grapevine::mesh {
namespace {

using proto::RefuseReason;

Now at(Duration time) {
    return {.steady = Instant{time}, .wall = {}};
}

LinkRefused refused(
    std::string address,
    std::string name = "mallory",
    RefuseReason reason = RefuseReason::wrong_secret) {
    return {
        .address = std::move(address), .name = std::move(name), .reason = reason, .text = "why"};
}

TEST(Refusals, EqualOnesAreOneThatCounts) {
    Refusals refusals;
    for (int times = 0; times < 1000; ++times)
        refusals.note(refused("10.0.0.1"), at(Duration{times}));
    ASSERT_EQ(refusals.newest_first().size(), 1u);
    const RefusedLink& only = refusals.newest_first().front();
    EXPECT_EQ(only.times, 1000u);
    EXPECT_EQ(only.first, Instant{Duration{0}});
    EXPECT_EQ(only.last, Instant{Duration{999}});
}

TEST(Refusals, TheNewestIsFirstAndTheOldestMakesRoom) {
    Refusals refusals;
    refusals.note(refused("first"), at(1s));
    for (int number = 0; number < 63; ++number)
        refusals.note(refused(std::to_string(number)), at(2s));
    refusals.note(refused("first"), at(3s));
    EXPECT_EQ(refusals.newest_first().front().address, "first");
    EXPECT_EQ(refusals.newest_first().front().times, 2u);
    for (int number = 100; number < 300; ++number)
        refusals.note(refused(std::to_string(number)), at(4s));
    EXPECT_EQ(refusals.newest_first().size(), 64u);
    EXPECT_EQ(refusals.newest_first().front().address, "299");
    EXPECT_EQ(refusals.newest_first().back().address, "236");
}

TEST(Refusals, TellsSidesReasonsAndNamesApartAndSkipsWhatIsOrdinary) {
    Refusals refusals;
    LinkRefused one = refused("a");
    refusals.note(one, at(1s));
    one.by_peer = true;
    refusals.note(one, at(1s));
    refusals.note(refused("a", "eve"), at(1s));
    refusals.note(refused("a", "mallory", RefuseReason::wrong_cluster), at(1s));
    EXPECT_EQ(refusals.newest_first().size(), 4u);
    for (const RefuseReason ordinary :
         {RefuseReason::is_self,
          RefuseReason::loser_link,
          RefuseReason::leaving,
          RefuseReason::stale_epoch})
        refusals.note(refused("a", "b", ordinary), at(1s));
    EXPECT_EQ(refusals.newest_first().size(), 4u);
}

}  // namespace
}  // namespace grapevine::mesh
