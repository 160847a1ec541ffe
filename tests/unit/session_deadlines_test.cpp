#include "mesh/session_deadlines.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace grapevine::mesh {
namespace {

Instant at(int seconds) {
    return Instant{std::chrono::seconds{seconds}};
}

std::vector<std::uint32_t> due(SessionDeadlines& deadlines, int seconds) {
    std::vector<std::uint32_t> slots;
    while (const auto slot = deadlines.take_due(at(seconds)))
        slots.push_back(*slot);
    deadlines.check_invariants();
    return slots;
}

TEST(SessionDeadlines, ComeInOrderAndTiesBySlot) {
    SessionDeadlines deadlines;
    for (const auto& [slot, seconds] : {std::pair{5U, 3}, {1U, 2}, {4U, 2}, {0U, 9}})
        deadlines.set(slot, at(seconds));
    EXPECT_EQ(deadlines.next(), at(2));
    EXPECT_EQ(due(deadlines, 1), std::vector<std::uint32_t>{});
    EXPECT_EQ(due(deadlines, 3), (std::vector<std::uint32_t>{1, 4, 5}));
    EXPECT_EQ(deadlines.next(), at(9));
    EXPECT_EQ(deadlines.size(), 1U);
}

TEST(SessionDeadlines, MoveLaterWithoutAnEntryMore) {
    SessionDeadlines deadlines;
    deadlines.set(0, at(1));
    for (int seconds = 2; seconds < 100; ++seconds)
        deadlines.set(0, at(seconds));
    EXPECT_EQ(deadlines.size(), 1U);
    EXPECT_EQ(deadlines.of(0), at(99));
    EXPECT_EQ(due(deadlines, 98), std::vector<std::uint32_t>{});
    EXPECT_EQ(deadlines.next(), at(99));
    EXPECT_EQ(due(deadlines, 99), std::vector<std::uint32_t>{0});
    EXPECT_EQ(deadlines.next(), never);
}

TEST(SessionDeadlines, MoveEarlier) {
    SessionDeadlines deadlines;
    deadlines.set(0, at(5));
    deadlines.set(1, at(7));
    deadlines.set(1, at(3));
    EXPECT_EQ(deadlines.next(), at(3));
    EXPECT_EQ(due(deadlines, 4), std::vector<std::uint32_t>{1});
}

TEST(SessionDeadlines, AreRemovedFromAnywhere) {
    for (std::uint32_t gone = 0; gone < 8; ++gone) {
        SessionDeadlines deadlines;
        std::vector<std::uint32_t> expected;
        for (std::uint32_t slot = 0; slot < 8; ++slot)
            deadlines.set(slot, at(static_cast<int>(slot)));
        deadlines.remove(gone);
        deadlines.remove(gone);
        deadlines.remove(100);
        deadlines.check_invariants();
        EXPECT_EQ(deadlines.of(gone), never);
        for (std::uint32_t slot = 0; slot < 8; ++slot)
            if (slot != gone) expected.push_back(slot);
        EXPECT_EQ(due(deadlines, 8), expected);
    }
}

}  // namespace
}  // namespace grapevine::mesh
