#include "cli/bench/judge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace grapevine::cli::bench {
namespace {

struct Found : Deliveries {
    std::uint64_t settled = 0;
};

Found judged(const std::vector<std::uint32_t>& numbers, std::uint32_t sent) {
    Found found;
    StreamJudge judge;
    for (const std::uint32_t number : numbers)
        found.settled += judge.arrived(number, found);
    judge.finish(sent, true, found);
    return found;
}

TEST(BenchJudge, IsContentWithEverythingOnceAndInOrder) {
    const Found found = judged({0, 1, 2, 3}, 4);
    EXPECT_TRUE(found.all_right());
    EXPECT_EQ(found.received, 4U);
    EXPECT_EQ(found.settled, 4U);
}

TEST(BenchJudge, MissesWhatDidNotComeInTheMiddleAndAtTheEnd) {
    const Found found = judged({0, 3, 4}, 7);
    EXPECT_EQ(found.received, 3U);
    EXPECT_EQ(found.lost, 4U);
    EXPECT_EQ(found.duplicate + found.reordered, 0U);
    EXPECT_EQ(found.settled, 5U) << "what was overtaken is not waited for";
}

TEST(BenchJudge, TellsALateMessageFromOneThatCameTwice) {
    const Found late = judged({0, 2, 1, 3}, 4);
    EXPECT_EQ(late.reordered, 1U);
    EXPECT_EQ(late.lost + late.duplicate, 0U);
    EXPECT_EQ(late.received, 4U);
    EXPECT_EQ(late.settled, 4U);

    const Found twice = judged({0, 1, 1, 0, 2}, 3);
    EXPECT_EQ(twice.duplicate, 2U);
    EXPECT_EQ(twice.lost + twice.reordered, 0U);
    EXPECT_EQ(twice.received, 3U);

    const Found late_twice = judged({1, 0, 0}, 2);
    EXPECT_EQ(late_twice.reordered, 1U);
    EXPECT_EQ(late_twice.duplicate, 1U);
}

TEST(BenchJudge, RemembersTheLast64) {
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t number = 1; number < 64; ++number)
        numbers.push_back(number);
    numbers.push_back(0);
    EXPECT_EQ(judged(numbers, 64).reordered, 1U);

    numbers.back() = 64;
    numbers.push_back(0);
    const Found too_late = judged(numbers, 65);
    EXPECT_EQ(too_late.reordered, 0U);
    EXPECT_EQ(too_late.duplicate, 1U);
    EXPECT_EQ(too_late.lost, 1U);
}

TEST(BenchJudge, GapsOfAnySizeAreCounted) {
    for (const std::uint32_t gap : {1U, 62U, 63U, 64U, 65U, 1000U}) {
        const Found found = judged({0, gap + 1, gap}, gap + 2);
        EXPECT_EQ(found.lost, gap - 1) << gap;
        EXPECT_EQ(found.reordered, 1U) << gap;
    }
}

// What arrives is any mixture of a short stream; a judge that keeps everything says the same.
TEST(BenchJudge, AgreesWithOneThatKeepsEverything) {
    std::mt19937 random{7};
    for (int round = 0; round < 2000; ++round) {
        const std::uint32_t sent = 1 + random() % 40;
        std::vector<std::uint32_t> numbers;
        for (std::uint32_t i = 0; i < sent + 5; ++i)
            numbers.push_back(random() % sent);
        std::sort(numbers.begin(), numbers.end());
        for (int swaps = random() % 6; swaps > 0; --swaps)
            std::swap(numbers[random() % numbers.size()], numbers[random() % numbers.size()]);

        Deliveries expected;
        std::vector<bool> seen(sent);
        std::uint32_t highest = 0;
        for (const std::uint32_t number : numbers) {
            if (seen[number]) {
                ++expected.duplicate;
                continue;
            }
            seen[number] = true;
            ++expected.received;
            expected.reordered += number < highest ? 1 : 0;
            highest = std::max(highest, number);
        }
        expected.lost = sent - expected.received;

        const Found found = judged(numbers, sent);
        EXPECT_EQ(found.received, expected.received);
        EXPECT_EQ(found.lost, expected.lost);
        EXPECT_EQ(found.duplicate, expected.duplicate);
        EXPECT_EQ(found.reordered, expected.reordered);
    }
}

}  // namespace
}  // namespace grapevine::cli::bench
