#include "mesh/seed_names.hpp"

#include <gtest/gtest.h>

namespace grapevine::mesh {
namespace {

struct SeedNamesTest : testing::Test {
    MeshConfig config{.seeds = {"a:1", "b:1"}};
    SeedNames names{config, Rng{1}};
    Now now{.steady = Instant{1h}};

    using Texts = std::vector<std::string>;
    static constexpr SeedNames::Links nobody{};
    static constexpr SeedNames::Links all{.linked = 9, .expected = 9};
    static constexpr SeedNames::Links few{.linked = 4, .expected = 9};

    /// When `text` is asked next, looking every 100 ms; answered with `answer` at once.
    Duration until_asked(SeedNames::Links links, const Texts& answer, bool whole = true) {
        const Instant start = now.steady;
        for (;;) {
            now.steady += 100ms;
            const Texts due = names.due(links, now);
            for (const std::string& text : due)
                names.answered(text, answer, whole, now);
            if (!due.empty() || now.steady - start > 1h) return now.steady - start;
        }
    }
    void start(const Texts& answer) {
        EXPECT_EQ(names.due(nobody, now), (Texts{"a:1", "b:1"}));
        for (const std::string& seed : config.seeds)
            names.answered(seed, answer, true, now);
    }
};

TEST_F(SeedNamesTest, AsksEveryNameEveryThirtySeconds) {
    config.seeds = {"a:1"};
    names = SeedNames{config, Rng{1}};
    EXPECT_EQ(names.due(nobody, now), Texts{"a:1"});
    names.answered("a:1", {"10.0.0.1:1"}, true, now);
    for (int round = 0; round < 20; ++round) {
        const Duration took = until_asked(all, {"10.0.0.1:1"});
        EXPECT_GE(took, 28'500ms);
        EXPECT_LE(took, 31'600ms);
    }
}

TEST_F(SeedNamesTest, AsksAtOnceWhenLessThanHalfAreLinkedAndThenNotTooOften) {
    start({"10.0.0.1:1"});
    now.steady += 5s;
    EXPECT_EQ(names.due(all, now), Texts{});
    EXPECT_EQ(names.due({.linked = 5, .expected = 10}, now), Texts{}) << "half is enough";
    EXPECT_EQ(names.due(few, now), (Texts{"a:1", "b:1"}));
    EXPECT_EQ(names.due(few, now), Texts{}) << "the answer is on its way";
    for (const std::string& seed : config.seeds)
        names.answered(seed, {"10.0.0.1:1"}, true, now);
    now.steady += 1900ms;
    EXPECT_EQ(names.due(few, now), Texts{});
    now.steady += 1200ms;
    EXPECT_EQ(names.due(few, now), (Texts{"a:1", "b:1"}));
}

TEST_F(SeedNamesTest, HurriesLessAndLess) {
    config.seeds = {"a:1"};
    names = SeedNames{config, Rng{1}};
    (void)names.due(nobody, now);
    names.answered("a:1", {}, true, now);
    EXPECT_LE(until_asked(nobody, {}), 3100ms);
    EXPECT_GE(until_asked(nobody, {}), 4s);
    EXPECT_GE(until_asked(nobody, {}), 8s);
    for (int round = 0; round < 20; ++round)
        EXPECT_LE(until_asked(nobody, {}), 12'100ms);
    // It was all right for a while: the next time begins anew.
    (void)names.due(all, now);
    now.steady += 13s;
    (void)names.due(few, now);
    names.answered("a:1", {}, true, now);
    EXPECT_LE(until_asked(few, {}), 3100ms);
}

TEST_F(SeedNamesTest, AsksAgainIfTheEdgeNeverAnswers) {
    (void)names.due(nobody, now);
    now.steady += 9900ms;
    EXPECT_EQ(names.due(nobody, now), Texts{});
    now.steady += 200ms;
    EXPECT_EQ(names.due(nobody, now), (Texts{"a:1", "b:1"}));
}

TEST_F(SeedNamesTest, AnAddressVanishesWithTheLastNameThatListsIt) {
    start({"10.0.0.1:1"});
    EXPECT_TRUE(names.answered("a:1", {}, true, now).vanished.empty());
    EXPECT_EQ(names.answered("b:1", {}, true, now).vanished, Texts{"10.0.0.1:1"});
    EXPECT_EQ(names.answered("b:1", {"10.0.0.1:1"}, true, now).appeared, Texts{"10.0.0.1:1"});
}

TEST_F(SeedNamesTest, OnlyAnotherAnswerIsNews) {
    EXPECT_TRUE(names.answered("a:1", {"10.0.0.1:1"}, true, now).is_news);
    EXPECT_FALSE(names.answered("a:1", {"10.0.0.1:1"}, true, now).is_news);
    EXPECT_TRUE(names.answered("a:1", {}, false, now).is_news);
    EXPECT_FALSE(names.answered("a:1", {}, false, now).is_news);
    EXPECT_TRUE(names.answered("a:1", {"10.0.0.1:1"}, true, now).is_news);
    EXPECT_TRUE(names.answered("a:1", {"10.0.0.2:1"}, true, now).is_news);
    EXPECT_FALSE(names.answered("b:1", {"b:1"}, true, now).is_news) << "a number is what it is";
}

TEST_F(SeedNamesTest, IgnoresAnswersToQuestionsItNeverHad) {
    EXPECT_TRUE(names.answered("c:1", {"10.0.0.1:1"}, true, now).appeared.empty());
}

TEST_F(SeedNamesTest, BoundsTheAddressesOfAllNamesTogether) {
    config.seeds.clear();
    for (int number = 0; number < 10; ++number)
        config.seeds.push_back("name" + std::to_string(number) + ":1");
    names = SeedNames{config, Rng{1}};
    std::size_t appeared = 0;
    for (const std::string& seed : config.seeds) {
        Texts addresses;
        for (int number = 0; number < 2000; ++number)
            addresses.push_back(seed + std::to_string(number));
        const SeedNames::Change change = names.answered(seed, addresses, true, now);
        EXPECT_EQ(change.appeared.size() + change.left_out, 2000u);
        appeared += change.appeared.size();
    }
    EXPECT_EQ(appeared, 4096u);
}

}  // namespace
}  // namespace grapevine::mesh
